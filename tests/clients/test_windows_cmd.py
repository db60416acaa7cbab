"""The command processor of Windows containers: scripts from pipes, batch files, links, codes; and lines of any kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.support.engine import WINDOWS, Engine
from tests.support.windows import COMPILER

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", "busybox", COMPILER),
    pytest.mark.timeout(300),
]


class Shell:
    """A Windows container in which cmd is run."""

    def __init__(self, engine: Engine, scratch: Path) -> None:
        self.engine = engine
        self.scratch = scratch
        engine.docker("run", "-di", "--name", "shell", "--network", "none", WINDOWS, "findstr", "x", timeout_s=120)

    def put(self, name: str, text: str) -> None:
        """Put a file beside the container's C: root, with Windows' line ends."""
        (self.scratch / name).write_bytes(text.replace("\n", "\r\n").encode())
        self.engine.docker("cp", str(self.scratch / name), f"shell:/{name}")

    def batch(self, text: str, *arguments: str) -> tuple[int, list[str]]:
        """Run text as a batch file; return its code and the lines of its output."""
        self.put("run.cmd", "@echo off\n" + text)
        return self.line("C:\\run.cmd " + " ".join(arguments))

    def line(self, text: str) -> tuple[int, list[str]]:
        done = self.engine.docker("exec", "-w", "C:\\", "shell", "cmd", "/c", text, check=False)
        return done.code, done.out.splitlines()

    def piped(self, text: bytes, *options: str) -> str:
        return self.engine.docker("exec", "-i", "-w", "C:\\", "shell", "cmd", *options, stdin=text, check=False).out


@pytest.fixture
def shell(windows: Engine, tmp_path: Path) -> Iterator[Shell]:
    yield Shell(windows, tmp_path)


def test_a_script_from_a_pipe_leaves_the_rest_to_its_programs(shell: Shell) -> None:
    script = "set /p ONE=\nerste Zeile äöü\nset /p TWO=\nzweite\necho [%ONE%][%TWO%]\nfindstr needle\nno\na needle\n"

    out = shell.piped(script.encode(), "/q")

    assert "[erste Zeile äöü][zweite]" in out
    assert out.rstrip().splitlines()[-1] == "a needle"


def test_codes_are_those_of_windows(shell: Shell) -> None:
    assert shell.line("no-such-program") == (1, [])
    assert shell.line("no-such-program & echo %^errorlevel%")[0] == 0
    assert shell.line("exit 77")[0] == 77
    assert shell.line("if 1==1 (echo unbalanced")[0] == 255
    assert shell.batch("no-such-program 2>nul\necho %errorlevel%\nexit /b 5") == (5, ["9009"])
    assert shell.batch("cmd /c exit 3\nif errorlevel 3 if not errorlevel 4 echo three") == (3, ["three"])
    assert shell.batch(
        "(rd none 2>nul && echo no) || echo %%errorlevel%%>nul & del none.txt 2>nul & echo %errorlevel%"
    )[1] == ["0"]


def test_batch_files_expand_loop_call_and_jump(shell: Shell) -> None:
    text = (
        "setlocal EnableDelayedExpansion\nset N=1\nfor %%i in (a \"b c\") do (set /a N+=N*2 & echo %%~i !N!)\n"
        "call :sub x \"y z\"\necho %~n0 %~x1 %1\n"
        "set V=hello world\necho %V:o=0% %V:~-5% %V:~0,2% !V:* =!\n"
        "for /f \"tokens=2,* delims=, \" %%a in (\"1,two, three four\") do echo %%a+%%b\n"
        "echo ;comment>f.txt\necho ünï>>f.txt\nfor /f %%l in (f.txt) do echo [%%l]\ngoto :end\n"
        ":sub\necho sub %1 %~2 & shift & exit /b\n:end\nfor /l %%i in (3,-2,1) do echo %%i\n"
    )  # fmt: skip

    code, out = shell.batch(text, "arg.txt")

    assert code == 0
    assert out == [
        "a 3", "b c 9", "sub x y z ", "run .txt arg.txt", "hell0 w0rld world he world", "two+three four", "[ünï]",
        "3", "1",
    ]  # fmt: skip


def test_files_are_copied_moved_listed_and_removed(shell: Shell) -> None:
    assert shell.line("md d\\e & echo x>d\\a.txt & copy d\\a.txt d\\b.txt")[1] == ["        1 file(s) copied."]
    assert shell.line("copy /b d\\a.txt+d\\b.txt d\\c.txt & type d\\c.txt")[1][-2:] == ["x ", "x "]
    assert shell.line("ren d\\*.txt *.dat & dir /b /on d")[1] == ["a.dat", "b.dat", "c.dat", "e"]
    assert shell.line("move d\\*.dat d\\e >nul & dir /b /s d\\e")[1] == [f"C:\\d\\e\\{name}.dat" for name in "abc"]
    assert shell.line("pushd d\\e & cd & popd & cd")[1] == ["C:\\d\\e", "C:\\"]
    assert shell.line("rd d & rd /s /q d & if exist d echo there")[0] == 0
    assert shell.line("del d\\none.txt")[0] == 1


def test_a_link_is_there_or_refused(shell: Shell) -> None:
    """What mklink says is true: a link of any kind either reads as its target, or the command fails."""
    assert shell.line("echo text>target & mklink /h hard target & type hard") == (
        0, ["Hardlink created for hard <<===>> target", "text "],
    )  # fmt: skip
    for option, link, see in (("", "soft", "type soft"), ("/d", "into", "dir /b into"), ("/j", "over", "dir /b over")):
        ask = (
            f"md sub 2>nul & echo text>sub\\in & mklink {option} {link} {'target' if not option else 'sub'} >nul 2>nul"
        )
        _, out = shell.line(f"({ask} && ({see})) || echo refused")
        assert out in (["refused"], ["text " if not option else "in"]), (option, out)
    assert shell.line("rd /s /q over 2>nul & rd into 2>nul & type sub\\in")[1] == ["text "]


def test_small_commands_say_what_windows_says(shell: Shell) -> None:
    code, out = shell.line("chcp 437 & chcp & date /t & time /t & break & ver & vol & title x & color")
    text = "\n".join(out)

    assert out[:2] == ["Active code page: 437", "Active code page: 437"]
    assert text.count("/") == 2
    assert text.endswith(("AM", "PM")) or "Microsoft Windows [Version 10.0." in text
    assert code == 1, "color needs a console"


WORDS = (
    'echo set if for call goto rem exit/b cd type ( ) & && || | < > >> 2>&1 ^ ^^ " "a b" % %% %1 %%i %%~ni %x:~1% %x% '
    "!x! ! == equ exist defined errorlevel not else in do /l /f tokens=1,* delims= (1,1,3) (a b) :here eof nul a,b;c "
    "= , ; @ * ? .. \\ / /? /c ''"
).split(" ")
LINES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=14).map(" ".join)


@settings(max_examples=3, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(scripts=st.lists(LINES, min_size=40, max_size=40))
def test_no_line_crashes_or_hangs_it(shell: Shell, scripts: list[str]) -> None:
    """Each script is run by a cmd of its own; a crash would end it with the status of an exception, below 0."""
    directory = shell.scratch / "fuzz"
    directory.mkdir(exist_ok=True)
    for i, script in enumerate(scripts):
        (directory / f"f{i}.cmd").write_bytes(script.encode() + b"\r\n")
    runs = "".join(f"cmd /d /c f{i}.cmd <nul >nul 2>nul\r\nif not errorlevel 0 echo crashed {i}\r\n" for i in range(40))
    (directory / "driver.cmd").write_text("@echo off\r\n" + runs + "echo done\r\n", newline="")
    shell.engine.docker("cp", str(directory), "shell:/")

    done = shell.engine.docker("exec", "-w", "C:\\fuzz", "shell", "cmd", "/c", "driver.cmd", check=False, timeout_s=100)

    crashed = [scripts[int(line.split()[1])] for line in done.out.splitlines() if line.startswith("crashed")]
    assert not crashed
    assert done.out.rstrip().endswith("done")
