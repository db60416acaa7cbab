"""Waiting for what cannot be stopped half-way: a thread's work, a transaction."""

import asyncio
from typing import TypeVar

T = TypeVar("T")


async def complete(future: "asyncio.Future[T]") -> T:
    """Await future to its end and return its result; a cancel that comes meanwhile is put off to the next await.

    So the caller always learns whether the effect was made, and can push its undo before the cancel reaches it.
    For work that is short and cannot be interrupted; for the rest use aio.finish.
    """
    cancels = 0
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError:
            cancels += 1
    task = asyncio.current_task()
    if cancels and task is not None:
        for _ in range(cancels):  # the count stays as it was, so that asyncio.timeout still knows its own cancel
            task.uncancel()
            task.cancel()
    return future.result()
