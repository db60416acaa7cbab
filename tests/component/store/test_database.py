import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from transom.errors import Conflict, Unavailable
from transom.store.database import Database
from transom.store.migrations import Migration, migrate, migrations


async def test_run_failing_work_is_rolled_back(tmp_path: Path) -> None:
    database = await Database.open(str(tmp_path / "t.db"))

    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO leases VALUES ('a', 'p', 'never')")
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        await database.run(half, durable=True)

    assert await database.run(lambda c: c.execute("SELECT count(*) FROM leases").fetchone()[0], durable=False) == 0
    await database.close()


async def test_run_sqlite_error_becomes_unavailable(tmp_path: Path) -> None:
    database = await Database.open(str(tmp_path / "t.db"))
    with pytest.raises(Unavailable):
        await database.run(lambda c: c.execute("SELECT * FROM nowhere"), durable=False)
    await database.close()


async def test_open_twice_is_conflict(tmp_path: Path) -> None:
    database = await Database.open(str(tmp_path / "t.db"))
    with pytest.raises(Conflict, match="in use by another engine"):
        await Database.open(str(tmp_path / "t.db"))
    await database.close()
    again = await Database.open(str(tmp_path / "t.db"))
    await again.close()


async def test_run_cancelled_while_working_ends_the_work_and_cancels_later(tmp_path: Path) -> None:
    database = await Database.open(str(tmp_path / "t.db"))
    started = asyncio.Event()
    loop = asyncio.get_running_loop()
    release = threading.Event()
    steps: list[str] = []

    def slow(connection: sqlite3.Connection) -> str:
        loop.call_soon_threadsafe(started.set)
        release.wait(10)
        connection.execute("INSERT INTO leases VALUES ('a', 'p', 'never')")
        return "done"

    async def caller() -> None:
        steps.append(await database.run(slow, durable=True))
        steps.append("pushed its undo")
        await asyncio.sleep(0)
        steps.append("not reached")

    task = asyncio.ensure_future(caller())
    await started.wait()
    task.cancel()
    await asyncio.sleep(0)
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert steps == ["done", "pushed its undo"]
    await database.close()


async def test_run_under_timeout_reports_the_timeout(tmp_path: Path) -> None:
    database = await Database.open(str(tmp_path / "t.db"))
    release = threading.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            asyncio.get_running_loop().call_later(0.05, release.set)
            await database.run(lambda c: release.wait(10), durable=False)
            await asyncio.sleep(0)
    await database.close()


def test_migrate_from_unknown_newer_schema_is_conflict() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    connection.execute("INSERT INTO migrations VALUES (9999, 'm9999_future')")
    with pytest.raises(Conflict, match="newer version"):
        migrate(connection)
    connection.close()


def test_migrate_failing_change_leaves_the_ones_before() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)

    def breaks(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (x)")
        raise RuntimeError("broken")

    known = [*migrations(), Migration(9998, "m9998_breaks", breaks)]
    with pytest.raises(RuntimeError, match="broken"):
        migrate(connection, known)

    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert "images" in tables
    assert "half" not in tables
    connection.close()
