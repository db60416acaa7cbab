"""POST /images/{name}/push."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transom import faults
from transom.engine.images.announce import AnnounceImage
from transom.engine.images.send import SendImage, Sending
from transom.errors import Forbidden, InvalidParameter, NotFound, Unauthorized
from transom.images.document import MAX_DOCUMENT, read_index
from transom.images.image import Image, Name
from transom.images.progress import Emit, status
from transom.images.pushing import Pushed, check_rooted, plan
from transom.images.registry import Access, CredentialsFor, ManifestUnknown, Repository
from transom.images.repository import ImageRepository, Lease, LeaseKind, Leases
from transom.model.oci import INDEX_TYPES, Descriptor
from transom.model.platform import Platform
from transom.model.reference import Reference, parse_reference
from transom.snapshots.layers import Layers

_HELD = faults.declare("image.push.held", "an image is held for a push, nothing was sent")
_SENT = faults.declare("image.push.sent", "an image's blobs are in the registry, its manifest is not")
_TAGGED = faults.declare("image.push.tagged", "an image's tag is in the registry, its digest is not recorded here")
_RECORDED = faults.declare("image.push.recorded", "a push is over, its client was not told")


@dataclass(frozen=True, slots=True)
class PushImage:
    """Brings images to a registry: the very documents and blobs they came with, or were made with here."""

    send: SendImage
    images: ImageRepository
    layers: Layers
    leases: Leases
    announce: AnnounceImage

    async def __call__(
        self, repository: str, tag: str, emit: Emit, *, platform: Platform | None, credentials: CredentialsFor
    ) -> None:
        """Push repository:tag, or every tag of repository that is here; platform: that variant without the index.

        Raises:
            InvalidParameter: a bad reference. NotFound: no such tag here, or a part of an index is nowhere.
            Conflict: it stands on a Windows base whose layers are not known; the text says what to do.
            Unauthorized, Forbidden, Unavailable: the registry's answer.
        """
        reference = parse_reference(repository)
        if reference.digest:
            raise InvalidParameter("cannot push a digest reference")
        reference = reference.with_tag(tag) if tag else reference
        emit(status(f"The push refers to repository [{reference.repository}]"))
        names = self._names(reference)
        plans = [(name, await self._plan(name, platform)) for name in names]
        for name, planned in plans:
            for image in planned.images:
                check_rooted(image, parse_reference(name.name))
        try:
            async with (
                self.leases.lease("push") as lease,
                self.send.registries.repository(reference, Access.PUSH, credentials(reference.domain)) as remote,
            ):
                sending = self.send.to(remote, credentials, emit)
                for name, planned in plans:
                    await self._hold(lease, planned)
                    faults.point(_HELD)
                    await self._one(parse_reference(name.name), planned, remote, sending, emit)
        except (Unauthorized, Forbidden) as exc:
            raise type(exc)(_refusal(str(exc))) from exc

    def _names(self, reference: Reference) -> Sequence[Name]:
        names = [name for name in self.images.names() if parse_reference(name.name).repository == reference.repository]
        if not names:
            raise NotFound(f"An image does not exist locally with the tag: {reference.familiar_repository}")
        if not reference.tag:
            return sorted(names, key=lambda name: name.name)
        found = [name for name in names if name.name == str(reference)]
        if not found:
            raise NotFound(f"tag does not exist: {reference.familiar}")
        return found

    async def _plan(self, name: Name, platform: Platform | None) -> Pushed:
        variants: Mapping[Platform, Image] = {
            platform_: image
            for platform_, image_id in name.variants.items()
            if (image := self.images.find(image_id)) is not None
        }
        entries: Sequence[Descriptor] = ()
        target = name.target
        if target.media_type in INDEX_TYPES and await self.send.content.find(target.digest) is not None:
            entries = read_index(await self.send.content.read(target.digest, limit=MAX_DOCUMENT))
        return plan(name, variants, entries, platform)

    async def _hold(self, lease: Lease, planned: Pushed) -> None:
        await lease.hold(LeaseKind.BLOB, planned.target.digest)
        for image in planned.images:
            await lease.hold(LeaseKind.IMAGE, image.id)
            for digest in (image.manifest.digest, *(layer.digest for layer in image.layers)):
                await lease.hold(LeaseKind.BLOB, digest)

    async def _one(
        self, reference: Reference, planned: Pushed, remote: Repository, sending: Sending, emit: Emit
    ) -> None:
        if planned.absent and not await _has_all(remote, planned.absent) and not await sending.proofs(planned):
            planned = planned.alone()
        for image in planned.images:
            await sending.image(image)
            if image.manifest.digest != planned.target.digest:
                await self._put(remote, image.manifest.digest, image.manifest)
        faults.point(_SENT)
        await self._put(remote, reference.tag, planned.target)
        faults.point(_TAGGED)
        target = planned.target
        for image in planned.images:
            await self.images.add_digest(reference.repository, target.digest, image.id)
            faults.point(_RECORDED)
            await self._tell_of_registry(image, emit)
        emit(status(f"{reference.tag}: digest: {target.digest} size: {target.size}"))
        emit({"progressDetail": {}, "aux": {"Tag": reference.tag, "Digest": str(target.digest), "Size": target.size}})
        if planned.index is not None:
            emit({"progressDetail": {}, "aux": _instead(planned.index, target)})
        self.announce("push", planned.images[0].id, reference.familiar)

    async def _put(self, remote: Repository, target: str, document: Descriptor) -> None:
        data = await self.send.content.read(document.digest, limit=MAX_DOCUMENT)
        await remote.put_manifest(target, document.media_type, data)

    async def _tell_of_registry(self, image: Image, emit: Emit) -> None:
        """Say plainly what a Windows host will not find (docs/adr/0071)."""
        parts = await self.layers.registry(image.snapshot) if image.snapshot else ()
        own = sum(1 for part in parts if not part.from_hives)
        if own:
            layers = "1 layer" if own == 1 else f"{own} layers"
            emit(status(f"Registry changes in {layers} are for Transom alone: Windows hosts take the files only"))


def _refusal(text: str) -> str:
    """Return what the registry said, as Docker shows it: without the request that it was said to."""
    _, mark, said = text.partition('": ')
    return said if mark else text


async def _has_all(remote: Repository, entries: Sequence[Descriptor]) -> bool:
    for entry in entries:
        try:
            await remote.resolve(entry.digest)
        except ManifestUnknown:
            return False
    return True


def _instead(index: Descriptor, manifest: Descriptor) -> Mapping[str, object]:
    """Return what Docker's client makes a note of: that one image was pushed, and its index was not."""

    def shape(found: Descriptor) -> Mapping[str, object]:
        return {"mediaType": found.media_type, "digest": str(found.digest), "size": found.size}

    return {
        "manifestPushedInsteadOfIndex": True,
        "originalIndex": shape(index),
        "selectedManifest": shape(manifest),
    }
