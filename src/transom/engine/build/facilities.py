"""What a build needs from images and containers: their faces towards it."""

from collections.abc import Callable
from typing import Protocol

from transom.images.image import Image
from transom.model.platform import Platform

Tell = Callable[[str], None]


class BaseImages(Protocol):
    """Finds the images that FROM, `COPY --from` and `--cache-from` name."""

    async def provide(self, reference: str, platform: Platform | None, *, pull: bool, tell: Tell) -> Image:
        """Return the image; stand in for one of Microsoft's bases, or fetch it, where that is due.

        tell is given sentences for the user.

        Raises:
            NoSuchImage: there is none, and none can be had.
        """
        ...

    async def find(self, reference: str, platform: Platform | None) -> Image | None:
        """Return the image if it is here."""
        ...


RegistryDelta = Callable[[str, str], bytes]
"""(state directory, base's digest) → what an ended container changed in its registry, empty for nothing; blocks."""
