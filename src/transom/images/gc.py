"""Which blobs and snapshots nothing leads to any more: mark, pure."""

from collections.abc import Iterable

from transom.images.image import Image, Name
from transom.images.repository import Held, LeaseKind


def live_blobs(images: Iterable[Image], names: Iterable[Name], held: Iterable[Held]) -> set[str]:
    """Return the digests that records or leases lead to."""
    live = {item.key for item in held if item.kind is not LeaseKind.SNAPSHOT}
    for image in images:
        live |= {image.id, image.manifest.digest}
        live.update(layer.digest for layer in image.layers)
    live.update(name.target.digest for name in names)
    return live


def live_snapshots(images: Iterable[Image], held: Iterable[Held]) -> set[str]:
    """Return the names that records or leases lead to; what has children lives by them."""
    live = {item.key for item in held if item.kind is LeaseKind.SNAPSHOT}
    for image in images:
        live.update(image.snapshots())
    return live
