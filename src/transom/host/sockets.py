"""Sockets on the host: taken for a published port, and taken back from another process that holds them for us."""

import contextlib
import ctypes
import os
import socket
from typing import Final

_SYS_PIDFD_GETFD: Final = 438
_libc = ctypes.CDLL(None, use_errno=True)


def listening(address: str, port: int, protocol: str) -> socket.socket:
    """Return a non-blocking socket bound to address and port; tcp listens already.

    Listening (rather than only bound) it keeps others out although SO_REUSEADDR is set, and that in turn lets it be
    taken again while connections of a moment ago still wait to be forgotten.

    Raises:
        OSError: EADDRINUSE, EADDRNOTAVAIL, EACCES.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    sock = socket.socket(family, kind | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if protocol == "tcp":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        if protocol == "tcp":
            sock.listen(512)
    except BaseException:
        sock.close()
        raise
    return sock


def end_listening(sock: socket.socket) -> None:
    """Close sock, and stop it listening in other processes that hold it too."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


def parent(pid: int) -> int:
    """Return the pid of pid's parent, 0 if there is no such process. Source: man page proc(5), stat."""
    with contextlib.suppress(OSError, IndexError, ValueError), open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return int(file.read().rpartition(")")[2].split()[1])
    return 0


def held_by(pid: int) -> list[socket.socket]:
    """Return duplicates of the bound internet sockets that process pid has open; the caller closes them.

    Source: man page pidfd_getfd(2).
    """
    found: list[socket.socket] = []
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:
        return found
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                if not os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:"):
                    continue
                fd = _libc.syscall(_SYS_PIDFD_GETFD, pidfd, int(name), 0)
                if fd >= 0:
                    _take(fd, found)
    except OSError:
        pass  # the process has ended
    finally:
        os.close(pidfd)
    return found


def _take(fd: int, found: list[socket.socket]) -> None:
    sock = socket.socket(fileno=fd)
    if sock.family in (socket.AF_INET, socket.AF_INET6) and sock.getsockname()[1]:
        sock.setblocking(False)
        found.append(sock)
    else:
        sock.close()
