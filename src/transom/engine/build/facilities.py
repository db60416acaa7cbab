"""What a build needs from images and containers: their faces towards it."""

from collections.abc import Callable
from typing import Protocol

from transom.images.image import Image
from transom.images.progress import Emit
from transom.images.registry import CredentialsFor
from transom.model.platform import Platform


class BaseImages(Protocol):
    """Finds the images that FROM, `COPY --from` and `--cache-from` name."""

    async def provide(
        self, reference: str, platform: Platform | None, *, pull: bool, credentials: CredentialsFor, emit: Emit
    ) -> Image:
        """Return the image; where it is not here, or pull asks for the newest, it is pulled.

        emit is given the pull's progress.

        Raises:
            NoSuchImage: there is none, and none can be had.
        """
        ...

    async def find(self, reference: str, platform: Platform | None) -> Image | None:
        """Return the image if it is here."""
        ...


RegistryDelta = Callable[[str, str], bytes]
"""(state directory, base's digest) → what an ended container changed in its registry, empty for nothing; blocks."""
