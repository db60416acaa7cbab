"""Execs that a container's first Windows process starts itself; windows/exec.c is the other side and says how.

What it finds in a container's control directory may be the container's own doing: no link is followed, and what comes
back are a report and streams, as from any process of a container.
"""

import asyncio
import os
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from transom.drivers.exec.oci.conmon import ConmonStdio
from transom.drivers.exec.wine.control import MAIN
from transom.drivers.exec.wine.request import Report, parse_report
from transom.host.process import wait_readable

_REPORT = 1
_PACKET = 4096


@dataclass(frozen=True, slots=True)
class Connection:
    """To the first process, for one exec. Whoever takes the streams closes it."""

    _socket: socket.socket

    async def report(self) -> Report | None:
        """Return the first process' word on how the start went, None if it ends without one."""
        try:
            packet = await asyncio.get_running_loop().sock_recv(self._socket, _PACKET)
        except OSError:
            return None
        return parse_report(packet[1:]) if packet and packet[0] == _REPORT else None

    def stdio(self) -> ConmonStdio:
        """Return the program's streams; they are in conmon's form."""
        return ConmonStdio(self._socket)

    def close(self) -> None:
        """Let go; the program runs on."""
        self._socket.close()


def connect(directory: Path, name: str) -> Connection | None:
    """Ask the first process to run the request; None if it takes none, as one of an older base does.

    From here on the exec is one of the first process', until disown says otherwise.
    """
    try:
        listening = os.open(directory / f"{MAIN}.execs", os.O_PATH | os.O_NOFOLLOW)
    except OSError:
        return None
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        sock.setblocking(False)
        if not stat.S_ISSOCK(os.fstat(listening).st_mode):
            raise ConnectionRefusedError
        os.mkfifo(_running(directory, name), 0o600)
        sock.connect(f"/proc/self/fd/{listening}")
        sock.send(name.encode())
    except OSError:
        sock.close()
        disown(directory, name)
        return None
    finally:
        os.close(listening)
    return Connection(sock)


def disown(directory: Path, name: str) -> None:
    """Note that the exec is none of the first process'."""
    with suppress(OSError):
        os.unlink(_running(directory, name))


def is_one(directory: Path, name: str) -> bool:
    """Tell whether the first process was asked to run this exec."""
    return os.path.lexists(_running(directory, name))


async def wait_ended(directory: Path, name: str) -> None:
    """Return once the first process does not hold the exec any more: its program has ended, or the container has."""
    path = _running(directory, name)
    try:
        holder = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)  # fails if nobody holds it
    except OSError:
        return
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return
    finally:
        os.close(holder)
    try:
        if stat.S_ISFIFO(os.fstat(fd).st_mode):
            await wait_readable(fd)
    finally:
        os.close(fd)


def _running(directory: Path, name: str) -> Path:
    return directory / f"{name}.run"
