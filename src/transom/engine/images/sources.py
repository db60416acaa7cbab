"""Where an upload's bytes come from."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Final

from transom.images.registry import BlobSource

_PIECE: Final = 1 << 20


def of_bytes(data: bytes) -> BlobSource:
    """Give data."""

    @asynccontextmanager
    async def source(offset: int) -> AsyncIterator[AsyncIterator[bytes]]:
        async def pieces() -> AsyncGenerator[bytes, None]:
            yield data[offset:]

        async with aclosing(pieces()) as found:
            yield found

    return source


def of_file(opened: Callable[[], Awaitable[int]]) -> BlobSource:
    """Give what the descriptors hold that opened returns, a new one each time; they are closed here."""

    @asynccontextmanager
    async def source(offset: int) -> AsyncIterator[AsyncIterator[bytes]]:
        fd = await opened()
        try:
            async with aclosing(_pieces(fd, offset)) as found:
                yield found
        finally:
            os.close(fd)

    return source


async def _pieces(fd: int, offset: int) -> AsyncGenerator[bytes, None]:
    while data := await asyncio.to_thread(os.pread, fd, _PIECE, offset):
        offset += len(data)
        yield data
