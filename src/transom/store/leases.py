"""Leases in SQLite: what they hold survives the process that took them until they expire."""

import asyncio
import secrets
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from transom.aio.finish import finish
from transom.images.repository import Held, LeaseKind
from transom.model.clock import Clock, rfc3339nano
from transom.store.database import Database

RETRY = "retry"
"""The purpose of leases that outlive their holders."""
_LIFETIME = timedelta(hours=24)
_RELEASE_TIMEOUT_S = 10.0


class TableLease:
    """One lease."""

    def __init__(self, database: Database, lease_id: str, collecting: asyncio.Lock) -> None:
        self._database = database
        self._collecting = collecting
        self._id = lease_id

    async def hold(self, kind: LeaseKind, key: str) -> None:
        """Keep key, whether it is there already or not."""
        row = (self._id, kind, key)
        async with self._collecting:
            await self._database.run(
                lambda connection: (
                    connection.execute("INSERT OR IGNORE INTO lease_items VALUES (?, ?, ?)", row).rowcount
                ),
                durable=False,
            )


class LeaseTable:
    """The Leases of one engine."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use database's tables."""
        self._database = database
        self._clock = clock
        self._collecting = asyncio.Lock()

    @asynccontextmanager
    async def lease(self, purpose: str) -> AsyncIterator[TableLease]:
        """Hold things until the block ends."""
        lease_id = secrets.token_hex(8)
        expires = rfc3339nano(self._clock.now() + _LIFETIME)
        await self._execute("INSERT INTO leases VALUES (?, ?, ?)", lease_id, purpose, expires)
        try:
            yield TableLease(self._database, lease_id, self._collecting)
        finally:
            release = self._execute("DELETE FROM leases WHERE id = ?", lease_id)
            await finish(release, timeout_s=_RELEASE_TIMEOUT_S)

    async def keep(self, kind: LeaseKind, key: str) -> None:
        """Keep key for a day, whatever becomes of its lease and of this process."""
        lease_id = f"{RETRY}-{key}"
        expires = rfc3339nano(self._clock.now() + _LIFETIME)

        def run(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?)", (lease_id, RETRY, expires))
            connection.execute("INSERT OR IGNORE INTO lease_items VALUES (?, ?, ?)", (lease_id, kind, key))

        async with self._collecting:
            await self._database.run(run, durable=False)

    async def forget(self, keys: Sequence[str] | None = None) -> None:
        """Keep keys no longer; without keys, nothing of what `keep` was told."""
        if keys is None:
            await self._execute("DELETE FROM leases WHERE purpose = ?", RETRY)
            return

        def run(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM leases WHERE id = ?", [(f"{RETRY}-{key}",) for key in keys])

        await self._database.run(run, durable=False)

    @asynccontextmanager
    async def collecting(self) -> AsyncIterator[frozenset[Held]]:
        """Give what all present leases hold, and make new holds wait until the block ends; expired ones are gone."""
        async with self._collecting:
            yield await self._held()

    async def _held(self) -> frozenset[Held]:
        now = rfc3339nano(self._clock.now())

        def read(connection: sqlite3.Connection) -> frozenset[Held]:
            connection.execute("DELETE FROM leases WHERE expires_at < ?", (now,))
            rows = connection.execute("SELECT DISTINCT kind, key FROM lease_items")
            return frozenset(Held(LeaseKind(kind), key) for kind, key in rows)

        return await self._database.run(read, durable=False)

    async def recover(self) -> None:
        """Forget every lease whose holder is gone, which leaves what `keep` was told. For the boot."""
        await self._execute("DELETE FROM leases WHERE purpose != ?", RETRY)

    async def _execute(self, statement: str, *values: str) -> None:
        def run(connection: sqlite3.Connection) -> None:
            connection.execute(statement, values)

        await self._database.run(run, durable=False)
