"""Bytes between a hijacked connection and a program's streams."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Protocol

from transom.api.stream import Hijacked, frame


class Sink(Protocol):
    """A program's stdin."""

    async def write(self, data: bytes) -> None:
        """Send data; ConnectionError when nobody reads any more."""
        ...

    async def close_stdin(self) -> None:
        """Half-close."""
        ...


async def pump(
    stream: Hijacked,
    pieces: AsyncIterator[tuple[int, bytes]],
    stdin: Sink | None,
    *,
    tty: bool,
    once: bool,
    wants: tuple[bool, bool],
) -> None:
    """Carry output to the client and, if stdin is given, the client's bytes to the program, until output ends.

    once: the client's half-close closes the program's stdin. wants: (stdout, stderr). A client that goes away ends
    it without an error.
    """

    async def send() -> None:
        async for number, data in pieces:
            if tty or wants[number - 1]:
                await stream.write(data if tty else frame(number, data))

    async def receive(sink: Sink) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await stream.read():
                await sink.write(data)
            # A terminal has no end of input of its own: its client has detached, and the next one types on.
            if once and not tty and not stream.lost:
                await sink.close_stdin()

    async with asyncio.TaskGroup() as group:
        receiving = group.create_task(receive(stdin), name="stdin") if stdin is not None else None
        try:
            with contextlib.suppress(ConnectionError):
                await send()
        finally:
            if receiving is not None:
                receiving.cancel()
