"""Carries published ports where the kernel cannot: from IPv6 (::1 among it) to a container's IPv4 address.

The sockets are those that keep the ports reserved. nftables takes nearly all IPv4 traffic before it gets here; what
does get here (another program has flushed our table) is served as well.
"""

import asyncio
import contextlib
import logging
import socket
from typing import Any, Final, cast

from transom.aio.operations import Operations
from transom.networks.endpoint import PublishedPort

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S: Final = 10.0
UDP_IDLE_S: Final = 90.0
UDP_CLIENTS: Final = 1024
_BUFFER_BYTES: Final = 256 * 1024


class Forwarder:
    """Serves one socket until closed."""

    def __init__(self, target: tuple[str, int], operations: Operations) -> None:
        """Forward to target, an IPv4 address and port."""
        self._target = target
        self._operations = operations
        self._server: asyncio.Server | None = None
        self._datagrams: _Datagrams | None = None
        self._links: set[_Stream] = set()

    async def serve(self, published: PublishedPort, sock: socket.socket) -> None:
        """Begin; sock stays the caller's: a duplicate is served."""
        loop = asyncio.get_running_loop()
        own = sock.dup()
        try:
            if published.protocol == "tcp":
                self._server = await loop.create_server(lambda: _Stream(self._dial, self._links), sock=own, backlog=512)
            else:
                _, protocol = await loop.create_datagram_endpoint(lambda: _Datagrams(self._target), sock=own)
                self._datagrams = protocol
        except BaseException:
            own.close()
            raise

    def close(self) -> None:
        """Stop taking connections and cut those that are carried."""
        if self._server is not None:
            self._server.close()
        if self._datagrams is not None:
            self._datagrams.close()
        for link in list(self._links):
            link.abort()

    def _dial(self, near: "_Stream") -> None:
        self._operations.spawn(self._connect(near), name="forward a connection")

    async def _connect(self, near: "_Stream") -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await loop.create_connection(lambda: _Stream(None, self._links, near), *self._target)
        except (OSError, TimeoutError):
            near.abort()


class _Stream(asyncio.Protocol):
    """One side of a carried connection; what arrives here is written to the other."""

    def __init__(self, dial: Any, links: "set[_Stream]", other: "_Stream | None" = None) -> None:
        self._dial = dial
        self._links = links
        self._other = other
        self._ended = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast(asyncio.Transport, transport)
        self._links.add(self)
        transport.set_write_buffer_limits(high=_BUFFER_BYTES)
        if self._other is None:
            # Until there is somebody to write to. A transport of Debian 12's Python forgets a pause that is asked for
            # right here: it begins to read once this has returned.
            asyncio.get_running_loop().call_soon(transport.pause_reading)
            self._dial(self)
        elif self._other._transport is None or self._other._transport.is_closing():
            self.abort()
        else:
            self._other._other = self
            self._other._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if self._other is not None and self._other._transport is not None:
            self._other._transport.write(data)

    def eof_received(self) -> bool:
        self._ended = True
        other = self._other
        if other is not None and other._transport is not None and not other._transport.is_closing():
            with contextlib.suppress(OSError):
                other._transport.write_eof()
            if other._ended:
                other._transport.close()
                return False
        return True

    def pause_writing(self) -> None:
        if self._other is not None and self._other._transport is not None:
            self._other._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._other is not None and self._other._transport is not None:
            self._other._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._links.discard(self)
        other, self._other = self._other, None
        if other is not None and other._transport is not None:
            if exc is not None:
                other.abort()
            else:
                other._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class _Datagrams(asyncio.DatagramProtocol):
    """Carries datagrams: a socket of its own per client, so that answers find their way; idle ones are dropped."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._transport: asyncio.DatagramTransport | None = None
        self._clients: dict[Any, tuple[socket.socket, asyncio.TimerHandle]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        with contextlib.suppress(OSError):  # a datagram may be lost
            self._socket_for(addr).send(data)

    def error_received(self, exc: Exception) -> None:
        log.debug("forwarded datagram failed", extra={"error": str(exc)})

    def close(self) -> None:
        for addr in list(self._clients):
            self._drop(addr)
        if self._transport is not None:
            self._transport.close()

    def _socket_for(self, addr: Any) -> socket.socket:
        loop = asyncio.get_running_loop()
        known = self._clients.pop(addr, None)
        if known is not None:
            sock, timer = known
            timer.cancel()
        else:
            while len(self._clients) >= UDP_CLIENTS:
                self._drop(next(iter(self._clients)))
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
            sock.connect(self._target)
            loop.add_reader(sock.fileno(), self._answer, sock, addr)
        self._clients[addr] = sock, loop.call_later(UDP_IDLE_S, self._drop, addr)
        return sock

    def _answer(self, sock: socket.socket, addr: Any) -> None:
        for _ in range(64):
            try:
                data = sock.recv(65536)
            except OSError:
                return  # nothing more, or the container refused the port
            if self._transport is not None:
                self._transport.sendto(data, addr)

    def _drop(self, addr: Any) -> None:
        known = self._clients.pop(addr, None)
        if known is not None:
            sock, timer = known
            timer.cancel()
            asyncio.get_running_loop().remove_reader(sock.fileno())
            sock.close()
