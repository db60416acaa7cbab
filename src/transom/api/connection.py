"""One connection of a client: aiohttp's, but for clients that do not wait for the answer.

A client may close its sending side behind its request (`nc -N`, `docker system dial-stdio` whose input ends) and still
wants the answer; aiohttp takes that for the end of the connection. It may send input ahead of the answer that gives it
the raw connection; aiohttp drops that.
"""

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus

from aiohttp import StreamReader, web

from transom.aio.hangup import HangUps
from transom.api.errors import error_response

log = logging.getLogger(__name__)

_EARLY_BYTES = 256 * 1024
_LENGTH_DIGITS = 15
LINE_BYTES = 1 << 20
"""Limit of a request's first line and of each header: `docker build` puts all build arguments into its URL."""


class Connection(web.RequestHandler):
    """Answers what was asked in full before the client's half-close, then closes."""

    __slots__ = ("_early", "_hang_ups", "_last_body", "_own_bytes", "half_closed", "socket_transport")

    def __init__(self, server: web.Server, hang_ups: HangUps, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]
            keepalive_timeout=300,
            max_line_size=LINE_BYTES,
            max_field_size=LINE_BYTES,
            auto_decompress=False,  # as Docker: who takes compressed archives finds that out from their first bytes
        )
        self._hang_ups = hang_ups
        self._last_body: StreamReader | None = None
        self._early = bytearray()
        self._own_bytes: int | None = None
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
        """Parse, remember the last request's body, and keep what follows a request for another protocol.

        aiohttp calls this with nothing to have its parser go on after a pause, with what the parser has kept.
        """
        if not data:
            super().data_received(data)
            return
        if self._last_body is None or self._waits_for_request():
            self._early.clear()
            self._own_bytes = hijack_length(data)
        if self._own_bytes is not None:
            own, early = data[: self._own_bytes], data[self._own_bytes :]
            self._own_bytes -= len(own)
            self._early += early
            if len(self._early) > _EARLY_BYTES and self.socket_transport is not None:
                self.socket_transport.pause_reading()
            data = own
        if data:
            super().data_received(data)
        # The names are aiohttp's own; tests/component/api/test_connection.py fails when they change.
        if self._messages:
            self._last_body = self._messages[-1][1]

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP as other mistakes are answered, and close."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return super().handle_error(request, status, exc, message)
        text = (message or "").partition("\n")[0].partition(": bytearray")[0].rstrip(":")
        log.info("not a request", extra={"reason": text})
        response = error_response(status, f"malformed HTTP request: {text}")
        response.force_close()
        return response

    def take_early(self) -> bytes:
        """Return what the client sent behind its request before it had the answer."""
        early = bytes(self._early)
        self._early.clear()
        return early

    def _waits_for_request(self) -> bool:
        return not self._messages and self._waiter is not None and not self._waiter.done()

    def _has_whole_request(self) -> bool:
        return self._last_body is not None and self._last_body.is_eof() and not self._waits_for_request()


def hijack_length(data: bytes) -> int | None:
    """Return the length of the request that data begins with if it asks for a raw connection (`Upgrade: tcp`).

    Source: Engine API, ContainerAttach, "Hijacking".
    """
    if b"tcp" not in data:
        return None
    head, end, _ = data.partition(b"\r\n\r\n")
    if not end:
        return None
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    length = fields.get(b"content-length", b"0").strip()
    if fields.get(b"upgrade", b"").strip() != b"tcp" or b"transfer-encoding" in fields or not length.isdigit():
        return None
    return len(head) + len(end) + int(length[:_LENGTH_DIGITS])


def connections(server: web.Server, hang_ups: HangUps) -> Callable[[], Connection]:
    """Return what makes the protocol of each connection that server accepts."""
    loop = asyncio.get_running_loop()
    return lambda: Connection(server, hang_ups, loop=loop)
