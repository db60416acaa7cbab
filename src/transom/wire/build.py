"""POST /build: the JSON that its query holds, and what its prune answers.

Source: Docker Engine API v1.51 reference, ImageBuild, BuildPrune.
"""

from typing import Any

from msgspec import field

from transom.wire.shape import Shape

QUERY = frozenset({
    "dockerfile", "t", "remote", "q", "nocache", "cachefrom", "pull", "rm", "forcerm", "memory", "memswap",
    "cpushares", "cpusetcpus", "cpusetmems", "cpuperiod", "cpuquota", "cgroupparent", "buildargs", "shmsize", "squash",
    "labels", "networkmode", "platform", "target", "outputs", "version", "isolation", "extrahosts", "ulimits",
    "securityopt", "session", "buildid",
})  # fmt: skip
"""Every parameter that is understood."""


class BuildOutputSpec(Shape):
    """One of `outputs`."""

    type: str = ""
    attrs: dict[str, Any] = {}


class BuildPruneResponse(Shape):
    """What POST /build/prune answers."""

    caches_deleted: list[str] = field(default_factory=list)
    space_reclaimed: int = 0
