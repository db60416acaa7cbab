"""Volumes in the Engine API v1.51.

Source: Docker Engine API v1.51 reference, tag Volume.
"""

from typing import Any

from msgspec import field

from transom.wire.shape import Shape


class VolumeCreateRequest(Shape):
    """POST /volumes/create."""

    name: str = ""
    driver: str = ""
    driver_opts: dict[str, str] = {}
    labels: dict[str, str] = {}
    cluster_volume_spec: dict[str, Any] | None = None


class VolumeUsage(Shape):
    """What `docker system df` counts."""

    size: int
    ref_count: int


class VolumeShape(Shape, omit_defaults=True):
    """A volume as list and inspect show it."""

    created_at: str
    driver: str
    labels: dict[str, str] | None = field(name="Labels")
    mountpoint: str
    name: str
    options: dict[str, str] | None = field(name="Options")
    scope: str
    usage_data: VolumeUsage | None = None


class VolumeList(Shape):
    """GET /volumes."""

    volumes: list[VolumeShape]
    warnings: list[str] | None = None


class VolumesPruned(Shape):
    """POST /volumes/prune."""

    volumes_deleted: list[str]
    space_reclaimed: int
