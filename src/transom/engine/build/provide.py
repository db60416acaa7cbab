"""The images that a Dockerfile names: those that are here, others pulled."""

from dataclasses import dataclass

from transom.engine.images.lookup import LookupImage
from transom.engine.images.pull import PullImage
from transom.errors import NotFound
from transom.images.image import Image
from transom.images.progress import Emit
from transom.images.registry import CredentialsFor
from transom.model.platform import Platform
from transom.model.reference import parse_reference


@dataclass(frozen=True, slots=True)
class ProvideImages:
    """Implements engine.build.facilities.BaseImages."""

    lookup: LookupImage
    pull: PullImage

    async def provide(
        self, reference: str, platform: Platform | None, *, pull: bool, credentials: CredentialsFor, emit: Emit
    ) -> Image:
        """Return the image that FROM or `COPY --from` names, pulled if it is not here or pull asks for it.

        Raises:
            NotFound: it is nowhere. TransferFailed: it is not here, and its registry does not answer.
        """
        if not pull:
            found = await self.find(reference, platform)
            if found is not None:
                return found
        named = parse_reference(reference).with_default_tag()
        ids = await self.pull(
            named.repository, named.digest or named.tag, emit, platform=platform, credentials=credentials(named.domain)
        )
        image = self.lookup.images.find(ids[0])
        return image if image is not None else self.lookup(reference, platform).image

    async def find(self, reference: str, platform: Platform | None) -> Image | None:
        """Return the image if it is here."""
        try:
            return self.lookup(reference, platform).image
        except NotFound:
            return None
