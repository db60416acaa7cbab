"""Windows containers by the real docker CLI: what a program sees, its streams, its end, the container's life."""

import io
import os
import pty
import random
import re
import select
import subprocess
import tarfile
import time
from pathlib import Path

import pytest
from tests.support.engine import Engine, docker_environment
from tests.support.images import file, layer, make, write_archive
from tests.support.windows import COMPILER, PROBE, program_head

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", "busybox", COMPILER),
    pytest.mark.timeout(600),
]
ON_NO_NETWORK = ("run", "--rm", "--network", "none")


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def inspect(engine: Engine, container: str, form: str) -> str:
    return engine.docker("inspect", "-f", form, container).out.strip()


# --- a run ----------------------------------------------------------------------------------------------------------


def test_environment_is_that_of_windows_alone(probed: Engine) -> None:
    options = ("-h", "web1", "-e", "Given=by user", "-e", "windir=C:\\other")
    told = dict(
        line.split("=", 1) for line in lines(probed.docker(*ON_NO_NETWORK, *options, PROBE, "cmd", "/c", "set").out)
    )

    assert told["Given"] == "by user"
    assert (told["COMPUTERNAME"], told["USERNAME"], told["windir"]) == ("WEB1", "ContainerUser", "C:\\other")
    assert (told["SystemRoot"].lower(), told["OS"], told["SystemDrive"]) == ("c:\\windows", "Windows_NT", "C:")
    assert told["TEMP"] == "C:\\Users\\ContainerUser\\AppData\\Local\\Temp"
    assert not {name for name in told if name.startswith("WINE")}
    assert not {"HOME", "PWD", "SHLVL", "TERM", "LANG", "LC_CTYPE", "XDG_RUNTIME_DIR", "winsysdir"} & set(told)
    assert not any("unix" in value or "/usr" in value for value in told.values())
    child = probed.docker(*ON_NO_NETWORK, PROBE, "cmd", "/c", "cmd", "/c", "set", "w").out
    assert [line.partition("=")[0] for line in lines(child)] == ["windir"]


@pytest.mark.parametrize("code", [0, 300, 4294967295, 3221225786])
def test_exit_code_has_32_bits_in_inspect(probed: Engine, code: int) -> None:
    """The CLI hands its own exit code to Linux, which keeps 8 bits of it."""
    done = probed.docker("run", "--name", "ended", "--network", "none", PROBE, "probe", "exit", str(code), check=False)

    assert done.code == code & 0xFF
    assert inspect(probed, "ended", "{{.State.ExitCode}}") == str(code)


def test_crash_ends_the_container_with_the_status_of_the_exception(probed: Engine) -> None:
    """Nobody reads a debugger's dialogue in a container: the program is to end by itself."""
    probed.docker("run", "--name", "crashed", "--network", "none", PROBE, "probe", "crash", check=False, timeout_s=20)

    assert inspect(probed, "crashed", "{{.State.ExitCode}}") == str(0xC0000005)


def test_directory_in_the_place_of_a_program_is_refused_as_by_windows(probed: Engine) -> None:
    done = probed.docker(*ON_NO_NETWORK, PROBE, "C:\\windows", check=False)

    assert done.code == 126
    assert "CreateProcess: C:\\windows: failure in a Windows system call: Access is denied. (0x5)" in done.err


def test_long_path_of_the_machine_is_whole_and_the_users_follows_it(probed: Engine) -> None:
    machine = ";".join(["C:\\windows\\system32", *(f"C:\\tool{number:04}" for number in range(500))])
    keys = ("HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment", "HKCU\\Environment")
    probed.docker("run", "-di", "--name", "long", "--network", "none", PROBE, "cmd")
    for key, value in zip(keys, (machine, "%USERPROFILE%\\bin"), strict=True):
        probed.docker("exec", "long", "reg", "add", key, "/v", "Path", "/t", "REG_EXPAND_SZ", "/d", value, "/f")

    told = lines(probed.docker("exec", "long", "cmd", "/c", "set", "path").out)

    assert told[0].partition("=")[2] == f"{machine};C:\\Users\\ContainerUser\\bin"


