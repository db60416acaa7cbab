"""Bodies of requests and answers that a worker reads and writes through a pipe."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

from aiohttp import web

from transom.aio.groups import first
from transom.aio.pipes import make_pipe, read_all, write_all

log = logging.getLogger(__name__)

T = TypeVar("T")


async def with_body(request: web.Request, work: Callable[[int], Awaitable[T]]) -> T:
    """Return work(descriptor), the request's body coming out of the descriptor.

    A client that goes away in the middle ends the work with its error.
    """
    return await with_pieces(_chunks(request), work)


async def with_pieces(pieces: AsyncIterator[bytes], work: Callable[[int], Awaitable[T]]) -> T:
    """Return work(descriptor), pieces coming out of the descriptor; what fails of them ends the work with its error."""
    reader, writer = make_pipe()
    done: list[T] = []
    failures: list[Exception] = []
    try:
        async with asyncio.TaskGroup() as group:
            pumping = group.create_task(write_all(writer, pieces), name="body")
            try:
                done.append(await work(reader))
            except Exception as exc:  # kept apart: a task group would wrap it
                failures.append(exc)
            finally:
                pumping.cancel()
    except BaseExceptionGroup as errors:
        raise first(errors) from errors
    finally:
        os.close(reader)
    if failures:
        raise failures[0]
    return done[0]


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    async for data in request.content.iter_any():
        yield data


async def stream_out(
    request: web.Request, work: Callable[[int], Awaitable[object]], *, headers: dict[str, str]
) -> web.StreamResponse:
    """Answer with what work writes into the descriptor it is given.

    An error before the first byte has a status of its own; after that the connection breaks off, which no client takes
    for a whole archive.
    """
    reader, writer = make_pipe()
    response = web.StreamResponse(headers=headers)
    response.enable_chunked_encoding()

    failures: list[Exception] = []

    async def run() -> None:
        try:
            await work(writer)
        except Exception as exc:
            failures.append(exc)
        finally:
            os.close(writer)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(run(), name="archive")
            async with aclosing(read_all(reader)) as pieces:
                async for data in pieces:
                    if not response.prepared:
                        await response.prepare(request)
                    await response.write(data)
    finally:
        os.close(reader)
    if failures and not response.prepared:
        raise failures[0]
    if failures:
        log.error("an archive broke off", exc_info=failures[0])
        if request.transport is not None:
            request.transport.abort()
        return response
    if not response.prepared:
        await response.prepare(request)
    await response.write_eof()
    return response
