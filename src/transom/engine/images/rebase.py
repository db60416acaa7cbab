"""POST /transom/images/{name}/rebase: an image put on the real Windows base, without a rebuild."""

from collections.abc import Sequence
from dataclasses import dataclass

from transom import faults
from transom.engine.images.announce import AnnounceImage
from transom.engine.images.collect import Collect
from transom.engine.images.lookup import LookupImage
from transom.engine.images.pull import PullImage
from transom.engine.images.record import RecordImage, UnpackLayer
from transom.errors import Conflict, InvalidParameter, NoSuchImage, NotFound, Unavailable
from transom.guest import guest_for
from transom.images.image import Image
from transom.images.layer import chain_id, form_for
from transom.images.progress import Emit, status
from transom.images.rebasing import rebased
from transom.images.registry import Credentials
from transom.images.repository import Lease, LeaseKind, Leases
from transom.model.oci import Descriptor
from transom.model.platform import Platform
from transom.model.reference import parse_reference

_RECORDED = faults.declare("image.rebase.recorded", "a rebased image is recorded, its names lead to the old one")


@dataclass(frozen=True, slots=True)
class RebaseImage:
    """Rewrites what an image says of its base; its own layers stay the very blobs they are."""

    lookup: LookupImage
    pull: PullImage
    unpack: UnpackLayer
    record: RecordImage
    leases: Leases
    collect: Collect
    announce: AnnounceImage

    async def __call__(self, name: str, onto: str, emit: Emit, *, credentials: Credentials) -> Image:
        """Put the image that name means on onto, or on the base that it was built for where onto is empty.

        The names that led to it lead to the new image, which is returned. onto: a reference; what is not here is
        pulled, its base's layers not downloaded.

        Raises:
            NoSuchImage: there is no such image. NotFound: no such base.
            InvalidParameter: it is no Windows image, or onto is none. Conflict: it stands on a real base already.
            Unavailable: the base's registry does not answer.
        """
        image = self.lookup(name).image
        if not guest_for(image.platform.os).keeps_registry:
            raise InvalidParameter(f"{name} is an image for {image.platform}: only Windows images stand on a base")
        if not onto and not image.config.unrooted:
            raise Conflict(f"{name} stands on a real base already; to put it on another, name that one")
        base = await self._base(onto or image.config.unrooted, image.platform, emit, credentials)
        config = rebased(image, base)
        if config.platform.os_version != image.platform.os_version:
            emit(status(f"os.version was {image.platform.os_version} and is {config.platform.os_version} now"))
        own = image.layers[image.base_layers :]
        try:
            async with self.leases.lease("rebase") as lease:
                await lease.hold(LeaseKind.IMAGE, image.id)
                await self._unpack(base, image, own, lease)
                made = await self.record(
                    config,
                    lease,
                    layers=(*base.layers, *own),
                    base_layers=base.base_layers,
                    missing=base.missing,
                    base=image.base,
                )
                faults.point(_RECORDED)
                for moved in self._names(image):
                    await self.record.images.tag(moved, made.manifest, made)
                    emit(status(f"{parse_reference(moved).familiar} stands on {onto or image.config.unrooted} now"))
        except BaseException:
            await self.collect()
            raise
        emit(status(f"Rebased: {made.id}"))
        self.announce("create", made.id)
        return made

    async def _base(self, onto: str, platform: Platform, emit: Emit, credentials: Credentials) -> Image:
        reference = parse_reference(onto).with_default_tag()
        wanted = Platform(platform.os, platform.architecture)
        try:
            found = self.lookup(str(reference), wanted).image
            if not found.config.unrooted:
                return found
        except (NoSuchImage, NotFound):
            pass
        tag = reference.digest or reference.tag
        (pulled,) = await self.pull(reference.repository, tag, emit, platform=wanted, credentials=credentials)
        base = self.record.images.find(pulled)
        if base is None or base.config.unrooted:
            raise Unavailable(
                f"{reference.familiar} cannot be read from its registry, which does not answer: try again with a "
                "network, or name a copy of it that can be reached: --onto REFERENCE"
            )
        return base

    async def _unpack(self, base: Image, image: Image, own: Sequence[Descriptor], lease: Lease) -> None:
        """Make the snapshots of the image's own layers again: their names tell what is below them."""
        form = form_for(guest_for(image.platform.os))
        diff_ids, parent = list(base.config.diff_ids), base.snapshot
        for diff_id, blob in zip(image.config.diff_ids[image.base_layers :], own, strict=True):
            diff_ids.append(diff_id)
            name = chain_id(diff_ids)
            await lease.hold(LeaseKind.SNAPSHOT, name)
            await self.unpack(name, parent, diff_id, blob.digest, form, base=image.base)
            parent = name

    def _names(self, image: Image) -> Sequence[str]:
        """Return the names that lead to image alone; an index that lists it stays what it is."""
        names = [self.record.images.find_name(name) for name in self.record.images.names_of(image.id)]
        return [name.name for name in names if name is not None and name.target.digest == image.manifest.digest]
