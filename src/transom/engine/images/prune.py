"""POST /images/prune, and what `docker system df` says of images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transom.engine.images.collect import Collect
from transom.engine.images.list import check_filters, has_labels, until_of
from transom.engine.images.remove import Removed, RemoveImage
from transom.errors import Conflict, InvalidParameter, NotFound
from transom.images.image import Image
from transom.images.repository import ImageRepository
from transom.model.clock import Clock
from transom.model.moment import parse_moment
from transom.snapshots.snapshotter import Snapshotter

_KNOWN = frozenset({"dangling", "label", "label!", "until"})


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, and the bytes that this freed."""

    lines: Sequence[Removed]
    freed_bytes: int


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """What images occupy: all layers once, and each image's own part and the part it shares with others."""

    layers_bytes: int
    shared: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MeasureImages:
    """Counts for `docker system df` and `docker images --shared-size`."""

    images: ImageRepository
    snapshots: Snapshotter

    async def __call__(self) -> DiskUsage:
        """Return the usage of all images."""
        users: dict[str, int] = {}
        for image in self.images.all():
            for name in image.snapshots():
                users[name] = users.get(name, 0) + 1
        sizes = {name: (await self.snapshots.usage(name)).size_bytes for name in users}
        shared = {
            str(image.id): sum(sizes[name] for name in image.snapshots() if users[name] > 1)
            for image in self.images.all()
        }
        return DiskUsage(sum(sizes.values()), shared)


@dataclass(frozen=True, slots=True)
class PruneImages:
    """Removes images that no container uses: those without a name, or all with `dangling=false`.

    With them goes what pulls that broke off have left for another try.
    """

    images: ImageRepository
    remove: RemoveImage
    collect: Collect
    clock: Clock
    measure: MeasureImages

    async def __call__(self, filters: Mapping[str, Sequence[str]]) -> Pruned:
        """Prune.

        Raises:
            InvalidParameter: a filter is unknown or malformed.
        """
        check_filters(filters, _KNOWN)
        values = filters.get("dangling", ("true",))
        if len(values) != 1 or values[0].lower() not in {"true", "1", "false", "0"}:
            raise InvalidParameter(f"invalid filter 'dangling=[{' '.join(values)}]'")
        dangling_only = values[0].lower() in {"true", "1"}
        before = until_of(filters, self.clock.now())
        lines: list[Removed] = []
        size = (await self.measure()).layers_bytes
        for image in self.images.all():
            if self._prunable(image, dangling_only) and has_labels(image, filters):
                if before is not None and not parse_moment(image.config.created) < before:
                    continue
                lines.extend(await self._remove(image))
        await self.collect.leases.forget()
        parts = await self.collect.content.drop_partials()
        await self.collect()
        freed = max(0, size - (await self.measure()).layers_bytes) + parts
        self.remove.announce.pruned(freed)
        return Pruned(lines, freed)

    def _prunable(self, image: Image, dangling_only: bool) -> bool:
        """Tell whether an image goes, or at least its names: one that others were built on goes with the last of them.

        Source: moby daemon/images/image_prune.go.
        """
        if self.remove.users_of(image.id):
            return False
        named = bool(self.images.names_of(image.id))
        return not named and not self.images.children(image.id) if dangling_only else True

    async def _remove(self, image: Image) -> Sequence[Removed]:
        lines: list[Removed] = []
        try:
            for name in self.images.names_of(image.id):
                lines.extend(await self.remove(name))
            if self.images.find(image.id) is not None:
                lines.extend(await self.remove(image.id))
        except (Conflict, NotFound):
            pass  # taken into use, or removed, meanwhile
        return lines
