"""The event bus: publishing never waits; a reader that falls behind is dropped and told."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from transom.errors import Unavailable
from transom.events.event import Event
from transom.model.clock import Clock

HISTORY = 1024
BACKLOG = 4096


class Subscription:
    """One reader's queue of at most BACKLOG events."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(BACKLOG)
        self._overrun = False

    def offer(self, event: Event) -> None:
        """Queue event, or mark the reader as too slow: what it gets has no gap, and then an end."""
        if self._overrun:
            return
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self._overrun = True

    async def next(self) -> Event:
        """Return the next event.

        Raises:
            Unavailable: the reader fell behind and has lost events.
        """
        if self._overrun and self._queue.empty():
            raise Unavailable("events were lost: the reader is too slow")
        event = await self._queue.get()
        if event is None:
            raise Unavailable("the engine shuts down")
        return event


class EventBus:
    """Keeps the last HISTORY events and feeds subscribers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._past: deque[Event] = deque(maxlen=HISTORY)
        self._readers: set[Subscription] = set()

    def publish(self, type_: str, action: str, actor_id: str, attributes: dict[str, str]) -> None:
        """Tell everybody that action happened to an object."""
        event = Event(type_, action, actor_id, attributes, self._clock.now())
        self._past.append(event)
        for reader in self._readers:
            reader.offer(event)

    def past(self) -> list[Event]:
        """Return the events that are remembered, oldest first."""
        return list(self._past)

    def readers(self) -> int:
        """Return how many receive events."""
        return len(self._readers)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[Subscription]:
        """Receive the events from now on."""
        reader = Subscription()
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)
