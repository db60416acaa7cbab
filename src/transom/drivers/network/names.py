"""The name service of one container: answers for its networks, asks outside for the rest.

Its sockets are inside the container's namespace, so a host firewall is not asked, and it knows who is asking.
"""

import asyncio
import contextlib
import itertools
import logging
import socket
import struct
from typing import Any, Final

from transom.aio.operations import Operations
from transom.host.netns import NameSockets
from transom.networks import dns
from transom.networks.driver import Directory

log = logging.getLogger(__name__)

SERVER_TIMEOUT_S: Final = 3.0
CLIENT_IDLE_S: Final = 20.0
CONCURRENT: Final = 256
"""Questions of one container that wait for servers outside; more are refused, the client asks again."""


class NameService:
    """Serves until closed; owns its sockets."""

    def __init__(self, container_id: str, sockets: NameSockets, directory: Directory, operations: Operations) -> None:
        """Take sockets over; `serve` begins."""
        self._container_id = container_id
        self._sockets = sockets
        self._directory = directory
        self._operations = operations
        self._server: asyncio.Server | None = None
        self._waiting = 0
        self._turn = itertools.count()

    @property
    def fds(self) -> tuple[int, ...]:
        """Return the descriptors of the sockets."""
        return self._sockets.udp.fileno(), self._sockets.tcp.fileno()

    async def serve(self) -> None:
        """Begin to answer."""
        asyncio.get_running_loop().add_reader(self._sockets.udp.fileno(), self._on_datagrams)
        self._server = await asyncio.start_server(self._on_stream, sock=self._sockets.tcp.dup())

    def close(self) -> None:
        """Stop and close the sockets."""
        if self._sockets.udp.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._sockets.udp.fileno())
        if self._server is not None:
            self._server.close()
        self._sockets.close()

    def _on_datagrams(self) -> None:
        for _ in range(32):
            try:
                message, client = self._sockets.udp.recvfrom(65535)
            except OSError:
                return
            reply = self._answer_now(message)
            if reply is None:
                self._operations.spawn(self._answer_later(message, client), name="ask a name server")
            elif reply:
                self._send(dns.fit_udp(message, reply) if len(reply) > dns.MAX_UDP else reply, client)

    def _answer_now(self, message: bytes) -> bytes | None:
        """Return the reply (empty: say nothing), or None where others have to be asked."""
        try:
            question = dns.parse(message)
        except dns.Malformed:
            return dns.refuse(message, dns.Rcode.FORMAT) or b""
        reply = dns.answer(message, question, self._directory.names(self._container_id), turn=next(self._turn))
        if reply is None and self._waiting >= CONCURRENT:
            return dns.refuse(message, dns.Rcode.FAILED) or b""
        return reply

    async def _answer_later(self, message: bytes, client: Any) -> None:
        reply = await self._ask(message, stream=False)
        self._send(dns.fit_udp(message, reply), client)

    async def _ask(self, message: bytes, *, stream: bool) -> bytes:
        self._waiting += 1
        try:
            for server in self._directory.servers(self._container_id):
                try:
                    async with asyncio.timeout(SERVER_TIMEOUT_S):
                        return await (_ask_stream if stream else _ask_datagram)(server, message)
                except (OSError, TimeoutError, asyncio.IncompleteReadError) as exc:
                    log.debug("name server did not answer", extra={"server": server, "error": repr(exc)})
        finally:
            self._waiting -= 1
        return dns.refuse(message, dns.Rcode.FAILED) or b""

    def _send(self, reply: bytes, client: Any) -> None:
        with contextlib.suppress(OSError):
            self._sockets.udp.sendto(reply, client)

    async def _on_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                async with asyncio.timeout(CLIENT_IDLE_S):
                    (size,) = struct.unpack(">H", await reader.readexactly(2))
                    message = await reader.readexactly(size)
                reply = self._answer_now(message)
                if reply is None:
                    reply = await self._ask(message, stream=True)
                if not reply:
                    break
                writer.write(struct.pack(">H", len(reply)) + reply)
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the client has what it wanted, or has gone
        finally:
            writer.close()


async def _ask_datagram(server: str, message: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as sock:
        sock.connect((server, 53))  # a fresh port for each question; answers from elsewhere do not arrive
        await loop.sock_sendall(sock, message)
        while True:
            reply = await loop.sock_recv(sock, 65535)
            if dns.matches(message, reply):
                return reply


async def _ask_stream(server: str, message: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(server, 53)
    try:
        writer.write(struct.pack(">H", len(message)) + message)
        (size,) = struct.unpack(">H", await reader.readexactly(2))
        return await reader.readexactly(size)
    finally:
        writer.close()
