"""Microsoft's base images where their registry does not answer: an image that stands on the engine's own base."""

from dataclasses import dataclass

from transom.engine.images.announce import AnnounceImage
from transom.engine.images.record import RecordImage
from transom.errors import NotFound
from transom.images.image import Image, fits
from transom.images.repository import Leases
from transom.images.standin import config_of, is_stand_in, platform_of
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
        known = self._known(reference)
        if known is not None and (platform is None or fits(known.platform, platform)):
            return known
        wanted = platform_of(reference)
        if platform is not None and not fits(wanted, platform):
            raise NotFound(
                f"no matching manifest for {platform.full} in the manifest list entries of {reference.familiar}"
            )
        return await self._make(reference, wanted)

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
