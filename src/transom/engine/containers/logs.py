"""GET /containers/{id}/logs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from transom.containers.container import Container
from transom.engine.containers.run_state import RunState
from transom.errors import NotSupported
from transom.logs.record import LogRecord, nanoseconds_of, parse_lines
from transom.logs.store import LogStore


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What is asked for; times in nanoseconds since 1970, 0 means none; tail -1 means all."""

    stdout: bool = True
    stderr: bool = True
    since_ns: int = 0
    until_ns: int = 0
    tail: int = -1
    follow: bool = False


@dataclass(frozen=True, slots=True)
class ReadLogs:
    """Yields what a container has printed, and with follow what it goes on to print."""

    state: RunState
    logs: LogStore

    def check(self, ref: str) -> Container:
        """Return the container.

        Raises:
            NoSuchContainer: there is none. NotSupported: it keeps no log.
        """
        container = self.state.containers.get(ref)
        if container.host_config.log_config.type == "none":
            raise NotSupported("configured logging driver does not support reading")
        return container

    async def __call__(self, container: Container, query: LogQuery) -> AsyncGenerator[LogRecord, None]:
        """Yield records in order."""
        async with aclosing(self._records(container.id, query)) as records:
            async for record in records:
                if not (query.stdout if record.stream == 1 else query.stderr):
                    continue
                if query.since_ns and nanoseconds_of(record.time) < query.since_ns:
                    continue
                if query.until_ns and nanoseconds_of(record.time) > query.until_ns:
                    return
                yield record

    async def _records(self, container_id: str, query: LogQuery) -> AsyncGenerator[LogRecord, None]:
        reader = await self.logs.open(container_id, tail=query.tail, streams=(query.stdout, query.stderr))
        try:
            follow = query.follow
            while True:
                while block := await reader.read():
                    for record in parse_lines(block):
                        yield record
                if not follow:
                    return
                exit_ = self.state.waits.exit_of(container_id)
                current = self.state.containers.find(container_id)
                if current is None or not current.is_running:
                    exit_.cancel()
                    follow = False  # one more look: what it printed last
                else:
                    await _first(exit_, reader.changed())
        finally:
            reader.close()


async def _first(*futures: "asyncio.Future[Any]") -> None:
    """Return when one of futures is done; the others are given up."""
    try:
        await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for future in futures:
            future.cancel()
