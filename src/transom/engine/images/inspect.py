"""GET /images/{name}/json and /images/{name}/history."""

from collections.abc import Sequence
from dataclasses import dataclass

from transom.engine.images.lookup import LookupImage
from transom.images.image import Image
from transom.images.layer import chain_id
from transom.images.repository import ImageRepository
from transom.model.clock import ZERO_TIME
from transom.model.oci import HistoryEntry
from transom.model.platform import Platform
from transom.model.reference import Reference, parse_reference
from transom.snapshots.snapshotter import Snapshotter


@dataclass(frozen=True, slots=True)
class Inspected:
    """An image with its names; tagged_at is when it was last given one."""

    image: Image
    tags: tuple[Reference, ...]
    digests: tuple[Reference, ...]
    tagged_at: str


@dataclass(frozen=True, slots=True)
class InspectImage:
    """Shows an image."""

    images: ImageRepository
    lookup: LookupImage

    def __call__(self, text: str, platform: Platform | None = None) -> Inspected:
        """Return what is known of the image that text means.

        Raises:
            NoSuchImage: there is none. NotFound: it is here for other platforms only.
        """
        image = self.lookup(text, platform).image
        names = self.images.names_of(image.id)
        times = [found.tagged_at for name in names if (found := self.images.find_name(name)) is not None]
        digests = tuple(
            parse_reference(repository).with_digest(digest) for repository, digest in self.images.digests_of(image.id)
        )
        return Inspected(image, tuple(map(parse_reference, names)), digests, max(times, default=ZERO_TIME))


@dataclass(frozen=True, slots=True)
class Step:
    """A step of an image's making; image_id is empty where no image of that state is here."""

    entry: HistoryEntry
    image_id: str
    tags: tuple[str, ...]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ReadHistory:
    """Tells how an image was made."""

    images: ImageRepository
    lookup: LookupImage
    snapshots: Snapshotter

    async def __call__(self, text: str, platform: Platform | None = None) -> Sequence[Step]:
        """Return the steps, the last one first; layers of a base that is not unpacked have the size 0.

        Raises:
            NoSuchImage: there is none.
        """
        image = self.lookup(text, platform).image
        ids = self._line(image)
        steps: list[Step] = []
        layers = 0
        for entry in image.config.history:
            size = 0
            if not entry.empty_layer:
                layers += 1
                if image.base_layers < layers <= len(image.config.diff_ids):
                    size = (await self.snapshots.usage(chain_id(image.config.diff_ids[:layers]))).size_bytes
            steps.append(Step(entry, "", (), size))
        steps.reverse()
        for image_id, number in ids:
            if number >= len(steps):
                continue
            tags = tuple(parse_reference(name).familiar for name in self.images.names_of(image_id))
            steps[number] = Step(steps[number].entry, image_id, tags, steps[number].size_bytes)
        return steps

    def _line(self, image: Image) -> list[tuple[str, int]]:
        """Return the IDs of an image and its parents, as far as they are here, with how many steps above each are."""
        length = len(image.config.history)
        ids: list[tuple[str, int]] = [(image.id, 0)]
        while image.parent and (parent := self.images.find(image.parent)) is not None:
            if len(parent.config.history) < length:
                ids.append((parent.id, length - len(parent.config.history)))
            image = parent
        return ids
