"""One image brought from a registry: its manifest, its configuration, its layers."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from transom import faults
from transom.aio.groups import first
from transom.engine.images.arrive import Arriving, FetchLayer
from transom.engine.images.base_layers import CountBaseLayers
from transom.engine.images.extract import ExtractLayer
from transom.engine.images.record import RecordImage
from transom.errors import InvalidParameter, NotFound, NotSupported
from transom.guest import SYSTEMS, guest_for
from transom.images.choice import choose
from transom.images.content import ContentStore
from transom.images.document import MAX_DOCUMENT, read_config, read_index, read_manifest
from transom.images.image import Image, fits
from transom.images.layer import chain_id
from transom.images.progress import Emit, status
from transom.images.registry import Document, Repository
from transom.images.repository import Lease, LeaseKind
from transom.model.digest import digest_of, hex_of
from transom.model.ids import Digest, ImageId
from transom.model.oci import INDEX_TYPES, Descriptor, ImageConfig, Manifest, MediaType
from transom.model.platform import HOST_OS, Platform, host_architecture
from transom.model.reference import Reference

log = logging.getLogger(__name__)

_CHOSEN = faults.declare("image.pull.chosen", "an image's manifest is stored, its configuration did not come yet")
_DOCUMENTS = faults.declare("image.pull.documents", "an image's manifest and configuration came, no layer yet")
_LAYERS = faults.declare("image.pull.layers", "an image's layers came and are unpacked, the image not recorded")

_MAX_INDEXES = 32
_IMAGES = frozenset({MediaType.OCI_CONFIG, MediaType.DOCKER_CONFIG, "application/octet-stream", "text/html", ""})
"""Types of an image's configuration; the last three were sent by registries that did not know it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image on its way here: where from, what manifest, what configuration."""

    repository: Repository
    document: Document
    manifest: Manifest
    config: ImageConfig
    raw_config: bytes


@dataclass(frozen=True, slots=True)
class FetchImage:
    """Brings images here, all but the layers of Microsoft's bases."""

    content: ContentStore
    record: RecordImage
    layer: FetchLayer
    extract: ExtractLayer
    count_base_layers: CountBaseLayers

    async def choose(self, repository: Repository, top: Document, platform: Platform | None, lease: Lease) -> Document:
        """Return the manifest that top is, or leads to, for platform; index and manifest are stored under lease.

        Raises:
            NotFound: there is none for platform. InvalidParameter: the documents are broken, or too many.
        """
        await self._store(top, lease)
        faults.point(_CHOSEN)
        if top.descriptor.media_type not in INDEX_TYPES:
            return top
        entry = choose(await self._entries(repository, top), platform, SYSTEMS)
        if entry is None:
            wanted = platform or Platform(HOST_OS, host_architecture())
            raise NotFound(f"no matching manifest for {wanted.full} in the manifest list entries")
        document = await repository.manifest(entry.digest, limit=MAX_DOCUMENT)
        if document.descriptor.media_type in INDEX_TYPES:
            raise InvalidParameter(f"{entry.digest} is an index, where the index above it says that it is an image")
        await self._store(document, lease)
        return document

    async def _entries(self, repository: Repository, top: Document) -> Sequence[Descriptor]:
        """Return the images that an index lists, those of indexes inside it among them; only their manifests matter."""
        found: list[Descriptor] = []
        waiting = list(read_index(top.data))
        opened: set[Digest] = set()
        while waiting:
            entry = waiting.pop(0)
            if entry.media_type not in INDEX_TYPES:
                found.append(entry)
            elif entry.digest not in opened:
                opened.add(entry.digest)
                if len(opened) > _MAX_INDEXES:
                    raise InvalidParameter(f"{top.descriptor.digest} holds more than {_MAX_INDEXES} indexes")
                inner = await repository.manifest(entry.digest, limit=MAX_DOCUMENT)
                waiting[:0] = read_index(inner.data)
        return found

    async def _store(self, document: Document, lease: Lease) -> None:
        await lease.hold(LeaseKind.BLOB, document.descriptor.digest)
        await self.content.put(document.data)

    async def read(self, repository: Repository, document: Document, platform: Platform | None) -> Wanted:
        """Return what a manifest wants, its configuration fetched and checked.

        Raises:
            InvalidParameter: the documents contradict each other, or are no image. NotFound: it is not for platform.
        """
        manifest = read_manifest(document.data)
        name = repository.reference.familiar
        if manifest.config.media_type not in _IMAGES:
            raise InvalidParameter(f"{name} holds {manifest.config.media_type}, not an image")
        if any(layer.media_type.endswith("+encrypted") for layer in manifest.layers):
            raise NotSupported(f"{name} has encrypted layers: `skopeo copy --decryption-key` makes an image without")
        raw = await self._document(repository, manifest.config)
        config = read_config(raw)
        guest_for(config.platform.os)  # refuses what the engine cannot run before anything is fetched
        if len(manifest.layers) != len(config.diff_ids):
            raise InvalidParameter(
                f"invalid manifest, layers length mismatch: expected {len(config.diff_ids)}, got {len(manifest.layers)}"
            )
        if platform is not None and not fits(config.platform, platform):
            raise NotFound(
                f"image with reference {repository.reference.familiar} was found but does not provide the specified "
                f"platform ({platform.full})"
            )
        return Wanted(repository, document, manifest, config, raw)

    async def _document(self, repository: Repository, blob: Descriptor) -> bytes:
        """Return a small blob, checked, from here or from the registry."""
        if blob.size > MAX_DOCUMENT:
            raise InvalidParameter(f"image configuration is larger than {MAX_DOCUMENT} bytes")
        if await self.content.find(blob.digest) is not None:
            return await self.content.read(blob.digest, limit=MAX_DOCUMENT)
        async with repository.blob(blob) as pieces:
            data = b"".join([piece async for piece in pieces])
        if digest_of(data) != blob.digest:
            raise InvalidParameter(f"image config verification failed for digest {blob.digest}")
        return data

    async def __call__(self, wanted: Wanted, emit: Emit, lease: Lease, *, base_layers: int = -1) -> Image:
        """Fetch the layers of wanted that are not here, unpack them, and record the image.

        base_layers: how many of the first layers are Microsoft's, found out where it is negative.
        """
        faults.point(_DOCUMENTS)
        fetching = _Fetching(self, wanted, emit, lease)
        try:
            await fetching.run(base_layers)
        finally:
            fetching.close()
        faults.point(_LAYERS)
        manifest = wanted.manifest
        missing = [
            layer.digest
            for layer in manifest.layers[: fetching.base_layers]
            if await self.content.find(layer.digest) is None
        ]
        return await self.record(
            wanted.config,
            lease,
            raw_config=wanted.raw_config,
            manifest=wanted.document.descriptor,
            layers=manifest.layers,
            base_layers=fetching.base_layers,
            missing=missing,
        )


