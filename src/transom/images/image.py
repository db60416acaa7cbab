"""The image record, the names that lead to it, and which variant of a name is meant."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from transom.images.layer import chain_id
from transom.model.ids import Digest, ImageId
from transom.model.oci import Descriptor, ImageConfig
from transom.model.platform import HOST_OS, Platform, host_architecture


@dataclass(frozen=True, slots=True)
class Image:
    """An image that is here.

    raw_config: the configuration's bytes, whose digest is the ID.
    manifest: the manifest blob. Its layers are `layers`, one for each diff-id.
    base_layers: how many of the first layers are Microsoft's, which are not unpacked: the engine's own base stands in
        their place.
    missing: digests of base layers whose blobs are not here either; the image runs, and cannot be pushed whole.
    parent: the image that this one was committed on, or empty.
    base: digest of the Windows base that it was built on, or empty.
    """

    id: ImageId
    raw_config: bytes
    config: ImageConfig
    manifest: Descriptor
    layers: tuple[Descriptor, ...]
    size_bytes: int
    base_layers: int = 0
    missing: tuple[Digest, ...] = ()
    parent: str = ""
    base: str = ""

    @property
    def platform(self) -> Platform:
        """Return what the image runs on."""
        return self.config.platform

    @property
    def snapshot(self) -> str:
        """Return the name of the image's topmost snapshot; empty if no layer of its own is unpacked."""
        diff_ids = self.config.diff_ids
        return chain_id(diff_ids) if len(diff_ids) > self.base_layers else ""

    def snapshots(self) -> Sequence[str]:
        """Return the names of the image's snapshots, lowest first."""
        diff_ids = self.config.diff_ids
        return [chain_id(diff_ids[:count]) for count in range(self.base_layers + 1, len(diff_ids) + 1)]


@dataclass(frozen=True, slots=True)
class Name:
    """A tag: `docker.io/library/busybox:latest`, where it points, and the variants of it that are here.

    target is one image's manifest, or the index that several variants are listed in.
    """

    name: str
    target: Descriptor
    tagged_at: str
    variants: Mapping[Platform, ImageId] = field(default_factory=dict)

    def with_variant(self, target: Descriptor, image: Image, tagged_at: str) -> "Name":
        """Return the name pointing to target with image among its variants.

        Variants of the same index stay beside each other; a name that is given to something else loses what it had.
        """
        kept = self.variants if target.digest == self.target.digest else {}
        return Name(self.name, target, tagged_at, {**kept, image.platform: image.id})


def best_variant(platforms: Iterable[Platform], wanted: Platform | None) -> Platform | None:
    """Return the platform to take, or None if none fits.

    Without a wish the host's own comes first, then what else the engine runs on this architecture, then any; among
    equals the highest os.version.
    """
    found = list(platforms)
    if wanted is not None:
        found = [platform for platform in found if fits(platform, wanted)]
    arch = host_architecture()
    found.sort(key=lambda platform: version_key(platform.os_version), reverse=True)
    found.sort(key=lambda platform: (platform.architecture != arch, platform.os != HOST_OS, platform.variant))
    return found[0] if found else None


def fits(platform: Platform, wanted: Platform) -> bool:
    """Tell whether platform is what is wanted; an empty variant or os.version is no wish; a build has many updates."""
    return (
        platform.os == wanted.os
        and platform.architecture == wanted.architecture
        and wanted.variant in {"", platform.variant}
        and f"{platform.os_version}.".startswith(f"{wanted.os_version}." if wanted.os_version else "")
    )


def version_key(os_version: str) -> tuple[int, ...]:
    """Return a key that orders os.versions by their numbers."""
    return tuple(int(part) for part in os_version.split(".") if part.isdecimal())
