"""A host for network tests: a namespace of our own, and a machine outside it, joined by a cable.

host: 192.0.2.2/24, fd77::2/64 on `up0`; outside: 192.0.2.1, fd77::1, with a route to the containers' subnets by host.
"""

import contextlib
import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from transom.host import links
from transom.host.netlink import Netlink

T = TypeVar("T")
_NEWNET, _NEWNS = 0x40000000, 0x00020000
_libc = ctypes.CDLL(None, use_errno=True)


def inside(fd: int, work: Callable[[], T]) -> T:
    """Return work(), done in a thread of its own in network namespace fd."""
    results: list[T] = []
    problems: list[BaseException] = []

    def body() -> None:
        assert _libc.setns(fd, _NEWNET) == 0
        try:
            results.append(work())
        except BaseException as exc:
            problems.append(exc)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if problems:
        raise problems[0]
    return results[0]


def sh(command: str, *, check: bool = True, env: dict[str, str] | None = None) -> str:
    """Run a shell command in this thread's namespaces and return what it prints."""
    done = subprocess.run(["sh", "-c", command], check=False, capture_output=True, text=True, env=env, timeout=60)
    assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


class Server:
    """Answers `<peer's address> <bytes received>` on a port of a namespace, until closed."""

    def __init__(self, fd: int, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> None:
        self._socket = inside(fd, lambda: socket.socket(socket.AF_INET, kind))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("0.0.0.0", port))
        self._thread = threading.Thread(target=self._datagrams if kind == socket.SOCK_DGRAM else self._streams)
        if kind == socket.SOCK_STREAM:
            self._socket.listen(32)
        self._ending = False
        self._thread.start()

    def close(self) -> None:
        self._ending = True
        with contextlib.suppress(OSError):  # datagram sockets say ENOTCONN, and wake up all the same
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _datagrams(self) -> None:
        while True:
            message, peer = self._socket.recvfrom(65536)
            if self._ending:
                return
            self._socket.sendto(f"{peer[0]} {len(message)}".encode(), peer)

    def _streams(self) -> None:
        while True:
            try:
                connection, peer = self._socket.accept()
            except OSError:
                return
            with connection:
                size = 0
                while data := connection.recv(65536):
                    size += len(data)
                connection.sendall(f"{peer[0]} {size}".encode())


def call(
    fd: int,
    address: str,
    port: int,
    *,
    kind: socket.SocketKind = socket.SOCK_STREAM,
    size: int = 1000,
    wait_s: float = 2,
) -> str:
    """Send size bytes from namespace fd and return the answer, or the name of the error."""

    def work() -> str:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, kind) as sock:
            sock.settimeout(wait_s)
            try:
                sock.connect((address, port))
                sock.sendall(b"x" * size)
                if kind == socket.SOCK_STREAM:
                    sock.shutdown(socket.SHUT_WR)
                return sock.recv(1000).decode()
            except OSError as exc:
                return type(exc).__name__

    return inside(fd, work)


@dataclass(frozen=True, slots=True)
class NetHost:
    """Descriptors of the two namespaces."""

    home: int
    outside: int

    def route(self, subnet: str) -> None:
        """Let the machine outside send packets for subnet to the host, as an attacker on the same wire would."""
        inside(self.outside, lambda: sh(f"ip route replace {subnet} via 192.0.2.2"))


@contextmanager
def net_host() -> Iterator[NetHost]:
    """Put this thread into a host of its own."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    fds = [before]
    try:
        for _ in range(2):
            assert _libc.unshare(_NEWNET) == 0
            fds.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
        _, outside, home = fds
        netlink = Netlink()
        cable = links.new_veth(
            "up0", master=0, namespace_fd=outside, peer_name="eth0", peer_mac=b"\2\0\0\0\0\1", mtu=1500
        )
        netlink.send([cable, links.set_up(1)])
        netlink.close()
        sh(
            "ip addr add 192.0.2.2/24 dev up0; ip -6 addr add fd77::2/64 dev up0 nodad;"
            "ip route add default via 192.0.2.1"
        )
        inside(
            outside,
            lambda: sh(
                "ip link set lo up; ip link set eth0 up; ip addr add 192.0.2.1/24 dev eth0;"
                "ip -6 addr add fd77::1/64 dev eth0 nodad"
            ),
        )
        yield NetHost(home, outside)
    finally:
        _libc.setns(before, _NEWNET)
        for fd in fds:
            os.close(fd)
