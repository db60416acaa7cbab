"""Which entry of an index is meant, and what a Windows image's first layers are. Pure.

Source: image-spec v1.1 image-index.md; docs/adr/0070.
"""

from collections.abc import Iterable, Sequence

from transom.images.image import best_variant
from transom.images.standin import base_steps, foreign_layers
from transom.model.ids import Digest
from transom.model.oci import Descriptor, ImageConfig
from transom.model.platform import Platform, host_architecture


def choose(entries: Sequence[Descriptor], wanted: Platform | None, supported: Iterable[str]) -> Descriptor | None:
    """Return the entry for wanted, None if there is none.

    Without a wish it is what this machine runs best: an image for its own system, else for another one that the
    engine supports. An index that names no platforms has but one answer if it has but one entry.
    """
    systems = frozenset(supported)
    plain = [entry for entry in entries if entry.platform is not None]
    if not plain and len(entries) == 1:
        return entries[0]
    found: dict[Platform, Descriptor] = {}
    for entry in plain:
        platform = entry.platform
        if platform is None or platform.os not in systems:
            continue
        if wanted is None and platform.architecture != host_architecture():
            continue
        found.setdefault(platform, entry)
    best = best_variant(found, _plain(wanted))
    return found[best] if best is not None else None


def _plain(wanted: Platform | None) -> Platform | None:
    """Return a wish in the form that indexes are read in: arm64 has no variant v8."""
    if wanted is not None and (wanted.architecture, wanted.variant) == ("arm64", "v8"):
        return Platform(wanted.os, wanted.architecture, "", wanted.os_version)
    return wanted


def base_layers_said(config: ImageConfig, layers: Sequence[Descriptor], bases: Iterable[Sequence[Digest]]) -> int:
    """Return how many of the first layers are Microsoft's, as far as documents tell; 0 where they do not.

    bases: the diff-ids of the bases that are known. An image that was built here on an unknown base has none.
    """
    if config.unrooted:
        return 0
    said = max(
        base_steps(config.history),
        foreign_layers([layer.media_type for layer in layers]),
        max((len(base) for base in bases if base and tuple(config.diff_ids[: len(base)]) == tuple(base)), default=0),
    )
    return min(said, len(layers))
