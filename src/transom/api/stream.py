"""Raw streams: hijacked connections, Docker's frames, answers whose headers go out at once."""

import asyncio
import struct
from collections import deque
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from transom.api.connection import Connection

HIGH_WATER = 256 * 1024

RAW = "application/vnd.docker.raw-stream"
MULTIPLEXED = "application/vnd.docker.multiplexed-stream"


def frame(stream: int, data: bytes) -> bytes:
    """Return data with Docker's 8-byte header: stream number, length.

    Source: Engine API, ContainerAttach, "Stream format".
    """
    return struct.pack(">BxxxL", stream, len(data)) + data


class Hijacked(asyncio.Protocol):
    """A connection taken over from HTTP: half-close in both directions, back-pressure both ways."""

    def __init__(self, transport: asyncio.Transport, beneath: asyncio.BaseProtocol) -> None:
        self._transport = transport
        self._beneath = beneath
        self._received: deque[bytes] = deque()
        self._size = 0
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        # A client that sent much, or all, before the answer: HTTP's side has paused, or seen the end, already.
        self._paused = not transport.is_reading()
        self.eof = isinstance(beneath, Connection) and beneath.half_closed
        self.lost = False
        self.gone = asyncio.Event()

    def feed(self, data: bytes) -> None:
        """Take bytes that HTTP's parser had read already."""
        if data:
            self._received.append(data)
            self._size += len(data)
            self._wake.set()

    def data_received(self, data: bytes) -> None:
        """Queue what the client sends; stop reading while too much is queued."""
        self.feed(data)
        if self._size > HIGH_WATER and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Remember the client's half-close; keep the connection open for our side."""
        self.eof = True
        self._wake.set()
        if isinstance(self._beneath, Connection):
            self._beneath.watch_hang_up()
        return True

    def pause_writing(self) -> None:
        """The client takes no more for now."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """It does again."""
        self._drained.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake everybody, and let HTTP's side clean up."""
        self.lost = self.eof = True
        self._wake.set()
        self._drained.set()
        self.gone.set()
        self._beneath.connection_lost(exc)

    async def read(self) -> bytes:
        """Return what the client sent, empty at its half-close."""
        while not self._received:
            self._resume()
            if self.eof:
                return b""
            await self._wake.wait()
            self._wake.clear()
        data = b"".join(self._received)
        self._received.clear()
        self._size = 0
        self._resume()
        return data

    def _resume(self) -> None:
        if self._paused and not self.eof:
            self._paused = False
            self._transport.resume_reading()

    async def write(self, data: bytes) -> None:
        """Send data.

        Raises:
            ConnectionResetError: the client has gone.
        """
        if self.lost:
            raise ConnectionResetError("the client has gone")
        self._transport.write(data)
        await self._drained.wait()

    def close(self) -> None:
        """Close after what is written has gone out."""
        self._transport.close()


class HijackResponse(web.StreamResponse):
    """What a handler returns after it has hijacked the connection: nothing more is written."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Do nothing: the status line is out already."""
        return None

    async def write_eof(self, data: Any = b"") -> None:
        """Do nothing."""


def hijack(request: web.Request, content_type: str) -> Hijacked:
    """Take the connection over: answer 101 (or 200 for a client that asks for no upgrade) and pass on raw bytes.

    Source: Engine API, ContainerAttach, "Hijacking".
    """
    transport = request.transport
    assert isinstance(transport, asyncio.Transport)
    beneath = transport.get_protocol()
    stream = Hijacked(transport, beneath)
    transport.set_protocol(stream)
    if isinstance(beneath, Connection):
        stream.feed(beneath.take_early())
    if request.headers.get("Upgrade"):
        head = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
    else:
        head = "HTTP/1.1 200 OK\r\n"
    transport.write(f"{head}Content-Type: {content_type}\r\n\r\n".encode())
    return stream


async def start_stream(request: web.Request, content_type: str) -> web.StreamResponse:
    """Return a chunked answer whose headers have gone out."""
    response = web.StreamResponse(headers={"Content-Type": content_type})
    response.enable_chunked_encoding()
    await response.prepare(request)
    return response
