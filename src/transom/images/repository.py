"""ImageRepository and Leases: what is written down of images, and what is kept from being collected."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from transom.images.image import Image, Name
from transom.model.ids import Digest, ImageId
from transom.model.oci import Descriptor


class ImageRepository(Protocol):
    """Keeps images and their names. Reading is from memory; a change is durable on return."""

    def all(self) -> Sequence[Image]:
        """Return every image."""
        ...

    def find(self, image_id: str) -> Image | None:
        """Return the image with this ID."""
        ...

    def children(self, image_id: str) -> Sequence[ImageId]:
        """Return the images that were committed on this one."""
        ...

    def names(self) -> Sequence[Name]:
        """Return every name."""
        ...

    def find_name(self, name: str) -> Name | None:
        """Return a tag by its full form."""
        ...

    def names_of(self, image_id: str) -> Sequence[str]:
        """Return the tags that lead to an image, sorted."""
        ...

    def digests_of(self, image_id: str) -> Sequence[tuple[str, Digest]]:
        """Return (repository, digest) of where an image was pulled from or pushed to, sorted."""
        ...

    def find_digest(self, repository: str, digest: str) -> Sequence[ImageId]:
        """Return the images known by `repository@digest`."""
        ...

    async def add(self, image: Image) -> None:
        """Record an image; one that is there already is replaced, its names stay."""
        ...

    async def remove(self, image_id: ImageId) -> None:
        """Forget an image, its names' variants and its repository digests; unknown is no error."""
        ...

    async def tag(self, name: str, target: Descriptor, image: Image) -> None:
        """Let name lead to image (see Name.with_variant)."""
        ...

    async def untag(self, name: str, image_id: ImageId) -> None:
        """Take image from name; a name without variants is gone."""
        ...

    async def add_digest(self, repository: str, digest: Digest, image_id: ImageId) -> None:
        """Record that image is known by `repository@digest`."""
        ...

    async def remove_digest(self, repository: str, digest: Digest, image_id: ImageId) -> None:
        """Forget that; unknown is no error."""
        ...


class LayerIndex(Protocol):
    """Knows which blob holds the layer with a diff-id. Reading is from memory."""

    def find_layer(self, diff_id: str) -> Descriptor | None:
        """Return the blob that a layer is stored in."""
        ...

    async def add_layer(self, diff_id: Digest, blob: Descriptor) -> None:
        """Record a layer's blob; an earlier one of the same layer is forgotten."""
        ...

    async def forget_blobs(self, digests: Sequence[Digest]) -> None:
        """Forget the layers in blobs that are no more."""
        ...


class LeaseKind(StrEnum):
    """What a lease can hold."""

    BLOB = "blob"
    SNAPSHOT = "snapshot"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class Held:
    """One thing that a lease keeps."""

    kind: LeaseKind
    key: str


class Lease(Protocol):
    """Keeps things from being collected while they belong to no record yet."""

    async def hold(self, kind: LeaseKind, key: str) -> None:
        """Keep key, whether it is there already or not."""
        ...


class Leases(Protocol):
    """Makes leases. One that is not released (kill -9) ends by itself."""

    def lease(self, purpose: str) -> AbstractAsyncContextManager[Lease]:
        """Hold things until the block ends."""
        ...

    async def keep(self, kind: LeaseKind, key: str) -> None:
        """Keep key for a day, whatever becomes of its lease and of this process: for a pull that is tried again."""
        ...

    async def forget(self, keys: Sequence[str] | None = None) -> None:
        """Keep keys no longer; without keys, nothing of what `keep` was told."""
        ...

    def collecting(self) -> AbstractAsyncContextManager[frozenset[Held]]:
        """Give what all present leases hold, and make new holds wait until the block ends."""
        ...
