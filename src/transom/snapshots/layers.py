"""Layers: tars turned into snapshots and back, and files in and out of a container's root."""

import struct
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, Protocol

from transom.model.ids import Digest


class LayerForm(StrEnum):
    """How a layer's tar is laid out."""

    POSIX = "posix"
    WINDOWS = "windows"


class ChangeKind(IntEnum):
    """Docker's numbers for what `docker diff` shows."""

    MODIFIED = 0
    ADDED = 1
    DELETED = 2


@dataclass(frozen=True, slots=True)
class Change:
    """One path that differs from the image, `/`-separated below the root, with a leading `/`."""

    path: str
    kind: ChangeKind


@dataclass(frozen=True, slots=True)
class Applied:
    """What unpacking a layer showed.

    warnings: sentences for the log on what this host could not keep (streams, attributes).
    """

    diff_id: Digest
    size_bytes: int
    inodes: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A layer that was written: the digest and size of the blob as it is stored, and the digest of the tar in it.

    unpacked_bytes: what the files of the layer hold. renamed: the snapshot notes directories of lower layers as
    renamed. It must not be committed as it is: later comparisons would not see what is below; unpack the layer instead.
    """

    diff_id: Digest
    digest: Digest
    size_bytes: int
    entries: int
    unpacked_bytes: int = 0
    renamed: bool = False


@dataclass(frozen=True, slots=True)
class LayerRegistry:
    """What a committed snapshot holds of a registry.

    delta: path of the file in our own form. from_hives: it was made of Windows' delta hives, not given to Layers.diff.
    """

    delta: str
    from_hives: bool = False


NEWS: Final = struct.Struct("@Q")
"""A size, as it is told."""


class Layers(Protocol):
    """Works on whole trees, in processes of their own; a cancel has ended the process and undone its effect."""

    async def apply(
        self,
        name: str,
        parent: str,
        layer: int,
        form: LayerForm,
        *,
        diff_id: str = "",
        base: str = "",
        news: int = -1,
        on_progress: Callable[[int], None] | None = None,
    ) -> Applied:
        """Make committed snapshot name of parent and the tar behind descriptor layer (plain or compressed).

        news: a pipe that tells how much of layer's file is there (NEWS each time) while it still
        comes in, and ends when it is whole.

        base: digest of the Windows base that goes below, empty for the preferred one.
        diff_id: what the uncompressed tar must have as its digest; empty for any. on_progress gets the number of
        bytes read so far. If name exists the tar is not read.

        Raises:
            InvalidParameter: the tar is broken, hostile or another one; nothing is left.
            Unavailable: the disk is full.
        """
        ...

    async def diff(
        self,
        key: str,
        form: LayerForm,
        target: int,
        registry: bytes = b"",
        mount_points: Collection[str] = (),
        base: str = "",
    ) -> Written:
        """Write the changes of active key into descriptor target as a layer, gzip-compressed; equal trees, equal bytes.

        registry is carried in a Windows layer, and given back by `registry` where the layer is applied. mount_points:
        paths below the root that a runtime made to mount on; an empty one that the image does not have is no change.

        Raises:
            InvalidParameter: a file cannot be written in this form; the text names it.
        """
        ...

    async def commit(self, name: str, key: str, written: Written, registry: bytes = b"") -> None:
        """Turn active key, written as a layer, into committed name with registry beside it. Durable on return."""
        ...

    async def changes(
        self, key: str, form: LayerForm, mount_points: Collection[str] = (), base: str = ""
    ) -> Sequence[Change]:
        """Return what active key adds, changes and deletes, in order of the paths."""
        ...

    async def registry(self, name: str) -> Sequence[LayerRegistry]:
        """Return the registry parts of committed name's chain, lowest first; layers without one are left out."""
        ...
