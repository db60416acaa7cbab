"""The images that a Dockerfile names: those that are here, and Microsoft's bases by a stand-in."""

from dataclasses import dataclass

from transom.engine.build.facilities import Tell
from transom.engine.images.lookup import LookupImage
from transom.engine.images.pull import StandIn
from transom.errors import NotFound, NotSupported
from transom.images.image import Image
from transom.images.standin import answer
from transom.model.platform import Platform
from transom.model.reference import parse_reference


@dataclass(frozen=True, slots=True)
class ProvideImages:
    """Implements engine.build.facilities.BaseImages."""

    lookup: LookupImage
    stand_in: StandIn

    async def provide(self, reference: str, platform: Platform | None, *, pull: bool, tell: Tell) -> Image:
        """Return the image that FROM or `COPY --from` names.

        Raises:
            NoSuchImage: it is not here, and cannot be had without a registry.
            NotSupported: pull asks for a newer one.
        """
        if not pull:
            found = await self.find(reference, platform)
            if found is not None:
                return found
        image = await self.stand_in(reference, platform)
        if image is not None:
            tell(answer(parse_reference(reference).with_default_tag(), image.platform.os_version))
            return image
        if pull:
            raise NotSupported(
                f"--pull: {reference} would have to come from a registry, which this engine does not speak to yet; "
                "leave --pull away and docker load the image"
            )
        return self.lookup(reference, platform).image  # raises what fits: not here, or for other platforms only

    async def find(self, reference: str, platform: Platform | None) -> Image | None:
        """Return the image if it is here."""
        try:
            return self.lookup(reference, platform).image
        except NotFound:
            return None
