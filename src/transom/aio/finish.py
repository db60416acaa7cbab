"""Clean-up that a cancel cannot cut short, and the undo stack built on it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

log = logging.getLogger(__name__)
T = TypeVar("T")

UNDO_TIMEOUT_S = 15.0


async def finish(work: Awaitable[T], *, timeout_s: float) -> T:
    """Await work to its end even if this task is cancelled meanwhile, then honour the cancel.

    Raises:
        TimeoutError: work took longer than timeout_s.
    """

    async def bounded() -> T:
        async with asyncio.timeout(timeout_s):
            return await work

    task = asyncio.ensure_future(bounded())
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})  # unlike `await task`, leaves task alone on cancel
        except asyncio.CancelledError as exc:
            cancelled = exc
    if cancelled is not None:
        raise cancelled from task.exception()
    return task.result()


class UndoStack:
    """Undoes what was pushed, last first, unless keep() was called.

    Push a step's undo on the line after its effect, with no await between.
    A step that fails is logged and hides neither the others nor the first error.
    """

    def __init__(self) -> None:
        self._steps: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []

    def push(self, undo: Callable[..., Any], *args: Any) -> None:
        """Remember to call (and await, if it is awaitable) undo(*args)."""
        self._steps.append((undo, args))

    def keep(self) -> None:
        """Forget all steps: the effects stay."""
        self._steps.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._steps:
            return
        steps, self._steps = self._steps[::-1], []
        await finish(self._undo(steps), timeout_s=UNDO_TIMEOUT_S * len(steps))

    async def _undo(self, steps: list[tuple[Callable[..., Any], tuple[Any, ...]]]) -> None:
        for undo, args in steps:
            try:
                result = undo(*args)
                if isinstance(result, Awaitable):
                    await finish(result, timeout_s=UNDO_TIMEOUT_S)
            except Exception:
                log.exception("undo failed", extra={"step": getattr(undo, "__qualname__", repr(undo))})
