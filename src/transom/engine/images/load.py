"""POST /images/load."""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from transom import faults
from transom.engine.images.announce import AnnounceImage
from transom.engine.images.base_layers import known_bases
from transom.engine.images.collect import Collect
from transom.engine.images.record import RecordImage, UnpackLayer
from transom.errors import InvalidParameter, NotFound
from transom.guest import guest_for
from transom.images import archive, archive_reading
from transom.images.archive import Archives, Candidate, Extracted, Member
from transom.images.choice import base_layers_said
from transom.images.compression import LONGEST, compression_of
from transom.images.content import ContentStore, IngestDirectory
from transom.images.document import MAX_DOCUMENT, read_config, read_manifest
from transom.images.image import Image, fits
from transom.images.layer import chain_id, form_for
from transom.images.progress import Emit, bar, stream
from transom.images.repository import Lease, LeaseKind, Leases
from transom.images.standin import is_base_layer
from transom.model.digest import hex_of
from transom.model.ids import Digest
from transom.model.oci import Descriptor, ImageConfig, Manifest
from transom.model.platform import Platform

log = logging.getLogger(__name__)

_BLOBS_STORED = faults.declare("image.load.stored", "an archive's blobs are stored, no layer is unpacked")
_UNPACKED = faults.declare("image.load.unpacked", "an archive's layers are unpacked, the image not recorded")

_PEEK = 200_000
"""Entries of a Windows layer that are looked through for an operating system."""


@dataclass(frozen=True, slots=True)
class _Source:
    """An archive that was taken apart."""

    extracted: Extracted
    documents: Mapping[str, bytes]
    directory: IngestDirectory


@dataclass(frozen=True, slots=True)
class LoadImages:
    """Takes images out of an archive: Docker's, old and new, and OCI layouts, plain or compressed."""

    archives: Archives
    content: ContentStore
    leases: Leases
    unpack: UnpackLayer
    record: RecordImage
    collect: Collect
    announce: AnnounceImage

    async def __call__(
        self, source: int, emit: Emit, *, platform: Platform | None = None, quiet: bool = False
    ) -> Sequence[Image]:
        """Load every image of the archive behind descriptor source; platform chooses among an index's variants.

        Raises:
            InvalidParameter: the archive is broken or hostile; nothing of it is kept.
            NotFound: it has no image for platform.
        """
        try:
            async with self.leases.lease("load") as lease:
                directory = await self.content.ingest_directory()
                try:
                    extracted = await self.archives.extract(source, directory.fd)
                    unpacked = _Source(extracted, await _documents(extracted, directory), directory)
                    loading = _Loading(self, unpacked, lease, _only_streams(emit) if quiet else emit)
                    return await loading.run(platform)
                finally:
                    await directory.close()
        except BaseException:
            await self.collect()
            raise


