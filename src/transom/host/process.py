"""Start a program without a thread per child, and wait for any process by descriptor.

asyncio's own child watcher starts a thread for each child on Python 3.11; a pidfd costs one system call.
Source: man page pidfd_open(2).
"""

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Mapping, Sequence

from transom.host.run import ProgramMissing


class Child:
    """A child of ours; wait() reaps it."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self.pid = process.pid

    async def wait(self) -> int:
        """Return the exit code (negative: signal) once the child has ended."""
        if self._process.poll() is None:
            await wait_pid(self.pid)
        return self._process.wait()

    def kill(self) -> None:
        """End it now; it still has to be waited for."""
        self._process.kill()


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    pass_fds: Sequence[int] = (),
    stderr: int = subprocess.DEVNULL,
    cwd: str | None = None,
) -> Child:
    """Start argv in a session of its own, stdin and stdout on /dev/null.

    Raises:
        ProgramMissing: argv[0] cannot be started.
    """
    try:
        return Child(
            subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env=dict(env),
                pass_fds=tuple(pass_fds),
                start_new_session=True,
                cwd=cwd,
            )
        )
    except OSError as exc:
        raise ProgramMissing(f"cannot run {argv[0]}: {os.strerror(exc.errno or 0)}") from exc


async def wait_pid(pid: int) -> None:
    """Return when the process pid has ended (or is a zombie), or at once when there is none."""
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return
    await wait_readable(fd, close=True)


async def wait_readable(fd: int, *, close: bool = False) -> None:
    """Return when fd is readable; closes it afterwards if close, whatever happens."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()

    def on_ready() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(fd, on_ready)
    try:
        await ready
    finally:
        loop.remove_reader(fd)
        if close:
            os.close(fd)


def start_time(pid: int) -> int:
    """Return pid's start time in clock ticks since boot, 0 if there is no such process.

    Together with the pid it names a process for good: pids are used again.
    Source: man page proc(5), field 22 of stat.
    """
    with contextlib.suppress(OSError, IndexError, ValueError), open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
        return 0 if fields[0] == "Z" else int(fields[19])
    return 0


def open_descriptors() -> int:
    """Return how many files this process has open."""
    return len(os.listdir("/proc/self/fd"))
