"""Outcomes of build steps in SQLite; what they hold is mirrored in memory."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Self

from transom.build.cache import CachedStep
from transom.images.repository import Held, LeaseKind
from transom.model.clock import Clock, rfc3339nano
from transom.store.database import Database


class StepTable:
    """The StepCache of one engine."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Begin empty; `load` reads."""
        self._database = database
        self._clock = clock
        self._held: dict[str, tuple[str, str]] = {}

    @classmethod
    async def load(cls, database: Database, clock: Clock) -> Self:
        """Read what the recorded steps hold."""
        table = cls(database, clock)

        def read(connection: sqlite3.Connection) -> dict[str, tuple[str, str]]:
            rows = connection.execute("SELECT key, layer, snapshot FROM build_steps")
            return {key: (layer, snapshot) for key, layer, snapshot in rows}

        table._held = await database.run(read, durable=False)
        return table

    async def find(self, key: str) -> CachedStep | None:
        """Return what was recorded last under key, and remember that it was used."""
        if key not in self._held:
            return None
        now = rfc3339nano(self._clock.now())

        def read(connection: sqlite3.Connection) -> CachedStep | None:
            row = connection.execute("SELECT config, layer, snapshot FROM build_steps WHERE key = ?", (key,)).fetchone()
            if row is None:
                return None
            connection.execute("UPDATE build_steps SET used_at = ? WHERE key = ?", (now, key))
            config, layer, snapshot = row
            return CachedStep(key, config.encode(), layer, snapshot)

        return await self._database.run(read, durable=False)

    async def add(self, step: CachedStep) -> None:
        """Record an outcome; an earlier one of the same key is forgotten."""
        row = (step.key, step.config.decode(), step.layer, step.snapshot, rfc3339nano(self._clock.now()))

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO build_steps VALUES (?, ?, ?, ?, ?)", row)

        await self._database.run(write, durable=False)
        self._held[step.key] = (step.layer, step.snapshot)

    async def prune(self, kept: frozenset[str], *, older_than_s: float) -> Sequence[str]:
        """Forget steps whose snapshot is not among kept and that were last used that long ago; return their keys."""
        oldest = rfc3339nano(self._clock.now() - timedelta(seconds=older_than_s))

        def delete(connection: sqlite3.Connection) -> list[str]:
            rows = connection.execute("SELECT key, snapshot FROM build_steps WHERE used_at <= ?", (oldest,)).fetchall()
            gone = [key for key, snapshot in rows if snapshot not in kept]
            connection.executemany("DELETE FROM build_steps WHERE key = ?", [(key,) for key in gone])
            return gone

        gone = await self._database.run(delete, durable=False)
        for key in gone:
            self._held.pop(key, None)
        return gone

    async def times(self) -> Mapping[str, tuple[str, str]]:
        """Return when each snapshot was made by a step, and when a build last asked for it, as RFC 3339 texts."""

        def read(connection: sqlite3.Connection) -> Mapping[str, tuple[str, str]]:
            rows = connection.execute(
                "SELECT snapshot, MIN(json_extract(config, '$.created')), MAX(used_at) FROM build_steps "
                "WHERE snapshot != '' GROUP BY snapshot"
            )
            return {snapshot: (created or used, used) for snapshot, created, used in rows}

        return await self._database.run(read, durable=False)

    def held(self) -> Iterable[Held]:
        """Return the snapshots and blobs that the recorded steps need, for the collection of garbage."""
        for layer, snapshot in set(self._held.values()):
            if layer:
                yield Held(LeaseKind.BLOB, layer)
            if snapshot:
                yield Held(LeaseKind.SNAPSHOT, snapshot)
