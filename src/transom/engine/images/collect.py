"""Garbage collection of blobs and layer snapshots."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from transom.errors import Conflict
from transom.images.content import ContentStore
from transom.images.gc import live_blobs, live_snapshots
from transom.images.repository import Held, ImageRepository, LayerIndex, Leases
from transom.model.ids import Digest
from transom.snapshots.snapshotter import Snapshotter


@dataclass(frozen=True, slots=True)
class Freed:
    """What a collection removed: the bytes, and the chain-ids of the snapshots, topmost first."""

    size_bytes: int = 0
    snapshots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Collect:
    """Removes committed snapshots and blobs that no image, container or lease needs.

    also_held: what others keep (a build's cache), asked at each collection.
    """

    content: ContentStore
    images: ImageRepository
    snapshots: Snapshotter
    index: LayerIndex
    leases: Leases
    also_held: Callable[[], Iterable[Held]] = tuple

    async def __call__(self) -> Freed:
        """Collect; what is taken into use meanwhile waits until it has ended."""
        async with self.leases.collecting() as leased:
            held = [*leased, *self.also_held()]
            blobs = await self.content.list()
            images, names = self.images.all(), self.images.names()
            size, removed = await self._snapshots(live_snapshots(images, held))
            live = live_blobs(images, names, held)
            dead = [blob.digest for blob in blobs if blob.digest not in live]
            for digest in dead:
                size += await self.content.delete(Digest(digest))
            await self.index.forget_blobs(dead)
        return Freed(size, removed)

    async def _snapshots(self, live: set[str]) -> tuple[int, tuple[str, ...]]:
        size, removed = 0, []
        again = True
        while again:  # a removed child may have been what its parent lived by
            again = False
            for name in await self.snapshots.list():
                if not name.startswith("sha256:") or name in live or not await self.snapshots.exists(name):
                    continue
                try:
                    usage = await self.snapshots.usage(name)
                    await self.snapshots.remove(name)
                except Conflict:
                    continue
                size += usage.size_bytes
                removed.append(name)
                again = True
        return size, tuple(removed)
