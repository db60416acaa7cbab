"""Workspace: a build's files. What is copied where is decided here; drivers/build does it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from transom.model.mount import Mount


@dataclass(frozen=True)
class Source:
    """One source of a copy. path: where it really is below its root. name: what it is called in the target."""

    path: str
    name: str
    is_directory: bool
    digest: str


@dataclass(frozen=True)
class Wanted:
    """Sources to be found: `/`-separated paths or patterns, in the context or in an image's root.

    folds: the guest ignores case.
    """

    keyword: str
    sources: tuple[str, ...]
    origin: Mount | None = None
    in_context: bool = True
    excludes: tuple[str, ...] = ()
    folds: bool = False


@dataclass(frozen=True)
class Put:
    """Sources to be copied.

    target: below the root, `/`-separated; a `/` at the end says that a directory is meant.
    owner: `user[:group]` in the image's terms, empty for root. mode: None for the sources' own.
    unpack: whether archives are unpacked. own_files: the sources are the workspace's own, not the context's.
    """

    sources: tuple[Source, ...]
    target: str
    origin: Mount | None = None
    own_files: bool = False
    owner: str = ""
    keep_owners: bool = False
    mode: int | None = None
    unpack: bool = False
    excludes: tuple[str, ...] = ()
    folds: bool = False


@dataclass(frozen=True)
class Layer:
    """A snapshot that is being written: its upper directory, and its parent's root (None: it has none)."""

    upper: str
    view: Mount | None


class Workspace(Protocol):
    """One build's directory; gone after `close`, or swept at the next boot."""

    async def unpack(self, archive: int) -> None:
        """Make the archive read from the descriptor the context.

        Raises:
            InvalidParameter: it is damaged or hostile, or holds too much.
        """
        ...

    async def read(self, path: str, *, limit: int) -> bytes | None:
        """Return a file of the context, None if there is none.

        Raises:
            InvalidParameter: it is longer than limit, or no file.
        """
        ...

    async def exclude(self, paths: Sequence[str]) -> None:
        """Take files out of the context."""
        ...

    async def write(self, name: str, data: bytes, *, mode: int = 0o644) -> Source:
        """Make a file of the workspace's own and return it as a source."""
        ...

    def host_path(self, source: Source) -> str:
        """Return where a file of the workspace's own lies on the host."""
        ...

    async def save(self, name: str, pieces: AsyncIterator[bytes], *, mode: int, mtime: float) -> tuple[Source, str]:
        """Make a file of the workspace's own from pieces; return it as a source, and its content's sha256.

        The caller closes pieces. An error of pieces passes on.
        """
        ...

    async def look_up(self, wanted: Wanted) -> tuple[Source, ...]:
        """Return the sources in order.

        Raises:
            NotFound: one is not there. InvalidParameter: a pattern matches nothing, a path leads outside.
        """
        ...

    async def copy(self, layer: Layer, put: Put) -> None:
        """Copy sources into the layer; cancelled or failed, what is in the upper directory has no meaning."""
        ...

    async def make_directory(self, layer: Layer, path: str, *, folds: bool) -> bool:
        """Make a directory in the layer; return False if it was there."""
        ...

    async def close(self) -> None:
        """Remove everything; repeatable."""
        ...


class Workspaces(Protocol):
    """Makes workspaces."""

    async def open(self, build_id: str) -> Workspace:
        """Make an empty one."""
        ...

    async def sweep(self) -> int:
        """Remove what builds of an earlier run left; return how many there were. For the boot."""
        ...
