"""A Windows container on a terminal, by the real docker CLI: byte for byte what a person's terminal is sent."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from tests.support.engine import Engine, docker_environment
from tests.support.windows import COMPILER, PROBE

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", COMPILER),
    pytest.mark.timeout(600),
]
CONTROL_C_EXIT = 0x3A
RUN = ("run", "--rm", "-it", "--network", "none", PROBE)


@dataclass(slots=True)
class Terminal:
    """A docker command on a terminal of its own."""

    master: int
    process: subprocess.Popen[bytes]
    seen: bytes = b""

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def read_until(self, wanted: bytes, *, timeout_s: float = 60) -> bytes:
        """Return everything until wanted has come."""
        deadline = time.monotonic() + timeout_s
        while wanted not in self.seen:
            assert select.select([self.master], [], [], max(0, deadline - time.monotonic()))[0], self.seen
            self.seen += os.read(self.master, 4096)
        end = self.seen.index(wanted) + len(wanted)
        got, self.seen = self.seen[:end], self.seen[end:]
        return got

    def read_all(self) -> bytes:
        """Return everything to the end."""
        while True:
            try:
                part = os.read(self.master, 4096)
            except OSError:  # the last to have the other end has gone
                part = b""
            if not part:
                return self.seen
            self.seen += part

    def resize(self, rows: int, columns: int) -> None:
        set_size(self.master, rows, columns)
        self.process.send_signal(signal.SIGWINCH)

    def code(self) -> int:
        return self.process.wait(60)


def set_size(fd: int, rows: int, columns: int) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


@contextmanager
def terminal(engine: Engine, *arguments: str) -> Iterator[Terminal]:
    """A docker command on a terminal of 30 rows and 100 columns."""
    master, slave = pty.openpty()
    set_size(slave, 30, 100)
    process = subprocess.Popen(
        engine.docker_argv(*arguments),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=docker_environment(),
        start_new_session=True,
    )
    os.close(slave)
    try:
        yield Terminal(master, process)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def test_output_is_what_the_program_wrote(probed: Engine) -> None:
    with terminal(probed, *RUN, "cmd", "/c", "echo hello") as screen:
        assert screen.read_all() == b"hello\r\n"
        assert screen.code() == 0


def test_exec_has_a_terminal_of_its_own(probed: Engine) -> None:
    probed.docker("run", "-d", "--name", "idle", "--network", "none", PROBE, "probe", "wait")
    with terminal(probed, "exec", "-it", "idle", "cmd", "/c", "echo two words& exit 5") as screen:
        assert screen.read_all() == b"two words\r\n"
        assert screen.code() == 5


def test_console_has_the_terminals_size_and_follows_it(probed: Engine) -> None:
    with terminal(probed, *RUN, "probe", "sizes") as screen:
        while screen.read_until(b"\r\n") != b"100x30\r\n":
            pass  # docker before 23 tells the size once the program runs
        screen.resize(40, 120)
        assert screen.read_until(b"\r\n") == b"120x40\r\n"
        screen.resize(20, 60)
        assert screen.read_until(b"\r\n") == b"60x20\r\n"
        screen.type(b"q")
        assert screen.code() == 0


def test_control_c_is_the_programs_to_answer(probed: Engine) -> None:
    with terminal(probed, *RUN, "probe", "wait") as screen:
        screen.read_until(b"ready\r\n")
        screen.type(b"\x03")
        assert screen.read_until(b"\r\n").startswith(b"event")
        assert screen.code() == 40
    with terminal(probed, *RUN, "probe", "sizes") as screen:
        screen.read_until(b"100x30\r\n")
        screen.type(b"\x03")
        assert screen.code() == CONTROL_C_EXIT


def test_line_can_be_edited_before_it_is_entered(probed: Engine) -> None:
    with terminal(probed, *RUN, "cmd", "/k", "prompt $G") as screen:
        screen.read_until(b">")
        screen.type(b"echp\x7fo mx\x1b[Da\x1b[C\r")
        screen.read_until(b"\r\nmax\r\n")
        screen.type(b"exit 3\r")
        assert screen.code() == 3


def test_more_asks_after_each_screenful(probed: Engine) -> None:
    with terminal(probed, *RUN, "cmd", "/c", "(for /l %i in (1,1,200) do @echo line %i) | more & echo ended") as screen:
        assert b"line 100\r\n" not in screen.read_until(b"-- More  --")
        screen.type(b"=")
        screen.read_until(b"-- More  [Line: ")
        screen.type(b"s100\r")
        assert b"line 100\r\n" not in screen.read_until(b"-- More  --")
        screen.type(b"q")
        assert b"line 200\r\n" not in screen.read_until(b"ended\r\n")
        assert screen.code() == 0


def test_ping_goes_on_until_it_is_stopped(probed: Engine) -> None:
    with terminal(probed, *RUN, "ping", "-t", "127.0.0.1") as screen:
        screen.read_until(b"TTL=64\r\n")
        screen.read_until(b"TTL=64\r\n")
        screen.type(b"\x03")
        screen.read_until(b"Ping statistics for 127.0.0.1:\r\n")
        screen.read_until(b"Control-C\r\n")
        assert screen.code() == CONTROL_C_EXIT
