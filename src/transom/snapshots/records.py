"""SnapshotRecords: what the snapshotter writes down."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class SnapshotState(StrEnum):
    """What a snapshot's directory is good for."""

    ACTIVE = "active"
    COMMITTED = "committed"
    REMOVING = "removing"


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """One snapshot; number names its directory. Sizes are -1 until it is committed."""

    number: int
    key: str
    parent: str
    state: SnapshotState
    size_bytes: int = -1
    inodes: int = -1


class SnapshotRecords(Protocol):
    """Keeps the records; reading is from memory."""

    def find(self, key: str) -> SnapshotRecord | None:
        """Return key's record."""
        ...

    def all(self) -> Sequence[SnapshotRecord]:
        """Return every record."""
        ...

    def has_children(self, key: str) -> bool:
        """Tell whether a record has key as its parent."""
        ...

    async def add(self, key: str, parent: str) -> SnapshotRecord:
        """Record a new active snapshot.

        Raises:
            Conflict: key exists.
        """
        ...

    async def commit(self, record: SnapshotRecord, name: str, size_bytes: int, inodes: int) -> None:
        """Record that record's snapshot is committed under name. Durable on return."""
        ...

    async def mark_removing(self, record: SnapshotRecord) -> SnapshotRecord:
        """Record that the removal has begun and return the record as it is now; the key is free again."""
        ...

    async def delete(self, record: SnapshotRecord) -> None:
        """Forget record."""
        ...
