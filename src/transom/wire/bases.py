"""Bases of Windows containers over HTTP: Transom's own part of the API, beside Docker's.

GET /transom/bases                      BaseSummary list
POST /transom/bases/build               body BaseBuildRequest; progress as /images/create streams it,
                                        at its end {"aux": {"Digest": "sha256:…"}}
GET /transom/bases/{digest}             BaseDetails; a unique prefix of the digest will do, as for the others
GET /transom/bases/{digest}/export      the base as a tar, compressed by zstd
POST /transom/bases/import              body such a tar; progress, at its end {"aux": {"Digest": "sha256:…"}}
POST /transom/bases/{digest}/push?reference=
                                        store it in a registry as an OCI artifact; progress and end as of import
POST /transom/bases/pull?reference=     bring it from there; progress and end as of import
DELETE /transom/bases/{digest}?force=1  204; 409 while a container or an image uses it, force or not;
                                        without force also 409 for the default one

Paths take the version prefix like all others: /v1.51/transom/bases.
"""

import msgspec

from transom.wire.shape import Shape


class BaseBuildRequest(Shape):
    """POST /transom/bases/build. Empty members leave the choice to the engine."""

    release: str = ""
    """The Debian release, by code name: trixie."""
    mirror: str = ""
    """URL of a Debian mirror."""
    parts: list[str] = msgspec.field(default_factory=list)
    """Optional parts to add: icu, wow64."""


class BaseSummary(Shape):
    """One base in the list."""

    digest: str
    release: str
    wine_version: str
    architecture: str = "amd64"
    parts: list[str] = msgspec.field(default_factory=list)
    created: int = 0
    """Seconds since 1970."""
    size: int = 0
    """Bytes on disk."""
    compressed_size: int = 0
    """Bytes of its archive, or 0 where that has never been made."""
    containers: int = 0
    images: int = 0
    default: bool = False
    """Whether new containers take this one."""


class BaseDetails(BaseSummary):
    """GET /transom/bases/{digest}."""

    mirror: str = ""
    snapshot: str = ""
    """The date of the archive's Release file, which decides what the packages were."""
    packages: dict[str, str] = msgspec.field(default_factory=dict)
    """Package name → version."""
    build_seconds: float = 0.0
    compiler: str = ""
