"""Progress from any thread to one reader: a reader that is slow sees the latest report, not all of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """Holds the newest report; iterate to receive."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._value: T | None = None
        self._ended = False

    def put(self, value: T) -> None:
        """Report; may be called in any thread, and after the end, when it does nothing."""
        self._loop.call_soon_threadsafe(self._put, value)

    def _put(self, value: T) -> None:
        self._value = value
        self._wake.set()

    def end(self) -> None:
        """There will be no more."""
        self._ended = True
        self._wake.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while self._value is None:
            if self._ended:
                raise StopAsyncIteration
            await self._wake.wait()
            self._wake.clear()
        value, self._value = self._value, None
        return value


@asynccontextmanager
async def latest() -> AsyncIterator[Latest[Any]]:
    """Give a channel that ends with the block."""
    channel: Latest[Any] = Latest()
    try:
        yield channel
    finally:
        channel.end()