@dataclass(frozen=True, slots=True)
class _Loading:
    """One archive on its way in."""

    use: LoadImages
    source: _Source
    lease: Lease
    emit: Emit

    async def run(self, platform: Platform | None) -> Sequence[Image]:
        """Load every image that fits platform."""
        candidates = archive_reading.candidates(self.source.extracted, self.source.documents)
        absent = ""
        loaded: list[Image] = []
        for candidate in candidates:
            member = archive_reading.find_member(self.source.extracted, candidate.config)
            if member is None:
                absent = absent or f"invalid archive: {candidate.config} is not in it"
                continue
            config = read_config(await self.source.directory.read(str(member.number), limit=MAX_DOCUMENT))
            if platform is not None and not fits(config.platform, platform):
                continue
            loaded.append(await self._one(candidate, member, config))
        if not loaded:
            if platform is not None and candidates and not absent:
                raise NotFound(f"the archive holds no image for {platform.full}")
            raise InvalidParameter(absent or "invalid archive: it holds no image")
        return loaded

    async def _one(self, candidate: Candidate, member: Member, config: ImageConfig) -> Image:
        guest_for(config.platform.os)  # refuses what the engine cannot run before anything is kept
        if len(candidate.layers) != len(config.diff_ids):
            raise InvalidParameter(
                "invalid manifest, layers length mismatch: "
                f"expected {len(config.diff_ids)}, got {len(candidate.layers)}"
            )
        raw = await self.source.directory.read(str(member.number), limit=MAX_DOCUMENT)
        manifest = await self._manifest(candidate)
        known = manifest[1].layers if manifest is not None else ()
        blobs, present = await self._store(candidate, config, known)
        base_layers = await self._base_layers(config, blobs, present)
        missing = tuple(blob.digest for blob in blobs[:base_layers] if blob.digest not in present)
        lacking = [name for name, blob in zip(candidate.layers, blobs, strict=True) if blob.digest not in present]
        if len(lacking) > len(missing):
            raise InvalidParameter(f"invalid archive: layer {lacking[-1]} is not in it")
        faults.point(_BLOBS_STORED)
        await self._unpack(config, blobs, base_layers)
        faults.point(_UNPACKED)
        image = await self.use.record(
            config,
            self.lease,
            raw_config=raw,
            manifest=manifest[0] if manifest is not None else None,
            layers=blobs,
            base_layers=base_layers,
            missing=missing,
        )
        if base_layers:
            log.info(
                "the engine's own Windows base takes the place of Microsoft's layers",
                extra={"image": image.id, "layers": base_layers, "absent": [str(digest) for digest in missing]},
            )
        await self._name(image, candidate)
        return image

    async def _manifest(self, candidate: Candidate) -> tuple[Descriptor, Manifest] | None:
        """Store the manifest that the image came with, and the index it was listed in."""
        if not candidate.manifest:
            return None
        index = archive.blob_name(candidate.target.digest) if candidate.target else ""
        for document in {candidate.manifest, index}:
            data = self.source.documents.get(document)
            if data is not None:
                await self.lease.hold(LeaseKind.BLOB, f"sha256:{document.rpartition('/')[2]}")
                await self.use.content.put(data)
        raw = self.source.documents[candidate.manifest]
        manifest = read_manifest(raw)
        digest = Digest("sha256:" + candidate.manifest.rpartition("/")[2])
        return Descriptor(manifest.media_type, digest, len(raw)), manifest

    async def _store(
        self, candidate: Candidate, config: ImageConfig, known: Sequence[Descriptor]
    ) -> tuple[tuple[Descriptor, ...], set[Digest]]:
        """Make blobs of the layers that are there; return all descriptors, and the digests of those that are here."""
        blobs: list[Descriptor] = []
        present: set[Digest] = set()
        for number, name in enumerate(candidate.layers):
            member = archive_reading.find_member(self.source.extracted, name)
            if member is None:
                digest = Digest("sha256:" + name.rpartition("/")[2]) if "blobs/" in name else config.diff_ids[number]
                blob = known[number] if number < len(known) else Descriptor("", digest, 0)
                await self.lease.hold(LeaseKind.BLOB, blob.digest)
                if await self.use.content.find(blob.digest) is not None:
                    present.add(blob.digest)
                blobs.append(blob)
                continue
            if number < len(known) and known[number].digest == member.digest and known[number].size != member.size:
                raise InvalidParameter(
                    f"invalid archive: the manifest gives layer {name} {known[number].size} bytes, it has {member.size}"
                )
            await self.lease.hold(LeaseKind.BLOB, member.digest)
            if await self.use.content.find(member.digest) is None:
                await self.source.directory.adopt(str(member.number), member.digest)
            present.add(member.digest)
            if number < len(known) and known[number].digest == member.digest:
                blobs.append(known[number])
            else:
                blobs.append(Descriptor(await self._media_type(member.digest), member.digest, member.size))
        return tuple(blobs), present

    async def _media_type(self, digest: Digest) -> str:
        return archive.media_type_of(compression_of(await self.use.content.head(digest, LONGEST)))

    async def _base_layers(self, config: ImageConfig, blobs: Sequence[Descriptor], present: set[Digest]) -> int:
        """Return how many of the first layers are Microsoft's operating system."""
        if not guest_for(config.platform.os).keeps_registry or not blobs or config.unrooted:
            return 0
        count = base_layers_said(config, blobs, known_bases(self.use.record.images))
        if count:
            return count
        if blobs[0].digest not in present:
            return 0
        fd = await self.use.content.open(blobs[0].digest)
        try:
            return int(is_base_layer(await self.use.archives.names(fd, _PEEK)))
        finally:
            os.close(fd)

    async def _unpack(self, config: ImageConfig, blobs: Sequence[Descriptor], base_layers: int) -> None:
        form = form_for(guest_for(config.platform.os))
        parent = ""
        for number in range(base_layers, len(blobs)):
            diff_id, blob = config.diff_ids[number], blobs[number]
            name = chain_id(config.diff_ids[: number + 1])
            await self.lease.hold(LeaseKind.SNAPSHOT, name)
            item = hex_of(diff_id)[:12]
            if not await self.use.record.snapshots.exists(name):
                self.emit(bar("Loading layer", item, 0, blob.size))
            else:
                await self._check_blob(diff_id, blob)
            applied = await self.use.unpack(
                name,
                parent,
                diff_id,
                blob.digest,
                form,
                on_progress=partial(self._progress, item, blob.size),
            )
            await self.use.record.index.add_layer(diff_id, blob)
            self.emit(bar("Loading layer", item, blob.size, blob.size))
            for warning in applied.warnings:
                log.warning("a layer is not kept whole", extra={"layer": diff_id, "reason": warning})
            parent = name

    async def _check_blob(self, diff_id: Digest, blob: Descriptor) -> None:
        """Refuse a blob that pretends to hold a layer which is unpacked already, and so would not be read."""
        known = self.use.record.index.find_layer(diff_id)
        if known is not None and known.digest == blob.digest:
            return
        fd = await self.use.content.open(blob.digest)
        try:
            found = await self.use.archives.diff_id(fd)
        finally:
            os.close(fd)
        if found != diff_id:
            raise InvalidParameter(f"invalid diffID for layer: expected {diff_id!r}, got {found!r}")

    def _progress(self, item: str, size: int, done: int) -> None:
        self.emit(bar("Loading layer", item, done, size))

    async def _name(self, image: Image, candidate: Candidate) -> None:
        for name in candidate.names:
            await self.use.record.images.tag(str(name), candidate.target or image.manifest, image)
            self.emit(stream(f"Loaded image: {name.familiar}\n"))
        if not candidate.names:
            self.emit(stream(f"Loaded image ID: {image.id}\n"))
        self.use.announce("load", image.id, candidate.names[0].familiar if candidate.names else image.id)


async def _documents(extracted: Extracted, directory: IngestDirectory) -> dict[str, bytes]:
    """Read the small files that may be manifests, indexes and listings."""
    found = {}
    for member in extracted.members:
        folder, _, name = member.name.rpartition("/")
        if folder == "blobs/sha256" and member.digest != f"sha256:{name}":
            raise InvalidParameter(f"invalid archive: the content of {member.name} is {member.digest}")
        if member.size <= MAX_DOCUMENT and _may_be_document(member):
            found[member.name] = await directory.read(str(member.number), limit=MAX_DOCUMENT)
    return found


_SMALL = 1 << 20


def _may_be_document(member: Member) -> bool:
    return member.name in {archive.MANIFEST, archive.INDEX, archive.LAYOUT} or (
        member.name.startswith("blobs/") and member.size <= _SMALL
    )


def _only_streams(emit: Emit) -> Emit:
    return lambda message: emit(message) if "stream" in message else None
