"""DELETE /images/{name}."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from transom.engine.images.announce import AnnounceImage
from transom.engine.images.collect import Collect
from transom.engine.images.lookup import Found, LookupImage, digest_reference
from transom.errors import Conflict
from transom.images.image import fits
from transom.images.repository import ImageRepository
from transom.model.digest import hex_of
from transom.model.ids import Digest
from transom.model.platform import Platform
from transom.model.reference import parse_reference

_HEX = re.compile(r"(sha256:)?[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class ImageUser:
    """A container that was made from an image."""

    container_id: str
    running: bool


UsersOf = Callable[[str], Sequence[ImageUser]]
"""Returns the containers of an image, by its ID."""


@dataclass(frozen=True, slots=True)
class Removed:
    """One line of the answer: a name that was taken away, or an image or layer that is gone."""

    untagged: str = ""
    deleted: str = ""


@dataclass(frozen=True, slots=True)
class RemoveImage:
    """Takes names away and, with the last one, the image; the rules are Docker's.

    Source: moby daemon/images/image_delete.go, whose comments define what conflicts with what.
    """

    images: ImageRepository
    lookup: LookupImage
    users_of: UsersOf
    collect: Collect
    announce: AnnounceImage

    async def __call__(
        self, text: str, *, force: bool = False, prune: bool = True, platforms: Sequence[Platform] = ()
    ) -> Sequence[Removed]:
        """Remove what text means: a tag with all variants, or with those for platforms. prune: untagged parents, too.

        Raises:
            NoSuchImage: there is none. Conflict: a container, another name or an image built on it is in the way.
        """
        first = self.lookup(text, platforms[0] if platforms else None)
        lines: list[Removed] = []
        for platform in self._platforms(first, platforms):
            lines.extend(await self._one(text, self.lookup(text, platform), force=force, prune=prune))
        return list(dict.fromkeys(lines))

    def _platforms(self, found: Found, wanted: Sequence[Platform]) -> Sequence[Platform | None]:
        """Return which variants are meant, the host's own last: a container that is in the way is most likely its."""
        every = self._variants(found)
        if not every:
            return wanted or (None,)
        if not wanted:
            return [each for each in every if each != found.image.platform] + [found.image.platform]
        return [each for each in every if any(fits(each, platform) for platform in wanted)]

    def _variants(self, found: Found) -> Sequence[Platform]:
        """Return the platforms of what a tag, or the digest of an index, leads to; none for an ID."""
        if found.reference is None:
            return ()
        if found.name is not None:
            return list(found.name.variants)
        known = self.images.find_digest(found.reference.repository, found.reference.digest)
        return [image.platform for image in map(self.images.find, known) if image is not None]

    async def _one(self, text: str, found: Found, *, force: bool, prune: bool) -> Sequence[Removed]:
        lines: list[Removed] = []
        by_name = not self._is_id(text, found)
        if by_name:
            self._check_last_name(text, found, force)
            await self._untag(found, lines)
            if self._names(found.image.id):
                return lines
        else:
            names = self._names(found.image.id)
            if names and self._one_repository(names):
                self._check(found.image.id, hard_only=False, force=force, ignore_names=True)
                await self._untag_all(found.image.id, lines)
        await self._delete(found.image.id, lines, force=force, prune=prune, quiet=by_name)
        return lines

    @staticmethod
    def _is_id(text: str, found: Found) -> bool:
        return found.reference is None and bool(_HEX.fullmatch(text))

    def _names(self, image_id: str) -> list[str]:
        digests = [digest_reference(repository, digest) for repository, digest in self.images.digests_of(image_id)]
        return [*self.images.names_of(image_id), *digests]

    def _one_repository(self, names: Sequence[str]) -> bool:
        """Tell whether there is one tag at most, and all references are of one repository."""
        parsed = [parse_reference(name) for name in names]
        return len({name.repository for name in parsed}) <= 1 and sum(not name.digest for name in parsed) <= 1

    def _check_last_name(self, text: str, found: Found, force: bool) -> None:
        users = self.users_of(found.image.id)
        if users and not force and self._one_repository(self._names(found.image.id)):
            raise Conflict(
                f'conflict: unable to remove repository reference "{text}" (must force) - container '
                f"{users[0].container_id[:12]} is using its referenced image {_short(found.image.id)}"
            )

    async def _untag(self, found: Found, lines: list[Removed]) -> None:
        reference, image = found.reference, found.image
        assert reference is not None
        if reference.digest:
            await self.images.remove_digest(reference.repository, Digest(reference.digest), image.id)
        else:
            await self.images.untag(str(reference.with_default_tag()), image.id)
        self._say_untagged(reference.with_default_tag().familiar, image.id, lines)
        rest = [parse_reference(name) for name in self._names(image.id)]
        same = [name for name in rest if name.repository == reference.repository]
        if same and all(name.digest for name in same):  # digests alone keep no repository alive
            for name in same:
                await self.images.remove_digest(name.repository, Digest(name.digest), image.id)
                self._say_untagged(name.familiar, image.id, lines)

    async def _untag_all(self, image_id: str, lines: list[Removed]) -> None:
        image = self.images.find(image_id)
        if image is None:
            return
        for name in self.images.names_of(image_id):
            await self.images.untag(name, image.id)
            self._say_untagged(parse_reference(name).familiar, image_id, lines)
        for repository, digest in self.images.digests_of(image_id):
            await self.images.remove_digest(repository, digest, image.id)
            self._say_untagged(digest_reference(repository, digest), image_id, lines)

    def _say_untagged(self, name: str, image_id: str, lines: list[Removed]) -> None:
        lines.append(Removed(untagged=name))
        self.announce("untag", image_id, name)

    async def _delete(self, image_id: str, lines: list[Removed], *, force: bool, prune: bool, quiet: bool) -> None:
        """Delete an image; quiet: what stands in the way is a reason to keep it, not an error, while it has a use."""
        try:
            self._check(image_id, hard_only=force, force=force)
        except _InUse as exc:
            dangling = not self.images.names_of(image_id) and not self.images.children(image_id)
            if quiet and (not dangling or exc.used):
                return
            raise
        image = self.images.find(image_id)
        if image is None:
            return
        await self._untag_all(image_id, lines)
        self.announce("delete", image_id)
        await self.images.remove(image.id)
        lines.append(Removed(deleted=image_id))
        freed = await self.collect()
        lines.extend(Removed(deleted=name) for name in freed.snapshots)
        if prune and image.parent and not self._names(image.parent):
            await self._delete(image.parent, lines, force=False, prune=True, quiet=True)

    def _check(self, image_id: str, *, hard_only: bool, force: bool, ignore_names: bool = False) -> None:
        users = self.users_of(image_id)
        running = next((user for user in users if user.running), None)
        if running is not None:
            raise _InUse(image_id, "cannot be forced", f"image is being used by running container {_cid(running)}")
        if self.images.children(image_id):
            raise _InUse(image_id, "cannot be forced", "image has dependent child images", used=False)
        if hard_only or force:
            return
        if not ignore_names and self._names(image_id):
            raise _InUse(image_id, "must be forced", "image is referenced in multiple repositories", used=False)
        if users:
            raise _InUse(image_id, "must be forced", f"image is being used by stopped container {_cid(users[0])}")


class _InUse(Conflict):
    """An image that cannot be deleted; used: a container is why."""

    def __init__(self, image_id: str, how: str, why: str, *, used: bool = True) -> None:
        super().__init__(f"conflict: unable to delete {_short(image_id)} ({how}) - {why}")
        self.used = used


def _cid(user: ImageUser) -> str:
    return user.container_id[:12]


def _short(image_id: str) -> str:
    return hex_of(image_id)[:12]
