"""StepCache: outcomes of steps, kept from build to build.

A step's record, and the layers that it needs, are kept while an image has those layers, and else for two days after it
was last used: so a build that failed goes on where it failed, and the cache does not grow for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CachedStep:
    """What an earlier step made.

    config: the image's document after it. layer: digest of the blob of the layer it made, empty if it made none.
    snapshot: name of the topmost snapshot after it, empty for none.
    """

    key: str
    config: bytes
    layer: str
    snapshot: str


class StepCache(Protocol):
    """Keeps the outcomes of steps, so that they need not be done again."""

    async def find(self, key: str) -> CachedStep | None:
        """Return what was recorded last under key, and remember that it was used."""
        ...

    async def add(self, step: CachedStep) -> None:
        """Record an outcome; an earlier one of the same key is forgotten."""
        ...

    async def prune(self, kept: frozenset[str], *, older_than_s: float) -> Sequence[str]:
        """Forget steps whose snapshot is not among kept and that were last used that long ago; return their keys."""
        ...
