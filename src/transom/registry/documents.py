"""Manifests and indexes as registries send them: of a known type, and what their digest says. Pure."""

from typing import Final

import msgspec

from transom.errors import InvalidParameter, NotSupported
from transom.images.registry import Document
from transom.model.digest import digest_of
from transom.model.oci import INDEX_TYPES, Descriptor, MediaType

MANIFEST_TYPES: Final = (*sorted(INDEX_TYPES), MediaType.OCI_MANIFEST, MediaType.DOCKER_MANIFEST)
_SCHEMA_1: Final = ("application/vnd.docker.distribution.manifest.v1",)


def checked_document(target: str, media_type: str, claimed: str, data: bytes) -> Document:
    """Check a manifest's digest and type.

    Raises:
        InvalidParameter: it is another one. NotSupported: it is of Docker's first kind.
    """
    if media_type.startswith(_SCHEMA_1) or b'"schemaVersion": 1' in data[:400] or b'"schemaVersion":1' in data[:400]:
        raise NotSupported(
            f"{target} has a manifest of Docker's old schema 1, which names no configuration and cannot be verified; "
            "have its owner push it again with any Docker since 1.10"
        )
    digest = digest_of(data)
    wanted = target if ":" in target else claimed
    if wanted and wanted.startswith("sha256:") and digest != wanted:
        raise InvalidParameter(f"manifest verification failed for digest {wanted}: its content is {digest}")
    if media_type not in MANIFEST_TYPES:
        media_type = _type_inside(data) or media_type
    if media_type not in MANIFEST_TYPES:
        raise InvalidParameter(f"unsupported manifest format: {media_type or 'none named'}")
    return Document(Descriptor(media_type, digest, len(data)), data)


class _Typed(msgspec.Struct):
    mediaType: str = ""  # noqa: N815 - the document's own key
    manifests: list[msgspec.Raw] | None = None
    layers: list[msgspec.Raw] | None = None


def _type_inside(data: bytes) -> str:
    """Return the type that a document has by its own word, or by what it holds: some servers say `text/plain`."""
    try:
        found = msgspec.json.decode(data, type=_Typed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    if found.mediaType:
        return found.mediaType
    if found.manifests is not None:
        return MediaType.OCI_INDEX
    return MediaType.OCI_MANIFEST if found.layers is not None else ""
