"""run, exec and attach: the calls they make, the bytes they carry, the codes they end with."""

import contextlib
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from fcntl import ioctl

import pytest
from tests.component.cli.conftest import TRANSOM, Run, environment
from tests.component.cli.fake_engine import ID, FakeEngine


def test_run_attaches_and_waits_before_it_starts(engine: FakeEngine, transom: Run) -> None:
    engine.output, engine.exit_code = b"out\n", 7
    done = transom("run", "--rm", "image", "cmd")
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\ndone\n", "WARNING: a warning\nto stderr\n")
    assert engine.asked() == [
        "POST /containers/create",
        f"POST /containers/{ID}/attach",
        f"POST /containers/{ID}/wait",
        f"POST /containers/{ID}/start",
    ]
    assert engine.call("POST", "/wait").query == {"condition": ["removed"]}


def test_run_ends_its_input_where_ours_ends(engine: FakeEngine, transom: Run) -> None:
    data = "x" * 300_000
    done = transom("run", "-i", "image", stdin=data)
    assert done.stdout == data + "done\n"


def test_run_detached_prints_the_id(engine: FakeEngine, transom: Run) -> None:
    done = transom("run", "-d", "image")
    assert (done.returncode, done.stdout) == (0, ID + "\n")
    assert engine.asked() == ["POST /containers/create", f"POST /containers/{ID}/start"]


def test_run_pulls_what_is_missing_and_says_so(engine: FakeEngine, transom: Run) -> None:
    engine.has_image = False
    done = transom("run", "image")
    assert done.returncode == 0
    assert done.stderr.startswith("Unable to find image 'image:latest' locally\nlatest: Pulling from library/x\n")
    assert engine.call("POST", "/images/create").query == {"fromImage": ["image"], "tag": ["latest"]}


def test_run_never_pulls_where_that_is_forbidden(engine: FakeEngine, transom: Run) -> None:
    engine.has_image = False
    done = transom("run", "--pull", "never", "image")
    assert done.returncode == 125
    assert done.stderr.startswith(
        "transom: Error response from daemon: No such image: image\n\nRun 'transom run --help'"
    )


def test_run_tells_why_a_pull_failed(engine: FakeEngine, transom: Run) -> None:
    engine.has_image, engine.pull_error = False, "pull access denied"
    done = transom("run", "image")
    assert done.returncode == 125
    assert "transom: Error response from daemon: pull access denied" in done.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ('exec: "nope": executable file not found in $PATH', 127),
        ("exec /nope: no such file or directory", 127),
        ("hcs: The system cannot find the file specified.", 127),
        ('exec: "/etc": permission denied', 126),
        ("exec: is a directory", 126),
        ("driver failed programming external connectivity", 125),
    ],
)
def test_run_has_docker_s_code_for_what_could_not_start(
    engine: FakeEngine, transom: Run, error: str, code: int
) -> None:
    engine.start_error = error
    done = transom("run", "--rm", "image")
    assert done.returncode == code
    assert (
        f"transom: Error response from daemon: {error}\n\nRun 'transom run --help' for more information\n"
        in done.stderr
    )


@pytest.mark.parametrize(("status", "code"), [(0, 0), (255, 255), (300, 44), (256, 255), (0xC0000005, 5)])
def test_run_never_reports_success_for_a_code_too_large(
    engine: FakeEngine, transom: Run, status: int, code: int
) -> None:
    engine.exit_code = status
    assert transom("run", "image").returncode == code


def test_run_writes_the_id_once(engine: FakeEngine, transom: Run) -> None:
    path = engine.directory / "cid"
    assert transom("run", "--cidfile", str(path), "image").returncode == 0
    assert path.read_text() == ID
    again = transom("run", "--cidfile", str(path), "image")
    assert again.returncode == 125 and "container ID file found" in again.stderr


def test_run_refuses_a_terminal_where_there_is_none(engine: FakeEngine, transom: Run) -> None:
    done = transom("run", "-it", "image")
    assert (done.returncode, done.stderr) == (1, "the input device is not a TTY\n")
    assert engine.asked() == []


