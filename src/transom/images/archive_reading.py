"""Which images an archive holds, from its small documents. No disk."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace

from transom.errors import InvalidParameter, NotSupported
from transom.images.archive import (
    CONTAINERD_NAME,
    INDEX,
    MANIFEST,
    REF_NAME,
    REPOSITORIES,
    Candidate,
    Extracted,
    Member,
    blob_name,
)
from transom.images.document import decode, read_index, read_manifest
from transom.model.oci import INDEX_TYPES, Descriptor
from transom.model.reference import Reference, parse_reference
from transom.wire.oci import ArchiveEntryJson

_MAX_LINKS = 40
_DEPTH = 4
_ENTRIES = 10_000


def find_member(extracted: Extracted, name: str) -> Member | None:
    """Return the file that name leads to, links inside the archive followed."""
    by_name = {member.name: member for member in extracted.members}
    name = posixpath.normpath(name)
    for _ in range(_MAX_LINKS):
        if name in by_name:
            return by_name[name]
        target = extracted.links.get(name)
        if target is None:
            return None
        name = posixpath.normpath(posixpath.join(posixpath.dirname(name), target)).lstrip("/")
    return None


def read_listing(data: bytes) -> list[Candidate]:
    """Return the images that a manifest.json names, each once.

    Raises:
        InvalidParameter: it is malformed.
    """
    found = decode(data, list[ArchiveEntryJson], "manifest.json")
    if len(found) > _ENTRIES:
        raise InvalidParameter(f"invalid archive: manifest.json names more than {_ENTRIES} images")
    # A few bytes that name an image again must not cost as much as the image.
    by_content: dict[tuple[str, tuple[str, ...]], dict[Reference, None]] = {}
    for entry in found:
        names = by_content.setdefault((entry.Config, tuple(entry.Layers or ())), {})
        names.update(dict.fromkeys(map(_tagged, entry.RepoTags or ())))
    return [Candidate(config, layers, tuple(names)) for (config, layers), names in by_content.items()]


def _tagged(text: str) -> Reference:
    reference = parse_reference(text).with_default_tag()
    if reference.digest:
        raise InvalidParameter(f'invalid tag "{text}"')
    return reference


def name_in(annotations: Mapping[str, str]) -> Reference | None:
    """Return the name that an index gives to an image, or None: a bare tag says too little."""
    for key in (CONTAINERD_NAME, REF_NAME):
        text = annotations.get(key, "")
        if text and (key == CONTAINERD_NAME or any(char in text for char in "/:@")):
            reference = parse_reference(text).with_default_tag()
            return None if reference.digest else reference  # a digest follows from the content, and names nothing
    return None


def manifests_in(
    extracted: Extracted, read: Mapping[str, bytes], top: Sequence[Descriptor]
) -> list[tuple[Descriptor, Descriptor, Reference | None]]:
    """Return (manifest, what the name points to, name) for each image manifest below an index; attestations left out.

    read: the small documents of the archive by member name.

    Raises:
        InvalidParameter: indexes are nested too deeply, or one is malformed.
    """
    found: list[tuple[Descriptor, Descriptor, Reference | None]] = []
    seen = [0]  # an index that names another many times multiplies what that one names

    def walk(entries: Sequence[Descriptor], target: Descriptor | None, name: Reference | None, depth: int) -> None:
        if depth > _DEPTH:
            raise InvalidParameter("invalid archive: image indexes are nested too deeply")
        for entry in entries:
            seen[0] += 1
            if seen[0] > _ENTRIES:
                raise InvalidParameter(f"invalid archive: its image indexes name more than {_ENTRIES} images")
            its_name = name or name_in(entry.annotations)
            plain = Descriptor(entry.media_type, entry.digest, entry.size)
            if entry.media_type in INDEX_TYPES:
                data = read.get(blob_name(entry.digest))
                if data is not None:
                    walk(read_index(data), target or plain, its_name, depth + 1)
            elif entry.platform is None or entry.platform.os != "unknown":
                found.append((plain, target or plain, its_name))

    walk(top, None, None, 0)
    return found


def check_known_form(names: Sequence[str]) -> None:
    """Explain why an archive without manifest.json and index.json cannot be loaded.

    Raises:
        NotSupported: Docker before 1.10 wrote it. InvalidParameter: it holds no image.
    """
    if REPOSITORIES in names:
        raise NotSupported("this archive was written by a Docker before 1.10: load and save it again with a later one")
    raise InvalidParameter(
        "invalid archive: it holds neither manifest.json nor index.json; "
        "if `docker export` wrote it, `docker import` takes it"
    )


def candidates(extracted: Extracted, documents: Mapping[str, bytes]) -> list[Candidate]:
    """Return the images of an archive; manifest.json has the say, and the OCI layout adds the manifests."""
    if MANIFEST not in documents and INDEX not in documents:
        check_known_form([member.name for member in extracted.members])
    top = read_index(documents[INDEX]) if INDEX in documents else ()
    of_layout = [
        found
        for manifest, target, name in manifests_in(extracted, documents, top)
        if (found := _from_layout(documents, manifest, target, name)) is not None
    ]
    if MANIFEST not in documents:
        return _joined(of_layout)
    by_config = {candidate.config: candidate for candidate in of_layout}
    listed = read_listing(documents[MANIFEST])
    result = []
    for candidate in listed:
        other = by_config.get(candidate.config)
        if other is not None and len(other.layers) == len(candidate.layers):
            candidate = replace(other, names=candidate.names or other.names)
        result.append(candidate)
    return result


def _from_layout(
    documents: Mapping[str, bytes], manifest: Descriptor, target: Descriptor, name: Reference | None
) -> Candidate | None:
    path = blob_name(manifest.digest)
    raw = documents.get(path)
    if raw is None:
        return None  # a variant of an index that was not saved along
    content = read_manifest(raw)
    return Candidate(
        blob_name(content.config.digest),
        tuple(blob_name(layer.digest) for layer in content.layers),
        (name,) if name is not None else (),
        path,
        target,
    )


def _joined(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Bring the names of one image together; an index has an entry for each."""
    found: dict[str, Candidate] = {}
    for candidate in candidates:
        known = found.get(candidate.config)
        if known is None:
            found[candidate.config] = candidate
        else:
            names = (*known.names, *(name for name in candidate.names if name not in known.names))
            found[candidate.config] = replace(known, names=names)
    return list(found.values())
