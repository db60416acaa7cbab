"""POST /images/{name}/tag."""

from dataclasses import dataclass

from transom.engine.images.announce import AnnounceImage
from transom.engine.images.lookup import LookupImage
from transom.errors import InvalidParameter
from transom.images.repository import ImageRepository
from transom.model.reference import Reference, parse_reference


def parse_tag(repository: str, tag: str) -> Reference | None:
    """Return the reference that `repo` and `tag` of a request make, None if no repository is given.

    Raises:
        InvalidParameter: it is malformed, or names a digest.
    """
    if not repository:
        return None
    reference = parse_reference(repository)
    if reference.digest:
        raise InvalidParameter("cannot import digest reference")
    return reference.with_tag(tag) if tag else reference.with_default_tag()


@dataclass(frozen=True, slots=True)
class TagImage:
    """Gives an image one more name."""

    images: ImageRepository
    lookup: LookupImage
    announce: AnnounceImage

    async def __call__(self, source: str, repository: str, tag: str) -> None:
        """Let repository:tag lead to what source leads to; with all its variants if source is a tag.

        Raises:
            NoSuchImage: source is not here. InvalidParameter: the new name cannot be.
        """
        target = parse_tag(repository, tag)
        if target is None:
            raise InvalidParameter("invalid reference format")
        if target.familiar_repository == "sha256":
            raise InvalidParameter("refusing to create an ambiguous tag using digest algorithm as name")
        found = self.lookup(source)
        if found.name is None:
            await self.images.tag(str(target), found.image.manifest, found.image)
        else:
            for image_id in found.name.variants.values():
                image = self.images.find(image_id)
                if image is not None:
                    await self.images.tag(str(target), found.name.target, image)
        self.announce("tag", found.image.id, target.familiar)
