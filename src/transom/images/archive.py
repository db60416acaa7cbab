"""What is in an archive of images, and what one that is written holds. No disk.

Understood: Docker's archives of every age since 1.10 (manifest.json), and OCI layouts, also both in one as Docker 25
and later write them. Source: moby image/spec v1.2 "Combined Image JSON + Filesystem Changeset Format", image-layout.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import msgspec

from transom.images.document import write_index
from transom.images.image import Image
from transom.model.digest import hex_of
from transom.model.ids import Digest
from transom.model.oci import Descriptor, MediaType
from transom.model.reference import Reference
from transom.snapshots.layers import LayerForm, Written
from transom.wire.oci import ArchiveEntryJson, DescriptorJson, LayoutJson

MANIFEST, INDEX, LAYOUT, REPOSITORIES, ABSENT = (
    "manifest.json",
    "index.json",
    "oci-layout",
    "repositories",
    "transom-absent.json",
)
CONTAINERD_NAME: Final = "io.containerd.image.name"
REF_NAME: Final = "org.opencontainers.image.ref.name"
_MAX_LINKS: Final = 40
_DEPTH: Final = 4


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive that was taken out of it: its number names it in the ingest directory."""

    name: str
    number: int
    size: int
    digest: Digest


@dataclass(frozen=True, slots=True)
class Extracted:
    """The files of an archive, and its links (path → target as the archive has it)."""

    members: Sequence[Member]
    links: Mapping[str, str] = field(default_factory=dict)


class Archives(Protocol):
    """Takes archives apart and puts them together, in a worker."""

    async def extract(self, source: int, target: int, on_progress: Callable[[int], None] | None = None) -> Extracted:
        """Write each file of the archive behind source (plain or compressed) into directory target, synced.

        Raises:
            InvalidParameter: the archive is broken or hostile.
        """
        ...

    async def write(self, target: int, documents: Mapping[str, bytes], blobs: Sequence[Digest]) -> None:
        """Write a tar to target: documents, and blobs as `blobs/sha256/<hex>`. Equal content, equal bytes."""
        ...

    async def store_layer(self, source: int, target: int, form: LayerForm) -> Written:
        """Write the plain file system behind source (a tar, plain or compressed) to target as a layer of form.

        Raises:
            InvalidParameter: it is broken, or holds what the form cannot.
        """
        ...

    async def diff_id(self, source: int) -> Digest:
        """Return the digest of the uncompressed tar behind source."""
        ...

    async def names(self, source: int, limit: int) -> Sequence[str]:
        """Return the names of a layer's first entries, limit at most."""
        ...


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to be saved: images, each with the names to save it under.

    indexes: name → the index that it leads to and that is saved whole, where several of an index's images are here.
    in_indexes: the images that those lead to; only one of each name's has the name beside it as well, since readers
    that know no indexes give a name to one image.
    """

    images: Sequence[tuple[Image, Sequence[Reference]]]
    indexes: Mapping[str, Descriptor] = field(default_factory=dict)
    in_indexes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Candidate:
    """An image that an archive holds: its names, where its config and layers lie, and the manifest if it has one.

    layers: member names, in order; the files need not be there (a base's).
    """

    config: str
    layers: tuple[str, ...]
    names: tuple[Reference, ...] = ()
    manifest: str = ""
    target: Descriptor | None = None


def blob_name(digest: str) -> str:
    """Return a blob's path in an OCI layout."""
    return f"blobs/sha256/{hex_of(digest)}"


def listing_of(images: Sequence[tuple[Image, Sequence[Reference]]]) -> bytes:
    """Return manifest.json for images and the names they are saved under."""
    entries = [
        ArchiveEntryJson(
            Config=blob_name(image.id),
            RepoTags=[name.familiar for name in names] or None,
            Layers=[blob_name(layer.digest) for layer in image.layers],
            LayerSources={
                str(diff_id): DescriptorJson(mediaType=layer.media_type, digest=layer.digest, size=layer.size)
                for diff_id, layer in zip(image.config.diff_ids, image.layers, strict=True)
            }
            or msgspec.UNSET,
        )
        for image, names in images
    ]
    return msgspec.json.encode(entries)


def index_of(chosen: "Chosen") -> bytes:
    """Return index.json: an entry for each name of each image, one for an image that no name and no index leads to."""
    entries: list[Descriptor] = []
    for image, names in chosen.images:
        plain = replace(image.manifest, urls=(), platform=image.platform)
        found = [(chosen.indexes.get(str(name), plain), name) for name in names]
        for target, name in found:
            entries.append(replace(target, annotations={CONTAINERD_NAME: str(name), REF_NAME: name.tag}))
        if not found and image.id not in chosen.in_indexes:
            entries.append(replace(plain, annotations={}))
    return write_index(entries)


def repositories_of(images: Sequence[tuple[Image, Sequence[Reference]]]) -> bytes:
    """Return `repositories`, which readers older than manifest.json use: name → tag → topmost layer."""
    found: dict[str, dict[str, str]] = {}
    for image, names in images:
        top = hex_of(image.layers[-1].digest) if image.layers else ""
        for name in names:
            found.setdefault(name.familiar_repository, {})[name.tag] = top
    return msgspec.json.encode(found)


class AbsentJson(msgspec.Struct, kw_only=True):
    """One image in transom-absent.json."""

    image: str
    base: str = ""
    blobs: list[str] = []


def absent_of(images: Sequence[Image]) -> bytes:
    """Return transom-absent.json, which names what is not in the archive: a Windows base's layers. Empty for nothing.

    Readers that do not know the file read over it; an unrooted image's base is also named in its config.
    """
    found = [
        AbsentJson(image=image.id, base=image.config.unrooted, blobs=[str(digest) for digest in image.missing])
        for image in images
        if image.missing or image.config.unrooted
    ]
    return msgspec.json.encode(found) if found else b""


def layout() -> bytes:
    """Return oci-layout."""
    return msgspec.json.encode(LayoutJson("1.0.0"))


def media_type_of(compression: str) -> str:
    """Return a layer's media type by its compression."""
    return {"gzip": MediaType.OCI_LAYER_GZIP, "zstd": MediaType.OCI_LAYER_ZSTD}.get(compression, MediaType.OCI_LAYER)