@pytest.mark.parametrize(("number", "name"), [(signal.SIGINT, "INT"), (signal.SIGTERM, "TERM")])
def test_run_passes_signals_on(engine: FakeEngine, number: signal.Signals, name: str) -> None:
    engine.waits_for_signal = True
    program = subprocess.Popen(
        [*TRANSOM, "run", "image"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(engine)
    )
    with program:
        assert program.stdout is not None and engine.started.wait(10)
        program.send_signal(number)
        assert program.stdout.read() == b"done\n"
    assert program.returncode == 128 + number
    assert engine.call("POST", "/kill").query == {"signal": [name]}


def test_exec_ends_with_the_program_s_code(engine: FakeEngine, transom: Run) -> None:
    engine.exit_code = 9
    done = transom("exec", "-i", "-e", "A=1", "web", "cmd", "-x", stdin="in")
    assert (done.returncode, done.stdout) == (9, "indone\n")
    body = json.loads(engine.call("POST", "/exec").body)
    assert (body["Cmd"], body["Env"], body["AttachStdin"]) == (["cmd", "-x"], ["A=1"], True)


def test_output_that_nobody_reads_ends_the_program_quietly(engine: FakeEngine) -> None:
    engine.output = b"y\n" * 100_000
    program = subprocess.Popen(
        [*TRANSOM, "run", "image"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(engine)
    )
    with program:
        assert program.stdout is not None and program.stderr is not None
        program.stdout.read(2)
        program.stdout.close()
        assert b"Traceback" not in program.stderr.read()
    assert program.returncode != 0


# --- on a terminal ---


class Terminal:
    """The program in a terminal of its own."""

    def __init__(self, engine: FakeEngine, *arguments: str, rows: int = 33, columns: int = 91) -> None:
        self.seen = b""
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            with contextlib.suppress(BaseException):
                ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                os.execve(TRANSOM[0], [*TRANSOM, *arguments], environment(engine))
            os._exit(99)

    def expect(self, text: bytes, timeout_s: float = 15) -> None:
        """Read until text has appeared."""
        deadline = time.monotonic() + timeout_s
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if select.select([self.descriptor], [], [], 0.1)[0]:
                self.seen += os.read(self.descriptor, 65536)

    def type(self, keys: bytes) -> None:
        os.write(self.descriptor, keys)

    def end(self) -> int:
        """Return the program's exit code."""
        with contextlib.suppress(OSError):  # EIO: the other side has closed
            while os.read(self.descriptor, 65536):
                pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.descriptor)
        return os.waitstatus_to_exitcode(status)


def test_terminal_is_raw_and_has_our_size(engine: FakeEngine) -> None:
    engine.output, engine.exit_code = b"ready", 4
    terminal = Terminal(engine, "run", "-it", "image")
    terminal.expect(b"ready")
    terminal.type(b"a\x03b\r")  # control-C is a key like any other here
    terminal.expect(b"a\x03b\r")
    assert engine.call("POST", "/resize").query == {"h": ["33"], "w": ["91"]}
    # The program's own end of input cannot be typed into a raw terminal: hang up instead.
    terminal.type(b"\x10\x11")
    assert terminal.end() == 0


def test_new_size_is_passed_on(engine: FakeEngine) -> None:
    engine.output = b"ready"
    terminal = Terminal(engine, "run", "-it", "image")
    terminal.expect(b"ready")
    before = len([call for call in engine.calls if call.path.endswith("/resize")])
    ioctl(terminal.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    deadline = time.monotonic() + 10
    while len([call for call in engine.calls if call.path.endswith("/resize")]) == before:
        engine.arrived.clear()
        engine.arrived.wait(0.1)
        assert time.monotonic() < deadline
    assert engine.call("POST", "/resize").query == {"h": ["40"], "w": ["100"]}
    terminal.type(b"\x10\x11")
    assert terminal.end() == 0


def test_detach_keys_leave_the_container(engine: FakeEngine) -> None:
    engine.output = b"ready"
    terminal = Terminal(engine, "run", "-it", "--detach-keys", "a,b", "image")
    terminal.expect(b"ready")
    terminal.type(b"ax")
    terminal.expect(b"ax")
    terminal.type(b"ab")
    assert terminal.end() == 0
    assert engine.call("POST", "/attach").query["detachKeys"] == ["a,b"]