ACCESS_DENIED = 5


@pytest.mark.parametrize(
    "path", [r"\\?\unix\etc\evil", r"\\?\unix\usr\lib\evil", r"\\?\unix\tmp\evil", r"\\?\unix\evil"]
)
def test_linux_side_cannot_be_written(probed: Engine, path: str) -> None:
    assert probed.docker(*ON_NO_NETWORK, PROBE, "probe", "write", path, check=False).code == ACCESS_DENIED


def test_control_files_cannot_be_used_to_hurt_anybody_but_their_own_container(probed: Engine) -> None:
    """A program reaches them; what it writes there is no memory of the host's, and goes with the container."""
    script = r"probe write \\?\unix\run\transom\main.exit & mkdir \\?\unix\run\transom\a\b & exit 3"

    done = probed.docker("run", "--name", "forger", "--network", "none", PROBE, "cmd", "/c", script, check=False)

    assert done.code == 3
    probed.docker("rm", "forger")
    assert os.listdir(probed.data / "wine") == []
    assert not (probed.exec_root / "wine").exists()


def test_arguments_keep_quotes_blanks_and_letters(probed: Engine) -> None:
    given = ["a", "b c", 'say "hi"', "C:\\x\\", "C:\\x y\\", "", "Grüße 日本", "%PATH%", "a&b|c>d^"]

    assert probed.docker(*ON_NO_NETWORK, PROBE, "probe", "args", *given).out.split("\n")[:-1] == given


def test_three_megabytes_pass_both_ways(probed: Engine) -> None:
    sent = random.Random(3).randbytes(3 << 20)
    argv = probed.docker_argv(*ON_NO_NETWORK, "-i", PROBE, "probe", "cat")
    done = subprocess.run(argv, input=sent, capture_output=True, check=True, timeout=120, env=docker_environment())

    assert done.stdout == sent


def test_output_and_errors_come_apart(probed: Engine) -> None:
    done = probed.docker(*ON_NO_NETWORK, PROBE, "probe", "apart")

    assert (done.out, done.err) == ("out\n", "err\n")


def test_input_may_end_while_output_goes_on(probed: Engine) -> None:
    """The program answers only after the end of its input."""
    done = probed.docker(*ON_NO_NETWORK, "-i", PROBE, "cmd", "/c", "findstr needle & echo after", stdin=b"a needle\r\n")

    assert lines(done.out) == ["a needle", "after"]


def test_cmd_takes_a_command_from_a_pipe(probed: Engine) -> None:
    done = probed.docker(
        *ON_NO_NETWORK, "-i", PROBE, "cmd", "/q", stdin=b"echo from the pipe\r\nexit 6\r\n", check=False
    )

    assert done.code == 6
    assert "from the pipe" in done.out


def test_terminal_is_a_console_without_doubled_returns(probed: Engine) -> None:
    master, slave = pty.openpty()
    argv = probed.docker_argv(*ON_NO_NETWORK, "-it", PROBE, "cmd", "/c", "probe console & echo last")
    process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, env=docker_environment())
    os.close(slave)
    seen = b""
    try:
        deadline = time.monotonic() + 30
        while b"last" not in seen:
            assert select.select([master], [], [], deadline - time.monotonic())[0], seen
            seen += os.read(master, 4096)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(master)

    # The console moves the cursor for blanks, and hides it while it draws.
    text = re.sub(rb"\x1b\[[?0-9;]*[A-Za-z]", b"", seen).replace(b" ", b"")
    assert b"consoleconsoleconsole" in text
    assert b"\r\r" not in text


def test_users_are_those_of_windows_containers(probed: Engine) -> None:
    for user in ("ContainerAdministrator", "containeruser", "User Manager\\ContainerUser"):
        said = probed.docker(*ON_NO_NETWORK, "-u", user, PROBE, "probe", "user").out
        assert lines(said)[0].lower() == user.rpartition("\\")[2].lower()

    refused = probed.docker(*ON_NO_NETWORK, "-u", "nobody", PROBE, "probe", "user", check=False)
    assert refused.code == 125
    assert "The user name or password is incorrect. (0x52e)" in refused.err


