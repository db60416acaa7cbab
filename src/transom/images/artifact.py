"""A Windows base as an OCI artifact: what its manifest says. Pure.

Source: image-spec v1.1 manifest.md, "Guidelines for Artifact Usage"; registries that do not know `artifactType` go by
the configuration's type.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from transom.errors import InvalidParameter
from transom.execution.bases import BaseInfo
from transom.images.document import decode, read_descriptor, write_descriptor
from transom.model.digest import digest_of, parse_digest
from transom.model.ids import Digest
from transom.model.oci import Descriptor, MediaType
from transom.wire.oci import ManifestJson

ARTIFACT: Final = "application/vnd.transom.windows-base.v1"
CONFIG: Final = "application/vnd.transom.windows-base.config.v1+json"
LAYER: Final = "application/vnd.transom.windows-base.layer.v1.tar+zstd"
DIGEST: Final = "transom.base.digest"
MAX_BYTES: Final = 8 << 30


class _ConfigJson(msgspec.Struct, kw_only=True):
    """What is told of a base besides its archive."""

    digest: str
    wine_version: str
    parts: list[str]
    packages: list[str]
    created: str


@dataclass(frozen=True, slots=True)
class BaseArtifact:
    """A base in a registry: the archive that `transom base export` writes, and the base's own digest."""

    archive: Descriptor
    base: Digest


def config_of(info: BaseInfo) -> bytes:
    """Return the artifact's configuration; equal bases, equal bytes."""
    return msgspec.json.encode(
        _ConfigJson(
            digest=info.digest,
            wine_version=info.wine_version,
            parts=list(info.parts),
            packages=[f"{name}:{architecture}={version}" for name, version, architecture in info.packages],
            created=info.created_at,
        )
    )


def write_artifact(config: bytes, archive: Descriptor, base: Digest) -> bytes:
    """Return the manifest of an artifact."""
    return msgspec.json.encode(
        ManifestJson(
            schemaVersion=2,
            mediaType=MediaType.OCI_MANIFEST,
            artifactType=ARTIFACT,
            config=write_descriptor(Descriptor(CONFIG, digest_of(config), len(config))),
            layers=[write_descriptor(archive)],
            annotations={DIGEST: base},
        )
    )


def read_artifact(data: bytes, name: str) -> BaseArtifact:
    """Return what a manifest says.

    Raises:
        InvalidParameter: it is no base's.
    """
    found = decode(data, ManifestJson, "manifest")
    if found.config.mediaType != CONFIG or len(found.layers) != 1 or found.layers[0].mediaType != LAYER:
        raise InvalidParameter(f"{name} is no Windows base: `transom base push` writes them")
    archive = read_descriptor(found.layers[0])
    if archive.size > MAX_BYTES:
        raise InvalidParameter(f"{name} is no Windows base: it claims {archive.size} bytes")
    return BaseArtifact(archive, parse_digest((found.annotations or {}).get(DIGEST, "")))
