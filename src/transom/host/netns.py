"""Network namespaces, held by descriptors alone: none outlives its last process and descriptor.

One thread enters and leaves namespaces; it also makes all changes of links, so the loop never waits for the kernel's
network lock, which taking down an old namespace holds for up to 10 ms.
Source: man pages network_namespaces(7), setns(2); Linux Documentation/networking/ip-sysctl.rst.
"""

import asyncio
import contextlib
import ctypes
import logging
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from transom.aio.complete import complete
from transom.errors import Unavailable
from transom.host import links, nft
from transom.host.netlink import Netlink, NetlinkError

log = logging.getLogger(__name__)
T = TypeVar("T")

_CLONE_NEWNET = 0x40000000
_SELF: Final = "/proc/thread-self/ns/net"
SPARE: Final = 3
"""How many namespaces wait ready-made: one costs 0.5 to 1.3 ms, of which a start then sees nothing."""

_SYSCTLS: Final = (
    ("net/ipv4/ping_group_range", "0 2147483647"),
    ("net/ipv4/ip_unprivileged_port_start", "0"),
    ("net/ipv6/conf/default/disable_ipv6", "1"),
)
"""As Docker: ping and low ports for everybody; no IPv6 on interfaces that get no IPv6 address."""

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(slots=True)
class Namespace:
    """A network namespace and a netlink socket in it. The holder calls close()."""

    fd: int
    netlink: Netlink

    @property
    def path(self) -> str:
        """Return a path by which other processes open it while we hold it."""
        return f"/proc/{os.getpid()}/fd/{self.fd}"

    def close(self) -> None:
        """Let go; with no process in it the kernel takes it down, links and all."""
        if self.fd >= 0:
            self.netlink.close()
            os.close(self.fd)
            self.fd = -1


@dataclass(slots=True)
class NameSockets:
    """The sockets of a name service inside a namespace, where 127.0.0.11:53 is led to."""

    udp: socket.socket
    tcp: socket.socket

    def close(self) -> None:
        """Close both."""
        self.udp.close()
        self.tcp.close()


class NamespaceThread:
    """Runs functions in one thread, which belongs to the engine's network namespace between two of them."""

    def __init__(self) -> None:
        """Start it; made in the namespace that is to be the engine's."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="network")
        self._home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._spare: list[Namespace] = []
        self._closed = False

    async def run(self, work: Callable[[], T]) -> T:
        """Return work(), run in the thread; a cancel is put off until it has ended."""
        return await complete(asyncio.get_running_loop().run_in_executor(self._thread, work))

    def later(self, work: Callable[[], object]) -> None:
        """Run work in the thread some time; a failure is logged."""
        if not self._closed:
            self._thread.submit(_logged, work)

    async def close(self) -> None:
        """Let go of what is spare and end the thread."""
        self._closed = True

        def drop() -> None:
            for namespace in self._spare:
                namespace.close()
            self._spare.clear()

        await self.run(drop)
        self._thread.shutdown(wait=True)
        if self._home >= 0:
            os.close(self._home)
            self._home = -1

    # What follows is called in the thread.

    def take(self) -> Namespace:
        """Return a fresh namespace, lo up, sysctls as Docker's; have a spare one made for the next caller.

        Raises:
            Unavailable: the kernel makes none.
        """
        namespace = self._spare.pop() if self._spare else self._make()
        if len(self._spare) < SPARE:
            self.later(self.stock)
        return namespace

    def stock(self) -> None:
        """Make one spare namespace if some are missing."""
        if len(self._spare) < SPARE and not self._closed:
            self._spare.append(self._make())

    def open(self, pid: int) -> Namespace | None:
        """Return the namespace of process pid, or None where there is no such process."""
        try:
            fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            return Namespace(fd, self.inside(fd, Netlink))
        except BaseException:
            os.close(fd)
            raise

    def inside(self, fd: int, work: Callable[[], T]) -> T:
        """Return work(), done in the namespace fd."""
        self._enter(fd)
        try:
            return work()
        finally:
            self._enter(self._home)

    def name_sockets(self, namespace: Namespace, address: str, *, again: bool = False) -> NameSockets:
        """Open sockets in namespace on ports of their own, and lead address:53 to them.

        Port 53 itself stays free, for containers that are name servers. again: an earlier engine has done so already
        (taking its table away costs 10 to 20 ms, so it is not done unasked).

        Raises:
            Unavailable: nftables refuses.
        """
        return self.inside(namespace.fd, lambda: _name_sockets(address, again=again))

    def _make(self) -> Namespace:
        if _libc.unshare(_CLONE_NEWNET) != 0:
            code = ctypes.get_errno()
            raise Unavailable(f"cannot make a network namespace: {os.strerror(code).lower()}")
        fd = -1
        try:
            fd = os.open(_SELF, os.O_RDONLY | os.O_CLOEXEC)
            for key, value in _SYSCTLS:
                write_sysctl(key, value)
            netlink = Netlink()
            netlink.send([links.set_up(1)])
        except BaseException as exc:
            if fd >= 0:
                os.close(fd)
            if isinstance(exc, OSError | NetlinkError):
                raise Unavailable(f"cannot set up a network namespace: {exc}") from exc
            raise
        finally:
            self._enter(self._home)
        return Namespace(fd, netlink)

    def _enter(self, fd: int) -> None:
        if _libc.setns(fd, _CLONE_NEWNET) != 0:
            code = ctypes.get_errno()
            raise Unavailable(f"cannot enter a network namespace: {os.strerror(code).lower()}")


def write_sysctl(key: str, value: str) -> bool:
    """Set /proc/sys/<key> in the calling thread's namespace; False where the kernel has no such setting.

    Raises:
        OSError: it is refused.
    """
    try:
        fd = os.open(f"/proc/sys/{key}", os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)
    return True


def read_sysctl(key: str) -> str:
    """Return /proc/sys/<key>, or nothing where there is no such setting."""
    with contextlib.suppress(OSError), open(f"/proc/sys/{key}", encoding="ascii") as file:
        return file.read().strip()
    return ""


def _name_sockets(address: str, *, again: bool) -> NameSockets:
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    try:
        udp.bind((address, 0))
        tcp.bind((address, 0))
        tcp.listen(16)
        ports = udp.getsockname()[1], tcp.getsockname()[1]
        before = "table ip transom-names\ndelete table ip transom-names\n" if again else ""
        nft.run_here(
            f"{before}table ip transom-names {{\n  chain output {{\n"
            "    type nat hook output priority -100; policy accept;\n"
            f"    ip daddr {address} udp dport 53 dnat to {address}:{ports[0]}\n"
            f"    ip daddr {address} tcp dport 53 dnat to {address}:{ports[1]}\n  }}\n}}\n"
        )
    except (OSError, nft.NftError) as exc:
        udp.close()
        tcp.close()
        raise Unavailable(f"cannot set up the name service of a container: {exc}") from exc
    return NameSockets(udp, tcp)


def _logged(work: Callable[[], object]) -> None:
    try:
        work()
    except Exception:
        log.warning("network work in the background failed", exc_info=True)
