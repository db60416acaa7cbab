"""The engine's records: one SQLite file, one connection, one thread."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Self, TypeVar

from transom.aio.complete import complete
from transom.errors import Conflict, Unavailable
from transom.store.migrations import migrate
from transom.store.reserve import Reserve

log = logging.getLogger(__name__)
T = TypeVar("T")

RESERVE_BYTES = 4 << 20
"""Set aside for the write-ahead log on a full disk: records of what is removed are small."""


class Database:
    """Runs functions over the connection, one at a time, each in a transaction of its own.

    The file is locked while it is open: a second engine on the same data root is refused, and after kill -9 the lock
    is gone with its owner.
    """

    def __init__(self, path: str) -> None:
        """Remember path; `open` does the work."""
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database")
        self._connection: sqlite3.Connection | None = None
        self._durable = True
        self._reserve = Reserve(f"{path}-reserve", RESERVE_BYTES)

    @classmethod
    async def open(cls, path: str) -> Self:
        """Open or create the file and bring it to the newest schema.

        Raises:
            Conflict: another engine has it open, or a newer one wrote it.
            Unavailable: the file cannot be read or written.
        """
        database = cls(path)
        try:
            await complete(asyncio.get_running_loop().run_in_executor(database._thread, database._open))
        except BaseException:
            database._thread.shutdown(wait=False)
            raise
        return database

    async def run(self, work: Callable[[sqlite3.Connection], T], *, durable: bool) -> T:
        """Return work(connection), run in the database's thread inside one transaction.

        An exception rolls the transaction back and passes on. durable=True: on return the change survives a power
        loss; False: it survives kill -9, and a power loss once any durable change has followed. A cancel is put off
        until the transaction has ended, so the caller always knows whether it did.

        Raises:
            Unavailable: SQLite failed (disk full, I/O error).
        """
        loop = asyncio.get_running_loop()
        return await complete(loop.run_in_executor(self._thread, self._transact, work, durable))

    async def close(self) -> None:
        """Write the log back into the file and close it; repeatable."""
        await complete(asyncio.get_running_loop().run_in_executor(self._thread, self._close))
        self._thread.shutdown(wait=True)

    def _open(self) -> None:
        try:
            connection = sqlite3.connect(self._path, timeout=1.0, isolation_level=None)
        except sqlite3.Error as exc:
            raise Unavailable(f"cannot open {self._path}: {exc}") from exc
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            migrate(connection)
        except sqlite3.Error as exc:
            connection.close()
            if exc.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise Conflict(f"{self._path} is in use by another engine") from exc
            raise Unavailable(f"cannot open {self._path}: {exc}") from exc
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def _transact(self, work: Callable[[sqlite3.Connection], T], durable: bool) -> T:
        try:
            result = self._attempt(work, durable)
        except Unavailable as exc:
            if not (_is_full(exc.__cause__) and self._reserve.release()):
                raise
            log.error("the disk is full: space set aside for records is used up now", extra={"file": self._path})
            return self._attempt(work, durable)
        self._reserve.take()
        return result

    def _attempt(self, work: Callable[[sqlite3.Connection], T], durable: bool) -> T:
        connection = self._connection
        if connection is None:
            raise Unavailable("the engine is shutting down")
        try:
            if durable is not self._durable:
                connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                self._durable = durable
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as exc:
            raise Unavailable(f"database: {exc}") from exc
        return result

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error:
            log.warning("the write-ahead log was not written back", exc_info=True)
        connection.close()


def _is_full(error: BaseException | None) -> bool:
    return isinstance(error, sqlite3.Error) and error.sqlite_errorcode in {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_WRITE,
    }
