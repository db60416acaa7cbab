"""Image documents as bytes: read with every doubt, written the same way each time."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from transom.errors import InvalidParameter
from transom.model.digest import parse_digest
from transom.model.oci import (
    Descriptor,
    Healthcheck,
    HistoryEntry,
    ImageConfig,
    Manifest,
    MediaType,
    RunConfig,
)
from transom.model.platform import Platform
from transom.wire.oci import (
    DescriptorJson,
    HealthcheckJson,
    HistoryJson,
    ImageConfigJson,
    IndexJson,
    ManifestJson,
    PlatformJson,
    RootfsJson,
    RunConfigJson,
)

MAX_DOCUMENT = 8 << 20
"""Bytes; a larger manifest, index or configuration is refused."""
MAX_LAYERS = 4096
MAX_SIZE = 1 << 60

T = TypeVar("T")


def decode(data: bytes, shape: type[T], what: str) -> T:
    """Return data's JSON as shape.

    Raises:
        InvalidParameter: it is too large, not JSON or of another shape.
    """
    if len(data) > MAX_DOCUMENT:
        raise InvalidParameter(f"{what} is larger than {MAX_DOCUMENT} bytes")
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
        raise InvalidParameter(f"invalid {what}: {exc}") from exc


def read_descriptor(found: DescriptorJson) -> Descriptor:
    """Return a descriptor's value.

    Raises:
        InvalidParameter: its digest or size is malformed.
    """
    if not 0 <= found.size < MAX_SIZE:
        raise InvalidParameter(f"invalid descriptor: size {found.size}")
    return Descriptor(
        found.mediaType,
        parse_digest(found.digest),
        found.size,
        tuple(found.urls or ()),
        found.annotations or {},
        read_platform(found.platform) if found.platform else None,
    )


def write_descriptor(value: Descriptor) -> DescriptorJson:
    """Return a descriptor's JSON shape."""
    platform = value.platform
    return DescriptorJson(
        mediaType=value.media_type,
        digest=value.digest,
        size=value.size,
        urls=list(value.urls) or None,
        annotations=dict(value.annotations) or None,
        platform=write_platform(platform) if platform else None,
    )


def read_platform(found: PlatformJson) -> Platform:
    """Return a platform's value, variant as the normal form has it (arm64/v8 is arm64)."""
    variant = "" if (found.architecture, found.variant) == ("arm64", "v8") else found.variant
    return Platform(found.os, found.architecture, variant, found.os_version)


def write_platform(value: Platform) -> PlatformJson:
    """Return a platform's JSON shape."""
    return PlatformJson(
        architecture=value.architecture, os=value.os, variant=value.variant, os_version=value.os_version
    )


def read_manifest(data: bytes) -> Manifest:
    """Return an image manifest.

    Raises:
        InvalidParameter: it is not one.
    """
    found = decode(data, ManifestJson, "image manifest")
    if len(found.layers) > MAX_LAYERS:
        raise InvalidParameter(f"invalid image manifest: {len(found.layers)} layers")
    layers = tuple(read_descriptor(layer) for layer in found.layers)
    return Manifest(read_descriptor(found.config), layers, found.mediaType or MediaType.OCI_MANIFEST)


def write_manifest(value: Manifest) -> bytes:
    """Return an image manifest's bytes."""
    return msgspec.json.encode(
        ManifestJson(
            schemaVersion=2,
            mediaType=value.media_type,
            config=write_descriptor(value.config),
            layers=[write_descriptor(layer) for layer in value.layers],
        )
    )


def read_index(data: bytes) -> tuple[Descriptor, ...]:
    """Return the manifests of an index.

    Raises:
        InvalidParameter: it is not one.
    """
    found = decode(data, IndexJson, "image index")
    return tuple(read_descriptor(entry) for entry in found.manifests)


def write_index(manifests: Sequence[Descriptor]) -> bytes:
    """Return an index of manifests."""
    entries = [write_descriptor(entry) for entry in manifests]
    return msgspec.json.encode(IndexJson(schemaVersion=2, mediaType=MediaType.OCI_INDEX, manifests=entries))


