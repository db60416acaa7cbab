"""What a push of one name consists of, and where blobs that are not here may come from. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from transom.errors import Conflict, NotFound
from transom.images.image import Image, Name, best_variant
from transom.images.standin import DOMAIN, REPOSITORIES
from transom.model.ids import Digest
from transom.model.oci import INDEX_TYPES, Descriptor
from transom.model.platform import Platform
from transom.model.reference import Reference, parse_reference

_PROOF_TYPE: Final = "vnd.docker.reference.type"
_PROOF_OF: Final = "vnd.docker.reference.digest"
MAX_MOUNTS: Final = 3
"""Repositories that are offered to a registry as a blob's home."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """One name on its way out.

    target: what the tag shall lead to. images: whose blobs and manifests must be there. absent: entries of the index
    that are not here, and so must be there already. index: what is left out where one image is pushed in its place.
    """

    target: Descriptor
    images: tuple[Image, ...]
    absent: tuple[Descriptor, ...] = ()
    index: Descriptor | None = None

    def proofs(self) -> Sequence[Descriptor]:
        """Return the absent entries if all are attestations of the images, which no pull brings here; else none.

        Source: BuildKit docs/attestations/attestation-storage.md.
        """
        here = {image.manifest.digest for image in self.images}
        notes = [entry.annotations for entry in self.absent]
        about = [each.get(_PROOF_OF) for each in notes if each.get(_PROOF_TYPE) == "attestation-manifest"]
        return self.absent if len(about) == len(notes) and here.issuperset(about) else ()

    def alone(self) -> "Pushed":
        """Return the push of the only image that is here.

        Raises:
            NotFound: several are here, and which one is meant is not clear.
        """
        if len(self.images) != 1:
            missing = ", ".join(str(entry.platform or entry.digest) for entry in self.absent)
            raise NotFound(
                f"the image index {self.target.digest} names images that are neither here nor in the repository "
                f"({missing}): pull them first, or choose one that is here with --platform"
            )
        return Pushed(self.images[0].manifest, self.images, index=self.target)


def plan(
    name: Name, variants: Mapping[Platform, Image], entries: Sequence[Descriptor], platform: Platform | None
) -> Pushed:
    """Return what to push for name; entries: what its target lists, if that is an index that is here.

    Raises:
        NotFound: no variant fits platform.
    """
    if platform is not None:
        chosen = best_variant(variants, platform)
        if chosen is None:
            familiar = parse_reference(name.name).familiar
            raise NotFound(
                f"image with reference {familiar} was found but does not provide the specified platform "
                f"({platform.full})"
            )
        return Pushed(variants[chosen].manifest, (variants[chosen],))
    if name.target.media_type not in INDEX_TYPES:
        return Pushed(name.target, tuple(variants.values()))
    by_manifest = {image.manifest.digest: image for image in variants.values()}
    present = tuple(by_manifest[entry.digest] for entry in entries if entry.digest in by_manifest)
    absent = tuple(entry for entry in entries if entry.digest not in by_manifest)
    whole = Pushed(name.target, present or tuple(variants.values()), absent)
    return whole if entries and present else whole.alone()


def check_rooted(image: Image, name: Reference) -> None:
    """Refuse an image whose Windows base's layers are not known.

    Raises:
        Conflict: with what to do.
    """
    unknown = any(not layer.media_type for layer in image.layers)  # from an archive that named a base's diff-ids alone
    if image.config.unrooted or unknown:
        base = image.config.unrooted or "Microsoft's"
        onto = " --onto REFERENCE" if unknown else ""
        raise Conflict(
            f"{name.familiar} cannot be pushed yet: it stands on this engine's own Windows base in place of "
            f"{base}, whose layers are not known here; `transom image rebase {name.familiar}{onto}` puts it on the "
            "real one, without a rebuild"
        )


def homes(digest: Digest, images: Iterable[tuple[Image, Sequence[tuple[str, Digest]]]]) -> Sequence[Reference]:
    """Return the repositories that had a blob once: where images with that layer were pulled from or pushed to.

    images: each with its `repository@digest`s.
    """
    found: dict[str, None] = {}
    for image, digests in images:
        if any(layer.digest == digest for layer in image.layers):
            found.update(dict.fromkeys(repository for repository, _ in digests))
    return [parse_reference(repository) for repository in sorted(found)]


def mounts(target: Reference, found: Sequence[Reference]) -> Sequence[str]:
    """Return the paths of other repositories of target's registry."""
    return [home.path for home in found if home.domain == target.domain and home.path != target.path][:MAX_MOUNTS]


def origins(target: Reference, found: Sequence[Reference]) -> Sequence[Reference]:
    """Return where a layer of a Windows base may be fetched, the nearest first: Microsoft's own repositories last."""
    own = [Reference(DOMAIN, path) for path in sorted(REPOSITORIES, reverse=True)]
    return list(
        dict.fromkeys([*nearest(target, found), *(home for home in own if home.repository != target.repository)])
    )


def nearest(target: Reference, found: Sequence[Reference]) -> Sequence[Reference]:
    """Return other repositories than target's, those of its registry first."""
    near = sorted(found, key=lambda home: home.domain != target.domain)
    return [home for home in near if home.repository != target.repository]
