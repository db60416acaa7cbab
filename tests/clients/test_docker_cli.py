"""The main job with the real docker CLI: what README promises, for both kinds of images."""

import json
import re
import urllib.request
from pathlib import Path

import pytest
from tests.support.engine import WINDOWS, Engine

pytestmark = [pytest.mark.root, pytest.mark.needs("crun", "conmon", "busybox"), pytest.mark.timeout(600)]


def test_run_linux_prints_and_returns_code(engine: Engine) -> None:
    done = engine.docker("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 7", check=False)

    assert (done.code, done.out, done.err) == (7, "out\n", "err\n")


def test_run_without_network_has_loopback_only(engine: Engine) -> None:
    done = engine.docker("run", "--rm", "--network", "none", "busybox", "ls", "/sys/class/net")

    assert done.out.split() == ["lo"]


def test_run_with_input_from_pipe_ends_with_it(engine: Engine) -> None:
    done = engine.docker("run", "--rm", "-i", "busybox", "cat", stdin=b"through the pipe\n" * 1000)

    assert done.out == "through the pipe\n" * 1000


@pytest.mark.parametrize(("program", "code"), [("no-such-program", 127), ("/etc/passwd", 126)])
def test_run_of_what_is_no_program_has_dockers_code(engine: Engine, program: str, code: int) -> None:
    done = engine.docker("run", "--rm", "busybox", program, check=False)

    assert done.code == code
    assert program in done.err
    assert engine.docker("ps", "-aq").out == ""


def test_detached_container_is_listed_logged_and_stopped(engine: Engine) -> None:
    script = "trap 'echo ending; exit 5' TERM; echo started; while :; do sleep 0.1; done"

    engine.docker("run", "-d", "--name", "web", "busybox", "sh", "-c", script)
    listed = json.loads(engine.docker("ps", "--format", "{{json .}}").out)
    engine.docker("stop", "-t", "10", "web")

    assert (listed["Names"], listed["Image"], listed["State"]) == ("web", "busybox", "running")
    assert engine.docker("logs", "web").out == "started\nending\n"
    assert engine.docker("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "web").out == "exited 5\n"


def test_exec_sees_the_containers_files_and_returns_code(engine: Engine) -> None:
    engine.docker("run", "-d", "--name", "idle", "-v", "data:/data", "busybox", "sleep", "1000")

    engine.docker("exec", "idle", "sh", "-c", "echo kept > /data/file")
    code = engine.docker("exec", "idle", "sh", "-c", "exit 9", check=False).code
    engine.docker("rm", "-f", "idle")
    kept = engine.docker("run", "--rm", "-v", "data:/data", "busybox", "cat", "/data/file").out
    engine.docker("volume", "rm", "data")

    assert (code, kept) == (9, "kept\n")


def test_published_port_answers(engine: Engine) -> None:
    page = "mkdir /www; echo hello > /www/index.html; exec httpd -f -p 80 -h /www"
    engine.docker("run", "-d", "--name", "web", "-p", "127.0.0.1::80", "busybox", "sh", "-c", page)

    address = engine.docker("port", "web", "80").out.splitlines()[0]

    assert ask(f"http://{address}/") == "hello\n"


def test_build_linux_uses_its_cache(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM busybox AS made\nRUN echo made > /made\nFROM busybox\nCOPY --from=made /made /copied\nCOPY file /\n"
        'ENV GREETING=hello\nCMD ["sh", "-c", "cat /copied /file; echo $GREETING"]\n'
    )
    (tmp_path / "file").write_text("from the context\n")

    engine.docker("build", "-q", "-t", "built", str(tmp_path))
    again = engine.docker("build", "-t", "built", str(tmp_path))

    assert engine.docker("run", "--rm", "built").out == "made\nfrom the context\nhello\n"
    assert again.out.count("Using cache") == 5
    engine.docker("rmi", "built")


def test_containers_outlive_a_killed_engine(engine: Engine) -> None:
    script = "echo started; while [ ! -e /go ]; do sleep 0.1; done; echo going; exit 6"
    engine.docker("run", "-d", "--name", "lives", "busybox", "sh", "-c", script)
    engine.docker("run", "-d", "--name", "ends", "busybox", "sh", "-c", script)
    engine.docker("exec", "ends", "touch", "/go-later")
    engine.kill()

    engine.start()
    engine.docker("exec", "ends", "mv", "/go-later", "/go")
    code = engine.docker("wait", "ends").out

    assert code == "6\n"
    assert engine.docker("logs", "ends").out == "started\ngoing\n"
    assert engine.docker("ps", "--format", "{{.Names}}").out == "lives\n"
    engine.docker("stop", "-t", "0", "lives")
    assert engine.docker("inspect", "-f", "{{.State.ExitCode}}", "lives").out == "137\n"


@pytest.mark.wine
def test_run_windows_prints_the_version_of_the_image(windows: Engine) -> None:
    done = windows.docker("run", "--rm", WINDOWS, "cmd", "/c", "ver", timeout_s=120)

    assert re.search(r"Microsoft Windows \[?(Version )?10\.0\.20348", done.out.replace("\r", ""))


@pytest.mark.wine
def test_windows_exit_code_is_whole_in_inspect(windows: Engine) -> None:
    windows.docker("run", "--name", "ended", WINDOWS, "cmd", "/c", "exit 300", check=False)

    assert windows.docker("inspect", "-f", "{{.State.ExitCode}}", "ended").out == "300\n"


@pytest.mark.wine
def test_windows_reads_from_a_pipe(windows: Engine) -> None:
    done = windows.docker(
        "run", "--rm", "-i", WINDOWS, "cmd", "/c", "findstr", "needle", stdin=b"hay\r\nneedle\r\nhay\r\n"
    )

    assert done.out.strip() == "needle"


@pytest.mark.wine
def test_both_kinds_are_listed_together_and_share_a_network(windows: Engine) -> None:
    page = "mkdir /www; echo hello > /www/index.html; exec httpd -f -p 80 -h /www"
    windows.docker("run", "-d", "--name", "linux-web", "busybox", "sh", "-c", page)
    windows.docker("run", "-d", "-i", "--name", "windows-idle", WINDOWS, "cmd", "/q")

    listed = windows.docker("ps", "--format", "{{.Names}}").out.split()
    address = windows.docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "windows-idle").out.strip()

    assert sorted(listed) == ["linux-web", "windows-idle"]
    assert "1 packets received" in windows.docker("exec", "linux-web", "ping", "-c", "1", address).out


