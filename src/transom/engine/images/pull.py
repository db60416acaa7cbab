"""POST /images/create?fromImage=: what can be answered without a registry."""

from dataclasses import dataclass

from transom.engine.images.announce import AnnounceImage
from transom.engine.images.record import RecordImage
from transom.engine.images.tag import parse_tag
from transom.errors import InvalidParameter, NotFound, NotSupported
from transom.images.image import Image
from transom.images.progress import Emit, status
from transom.images.repository import Leases
from transom.images.standin import answer, config_of, is_stand_in, platform_of
from transom.model.ids import ImageId
from transom.model.platform import Platform
from transom.model.reference import Reference, parse_reference


@dataclass(frozen=True, slots=True)
class StandIn:
    """Answers Microsoft's base images by an image that stands on the engine's own base."""

    record: RecordImage
    leases: Leases
    announce: AnnounceImage

    async def __call__(self, text: str, platform: Platform | None = None) -> Image | None:
        """Return the image for reference text, made on first use; None if it is no base image of Microsoft's.

        Raises:
            NotFound: the tag names no release that is known, or none for platform. InvalidParameter: a bad reference.
        """
        reference = parse_reference(text).with_default_tag()
        if not is_stand_in(reference):
            return None
        wanted = platform_of(reference)
        if platform is not None and (platform.os, platform.architecture) != (wanted.os, wanted.architecture):
            raise NotFound(f"no matching manifest for {platform} in the manifest list entries of {reference.familiar}")
        return self._known(reference) or await self._make(reference, wanted)

    def _known(self, reference: Reference) -> Image | None:
        name = self.record.images.find_name(str(reference))
        found = [self.record.images.find(image_id) for image_id in name.variants.values()] if name else []
        return next((image for image in found if image is not None), None)

    async def _make(self, reference: Reference, platform: Platform) -> Image:
        async with self.leases.lease("pull") as lease:
            config = config_of(reference, platform)
            image = await self.record(config, lease)
            await self.record.images.tag(str(reference), image.manifest, image)
        self.announce("pull", image.id, reference.familiar)
        return image


@dataclass(frozen=True, slots=True)
class PullImage:
    """Brings an image here. Registries are not there yet; Windows' base images need none."""

    stand_in: StandIn

    async def __call__(self, repository: str, tag: str, emit: Emit, *, platform: Platform | None = None) -> ImageId:
        """Pull repository:tag and return the image's ID.

        Raises:
            NotSupported: it would have to come from a registry. NotFound: no such release of Windows.
        """
        reference = parse_reference(f"{repository}@{tag}") if ":" in tag else parse_tag(repository, tag)
        if reference is None:
            raise InvalidParameter("invalid reference format")
        image = await self.stand_in(str(reference), platform)
        if image is None:
            raise NotSupported(
                f"cannot pull {reference.familiar}: this engine does not speak to registries yet; save the image where "
                "you have it (docker save) and load it here (docker load)"
            )
        emit(status(answer(reference, image.platform.os_version)))
        emit(status(f"Digest: {image.manifest.digest}"))
        emit(status(f"Status: Image is up to date for {reference.familiar}"))
        return image.id
