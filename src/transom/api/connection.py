"""One connection of a client: aiohttp's, but for clients that finish sending before they read.

A client may close its sending side behind its request (`nc -N`, `docker system dial-stdio` whose input ends) and still
wants the answer. aiohttp takes that for the end of the connection.
"""

import asyncio
from collections.abc import Callable

from aiohttp import StreamReader, web

from transom.aio.hangup import HangUps

LINE_BYTES = 1 << 20
"""Limit of a request's first line and of each header: `docker build` puts all build arguments into its URL."""


class Connection(web.RequestHandler):
    """Answers what was asked in full before the client's half-close, then closes."""

    __slots__ = ("_hang_ups", "_last_body", "half_closed", "socket_transport")

    def __init__(self, server: web.Server, hang_ups: HangUps, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]
            keepalive_timeout=300,
            max_line_size=LINE_BYTES,
            max_field_size=LINE_BYTES,
        )
        self._hang_ups = hang_ups
        self._last_body: StreamReader | None = None
        self.half_closed = False
        self.socket_transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        super().connection_made(transport)
        assert isinstance(transport, asyncio.Transport)
        self.socket_transport = transport

    def connection_lost(self, exc: BaseException | None) -> None:
        """End."""
        if self.socket_transport is not None:
            self._hang_ups.forget(self.socket_transport)
            self.socket_transport = None
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep the connection for the answer if a whole request is here; else close it."""
        if self.socket_transport is None or not self._has_whole_request():
            return False
        self.half_closed = True
        self.watch_hang_up()
        self.close()  # no further request can come: end after this one's answer
        return True

    def watch_hang_up(self) -> None:
        """End the connection when a client that has finished sending goes away altogether."""
        if self.socket_transport is not None:
            self._hang_ups.watch(self.socket_transport)

    def data_received(self, data: bytes) -> None:
        """Parse, and remember the last request's body."""
        super().data_received(data)
        # The names are aiohttp's own; tests/conformance/test_hostile_api.py fails when they change.
        if self._messages:
            self._last_body = self._messages[-1][1]

    def _has_whole_request(self) -> bool:
        waits_for_one = self._waiter is not None and not self._waiter.done()
        return self._last_body is not None and self._last_body.is_eof() and not waits_for_one


def connections(server: web.Server, hang_ups: HangUps) -> Callable[[], Connection]:
    """Return what makes the protocol of each connection that server accepts."""
    loop = asyncio.get_running_loop()
    return lambda: Connection(server, hang_ups, loop=loop)
