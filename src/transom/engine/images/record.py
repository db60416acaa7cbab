"""Layers and images written down: what load, import, commit and build have in common."""

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from transom import faults
from transom.errors import InvalidParameter, NotFound
from transom.images.content import ContentStore
from transom.images.document import write_config, write_manifest
from transom.images.family import manifest_of
from transom.images.image import Image
from transom.images.layer import chain_id
from transom.images.repository import ImageRepository, LayerIndex, Lease, LeaseKind
from transom.model.digest import digest_of
from transom.model.ids import Digest, ImageId
from transom.model.oci import Descriptor, ImageConfig, Manifest, MediaType
from transom.snapshots.layers import Applied, LayerForm, Layers
from transom.snapshots.snapshotter import Snapshotter

_LAYER_STORED = faults.declare("image.layer.stored", "a new layer's blob is stored, its snapshot is not committed")
_CONFIG_STORED = faults.declare("image.config.stored", "a new image's documents are stored, the image not recorded")


@dataclass(frozen=True, slots=True)
class MadeLayer:
    """A layer that was made here: its diff-id, its blob, and the name of the snapshot it ends."""

    diff_id: Digest
    blob: Descriptor
    snapshot: str


@dataclass(frozen=True, slots=True)
class CommitLayer:
    """Makes a layer of what an active snapshot has changed."""

    content: ContentStore
    layers: Layers
    snapshots: Snapshotter
    index: LayerIndex

    async def __call__(
        self,
        key: str,
        below: Sequence[Digest],
        form: LayerForm,
        lease: Lease,
        *,
        registry: bytes = b"",
        mount_points: Collection[str] = (),
        base: str = "",
        consume: bool,
    ) -> MadeLayer | None:
        """Return the layer on top of the diff-ids below, its blob and committed snapshot held by lease.

        None if nothing has changed. base: digest of the Windows base that key's container runs on. consume: key
        becomes the committed snapshot (its container is gone); else key stays as it is, and the layer is unpacked
        anew beside it.

        Raises:
            InvalidParameter: a file cannot be written in this form.
        """
        ingest = await self.content.ingest()
        try:
            written = await self.layers.diff(key, form, ingest.fd, registry, mount_points, base)
            if not written.entries:
                return None
            name = chain_id((*below, written.diff_id))
            await lease.hold(LeaseKind.BLOB, written.digest)
            await lease.hold(LeaseKind.SNAPSHOT, name)
            await ingest.adopt(written.digest)
        finally:
            await ingest.close()
        faults.point(_LAYER_STORED)
        blob = Descriptor(MediaType.OCI_LAYER_GZIP, written.digest, written.size_bytes)
        await self.index.add_layer(written.diff_id, blob)
        if consume and not written.renamed:
            await self.layers.commit(name, key, written, registry)
        else:
            parent = await self.snapshots.parent(key)
            await UnpackLayer(self.content, self.layers)(name, parent, written.diff_id, written.digest, form, base=base)
            if consume:
                await self.snapshots.remove(key)
        return MadeLayer(written.diff_id, blob, name)


@dataclass(frozen=True, slots=True)
class UnpackLayer:
    """Makes a snapshot of a layer's blob."""

    content: ContentStore
    layers: Layers

    async def __call__(
        self,
        name: str,
        parent: str,
        diff_id: Digest,
        blob: Digest,
        form: LayerForm,
        *,
        base: str = "",
        on_progress: Callable[[int], None] | None = None,
    ) -> Applied:
        """Make committed snapshot name; it is there already if another image has the same layers.

        Raises:
            InvalidParameter: the blob is broken or hostile, or its content is not diff_id; nothing is left.
            NotFound: the blob is not here.
        """
        fd = await self.content.open(blob)
        try:
            return await self.layers.apply(name, parent, fd, form, diff_id=diff_id, base=base, on_progress=on_progress)
        finally:
            os.close(fd)


@dataclass(frozen=True, slots=True)
class RecordImage:
    """Writes an image down once its layers are stored and unpacked."""

    content: ContentStore
    images: ImageRepository
    snapshots: Snapshotter
    index: LayerIndex

    async def __call__(
        self,
        config: ImageConfig,
        lease: Lease,
        *,
        raw_config: bytes = b"",
        manifest: Descriptor | None = None,
        layers: Sequence[Descriptor] = (),
        base_layers: int = 0,
        missing: Sequence[Digest] = (),
        parent: Image | None = None,
        base: str = "",
    ) -> Image:
        """Record and return the image with this configuration; the same one again changes nothing.

        raw_config, manifest: the documents it came with, written anew where there are none. layers: the blobs of its
        diff-ids; those of parent, and what the index knows, where left out. base_layers, missing: as in Image, taken
        from parent if there is one.

        Raises:
            NotFound: the blob of a layer is unknown.
        """
        raw = raw_config or write_config(config)
        image_id = ImageId(digest_of(raw))
        await lease.hold(LeaseKind.BLOB, image_id)
        await lease.hold(LeaseKind.IMAGE, image_id)
        await self.content.put(raw)
        if parent is not None:
            base_layers, missing = parent.base_layers, parent.missing
            base = base or parent.base
        blobs = tuple(layers) or self._blobs(config, parent)
        if len(blobs) != len(config.diff_ids):
            raise InvalidParameter(
                f"invalid manifest, layers length mismatch: expected {len(config.diff_ids)}, got {len(blobs)}"
            )
        if manifest is None:
            made = manifest_of(Descriptor(MediaType.OCI_CONFIG, Digest(image_id), len(raw)), blobs)
            manifest, blobs = await self._write_manifest(made, lease), made.layers
        faults.point(_CONFIG_STORED)
        known = self.images.find(image_id)
        image = Image(
            image_id,
            raw,
            config,
            manifest,
            blobs,
            await self._size(config, base_layers),
            base_layers,
            tuple(missing),
            parent.id if parent is not None else (known.parent if known is not None else ""),
            base,
        )
        if image != known:
            await self.images.add(image)
        return image

    def _blobs(self, config: ImageConfig, parent: Image | None) -> tuple[Descriptor, ...]:
        below = parent.layers if parent is not None else ()
        blobs = list(below[: len(config.diff_ids)])
        for diff_id in config.diff_ids[len(blobs) :]:
            blob = self.index.find_layer(diff_id)
            if blob is None:
                raise NotFound(f"layer {diff_id} is not here")
            blobs.append(blob)
        return tuple(blobs)

    async def _write_manifest(self, manifest: Manifest, lease: Lease) -> Descriptor:
        raw = write_manifest(manifest)
        digest = digest_of(raw)
        await lease.hold(LeaseKind.BLOB, digest)
        await self.content.put(raw)
        return Descriptor(manifest.media_type, digest, len(raw))

    async def _size(self, config: ImageConfig, base_layers: int) -> int:
        total = 0
        for count in range(base_layers + 1, len(config.diff_ids) + 1):
            total += (await self.snapshots.usage(chain_id(config.diff_ids[:count]))).size_bytes
        return total
