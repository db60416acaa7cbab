"""GET /images/get and /images/{name}/get."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from transom import faults
from transom.engine.images.announce import AnnounceImage
from transom.engine.images.lookup import Found, LookupImage
from transom.errors import NoSuchImage
from transom.images import archive
from transom.images.archive import Archives, Chosen
from transom.images.content import ContentStore
from transom.images.image import Image
from transom.images.repository import LeaseKind, Leases
from transom.model.ids import Digest
from transom.model.oci import INDEX_TYPES, Descriptor
from transom.model.platform import Platform
from transom.model.reference import Reference, parse_reference

log = logging.getLogger(__name__)

_HELD = faults.declare("image.save.held", "images are held for an archive, nothing is written")


@dataclass(frozen=True, slots=True)
class SaveImages:
    """Writes images into one archive that Docker, containerd and skopeo read."""

    archives: Archives
    content: ContentStore
    lookup: LookupImage
    leases: Leases
    announce: AnnounceImage

    def choose(self, texts: Sequence[str], platform: Platform | None = None) -> Chosen:
        """Return the images that texts name with the tags to save: a repository without a tag means all its tags.

        Without a platform a tag that leads to an index means all of its images that are here.

        Raises:
            NoSuchImage: one is not here. InvalidParameter: one is malformed.
        """
        chosen: dict[str, tuple[Image, list[Reference]]] = {}
        indexes: dict[str, Descriptor] = {}
        in_indexes: set[str] = set()
        for text in texts:
            for name in self._tags(text) or (text,):
                found = self._found(name, platform)
                _, names = chosen.setdefault(found.image.id, (found.image, []))
                if found.reference is None or found.reference.digest:
                    continue
                reference = found.reference.with_default_tag()
                if reference not in names:
                    names.append(reference)
                variants = self._variants(found) if platform is None else ()
                if len(variants) > 1 and found.name is not None:
                    indexes[str(reference)] = found.name.target
                    in_indexes.update(image.id for image in variants)
                    for image in variants:
                        chosen.setdefault(image.id, (image, []))
        return Chosen(list(chosen.values()), indexes, frozenset(in_indexes))

    def _found(self, name: str, platform: Platform | None) -> Found:
        try:
            return self.lookup(name, platform)
        except NoSuchImage as exc:
            # As it was asked for, which is what Docker says here and nowhere else.
            raise NoSuchImage(name) if str(exc) == f"No such image: {name}:latest" else exc from None

    def _variants(self, found: Found) -> Sequence[Image]:
        """Return every image of the index that a tag leads to."""
        if found.name is None or found.name.target.media_type not in INDEX_TYPES:
            return ()
        images = [self.lookup.images.find(image_id) for image_id in found.name.variants.values()]
        return [image for image in images if image is not None]

    async def __call__(self, chosen: Chosen, target: int) -> None:
        """Write the archive to descriptor target, a pipe or a file.

        Layers of a Windows base that are not here are named in the archive (archive.absent_of) and in the log.
        """
        images = [image for image, _ in chosen.images]
        documents = {
            archive.MANIFEST: archive.listing_of(chosen.images),
            archive.INDEX: archive.index_of(chosen),
            archive.LAYOUT: archive.layout(),
            archive.REPOSITORIES: archive.repositories_of(chosen.images),
        }
        absent = archive.absent_of(images)
        if absent:
            documents[archive.ABSENT] = absent
        async with self.leases.lease("save") as lease:
            blobs = [digest for image in images for digest in _blobs(image)]
            blobs += [index.digest for index in chosen.indexes.values()]
            for digest in blobs:
                await lease.hold(LeaseKind.BLOB, digest)
            faults.point(_HELD)
            await self.archives.write(target, documents, blobs)
        for image, names in chosen.images:
            if image.missing or image.config.unrooted:
                log.info(
                    "saved without its Windows base's layers",
                    extra={"image": image.id, "base": image.config.unrooted, "absent": len(image.missing)},
                )
            self.announce("save", image.id, names[0].familiar if names else "")

    def _tags(self, text: str) -> Sequence[str]:
        """Return the tags of a repository that is named without one; none for anything else."""
        if self._is_image_id(text):
            return ()
        reference = parse_reference(text)
        if not reference.is_name_only:
            return ()
        names = self.lookup.images.names()
        return [name.name for name in names if name.name.rpartition(":")[0] == reference.repository]

    def _is_image_id(self, text: str) -> bool:
        return text.startswith("sha256:") or any(
            image.id.startswith(f"sha256:{text}") for image in self.lookup.images.all()
        )


def _blobs(image: Image) -> Sequence[Digest]:
    missing = set(image.missing)
    layers = [layer.digest for layer in image.layers if layer.digest not in missing]
    return [Digest(image.id), image.manifest.digest, *layers]
