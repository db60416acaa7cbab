"""Outcomes of build steps in SQLite."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.clock import FixedClock

from transom.build.cache import CachedStep
from transom.images.repository import Held, LeaseKind
from transom.model.clock import rfc3339nano
from transom.store.build_cache import StepTable
from transom.store.database import Database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(str(tmp_path / "db"))
    yield database
    await database.close()


async def test_steps_are_found_again_after_a_restart(database: Database) -> None:
    table = await StepTable.load(database, FixedClock())
    step = CachedStep("k", b"{}", "sha256:blob", "sha256:chain")
    await table.add(step)
    again = await StepTable.load(database, FixedClock())
    assert await again.find("k") == step
    assert await again.find("other") is None
    assert set(again.held()) == {Held(LeaseKind.BLOB, "sha256:blob"), Held(LeaseKind.SNAPSHOT, "sha256:chain")}


async def test_prune_keeps_what_is_needed_or_was_used_lately(database: Database) -> None:
    clock = FixedClock()
    table = await StepTable.load(database, clock)
    for key in ("needed", "used", "old"):
        await table.add(CachedStep(key, b"{}", "", f"sha256:{key}"))
    clock.advance(100)
    await table.find("used")
    clock.advance(10)
    assert await table.prune(frozenset({"sha256:needed"}), older_than_s=50) == ["old"]
    assert await table.find("old") is None
    assert {held.key for held in table.held()} == {"sha256:needed", "sha256:used"}
    assert set(await table.prune(frozenset(), older_than_s=0)) == {"needed", "used"}


async def test_times_are_those_of_the_first_step_and_of_the_last_use(database: Database) -> None:
    clock = FixedClock()
    table = await StepTable.load(database, clock)
    begun = rfc3339nano(clock.now())
    await table.add(CachedStep("run", b'{"created": "2024-01-02T03:04:05Z"}', "sha256:b", "sha256:s"))
    await table.add(CachedStep("env", b'{"created": "2024-01-03T03:04:05Z"}', "", "sha256:s"))
    await table.add(CachedStep("odd", b"{}", "", "sha256:t"))
    clock.advance(100)
    await table.find("run")
    assert await table.times() == {
        "sha256:s": ("2024-01-02T03:04:05Z", rfc3339nano(clock.now())),
        "sha256:t": (begun, begun),
    }
