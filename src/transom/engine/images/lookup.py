"""Which image a reference means."""

import re
from dataclasses import dataclass

from transom.errors import InvalidParameter, NoSuchImage, NotFound
from transom.images.image import Image, Name, best_variant, fits
from transom.images.repository import ImageRepository
from transom.model.ids import Digest
from transom.model.platform import Platform
from transom.model.reference import Reference, parse_reference

_ID = re.compile(r"(sha256:)?[0-9a-f]{1,64}")
_FULL = re.compile(r"(sha256:)?[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Found:
    """An image, and the tag that led to it, if it was one."""

    image: Image
    name: Name | None = None
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class LookupImage:
    """Finds images by tag, by `repository@digest`, by ID and by the beginning of one, in this order."""

    images: ImageRepository

    def __call__(self, text: str, platform: Platform | None = None) -> Found:
        """Return what text means.

        Raises:
            NoSuchImage: nothing here is called so. NotFound: it is here for other platforms only.
            InvalidParameter: text cannot be a reference.
        """
        if _FULL.fullmatch(text):
            image = self.images.find("sha256:" + text.removeprefix("sha256:"))
            if image is None:
                raise NoSuchImage(text)
            return self._checked(Found(image), text, platform)
        reference = self._parse(text)
        if reference is not None:
            found = self._by_reference(reference, platform)
            if found is not None:
                return found
        image = self._by_prefix(text)
        if image is None:
            raise NoSuchImage(reference.with_default_tag().familiar if reference else text)
        return self._checked(Found(image), text, platform)

    def _parse(self, text: str) -> Reference | None:
        try:
            return parse_reference(text)
        except InvalidParameter:
            if _ID.fullmatch(text):
                return None  # `sha256:0123…` is no reference, and may be the beginning of an ID
            raise

    def _by_reference(self, reference: Reference, platform: Platform | None) -> Found | None:
        if reference.digest:
            known = self.images.find_digest(reference.repository, reference.digest)
            images = [image for image in map(self.images.find, known) if image is not None]
            best = best_variant([image.platform for image in images], platform)
            if best is None and images:
                raise self._other_platform(reference.familiar, platform)
            return next((Found(image, None, reference) for image in images if image.platform == best), None)
        reference = reference.with_default_tag()
        name = self.images.find_name(str(reference))
        if name is None:
            return None
        chosen = best_variant(name.variants, platform)
        if chosen is None:
            raise self._other_platform(reference.familiar, platform)
        image = self.images.find(name.variants[chosen])
        return Found(image, name, reference) if image is not None else None

    def _by_prefix(self, text: str) -> Image | None:
        if not _ID.fullmatch(text):
            return None
        prefix = "sha256:" + text.removeprefix("sha256:")
        found = [image for image in self.images.all() if image.id.startswith(prefix)]
        if len(found) > 1:
            raise NotFound(f"No such image: {text}: more than one image's ID begins so")
        return found[0] if found else None

    def _checked(self, found: Found, text: str, platform: Platform | None) -> Found:
        if platform is not None and not fits(found.image.platform, platform):
            raise self._other_platform(text, platform)
        return found

    @staticmethod
    def _other_platform(text: str, platform: Platform | None) -> NotFound:
        wanted = platform.full if platform is not None else ""
        return NotFound(f"image with reference {text} was found but does not provide the specified platform ({wanted})")


def digest_reference(repository: str, digest: Digest) -> str:
    """Return `repository@digest` as Docker shows it."""
    return parse_reference(repository).with_digest(digest).familiar
