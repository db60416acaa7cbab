"""Who stands on a base: the containers that are pinned to it and the images that were built on it."""

from collections.abc import Sequence
from dataclasses import dataclass

from transom.containers.repository import ContainerRepository
from transom.images.repository import ImageRepository
from transom.model.ids import Digest


@dataclass(frozen=True, slots=True)
class BaseUsage:
    """Implements remove.BaseUses."""

    containers: ContainerRepository
    images: ImageRepository

    async def users(self, digest: Digest) -> Sequence[str]:
        """Return what uses the base, in words."""
        found = [f"container {each.name}" for each in self.containers.all() if each.base == digest]
        for image in self.images.all():
            if image.base == digest:
                names = self.images.names_of(image.id)
                found.append(f"image {names[0] if names else image.id[:19]}")
        return found

    def counts(self, digest: Digest) -> tuple[int, int]:
        """Return how many containers and images use the base."""
        return (
            sum(each.base == digest for each in self.containers.all()),
            sum(each.base == digest for each in self.images.all()),
        )
