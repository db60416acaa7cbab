"""Requests on a real socket, as aiohttp's parser and our connection take them together."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from transom.aio.hangup import HangUps
from transom.api.connection import connections

CHUNK = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"


@pytest.fixture
async def server(short_tmp: Path) -> AsyncIterator[Path]:
    """Answers POST with the body's length."""

    async def count(request: web.Request) -> web.Response:
        length = 0
        async for piece in request.content.iter_any():
            length += len(piece)
            for _ in range(20):  # slower than what comes, so that reading pauses
                await asyncio.sleep(0)
        return web.Response(text=str(length))

    app = web.Application(client_max_size=0)
    app.router.add_post("/", count)
    runner = web.AppRunner(app)
    await runner.setup()
    assert runner.server is not None
    hang_ups = HangUps()
    path = short_tmp / "s"
    listening = await asyncio.get_running_loop().create_unix_server(connections(runner.server, hang_ups), str(path))
    yield path
    listening.close()
    await listening.wait_closed()
    await runner.cleanup()
    hang_ups.close()


async def test_body_longer_than_the_parsers_buffer_arrives_whole(server: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(str(server))
    try:
        for count in range(1, 60):  # with some of them the parser pauses with the end in its hands
            body = CHUNK * count + b"0\r\n\r\n"
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
            async with asyncio.timeout(10):
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split()[0])
                assert (await reader.readexactly(length)).decode() == str(count * 0x8000)
    finally:
        writer.close()
        await writer.wait_closed()
