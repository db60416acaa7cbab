"""Bytes between the event loop and a worker, through a pipe: the kernel bounds what is under way."""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncGenerator, AsyncIterable

SIZE = 1 << 20


def make_pipe() -> tuple[int, int]:
    """Return (reader, writer) of a pipe that holds SIZE bytes, where the kernel allows that much."""
    reader, writer = os.pipe()
    with contextlib.suppress(OSError):  # the user's pipes are bounded in sum; the default size does as well
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, SIZE)
    return reader, writer


async def write_all(writer: int, chunks: AsyncIterable[bytes]) -> None:
    """Write chunks to a pipe's end and close it, also when cancelled; a reader that has gone ends it without error."""
    os.set_blocking(writer, False)
    try:
        async for chunk in chunks:
            view = memoryview(chunk)
            while view:
                try:
                    view = view[os.write(writer, view) :]
                except BlockingIOError:
                    await _ready(writer, writing=True)
    except BrokenPipeError:
        pass
    finally:
        os.close(writer)


async def read_all(reader: int) -> AsyncGenerator[bytes, None]:
    """Yield what comes out of a pipe's end until its writers have closed theirs; reader stays the caller's."""
    os.set_blocking(reader, False)
    while True:
        try:
            data = os.read(reader, SIZE)
        except BlockingIOError:
            await _ready(reader, writing=False)
            continue
        if not data:
            return
        yield data


async def _ready(fd: int, *, writing: bool) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    add, remove = (loop.add_writer, loop.remove_writer) if writing else (loop.add_reader, loop.remove_reader)
    add(fd, _set, ready)
    try:
        await ready
    finally:
        remove(fd)


def _set(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)