def test_options_of_a_run_are_in_force(probed: Engine, tmp_path: Path) -> None:
    (tmp_path / "env").write_text("FROM_FILE=yes\n# comment\nPath=C:\\mine;C:\\Windows\\System32\n")
    asked = "echo %CD% %FROM_FILE% %PATH%& probe version"
    options = ("--env-file", str(tmp_path / "env"), "-w", "C:\\made\\here", "--entrypoint", "cmd", "--init")
    limits = ("-m", "300m", "--cpus", "1", "--pids-limit", "64", "--isolation", "process", "--runtime", "runc")
    done = probed.docker(*ON_NO_NETWORK, *options, *limits, "--platform", "windows/amd64", PROBE, "/c", asked)

    assert lines(done.out) == ["C:\\made\\here yes C:\\mine;C:\\Windows\\System32", "10.0.20348"]


def test_limits_are_in_force(probed: Engine) -> None:
    probed.docker("run", "-d", "--name", "small", "-m", "200m", "--pids-limit", "64", PROBE, "probe", "wait")
    used = probed.docker("stats", "--no-stream", "--format", "{{.MemUsage}} {{.PIDs}}", "small").out

    assert "200MiB" in used
    assert inspect(probed, "small", "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}") == f"{200 << 20} 64"


def test_read_only_container_can_write_nowhere_but_volumes(probed: Engine) -> None:
    asked = (
        "echo no> C:\\file.txt & echo yes> D:\\file.txt & if exist C:\\file.txt (echo written) else type D:\\file.txt"
    )
    done = probed.docker(*ON_NO_NETWORK, "--read-only", "-v", "D:", PROBE, "cmd", "/c", asked)

    assert lines(done.out)[-1] == "yes"


# --- mounts ---------------------------------------------------------------------------------------------------------


