"""Terminals and signals, as a person at the keyboard has them."""

import contextlib
import os
import pty
import select
import signal
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from termios import TIOCSWINSZ

import pytest
from tests.conformance.conftest import Door
from tests.support.engine import docker_environment

pytestmark = [pytest.mark.root, pytest.mark.needs("crun", "conmon", "busybox")]


class Typist:
    """A docker command on a terminal of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", master: int) -> None:
        self.process = process
        self._master = master
        self.seen = b""

    def type(self, data: bytes) -> None:
        os.write(self._master, data)

    def resize(self, rows: int, columns: int) -> None:
        ioctl(self._master, TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    def read_until(self, wanted: bytes, *, timeout_s: float = 20) -> None:
        deadline = time.monotonic() + timeout_s
        while wanted not in self.seen:
            ready, _, _ = select.select([self._master], [], [], deadline - time.monotonic())
            assert ready, f"{wanted!r} does not come: {self.seen!r}"
            try:
                self.seen += os.read(self._master, 4096)
            except OSError:
                raise AssertionError(f"{wanted!r} has not come: {self.seen!r}") from None


@contextmanager
def typing(docker_: Door, *arguments: str) -> Iterator[Typist]:
    master, slave = pty.openpty()
    ioctl(slave, TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        docker_.argv(*arguments),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env=docker_environment() | {"TERM": "xterm"},
    )
    os.close(slave)
    try:
        yield Typist(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def test_terminal_has_the_clients_size_and_follows_it(docker_: Door) -> None:
    sized = "until stty size | grep 80; do sleep 0.1; done"  # docker before 23 tells the size once sh runs
    script = f"{sized}; trap 'stty size; echo resized' WINCH; while :; do sleep 0.1; done"
    with typing(docker_, "run", "-it", "--name", "it", "busybox", "sh", "-c", script) as typist:
        typist.read_until(b"24 80")
        # The client's first resize may still be under way, and come after ours.
        for columns in range(90, 100):
            typist.resize(33, columns)
            with contextlib.suppress(AssertionError):
                typist.read_until(f"33 {columns}".encode(), timeout_s=2)
                break
        else:
            raise AssertionError(typist.seen)


def test_control_c_on_a_terminal_reaches_the_program(docker_: Door) -> None:
    script = "trap 'echo interrupted; exit 42' INT; echo ready; while :; do sleep 0.1; done"
    with typing(docker_, "run", "-it", "--name", "it", "busybox", "sh", "-c", script) as typist:
        typist.read_until(b"ready")
        typist.type(b"\x03")
        typist.read_until(b"interrupted")
        assert typist.process.wait(20) == 42


def test_detach_keys_leave_the_program_running(docker_: Door) -> None:
    with typing(docker_, "run", "-it", "--name", "it", "busybox", "sh", "-c", "echo ready; cat") as typist:
        typist.read_until(b"ready")
        typist.type(b"\x10\x11")
        assert typist.process.wait(20) == 0
    assert docker_.ok("inspect", "-f", "{{.State.Running}}", "it") == "true\n"

    with typing(docker_, "attach", "--detach-keys", "ctrl-x,d", "it") as typist:
        typist.type(b"again\r")
        typist.read_until(b"again\r\nagain")
        typist.type(b"\x18d")
        typist.process.wait(20)

    assert docker_.ok("inspect", "-f", "{{.State.Running}}", "it") == "true\n"


def test_exec_on_a_terminal_has_its_size(docker_: Door) -> None:
    docker_.ok("run", "-d", "--name", "it", "busybox", "sleep", "1000")

    with typing(docker_, "exec", "-it", "it", "sh") as typist:
        typist.type(b"until stty size | grep 80; do sleep 0.1; done\r")
        typist.read_until(b"24 80")
        typist.type(b"exit 5\r")
        assert typist.process.wait(20) == 5


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 43), (signal.SIGINT, 42)])
def test_signal_to_the_client_is_passed_on(docker_: Door, number: int, code: int) -> None:
    script = "trap 'exit 43' TERM; trap 'exit 42' INT; echo ready; while :; do sleep 0.05; done"
    argv = docker_.argv("run", "--name", "it", "busybox", "sh", "-c", script)
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, env=docker_environment(), start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"

    process.send_signal(number)

    assert process.wait(20) == code
    process.stdout.close()