def read_config(data: bytes) -> ImageConfig:
    """Return an image configuration.

    Raises:
        InvalidParameter: it is not one.
    """
    found = decode(data, ImageConfigJson, "image configuration")
    diff_ids = tuple(parse_digest(text) for text in found.rootfs.diff_ids or ())
    history = tuple(
        HistoryEntry(step.created or "", step.created_by, step.author, step.comment, step.empty_layer)
        for step in found.history or ()
    )
    if not found.os or not found.architecture:
        raise InvalidParameter("invalid image configuration: it names no operating system or architecture")
    if len(diff_ids) > MAX_LAYERS:
        raise InvalidParameter(f"invalid image configuration: {len(diff_ids)} layers")
    variant = "" if (found.architecture, found.variant) == ("arm64", "v8") else found.variant
    return ImageConfig(
        Platform(found.os, found.architecture, variant, found.os_version),
        read_run_config(found.config or RunConfigJson()),
        diff_ids,
        history,
        tuple(found.os_features or ()),
        found.created or "",
        found.author,
        found.comment,
        found.docker_version,
        found.transom_unrooted,
    )


def write_config(value: ImageConfig) -> bytes:
    """Return an image configuration's bytes; equal values give equal bytes, and so equal IDs."""
    history = [
        HistoryJson(
            created=step.created or None,
            created_by=step.created_by,
            author=step.author,
            comment=step.comment,
            empty_layer=step.empty_layer,
        )
        for step in value.history
    ]
    return msgspec.json.encode(
        ImageConfigJson(
            architecture=value.platform.architecture,
            author=value.author,
            comment=value.comment,
            config=write_run_config(value.config),
            created=value.created or None,
            docker_version=value.docker_version,
            history=history or None,
            os=value.platform.os,
            os_features=list(value.os_features) or None,
            os_version=value.platform.os_version,
            rootfs=RootfsJson(diff_ids=[str(diff_id) for diff_id in value.diff_ids]),
            transom_unrooted=value.unrooted,
            variant=value.platform.variant,
        )
    )


def read_run_config(found: RunConfigJson) -> RunConfig:
    """Return what an image says about running it."""
    return RunConfig(
        user=found.User,
        exposed_ports=tuple(sorted(found.ExposedPorts or ())),
        env=tuple(found.Env or ()),
        entrypoint=None if found.Entrypoint is None else tuple(found.Entrypoint),
        cmd=None if found.Cmd is None else tuple(found.Cmd),
        volumes=tuple(sorted(found.Volumes or ())),
        working_dir=found.WorkingDir,
        labels=dict(sorted((found.Labels or {}).items())),
        stop_signal=found.StopSignal,
        healthcheck=_read_healthcheck(found.Healthcheck),
        on_build=tuple(found.OnBuild or ()),
        shell=tuple(found.Shell or ()),
        args_escaped=found.ArgsEscaped,
    )


def write_run_config(value: RunConfig) -> RunConfigJson:
    """Return the JSON shape of what an image says about running it."""
    return RunConfigJson(
        User=value.user,
        ExposedPorts={port: {} for port in value.exposed_ports} or None,
        Env=list(value.env) or None,
        Entrypoint=None if value.entrypoint is None else list(value.entrypoint),
        Cmd=None if value.cmd is None else list(value.cmd),
        Healthcheck=_write_healthcheck(value.healthcheck),
        ArgsEscaped=value.args_escaped,
        Volumes={volume: {} for volume in value.volumes} or None,
        WorkingDir=value.working_dir,
        OnBuild=list(value.on_build) or None,
        Labels=dict(sorted(value.labels.items())) or None,
        StopSignal=value.stop_signal,
        Shell=list(value.shell) or None,
    )


def _read_healthcheck(found: HealthcheckJson | None) -> Healthcheck | None:
    if found is None:
        return None
    return Healthcheck(
        tuple(found.Test or ()),
        found.Interval,
        found.Timeout,
        found.StartPeriod,
        found.StartInterval,
        found.Retries,
    )


def _write_healthcheck(value: Healthcheck | None) -> HealthcheckJson | None:
    if value is None:
        return None
    return HealthcheckJson(
        Test=list(value.test) or None,
        Interval=value.interval_ns,
        Timeout=value.timeout_ns,
        StartPeriod=value.start_period_ns,
        StartInterval=value.start_interval_ns,
        Retries=value.retries,
    )