def test_mounts_are_where_windows_paths_say(probed: Engine, tmp_path: Path) -> None:
    (tmp_path / "given.txt").write_text("from the host\n")
    mount = ("-v", f"{tmp_path}:C:\\data", "-v", f"{tmp_path}:C:\\fixed:ro", "-v", f"{tmp_path}/given.txt:C:\\one.txt")
    drive = ("--mount", "type=volume,source=letters,target=D:", "-v", "letters:E:\\sub")
    asked = (
        "type C:\\DATA\\given.txt C:\\one.txt & echo made> C:\\data\\made.txt & echo no> C:\\fixed\\no.txt & "
        "echo kept> D:\\kept.txt & type E:\\sub\\KEPT.txt"
    )
    done = probed.docker(*ON_NO_NETWORK, *mount, *drive, PROBE, "cmd", "/c", asked)
    again = probed.docker(*ON_NO_NETWORK, "-v", "letters:D:", PROBE, "cmd", "/c", "dir /b D:\\")
    probed.docker("volume", "rm", "letters")

    assert done.out.count("from the host") == 2
    assert "kept" in done.out
    assert lines(again.out) == ["kept.txt"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["given.txt", "made.txt"]


@pytest.mark.parametrize("target", ["C:", "C:\\", "relative", "\\\\server\\share", "\\\\.\\pipe\\x"])
def test_impossible_mount_target_is_refused(probed: Engine, target: str) -> None:
    done = probed.docker(*ON_NO_NETWORK, "-v", f"/tmp:{target}", PROBE, "cmd", check=False)

    assert done.code == 125
    assert "invalid" in done.err
    assert probed.docker("ps", "-aq").out == ""


# --- a container's life ---------------------------------------------------------------------------------------------


def test_exec_has_streams_code_environment_and_directory_of_its_own(probed: Engine) -> None:
    probed.docker("run", "-d", "--name", "idle", "-e", "A=1", "--network", "none", PROBE, "probe", "wait")
    asked = "echo %A% %B% %CD% %USERNAME%"
    options = ("-e", "B=2", "-w", "C:\\new\\dir", "-u", "ContainerAdministrator")
    told = probed.docker("exec", *options, "idle", "cmd", "/c", asked).out
    sent = random.Random(4).randbytes(200_000)
    argv = probed.docker_argv("exec", "-i", "idle", "probe", "cat")
    came = subprocess.run(argv, input=sent, capture_output=True, check=True, timeout=60, env=docker_environment())

    assert lines(told) == ["1 2 C:\\new\\dir ContainerAdministrator"]
    assert came.stdout == sent
    assert probed.docker("exec", "idle", "cmd", "/c", "exit 77", check=False).code == 77
    missing = probed.docker("exec", "idle", "no-such-program", check=False)
    assert missing.code == 127
    terminal = probed.docker("exec", "-t", "idle", "probe", "console").out
    assert "console" in re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", terminal)
    probed.docker("exec", "-d", "idle", "cmd", "/c", "echo x> C:\\detached.txt")
    deadline = time.monotonic() + 20
    while "C:\\detached.txt" not in probed.docker("diff", "idle").out:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(("signal", "event"), [("", 6), ("SIGINT", 0), ("SIGQUIT", 1), ("SIGHUP", 2)])
def test_stop_reaches_the_program_as_a_console_event(probed: Engine, signal: str, event: int) -> None:
    options = ("--stop-signal", signal) if signal else ()
    probed.docker("run", "-d", "--name", "asked", "--network", "none", *options, PROBE, "probe", "wait")
    probed.wait_for_log("asked", "ready")
    probed.docker("stop", "-t", "20", "asked")

    assert probed.docker("logs", "asked").out == f"ready\nevent {event}\n"
    assert inspect(probed, "asked", "{{.State.ExitCode}}") == str(40 + event)


def test_program_that_does_not_listen_is_killed_after_the_time_limit(probed: Engine) -> None:
    deaf = "for /l %i in (1,0,2) do probe cat"
    probed.docker("run", "-d", "-i", "--name", "deaf", "--network", "none", PROBE, "cmd", "/c", deaf)
    started = time.monotonic()
    probed.docker("kill", "deaf")

    assert time.monotonic() - started < 15
    assert inspect(probed, "deaf", "{{.State.Status}} {{.State.ExitCode}}") == "exited 137"


def test_files_and_registry_survive_stop_kill_and_restart(probed: Engine) -> None:
    probed.docker("run", "-d", "--name", "keeps", "--network", "none", PROBE, "probe", "wait")
    change = "echo %TIME%> C:\\kept.txt & reg add HKLM\\Software\\Transom /v Number /d {} /f"
    read = ("exec", "keeps", "cmd", "/c", "type C:\\kept.txt & reg query HKLM\\Software\\Transom /v Number")
    for number, end in enumerate((("stop", "-t", "5"), ("kill",), ("restart", "-t", "5"))):
        probed.docker("exec", "keeps", "cmd", "/c", change.format(number))
        before = lines(probed.docker(*read).out)
        probed.docker(*end, "keeps")
        if end[0] != "restart":
            probed.docker("start", "keeps")
        assert lines(probed.docker(*read).out) == before
    probed.docker("rename", "keeps", "renamed")
    assert probed.docker("ps", "--format", "{{.Names}}").out == "renamed\n"


def test_paused_container_stands_still(probed: Engine) -> None:
    probed.docker("run", "-d", "--name", "frozen", "--network", "none", PROBE, "probe", "wait")
    probed.docker("pause", "frozen")
    assert "(Paused)" in probed.docker("ps").out
    probed.docker("unpause", "frozen")

    assert probed.docker("exec", "frozen", "probe", "exit", "0").code == 0


def test_attach_follows_and_takes_the_exit_code(probed: Engine) -> None:
    probed.docker(
        "create", "-i", "--name", "talks", "--network", "none", PROBE, "cmd", "/q", "/c", "probe cat & exit 9"
    )
    done = probed.docker("start", "-a", "-i", "talks", stdin=b"carried\n", check=False)

    assert (done.code, done.out) == (9, "carried\n")
    assert probed.docker("logs", "talks").out == "carried\n"


def test_restart_policy_starts_the_program_again(probed: Engine) -> None:
    asked = "echo again & exit 3"
    options = ("--name", "again", "--restart", "on-failure:2", "--network", "none")
    probed.docker("run", "-d", *options, PROBE, "cmd", "/c", asked)
    deadline = time.monotonic() + 30
    while inspect(probed, "again", "{{.State.Status}} {{.RestartCount}}") != "exited 2":
        assert time.monotonic() < deadline
        time.sleep(0.05)

    assert len(lines(probed.docker("logs", "again").out)) == 3


def test_top_stats_and_inspect_know_a_windows_container(probed: Engine) -> None:
    probed.docker("run", "-d", "--name", "seen", PROBE, "probe", "wait")
    probed.wait_for_log("seen", "ready")
    top = probed.docker("top", "seen").out
    percent, memory = probed.docker(
        "stats", "--no-stream", "--format", "{{.CPUPerc}} {{.MemUsage}}", "seen"
    ).out.split()[:2]

    assert re.search(r"^Name +PID +CPU +Private Working Set", top)
    assert "probe" in top
    assert percent.endswith("%")
    assert memory.endswith("MiB")
    assert inspect(probed, "seen", "{{.Platform}} {{.HostConfig.Isolation}}") == "windows process"


@pytest.mark.parametrize("running", [True, False])
def test_copies_take_windows_paths_without_regard_to_case(probed: Engine, tmp_path: Path, running: bool) -> None:
    probed.docker("run", "-d", "--name", "holds", "-v", "D:", "--network", "none", PROBE, "probe", "wait")
    probed.docker("exec", "holds", "cmd", "/c", "mkdir C:\\Some\\Dir & echo in> C:\\Some\\Dir\\File.txt")
    if not running:
        probed.docker("kill", "holds")
    (tmp_path / "sent.txt").write_text("sent\n")

    probed.docker("cp", str(tmp_path / "sent.txt"), "holds:c:\\SOME\\dir\\")
    probed.docker("cp", str(tmp_path / "sent.txt"), "holds:D:\\")
    # The CLI gives a file another name only where it finds the old one behind a slash.
    paths = (("/some/DIR/file.TXT", "one"), ("C:/Some/Dir/SENT.txt", "two"), ("D:\\Sent.txt", "Sent.txt"))
    for path, name in paths:
        probed.docker("cp", f"holds:{path}", str(tmp_path / name))

    assert (tmp_path / "one").read_text().strip() == "in"
    assert (tmp_path / "two").read_text() == (tmp_path / "Sent.txt").read_text() == "sent\n"
    assert {"A C:\\Some\\Dir\\File.txt", "A C:\\Some\\Dir\\sent.txt"} <= set(
        probed.docker("diff", "holds").out.splitlines()
    )


def test_commit_keeps_files_registry_and_changes_of_the_configuration(probed: Engine) -> None:
    change = "echo made> C:\\made.txt & reg add HKCU\\Software\\Transom /v Kept /d value /f"
    probed.docker("run", "--name", "source", "--network", "none", PROBE, "cmd", "/c", change)
    probed.docker("commit", "-c", "ENV FROM=commit", "-c", "WORKDIR C:\\work", "source", "committed")
    asked = "type C:\\made.txt & reg query HKCU\\Software\\Transom & echo %FROM% %CD%"
    done = probed.docker(*ON_NO_NETWORK, "committed", "cmd", "/c", asked)
    probed.docker("rm", "source")
    probed.docker("rmi", "committed")

    for expected in ("made", "Kept", "value", "commit C:\\work"):
        assert expected in done.out


# --- what cannot be -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "code", "message"),
    [
        ("no-such-program", 127, "The system cannot find the file specified"),
        ("C:\\no\\such.exe", 127, "The system cannot find the"),
        ("C:\\Windows\\win.ini", 126, "is not a valid Win32 application"),
    ],
)
def test_missing_program_has_dockers_code(probed: Engine, program: str, code: int, message: str) -> None:
    done = probed.docker(*ON_NO_NETWORK, PROBE, program, check=False)

    assert done.code == code
    assert message in done.err
    assert probed.docker("ps", "-aq").out == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (Path("/bin/busybox").read_bytes(), "is not a valid Win32 application"),
        (b"#!/bin/sh\nexit 0\n", "is not a valid Win32 application"),
        (program_head(0xAA64), "not a valid Win32 application|machine type"),
        (program_head(0x14C), "needs the part wow64 of the Windows base.*transom base build --part wow64"),
    ],
    ids=["linux", "script", "arm64", "32-bit"],
)
def test_foreign_program_is_refused(probed: Engine, tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "foreign.exe").write_bytes(content)
    done = probed.docker(
        *ON_NO_NETWORK, "-v", f"{tmp_path}:C:\\data:ro", PROBE, "C:\\data\\foreign.exe", "x", check=False
    )

    assert done.code == 126
    assert re.search(message, done.err)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--privileged", "privileged mode is not supported for Windows containers"),
        ("--cap-add=NET_ADMIN", "no Linux capabilities"),
        ("--security-opt=seccomp=unconfined", "--security-opt"),
        ("--device=/dev/null", "no Linux devices"),
        ("--sysctl=net.core.somaxconn=9", "Sysctls"),
        ("--tmpfs=/x", "no tmpfs"),
        ("--group-add=1", "no Linux groups"),
        ("--pid=host", "processes of its own"),
        ("--ipc=host", "memory of its own"),
        ("--uts=host", "name of its own"),
        ("--userns=host", "users of its own"),
        ("--isolation=hyperv", "--isolation=process"),
        ("--isolation=vm", "invalid isolation"),
        ("--runtime=nonesuch", "nonesuch"),
        ("--label=transom.base=" + "0" * 64, "No such Windows base"),
        ("--workdir=relative", "absolute path"),
        ("--volume=/tmp:/data", "invalid volume specification"),
    ],
)
def test_option_that_windows_cannot_have_is_refused_at_once(probed: Engine, option: str, message: str) -> None:
    done = probed.docker("run", "--rm", option, PROBE, "cmd", "/c", "ver", check=False)

    assert done.code == 125
    assert message in done.err
    assert probed.docker("ps", "-aq").out == ""