@pytest.mark.wine
def test_build_windows_keeps_files_and_registry_through_save_and_load(windows: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        f"# escape=`\nFROM {WINDOWS}\nWORKDIR C:\\app\nCOPY data.txt .\n"
        "RUN echo by cmd> made.txt && `\n    reg add HKLM\\Software\\Example /v Name /d Value /f\n"
        "ENV GREETING=hello\n"
        'CMD ["cmd", "/c", "type data.txt made.txt && echo %GREETING% && reg query HKLM\\\\Software\\\\Example"]\n'
    )
    (tmp_path / "data.txt").write_text("from the context\r\n")
    archive = tmp_path / "saved.tar"

    windows.docker("build", "-t", "win-built", str(tmp_path), timeout_s=300)
    first = windows.docker("run", "--rm", "win-built").out
    windows.docker("save", "-o", str(archive), "win-built")
    windows.docker("rmi", "win-built")
    windows.docker("load", "-i", str(archive))
    second = windows.docker("run", "--rm", "win-built").out
    windows.docker("rmi", "win-built")

    for part in ("from the context", "by cmd", "hello", "Value"):
        assert part in first
        assert part in second


def ask(url: str) -> str:
    """Return what a server that has just been started answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for attempt in range(50):
        try:
            with opener.open(url, timeout=5) as answer:
                return str(answer.read().decode())
        except ConnectionError:
            if attempt == 49:
                raise
        except OSError as exc:
            if attempt == 49 or not isinstance(getattr(exc, "reason", None), ConnectionError):
                raise
    raise AssertionError("not reached")
