"""A machine's first Windows base, made while an image that needs it is pulled: who pulls sees how far it is."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from transom.engine.bases.choose import ChooseBase
from transom.errors import TransomError
from transom.execution.bases import BaseProgress
from transom.images.progress import Emit, bar, size_text, status

ITEM: Final = "windows base"
_TELL_EVERY_S: Final = 0.1
_STEPS: Final = {
    "index": "Reading Debian's package index",
    "download": "Downloading",
    "unpack": "Extracting and compiling",
    "registry": "Setting up Wine",
    "check": "Verifying Checksum",
}


@dataclass(frozen=True, slots=True)
class PrepareBase:
    """Builds a base where there is none."""

    choose: ChooseBase

    async def __call__(self, emit: Emit) -> None:
        """Return once there is a base, or none could be made, which is said and is no error: a pull needs none."""
        loop, told = asyncio.get_running_loop(), ("", 0.0)

        def report(progress: BaseProgress) -> None:
            nonlocal told
            step, now = progress.step, time.monotonic()
            if step != told[0] or (progress.total and now - told[1] >= _TELL_EVERY_S):
                told = step, now
                loop.call_soon_threadsafe(emit, _line(progress))

        try:
            made = await self.choose.first(report)
        except TransomError as exc:
            emit(status(f"The Windows base could not be made: {exc}; the first Windows container tries again", ITEM))
            return
        if made is not None:
            emit(status(f"Ready: Wine {made.wine_version}, {size_text(made.size_bytes)}", ITEM))


def _line(progress: BaseProgress) -> Mapping[str, Any]:
    text = _STEPS.get(progress.step, progress.step)
    return bar(text, ITEM, progress.done, progress.total) if progress.total else status(text, ITEM)
