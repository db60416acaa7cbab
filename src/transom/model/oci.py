"""Descriptors, manifests and image configurations as values; their JSON is wire/oci.py's and images/document.py's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from transom.model.ids import Digest
from transom.model.platform import Platform


class MediaType(StrEnum):
    """The types that are written; others are read as well."""

    OCI_INDEX = "application/vnd.oci.image.index.v1+json"
    OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
    OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
    OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
    OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
    OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
    DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
    DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
    DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
    DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
    DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    DOCKER_FOREIGN_LAYER = "application/vnd.docker.image.rootfs.foreign.diff.tar"
    DOCKER_FOREIGN_LAYER_GZIP = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


INDEX_TYPES = frozenset({MediaType.OCI_INDEX, MediaType.DOCKER_LIST})


def is_foreign(media_type: str) -> bool:
    """Tell whether a layer may not be distributed (Microsoft's base layers until June 2023)."""
    return ".rootfs.foreign." in media_type or ".layer.nondistributable." in media_type


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A blob by its type, digest and size; urls and annotations as found, so that it can be written on unchanged."""

    media_type: str
    digest: Digest
    size: int
    urls: tuple[str, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """One image's manifest."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    media_type: str = MediaType.OCI_MANIFEST


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """How a container's health is found out; durations in nanoseconds, zeros inherit or take the default."""

    test: tuple[str, ...] = ()
    interval_ns: int = 0
    timeout_ns: int = 0
    start_period_ns: int = 0
    start_interval_ns: int = 0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class RunConfig:
    """What an image says about running it. None for cmd and entrypoint means not set, which () does not."""

    user: str = ""
    exposed_ports: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    volumes: tuple[str, ...] = ()
    working_dir: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = ""
    healthcheck: Healthcheck | None = None
    on_build: tuple[str, ...] = ()
    shell: tuple[str, ...] = ()
    args_escaped: bool = False


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One step of an image's making; empty_layer steps have no entry in diff_ids."""

    created: str = ""
    created_by: str = ""
    author: str = ""
    comment: str = ""
    empty_layer: bool = False


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """An image's configuration document.

    unrooted: the reference of the Windows base that the image stands on without the real one's layers being known; it
    is written into the document (`transom.unrooted`), so it goes where the image goes. Empty for every other image.
    """

    platform: Platform
    config: RunConfig = field(default_factory=RunConfig)
    diff_ids: tuple[Digest, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    os_features: tuple[str, ...] = ()
    created: str = ""
    author: str = ""
    comment: str = ""
    docker_version: str = ""
    unrooted: str = ""