@dataclass(slots=True)
class _Fetching:
    """One image's layers on their way in."""

    use: FetchImage
    wanted: Wanted
    emit: Emit
    lease: Lease
    base_layers: int = 0
    _arriving: list[Arriving] = field(default_factory=list)

    async def run(self, base_layers: int) -> None:
        """Fetch in parallel, unpack in order; the first failure ends all of it."""
        wanted, layers = self.wanted, self.wanted.manifest.layers
        for digest in (ImageId(wanted.manifest.config.digest), *(layer.digest for layer in layers)):
            await self.lease.hold(LeaseKind.BLOB, digest)
        self.base_layers = base_layers
        if base_layers < 0:
            self.base_layers = await self.use.count_base_layers(wanted, self._whole, self.emit)
        if self.base_layers:
            self.emit(status(said(self.base_layers, wanted.repository.reference)))
        self._arriving = [Arriving(layer) for layer in layers]
        present = await self._present()
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(self.base_layers, len(layers)):
                    if number in present:
                        self._arriving[number].finish()
                        self.emit(status("Already exists", short(layers[number])))
                    else:
                        self.emit(status("Pulling fs layer", short(layers[number])))
                for number in range(self.base_layers, len(layers)):
                    if number not in present:
                        work = self.use.layer(wanted.repository, self._arriving[number], self.emit)
                        group.create_task(work, name="fetch layer")
                await self._unpack(present)
        except BaseExceptionGroup as group:
            raise first(group) from None

    async def _present(self) -> set[int]:
        """Return which layers need neither be fetched nor unpacked."""
        diff_ids, found = self.wanted.config.diff_ids, set()
        for number in range(self.base_layers, len(diff_ids)):
            layer = self.wanted.manifest.layers[number]
            name = chain_id(diff_ids[: number + 1])
            await self.lease.hold(LeaseKind.SNAPSHOT, name)
            known = self.use.record.index.find_layer(diff_ids[number])
            if (
                known is not None
                and known.digest == layer.digest
                and await self.use.record.snapshots.exists(name)
                and await self.use.content.find(layer.digest) is not None
            ):
                found.add(number)
        return found

    async def _unpack(self, present: set[int]) -> None:
        parent, config = "", self.wanted.config
        for number in range(self.base_layers, len(config.diff_ids)):
            name = chain_id(config.diff_ids[: number + 1])
            if number not in present:
                arriving = self._arriving[number]
                await self.use.extract(name, parent, config.diff_ids[number], arriving, config.platform, self.emit)
                self.emit(status("Pull complete", short(arriving.blob)))
            parent = name

    async def _whole(self, number: int) -> None:
        """Fetch one layer to look into it."""
        arriving = Arriving(self.wanted.manifest.layers[number])
        try:
            await self.use.layer(self.wanted.repository, arriving, self.emit)
        finally:
            arriving.close()

    def close(self) -> None:
        """Let go of what came."""
        for arriving in self._arriving:
            arriving.close()


def short(blob: Descriptor) -> str:
    """Return the name that a layer goes by in progress lines."""
    return hex_of(blob.digest)[:12]


def said(count: int, reference: Reference) -> str:
    """Return the sentence that says, once, that the base's layers are not fetched."""
    layers = f"{count} layers of Microsoft's base are" if count > 1 else "the layer of Microsoft's base is"
    return f"{reference.familiar}: {layers} not downloaded; this engine's own Windows base (Wine) takes the place"


def digests_of(manifest: Manifest) -> Sequence[str]:
    """Return the digests of everything that a manifest leads to."""
    return [manifest.config.digest, *(layer.digest for layer in manifest.layers)]
