"""An image's blobs brought into a repository: layers side by side, each from the nearest place that has it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from transom import faults
from transom.aio.groups import first
from transom.engine.images.sources import of_bytes, of_file
from transom.errors import Forbidden, InvalidParameter, NotFound, Unauthorized, Unavailable
from transom.images.content import ContentStore
from transom.images.document import MAX_DOCUMENT, read_manifest
from transom.images.image import Image
from transom.images.progress import Emit, bar, status
from transom.images.pushing import Pushed, homes, mounts, nearest, origins
from transom.images.registry import Access, BlobSource, CredentialsFor, Document, Registries, Repository, Uploaded
from transom.images.repository import ImageRepository
from transom.model.digest import hex_of
from transom.model.ids import Digest
from transom.model.oci import Descriptor, MediaType, is_foreign
from transom.model.reference import Reference, parse_reference

_LAYER = faults.declare("image.push.layer", "a layer is in the registry, the others may not be")
_LAYERS = faults.declare("image.push.layers", "an image's layers are in the registry, its configuration is not")
_TOLD_EVERY: Final = 1 << 19
"""Bytes between two bars."""


@dataclass(frozen=True, slots=True)
class SendImage:
    """Uploads what a repository lacks of an image. at_once: layers that are under way together."""

    content: ContentStore
    images: ImageRepository
    registries: Registries
    at_once: int

    def to(self, remote: Repository, credentials: CredentialsFor, emit: Emit) -> "Sending":
        """Begin to send images into one repository."""
        return Sending(self, remote, credentials, emit)


@dataclass(frozen=True, slots=True)
class Kin:
    """An image, and the images that share layers with it, each with its `repository@digest`s."""

    image: Image
    images: Sequence[tuple[Image, Sequence[tuple[str, Digest]]]]


@dataclass(frozen=True, slots=True)
class Sending:
    """Images on their way into one repository; a blob that was brought there once is not asked for again."""

    use: SendImage
    remote: Repository
    credentials: CredentialsFor
    emit: Emit
    _there: set[Digest] = field(default_factory=set)

    async def image(self, image: Image) -> None:
        """See to it that the repository has image's layers and configuration.

        Raises:
            NotFound: a layer of its Windows base is nowhere to be had; the text says what to do.
            Unauthorized, Forbidden, Unavailable: the registry's answer.
        """
        items = [
            (hex_of(diff_id)[:12], layer) for diff_id, layer in zip(image.config.diff_ids, image.layers, strict=True)
        ]
        for item, _ in reversed(items):
            self.emit(status("Preparing", item))
        gate = asyncio.Semaphore(self.use.at_once)
        begun: set[Digest] = set()
        kin = self._kin(image)
        try:
            async with asyncio.TaskGroup() as group:
                for item, layer in reversed(items):
                    if layer.digest not in begun:  # else the same layer twice, as empty ones are
                        begun.add(layer.digest)
                        group.create_task(self._gated(gate, item, layer, kin), name=f"push {item}")
        except BaseExceptionGroup as errors:
            raise first(errors) from errors
        faults.point(_LAYERS)
        await self._config(image)

    async def proofs(self, planned: Pushed) -> bool:
        """Copy the attestations of planned's images from where those came from; tell whether that could be done."""
        entries, target = planned.proofs(), self.remote.reference
        known = {repository for image in planned.images for repository, _ in self.use.images.digests_of(image.id)}
        for origin in nearest(target, [parse_reference(each) for each in sorted(known)]) if entries else ():
            try:
                async with self.use.registries.repository(
                    origin, Access.PULL, self.credentials(origin.domain)
                ) as repository:
                    for entry in entries:
                        await self._proof(await repository.manifest(entry.digest, limit=MAX_DOCUMENT), origin)
            except (NotFound, Unauthorized, Forbidden, Unavailable, InvalidParameter):
                continue  # what keeps the target from taking it will be said of the images as well
            return True
        return False

    async def _proof(self, document: Document, origin: Reference) -> None:
        manifest = read_manifest(document.data)
        offered = mounts(self.remote.reference, [origin])
        for blob in (manifest.config, *manifest.layers):
            await self.remote.upload(blob, self._elsewhere(blob, origin), mount_from=offered)
        await self.remote.put_manifest(document.descriptor.digest, document.descriptor.media_type, document.data)

    def _kin(self, image: Image) -> Kin:
        """Return the images that share a layer with image, itself among them, and where each has been."""
        wanted = {layer.digest for layer in image.layers}
        images = [each for each in self.use.images.all() if any(layer.digest in wanted for layer in each.layers)]
        return Kin(image, [(each, self.use.images.digests_of(each.id)) for each in images])

    async def _gated(self, gate: asyncio.Semaphore, item: str, layer: Descriptor, kin: Kin) -> None:
        if gate.locked():
            self.emit(status("Waiting", item))
        async with gate:
            await self._layer(item, layer, kin)

    async def _layer(self, item: str, layer: Descriptor, kin: Kin) -> None:
        if layer.digest in self._there:
            self.emit(status("Layer already exists", item))
            return
        if is_foreign(layer.media_type) and layer.urls:
            self.emit(
                status("Skipped foreign layer", item)
            )  # who pulls has it from its urls, as from Microsoft's image
            return
        source, offered = await self._source(layer, kin)
        if source is None:
            self._there.add(layer.digest)
            self.emit(status("Layer already exists", item))
            return
        told = 0

        def progress(done: int) -> None:
            nonlocal told
            if done < told or done - told >= _TOLD_EVERY:
                told = done
                self.emit(bar("Pushing", item, done, layer.size))

        how = await self.remote.upload(
            layer,
            source,
            mount_from=offered,
            on_progress=progress,
            on_retry=lambda seconds: self.emit(status(f"Retrying in {max(1, round(seconds))} seconds", item)),
        )
        self._there.add(layer.digest)
        faults.point(_LAYER)
        match how:
            case Uploaded.PRESENT:
                self.emit(status("Layer already exists", item))
            case Uploaded.MOUNTED:
                self.emit(status(f"Mounted from {' or '.join(offered)}", item))
            case Uploaded.SENT:
                self.emit(status("Pushed", item))

    async def _config(self, image: Image) -> None:
        digest, size = Digest(image.id), len(image.raw_config)
        if digest not in self._there:
            config = Descriptor(MediaType.OCI_CONFIG, digest, size)
            await self.remote.upload(config, of_bytes(image.raw_config))
            self._there.add(digest)

    async def _source(self, layer: Descriptor, kin: Kin) -> tuple[BlobSource | None, Sequence[str]]:
        """Return where a layer comes from, and the repositories of the same registry that it may be mounted from.

        A base's layer that is not here is looked for: None if the repository has it already.
        """
        target = self.remote.reference
        known = homes(layer.digest, kin.images)
        if await self.use.content.find(layer.digest) is not None:
            return of_file(partial(self.use.content.open, layer.digest)), mounts(target, known)
        if await self.remote.find_blob(layer.digest) is not None:
            return None, ()
        origin = await self._find(layer, kin.image, origins(target, [*known, *self._named(layer, kin)]))
        return self._elsewhere(layer, origin), mounts(target, [origin])

    def _named(self, layer: Descriptor, kin: Kin) -> Sequence[Reference]:
        """Return the repositories that images with layer are named after: an archive does not say where they were."""
        images = [image for image, _ in kin.images if any(each.digest == layer.digest for each in image.layers)]
        names = [name for image in images for name in self.use.images.names_of(image.id)]
        return [parse_reference(each) for each in sorted({parse_reference(name).repository for name in names})]

    def _elsewhere(self, layer: Descriptor, origin: Reference) -> BlobSource:
        """Read a layer from another repository, which may be on another registry; it passes through and is not kept."""

        @asynccontextmanager
        async def source(offset: int) -> AsyncIterator[AsyncIterator[bytes]]:
            access = self.use.registries.repository(origin, Access.PULL, self.credentials(origin.domain))
            async with access as repository, repository.blob(layer, offset) as pieces:
                yield pieces

        return source

    async def _find(self, layer: Descriptor, image: Image, candidates: Sequence[Reference]) -> Reference:
        refusals = []
        for candidate in candidates:
            try:
                async with self.use.registries.repository(
                    candidate, Access.PULL, self.credentials(candidate.domain)
                ) as repository:
                    if await repository.find_blob(layer.digest) is not None:
                        return candidate
            except (NotFound, Unauthorized, Forbidden, Unavailable, InvalidParameter) as exc:
                refusals.append(f"{candidate.domain}: {exc}")
        why = f" ({'; '.join(dict.fromkeys(refusals))})" if refusals else ""
        raise NotFound(
            f"layer {layer.digest} of the Windows base is neither here nor in "
            f"{self.remote.reference.familiar_repository}, and cannot be fetched from where it comes from{why}: push "
            "to where the base is already, log in to a registry that has it, or put the image on a base that can be "
            f"reached: `transom image rebase {image.id[7:19]} --onto REFERENCE`"
        )
