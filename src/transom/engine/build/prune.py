"""POST /build/prune."""

from collections.abc import Sequence
from dataclasses import dataclass

from transom.build.cache import StepCache
from transom.engine.images.collect import Collect
from transom.images.repository import ImageRepository

_LIFETIME_S = 2 * 86400


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went: the keys of forgotten steps, and the bytes that their layers held."""

    keys: Sequence[str]
    bytes_freed: int


@dataclass(frozen=True, slots=True)
class PruneBuilds:
    """Forgets steps of builds, and lets the layers go that nothing else needs."""

    images: ImageRepository
    cache: StepCache
    collect: Collect

    async def __call__(self, *, everything: bool = False, older_than_s: float = 0) -> Pruned:
        """Forget steps that no image stands on; with everything also those that an image does.

        older_than_s: only those that no build has asked for so long.
        """
        kept = (
            frozenset() if everything else frozenset(name for image in self.images.all() for name in image.snapshots())
        )
        keys = await self.cache.prune(kept, older_than_s=older_than_s)
        return Pruned(keys, (await self.collect()).size_bytes)

    async def lately_unused(self) -> None:
        """Forget steps that no image stands on and that nobody has asked for in two days. For the boot."""
        if await self.cache.prune(self._needed(), older_than_s=_LIFETIME_S):
            await self.collect()

    def _needed(self) -> frozenset[str]:
        return frozenset(name for image in self.images.all() for name in image.snapshots())