def test_isolation_of_windows_is_refused_for_linux(probed: Engine) -> None:
    done = probed.docker("run", "--rm", "--isolation=hyperv", "busybox", "true", check=False)

    assert done.code == 125
    assert "isolation" in done.err


def test_image_for_another_processor_is_refused(probed: Engine, tmp_path: Path) -> None:
    image = make(
        layer(file("Files/a.txt", "x")), names=["arm:1"], os="windows", architecture="arm64", os_version="10.0.20348.1",
        config={"Cmd": ["cmd"]},
    )  # fmt: skip
    write_archive(str(tmp_path / "arm.tar"), image)
    loaded = probed.docker("load", "-i", str(tmp_path / "arm.tar"), check=False)
    done = probed.docker("run", "--rm", "arm:1", check=False)
    probed.docker("rmi", "arm:1", check=False)

    assert done.code == 125
    assert "windows/arm64" in (done.err + loaded.err)
    assert probed.docker("ps", "-aq").out == ""


def test_export_of_a_windows_container_is_read_by_tar(probed: Engine) -> None:
    probed.docker("run", "--name", "out", "--network", "none", PROBE, "cmd", "/c", "echo x> C:\\exported.txt")
    argv = probed.docker_argv("export", "out")
    done = subprocess.run(argv, capture_output=True, check=True, timeout=120, env=docker_environment())
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        names = archive.getnames()

    assert any(name.endswith("exported.txt") for name in names)


def test_nothing_is_left_in_the_engines_directories(probed: Engine) -> None:
    volumes = probed.docker("volume", "ls", "-q").out
    probed.docker(*ON_NO_NETWORK, "-v", "C:\\anonymous", PROBE, "cmd", "/c", "ver")
    probed.docker(*ON_NO_NETWORK, PROBE, "no-such-program", check=False)

    for directory in (probed.data / "wine", probed.exec_root / "containers", probed.data / "containers"):
        assert not directory.exists() or os.listdir(directory) == []
    assert probed.docker("volume", "ls", "-q").out == volumes
