"""Streams of JSON messages, one a line: what pull, load and import answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from transom.api.errors import message_of, status_of
from transom.images.progress import Emit

log = logging.getLogger(__name__)

_FULL = 4096
"""Messages that wait for a slow client at most; bars beyond that are left out, they would be old anyway."""


async def stream_progress(request: web.Request, work: Callable[[Emit], Awaitable[object]]) -> web.StreamResponse:
    """Answer with what work emits. An error before the first message has a status of its own, a later one is in it.

    The work ends with the connection.
    """
    queue: asyncio.Queue[Mapping[str, Any] | None] = asyncio.Queue()
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.enable_chunked_encoding()
    failures: list[Exception] = []

    def emit(message: Mapping[str, Any]) -> None:
        if queue.qsize() < _FULL or "progressDetail" not in message:
            queue.put_nowait(message)

    async def run() -> None:
        try:
            await work(emit)
        except Exception as exc:
            failures.append(exc)
        finally:
            queue.put_nowait(None)

    async with asyncio.TaskGroup() as group:
        group.create_task(run(), name="progress")
        while (message := await queue.get()) is not None:
            if not response.prepared:
                await response.prepare(request)
            await response.write(msgspec.json.encode(message) + b"\r\n")
    if failures:
        if not response.prepared:
            raise failures[0]
        await response.write(msgspec.json.encode(_error(failures[0])) + b"\r\n")
    if not response.prepared:
        await response.prepare(request)
    await response.write_eof()
    return response


def _error(error: Exception) -> Mapping[str, Any]:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if status_of(error) == 500:
        log.error("a stream failed", exc_info=error)
    text = message_of(error)
    return {"errorDetail": {"message": text}, "error": text}
