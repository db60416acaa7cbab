"""The directory through which the engine and a container's first processes speak; windows/request.c is the other side.

It is bound into the container at /run/transom. What is read from it was written by the container and is not trusted.
"""

import asyncio
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from transom.drivers.exec.wine.request import Report, parse_report
from transom.errors import Conflict
from transom.host.rootfs import remove_path

MAIN = "main"
MACHINE = "machine"
_LINE_LIMIT = 4096
_REQUEST_LIMIT = 4 << 20


def exec_name(exec_id: str) -> str:
    """Return the name of an exec's request."""
    return f"exec-{exec_id[:16]}"


@dataclass(frozen=True, slots=True)
class Control:
    """One container's control directory."""

    directory: Path

    def make(self) -> None:
        """Make the directory and the FIFO for requests.

        Raises:
            Conflict: it is there already.
        """
        try:
            self.directory.mkdir(parents=True)
        except FileExistsError:
            raise Conflict(f"container {self.directory.name} exists already") from None
        os.mkfifo(self.directory / f"{MAIN}.ctl", 0o600)

    def put(self, name: str, request: bytes) -> None:
        """Leave a request for a first process, under a name that is new."""
        fd = os.open(self.directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(fd, "wb") as file:
            file.write(request)
        os.mkfifo(self.directory / f"{name}.report", 0o600)

    @property
    def has_machine(self) -> bool:
        """Tell whether there were limits at the start."""
        return os.path.lexists(self.directory / MACHINE)

    def put_machine(self, facts: Mapping[str, str]) -> None:
        """Leave the container's limits, in place of earlier ones; linux/init.c and linux/limits read them."""
        part = self.directory / f"{MACHINE}.part"
        with suppress(FileNotFoundError):
            part.unlink()
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        with open(fd, "w", encoding="ascii") as file:
            file.writelines(f"{name}={value}\n" for name, value in facts.items())
        os.rename(part, self.directory / MACHINE)

    def request(self, name: str) -> bytes:
        """Return a request as it was put, empty if there is none."""
        try:
            fd = os.open(self.directory / name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError:
            return b""
        with open(fd, "rb") as file:
            return file.read(_REQUEST_LIMIT) if stat.S_ISREG(os.fstat(fd).st_mode) else b""

    def send(self, line: str) -> bool:
        """Send a line to the container's first Windows process; return False if nobody listens."""
        try:
            fd = os.open(self.directory / f"{MAIN}.ctl", os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            os.write(fd, line.encode() + b"\n")
        except OSError:
            return False
        finally:
            os.close(fd)
        return True

    def listen(self, name: str) -> "Listener":
        """Open the reports of a request; do so before what is to report is started.

        Raises:
            Conflict: the container is not there, or has put something else in the FIFO's place.
        """
        try:
            fd = os.open(self.directory / f"{name}.report", os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError as exc:
            raise Conflict(f"container {self.directory.name} is not there") from exc
        if not stat.S_ISFIFO(os.fstat(fd).st_mode):
            os.close(fd)
            raise Conflict(f"container {self.directory.name} has broken its control files")
        return Listener(fd)

    def exit_code(self, name: str) -> int | None:
        """Return the 32-bit exit code that a first process left, None if it left none."""
        try:
            fd = os.open(self.directory / f"{name}.exit", os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError:
            return None
        try:
            text = os.read(fd, 32).strip()
        except OSError:
            return None
        finally:
            os.close(fd)
        return int(text) & 0xFFFFFFFF if text.isdigit() else None

    def forget(self, name: str) -> None:
        """Remove what is kept of one request."""
        for suffix in ("", ".report", ".exit", ".run"):
            with suppress(OSError):
                os.unlink(self.directory / f"{name}{suffix}")

    def remove(self) -> None:
        """Remove the directory, whatever the container has put there; nothing there is no error."""
        with suppress(OSError):
            remove_path(self.directory)


class Listener:
    """The reading end of one request's reports. Open for writing too, so that it has no end of file."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._buffer = b""

    async def report(self) -> Report | None:
        """Return the next report, None for a line that is none."""
        loop = asyncio.get_running_loop()
        while b"\n" not in self._buffer and len(self._buffer) < _LINE_LIMIT:
            ready: asyncio.Future[None] = loop.create_future()
            loop.add_reader(self._fd, _resolve, ready)
            try:
                await ready
            finally:
                loop.remove_reader(self._fd)
            with suppress(BlockingIOError):
                self._buffer += os.read(self._fd, _LINE_LIMIT)
        line, _, self._buffer = self._buffer.partition(b"\n")
        return parse_report(line)

    def close(self) -> None:
        """Let go."""
        os.close(self._fd)


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
