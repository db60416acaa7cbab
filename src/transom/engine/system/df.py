"""GET /system/df.

Source: Docker Engine API v1.51, SystemDataUsage.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from transom.errors import InvalidParameter
from transom.wire.volumes import VolumeShape

TYPES = ("container", "image", "volume", "build-cache")


@dataclass(frozen=True, slots=True)
class SystemDiskUsage:
    """Adds up what images, containers, volumes and the build cache occupy; each part is counted when asked for."""

    images: Callable[[], Awaitable[Sequence[Any]]]
    layers_bytes: Callable[[], Awaitable[int]]
    containers: Callable[[], Awaitable[Sequence[dict[str, Any]]]]
    volumes: Callable[[], Awaitable[Sequence[VolumeShape]]]
    build_cache: Callable[[], Awaitable[Sequence[dict[str, Any]]]]

    async def __call__(self, types: Sequence[str]) -> dict[str, Any]:
        """Return the parts that types name, all of them where it names none; the others are null.

        Raises:
            InvalidParameter: there is no such part.
        """
        for each in types:
            if each not in TYPES:
                raise InvalidParameter(f"unknown object type: {each}")
        wanted = set(types or TYPES)
        return {
            "LayersSize": await self.layers_bytes() if "image" in wanted else 0,
            "Images": await self.images() if "image" in wanted else None,
            "Containers": await self.containers() if "container" in wanted else None,
            "Volumes": await self.volumes() if "volume" in wanted else None,
            "BuildCache": await self.build_cache() if "build-cache" in wanted else None,
        }
