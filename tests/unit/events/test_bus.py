"""Publishing never waits; who lags is told."""

import pytest
from tests.support.clock import FixedClock

from transom.errors import Unavailable
from transom.events import bus as module
from transom.events.bus import EventBus


async def test_reader_gets_what_follows_and_nothing_before() -> None:
    bus = EventBus(FixedClock())
    bus.publish("container", "create", "1", {})

    async with bus.subscribe() as reader:
        bus.publish("container", "start", "1", {"name": "web"})
        event = await reader.next()

    assert (event.action, event.attributes) == ("start", {"name": "web"})
    assert [each.action for each in bus.past()] == ["create", "start"]


async def test_reader_that_lags_gets_all_up_to_the_gap_and_is_told() -> None:
    bus = EventBus(FixedClock())

    async with bus.subscribe() as reader:
        for number in range(module.BACKLOG + 1):
            bus.publish("container", "start", str(number), {})
        first = [(await reader.next()).actor_id for _ in range(10)]
        bus.publish("container", "start", "late", {})
        rest = [(await reader.next()).actor_id for _ in range(module.BACKLOG - 10)]
        with pytest.raises(Unavailable):
            await reader.next()

    assert [*first, *rest] == [str(number) for number in range(module.BACKLOG)]


async def test_history_is_bounded() -> None:
    bus = EventBus(FixedClock())

    for number in range(module.HISTORY + 5):
        bus.publish("container", "start", str(number), {})

    assert len(bus.past()) == module.HISTORY
    assert bus.past()[0].actor_id == "5"
