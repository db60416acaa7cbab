"""GET /containers/{id}/logs."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from transom.containers.container import Container
from transom.engine.containers.places import Places
from transom.engine.containers.run_state import RunState
from transom.errors import NotSupported
from transom.logs.record import LogRecord, parse_lines, seconds_of

_BLOCK = 1 << 18
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What is asked for; times in seconds since 1970, 0 means none; tail -1 means all."""

    stdout: bool = True
    stderr: bool = True
    since: float = 0
    until: float = 0
    tail: int = -1
    follow: bool = False


@dataclass(frozen=True, slots=True)
class ReadLogs:
    """Yields what a container has printed, and with follow what it goes on to print."""

    state: RunState
    places: Places

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
        path = self.places.log(container.id)
        start = await asyncio.to_thread(_tail_offset, path, query) if query.tail >= 0 else 0
        async with aclosing(self._records(container.id, path, start, query.follow)) as records:
            async for record in records:
                if not (query.stdout if record.stream == 1 else query.stderr):
                    continue
                if query.since and seconds_of(record.time) < query.since:
                    continue
                if query.until and seconds_of(record.time) > query.until:
                    return
                yield record

    async def _records(self, container_id: str, path: str, start: int, follow: bool) -> AsyncGenerator[LogRecord, None]:
        offset, rest = start, b""
        while True:
            current = self.state.containers.find(container_id)
            ended = current is None or not current.is_running
            block = await asyncio.to_thread(_read, path, offset)
            offset += len(block)
            whole, newline, rest = (rest + block).rpartition(b"\n")
            for record in parse_lines(whole + newline):
                yield record
            if block:
                continue
            if not follow or ended:
                return
            exit_ = self.state.waits.exit_of(container_id)
            await asyncio.wait({exit_}, timeout=_POLL_S)
            exit_.cancel()


def _read(path: str, offset: int) -> bytes:
    try:
        with open(path, "rb") as file:
            return os.pread(file.fileno(), _BLOCK, offset)
    except FileNotFoundError:
        return b""


def _tail_offset(path: str, query: LogQuery) -> int:
    """Return where the last query.tail lines of the wanted streams begin; a line may be several partial records."""
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if query.tail == 0:
                return size
            position, lines, rest = size, 0, b""
            while position > 0:
                step = min(_BLOCK, position)
                position -= step
                data = os.pread(file.fileno(), step, position) + rest
                cut = data.find(b"\n") + 1 if position else 0
                found = _count_back(data[cut:], query, lines)
                if isinstance(found, int):
                    return position + cut + found
                lines, rest = found[0], data[:cut]
            return 0
    except FileNotFoundError:
        return 0


def _count_back(data: bytes, query: LogQuery, seen: int) -> int | tuple[int]:
    """Return the offset in data where the tail begins, or (lines seen) if it begins earlier."""
    end = len(data)
    while end > 0:
        begin = data.rfind(b"\n", 0, end - 1) + 1
        head = data[begin : begin + 64].split(b" ", 3)
        wanted = len(head) > 2 and (query.stdout if head[1] == b"stdout" else query.stderr)
        if wanted and head[2] == b"F":
            seen += 1
            if seen > query.tail:
                return end
        end = begin
    return (seen,)
