"""Outcomes of steps as one build finds and records them: the engine's own, then those of `--cache-from` images."""

from dataclasses import dataclass

from transom import faults
from transom.build.cache import CachedStep, StepCache
from transom.build.state import State
from transom.engine.build.cachefrom import CacheSource
from transom.engine.build.facilities import BaseImages
from transom.engine.build.stack import Stack
from transom.images.document import read_config, write_config
from transom.images.repository import LayerIndex, Lease, LeaseKind
from transom.model.oci import ImageConfig
from transom.model.platform import Platform
from transom.snapshots.snapshotter import Snapshotter

RECORDED = faults.declare("build.step.recorded", "a step is recorded in the cache")


@dataclass(slots=True)
class Outcomes:
    """What is known of steps; what a build takes from it is kept by its lease."""

    cache: StepCache
    index: LayerIndex
    snapshots: Snapshotter
    images: BaseImages
    cache_from: tuple[str, ...]
    platform: Platform | None
    lease: Lease
    stack: Stack
    _sources: list[CacheSource] | None = None

    async def find(self, before: State, after: State, key: str, created_by: str) -> ImageConfig | None:
        """Return the document after an earlier, equal step, or after the same step of a `--cache-from` image."""
        step = await self.cache.find(key)
        if step is not None:
            config = read_config(step.config)
            if await self._is_here(config):
                return config
        for source in await self._cache_sources():
            config_after = source.after(before.image, after.image, created_by)
            if config_after is not None and await self._is_here(config_after):
                return config_after
        return None

    async def _cache_sources(self) -> list[CacheSource]:
        if self._sources is None:
            self._sources = []
            for reference in self.cache_from:
                image = await self.images.find(reference, self.platform)
                if image is not None:
                    self._sources.append(CacheSource(image.config))
        return self._sources

    async def _is_here(self, config: ImageConfig) -> bool:
        """Tell whether a document's topmost layer is here, and keep it here until the build ends."""
        base = self.stack.base_of(config)
        if len(config.diff_ids) <= (len(base.config.diff_ids) if base else 0):
            return True
        # Hold first, then look: a collection that is under way has ended by then.
        snapshot, blob = self.stack.snapshot(config), self.index.find_layer(config.diff_ids[-1])
        await self.lease.hold(LeaseKind.SNAPSHOT, snapshot)
        if blob is None or not await self.snapshots.exists(snapshot):
            return False
        await self.lease.hold(LeaseKind.BLOB, blob.digest)
        return self.index.find_layer(config.diff_ids[-1]) is not None

    async def record(self, key: str, image: ImageConfig) -> None:
        """Remember a step's outcome."""
        blob = None if image.history[-1].empty_layer else self.index.find_layer(image.diff_ids[-1])
        layer = blob.digest if blob else ""
        await self.cache.add(CachedStep(key, write_config(image), layer, self.stack.snapshot(image)))
        faults.point(RECORDED)
