"""Snapshot records in SQLite, mirrored in memory."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from transom.errors import Conflict
from transom.model.clock import Clock, rfc3339nano
from transom.snapshots.records import SnapshotRecord, SnapshotState
from transom.store.database import Database


class SnapshotTable:
    """The SnapshotRecords of one engine."""

    def __init__(self, database: Database, clock: Clock, records: Sequence[SnapshotRecord]) -> None:
        self._database = database
        self._clock = clock
        self._by_key = {record.key: record for record in records}
        self._children = Counter(record.parent for record in records if record.parent)

    @classmethod
    async def load(cls, database: Database, clock: Clock) -> Self:
        """Read all records."""

        def read(connection: sqlite3.Connection) -> list[SnapshotRecord]:
            rows = connection.execute("SELECT number, key, parent, state, size_bytes, inodes FROM snapshots")
            return [SnapshotRecord(row[0], row[1], row[2], SnapshotState(row[3]), row[4], row[5]) for row in rows]

        return cls(database, clock, await database.run(read, durable=False))

    def find(self, key: str) -> SnapshotRecord | None:
        """Return key's record."""
        return self._by_key.get(key)

    def all(self) -> Sequence[SnapshotRecord]:
        """Return every record."""
        return list(self._by_key.values())

    def has_children(self, key: str) -> bool:
        """Tell whether a record has key as its parent."""
        return self._children[key] > 0

    async def add(self, key: str, parent: str) -> SnapshotRecord:
        """Record a new active snapshot."""
        now = rfc3339nano(self._clock.now())

        def insert(connection: sqlite3.Connection) -> int:
            try:
                cursor = connection.execute(
                    "INSERT INTO snapshots (key, parent, state, created_at) VALUES (?, ?, ?, ?)",
                    (key, parent, SnapshotState.ACTIVE, now),
                )
            except sqlite3.IntegrityError:
                raise Conflict(f"snapshot {key} exists") from None
            return cursor.lastrowid or 0

        record = SnapshotRecord(await self._database.run(insert, durable=False), key, parent, SnapshotState.ACTIVE)
        self._by_key[key] = record
        self._children[parent] += bool(parent)
        return record

    async def commit(self, record: SnapshotRecord, name: str, size_bytes: int, inodes: int) -> None:
        """Record that record's snapshot is committed under name."""
        await self._database.run(
            lambda connection: (
                connection.execute(
                    "UPDATE snapshots SET key = ?, state = ?, size_bytes = ?, inodes = ? WHERE number = ?",
                    (name, SnapshotState.COMMITTED, size_bytes, inodes, record.number),
                ).rowcount
            ),
            durable=True,
        )
        del self._by_key[record.key]
        self._by_key[name] = replace(
            record, key=name, state=SnapshotState.COMMITTED, size_bytes=size_bytes, inodes=inodes
        )

    async def mark_removing(self, record: SnapshotRecord) -> SnapshotRecord:
        """Record that the removal has begun; the key is free again."""
        key = f"removing-{record.number}"
        await self._database.run(
            lambda connection: (
                connection.execute(
                    "UPDATE snapshots SET key = ?, state = ?, parent = '' WHERE number = ?",
                    (key, SnapshotState.REMOVING, record.number),
                ).rowcount
            ),
            durable=False,
        )
        del self._by_key[record.key]
        self._children[record.parent] -= bool(record.parent)
        self._by_key[key] = replace(record, key=key, parent="", state=SnapshotState.REMOVING)
        return self._by_key[key]

    async def delete(self, record: SnapshotRecord) -> None:
        """Forget record."""
        await self._database.run(
            lambda connection: connection.execute("DELETE FROM snapshots WHERE number = ?", (record.number,)).rowcount,
            durable=False,
        )
        if self._by_key.pop(record.key, None) is not None:
            self._children[record.parent] -= bool(record.parent)
