"""JSON of OCI and Docker image documents.

Source: image-spec v1.1 (descriptor.md, manifest.md, image-index.md, config.md), image-layout.md; moby
image/spec/docker-image-spec for what Docker adds. Unknown keys are read over.
"""

from typing import Any

import msgspec


class Omitting(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A document whose keys are left out where they hold nothing."""


class PlatformJson(Omitting, kw_only=True):
    """platform of a descriptor."""

    architecture: str = ""
    os: str = ""
    os_version: str = msgspec.field(name="os.version", default="")
    os_features: list[str] | None = msgspec.field(name="os.features", default=None)
    variant: str = ""


class DescriptorJson(Omitting, kw_only=True):
    """A descriptor."""

    mediaType: str = ""
    digest: str
    size: int
    urls: list[str] | None = None
    annotations: dict[str, str] | None = None
    platform: PlatformJson | None = None


class ManifestJson(Omitting, kw_only=True):
    """An image manifest, OCI's or Docker's schema 2."""

    schemaVersion: int = 0
    mediaType: str = ""
    artifactType: str = ""
    config: DescriptorJson
    layers: list[DescriptorJson] = []
    annotations: dict[str, str] | None = None


class IndexJson(Omitting, kw_only=True):
    """An image index, or Docker's manifest list."""

    schemaVersion: int = 0
    mediaType: str = ""
    manifests: list[DescriptorJson]
    annotations: dict[str, str] | None = None


class HealthcheckJson(Omitting, kw_only=True):
    """Healthcheck; durations in nanoseconds."""

    Test: list[str] | None = None
    Interval: int = 0
    Timeout: int = 0
    StartPeriod: int = 0
    StartInterval: int = 0
    Retries: int = 0


class RunConfigJson(Omitting, kw_only=True):
    """config of an image configuration."""

    User: str = ""
    ExposedPorts: dict[str, Any] | None = None
    Env: list[str] | None = None
    Entrypoint: list[str] | None = None
    Cmd: list[str] | None = None
    Healthcheck: HealthcheckJson | None = None
    ArgsEscaped: bool = False
    Volumes: dict[str, Any] | None = None
    WorkingDir: str = ""
    OnBuild: list[str] | None = None
    Labels: dict[str, str] | None = None
    StopSignal: str = ""
    Shell: list[str] | None = None


class HistoryJson(Omitting, kw_only=True):
    """One history entry."""

    created: str | None = None
    created_by: str = ""
    author: str = ""
    comment: str = ""
    empty_layer: bool = False


class RootfsJson(msgspec.Struct, kw_only=True):
    """rootfs of an image configuration."""

    type: str = "layers"
    diff_ids: list[str] | None = None


class ImageConfigJson(Omitting, kw_only=True):
    """An image configuration; the key order of a written one is fixed by this class."""

    architecture: str = ""
    author: str = ""
    comment: str = ""
    config: RunConfigJson | None = None
    created: str | None = None
    docker_version: str = ""
    history: list[HistoryJson] | None = None
    os: str = ""
    os_features: list[str] | None = msgspec.field(name="os.features", default=None)
    os_version: str = msgspec.field(name="os.version", default="")
    rootfs: RootfsJson
    transom_unrooted: str = msgspec.field(name="transom.unrooted", default="")
    variant: str = ""


class ArchiveEntryJson(msgspec.Struct, kw_only=True):
    """One image in an archive's manifest.json."""

    Config: str
    RepoTags: list[str] | None = None
    Layers: list[str] | None = None
    LayerSources: dict[str, DescriptorJson] | msgspec.UnsetType = msgspec.UNSET


class LayoutJson(msgspec.Struct):
    """oci-layout."""

    imageLayoutVersion: str
