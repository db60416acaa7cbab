"""A machine's first Windows base, made while an image is pulled."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from transom.engine.bases.choose import ChooseBase
from transom.engine.bases.prepare import ITEM, PrepareBase
from transom.errors import NotFound, Unavailable
from transom.execution.bases import BaseInfo, BaseOptions, BaseProgress, Progress
from transom.model.ids import Digest

INFO = BaseInfo(Digest("sha256:" + "1" * 64), "10.0", (), (), 178_000_000, 34_000_000, 1.0, "2026-01-01T00:00:00Z")


@dataclass
class Bases:
    """A store and a builder; refusal: what the builder raises."""

    kept: list[BaseInfo] = field(default_factory=list)
    refusal: str = ""
    builds: int = 0

    async def list(self) -> Sequence[BaseInfo]:
        return self.kept

    async def get(self, ref: str) -> BaseInfo:
        if not self.kept:
            raise NotFound("there is no base")
        return self.kept[0]

    async def build(self, options: BaseOptions, progress: Progress) -> BaseInfo:
        self.builds += 1
        await asyncio.sleep(0)
        if self.refusal:
            raise Unavailable(self.refusal)
        for each in (BaseProgress("index"), BaseProgress("download", 5, 10), BaseProgress("registry")):
            await asyncio.to_thread(progress, each)
        self.kept.append(INFO)
        return INFO


async def prepared(bases: Bases) -> list[Mapping[str, Any]]:
    """Return what a pull tells, without the bars' drawings."""
    told: list[Mapping[str, Any]] = []
    await PrepareBase(ChooseBase(bases, bases))(told.append)  # type: ignore[arg-type]
    return [{name: value for name, value in each.items() if name != "progress"} for each in told]


async def test_each_step_is_told_while_it_is_made() -> None:
    assert await prepared(Bases()) == [
        {"status": "Reading Debian's package index", "id": ITEM},
        {"status": "Downloading", "progressDetail": {"current": 5, "total": 10}, "id": ITEM},
        {"status": "Setting up Wine", "id": ITEM},
        {"status": "Ready: Wine 10.0, 178MB", "id": ITEM},
    ]


async def test_nothing_is_told_where_there_is_one() -> None:
    bases = Bases([INFO])
    assert (await prepared(bases), bases.builds) == ([], 0)


async def test_pull_goes_on_where_none_can_be_made() -> None:
    (told,) = await prepared(Bases(refusal="the mirror does not answer"))
    assert told["status"] == (
        "The Windows base could not be made: the mirror does not answer; the first Windows container tries again"
    )


async def test_container_and_pull_that_want_one_at_once_have_one_made() -> None:
    bases = Bases()
    choose = ChooseBase(bases, bases)  # type: ignore[arg-type]
    told: list[Mapping[str, Any]] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(PrepareBase(choose)(told.append))
        chosen = group.create_task(choose.choose(""))
    assert (bases.builds, chosen.result()) == (1, INFO.digest)
