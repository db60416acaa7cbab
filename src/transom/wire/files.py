"""JSON of the Engine API about files of containers, API 1.51.

Source: Engine API v1.51, ContainerArchiveInfo, ContainerChanges.
"""

import msgspec

from transom.wire.shape import Shape


class PathStatShape(msgspec.Struct, kw_only=True):
    """What `docker cp` learns of a path, in a header."""

    name: str
    size: int
    mode: int
    mtime: str
    linkTarget: str


class ChangeShape(Shape):
    """One line of `docker diff`."""

    path: str
    kind: int
