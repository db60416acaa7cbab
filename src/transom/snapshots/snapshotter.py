"""Snapshotter: committed snapshots are keyed by chain-id, active ones by their owner's ID."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from transom.model.mount import Mount
from transom.snapshots.layers import LayerRegistry


@dataclass(frozen=True, slots=True)
class Usage:
    """Disk space and inodes of one snapshot alone."""

    size_bytes: int
    inodes: int


class Snapshotter(Protocol):
    """Prepares, mounts and commits layered file systems.

    parent is a committed snapshot's name (a chain-id), or empty for no parent (a Windows image without layers of its
    own, a Linux image from scratch). A call returns with its effect made and recorded, or leaves nothing.
    """

    async def prepare(self, key: str, parent: str) -> None:
        """Make a writable snapshot on top of parent.

        Raises:
            NotFound: parent is unknown.
            Conflict: key exists.
        """
        ...

    async def mounts(self, key: str) -> Mount:
        """Return key's root as a Mount (overlay, or bind where there is but one layer); nothing is mounted."""
        ...

    async def view(self, parent: str) -> Mount:
        """Return a read-only root of a committed snapshot."""
        ...

    async def parent(self, key: str) -> str:
        """Return the name of key's parent, empty for none."""
        ...

    async def upper_dir(self, key: str) -> str:
        """Return the host directory that receives key's changes."""
        ...

    async def registry(self, name: str) -> Sequence[LayerRegistry]:
        """Return what each layer of a committed snapshot's chain holds of a registry, lowest first."""
        ...

    async def commit(self, name: str, key: str) -> None:
        """Turn active key into committed name; if name exists already, key is removed. Durable on return."""
        ...

    async def exists(self, name: str) -> bool:
        """Tell whether a committed snapshot has this name."""
        ...

    async def usage(self, key: str) -> Usage:
        """Return what key (active or committed) occupies, without its parents."""
        ...

    async def chain_usage(self, name: str) -> Usage:
        """Return what a committed snapshot and all its parents occupy; nothing for an empty name."""
        ...

    async def remove(self, key: str) -> None:
        """Remove an active or committed snapshot; one that is not there is no error, one with children a Conflict."""
        ...

    async def list(self) -> Sequence[str]:
        """Return every key and name, for garbage collection."""
        ...
