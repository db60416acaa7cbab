"""Images as the Engine API shows them."""

from collections.abc import Mapping, Sequence

import msgspec

from transom.engine.images.inspect import Inspected, Step
from transom.engine.images.list import Listed
from transom.engine.images.remove import Removed
from transom.images.document import write_descriptor, write_platform, write_run_config
from transom.images.image import Image
from transom.model.moment import parse_moment
from transom.wire.images import (
    LEGACY_CONFIG,
    DeleteItem,
    GraphDriver,
    HistoryItem,
    ImageInspect,
    ImageSummary,
    ManifestImageData,
    ManifestSize,
    ManifestSummary,
    Metadata,
    RootfsSummary,
    TransomDetails,
    UnpackedSize,
)

_NONE = "<none>"
_EMPTY_LISTS = (1, 43)
_NO_VIRTUAL_SIZE = (1, 44)
_SHORT_CONFIG = (1, 50)
Version = tuple[int, ...]


def summary_shape(
    row: Listed, version: Version, *, manifests: bool = False, shared: Mapping[str, int] | None = None
) -> ImageSummary:
    """Return a row of `docker images`."""
    image = row.image
    tags = [tag.familiar for tag in row.tags]
    digests = [digest.familiar for digest in row.digests]
    if version < _EMPTY_LISTS:
        tags = tags or [f"{_NONE}:{_NONE}"]
        digests = digests or [f"{_NONE}@{_NONE}"]
    shape = ImageSummary(
        Created=int(parse_moment(image.config.created)),
        Id=image.id,
        Labels=dict(image.config.config.labels) or None,
        ParentId=image.parent,
        RepoDigests=digests,
        RepoTags=tags,
        SharedSize=(shared or {}).get(image.id, -1),
        Size=image.size_bytes,
    )
    if version < _NO_VIRTUAL_SIZE:
        shape.VirtualSize = image.size_bytes
    if manifests:
        shape.Manifests = [_manifest(image, row.containers)]
    return shape


def grouped(rows: Sequence[ImageSummary]) -> list[ImageSummary]:
    """Return rows with manifests, one for each set of variants: its tags, and the manifests of all of it.

    A tag's variants are the images that have it; its row is the first one's, with the sizes of all, content included.
    """
    by_tag: dict[str, list[ImageSummary]] = {}
    for row in rows:
        for tag in row.RepoTags or ():
            by_tag.setdefault(tag, []).append(row)
    found: dict[tuple[str, ...], list[ImageSummary]] = {}
    tags: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        for tag in row.RepoTags or [""]:
            variants = by_tag.get(tag, [row])
            key = tuple(each.Id for each in variants)
            found[key] = variants
            if tag and tag not in tags.setdefault(key, []):
                tags[key].append(tag)
    return [_joined(variants, tags.get(key, [])) for key, variants in found.items()]


def _joined(variants: Sequence[ImageSummary], tags: list[str]) -> ImageSummary:
    manifests = [manifest for row in variants for manifest in row.Manifests or ()]
    size = sum(manifest.Size.total for manifest in manifests)
    return msgspec.structs.replace(variants[0], RepoTags=tags, Manifests=manifests, Size=size)


def _manifest(image: Image, containers: Sequence[str] = ()) -> ManifestSummary:
    here = sum(layer.size for layer in image.layers if layer.digest not in image.missing)
    content = image.manifest.size + len(image.raw_config) + here
    descriptor = write_descriptor(image.manifest)
    descriptor.platform = write_platform(image.platform)
    return ManifestSummary(
        ID=image.manifest.digest,
        Descriptor=descriptor,
        Available=not image.missing,
        Size=ManifestSize(content=content, total=content + image.size_bytes),
        Kind="image",
        ImageData=ManifestImageData(
            platform=write_platform(image.platform),
            size=UnpackedSize(unpacked=image.size_bytes),
            containers=list(containers),
        ),
    )


def inspect_shape(found: Inspected, version: Version, *, manifests: bool = False) -> ImageInspect:
    """Return what `docker image inspect` shows."""
    image, config = found.image, found.image.config
    run_config = write_run_config(config.config)
    shape = ImageInspect(
        Id=image.id,
        RepoTags=[tag.familiar for tag in found.tags],
        RepoDigests=[digest.familiar for digest in found.digests],
        Parent=image.parent,
        Comment=config.comment,
        Created=config.created or msgspec.UNSET,
        DockerVersion=config.docker_version,
        Author=config.author,
        Config=run_config if version >= _SHORT_CONFIG else LEGACY_CONFIG | msgspec.to_builtins(run_config),
        Architecture=config.platform.architecture,
        Variant=config.platform.variant or msgspec.UNSET,
        Os=config.platform.os,
        OsVersion=config.platform.os_version or msgspec.UNSET,
        Size=image.size_bytes,
        GraphDriver=GraphDriver(data=None, name="overlay2"),
        RootFS=RootfsSummary(layers=[str(diff_id) for diff_id in config.diff_ids]),
        Metadata=Metadata(last_tag_time=found.tagged_at),
    )
    if version < _NO_VIRTUAL_SIZE:
        shape.VirtualSize = image.size_bytes
    if manifests:
        shape.Manifests = [_manifest(image)]
    details = TransomDetails(
        unrooted=config.unrooted,
        base_layers=image.base_layers,
        absent_layers=[str(digest) for digest in image.missing],
        base=image.base,
    )
    if details != TransomDetails():
        shape.Transom = details
    return shape


def history_shape(steps: Sequence[Step]) -> list[HistoryItem]:
    """Return what `docker history` shows."""
    return [
        HistoryItem(
            id=step.image_id or "<missing>",
            created=int(parse_moment(step.entry.created)),
            created_by=step.entry.created_by,
            tags=list(step.tags) or None,
            size=step.size_bytes,
            comment=step.entry.comment,
        )
        for step in steps
    ]


def delete_items(lines: Sequence[Removed]) -> list[DeleteItem]:
    """Return what a removal did, line by line."""
    return [DeleteItem(Untagged=line.untagged, Deleted=line.deleted) for line in lines]
