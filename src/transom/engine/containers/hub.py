"""Attached streams: one reader drains the container for all clients, and a client that lags goes on from the log.

The monitor's writes to its socket block, so the engine must never stop reading: a slow client would else stop the
program. What a client has not taken is bounded; beyond that it is counted, and read back from the log, which the
monitor writes first.
"""

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import AsyncIterator, Callable

from transom.errors import Conflict
from transom.execution.stdio import Stdio
from transom.logs.record import parse_lines

BACKLOG_BYTES = 4 << 20
_BLOCK = 1 << 20


class Client:
    """One attached client."""

    def __init__(self) -> None:
        self._queue: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._wake = asyncio.Event()
        self.ended = False
        self.lagging = False
        self.taken = [0, 0, 0]
        """Bytes of each stream put into the queue so far, from the log's start of this run."""

    def offer(self, stream: int, data: bytes) -> None:
        """Queue data unless the client lags."""
        if self.lagging:
            self._wake.set()
            return
        if self._size + len(data) > BACKLOG_BYTES:
            self.lagging = True
        else:
            self._queue.append((stream, data))
            self._size += len(data)
            self.taken[stream] += len(data)
        self._wake.set()

    def end(self) -> None:
        """There will be no more."""
        self.ended = True
        self._wake.set()

    def pop(self) -> tuple[int, bytes] | None:
        """Return the next piece that is queued."""
        if not self._queue:
            return None
        stream, data = self._queue.popleft()
        self._size -= len(data)
        return stream, data

    async def wait(self) -> None:
        """Return when there is something new."""
        await self._wake.wait()
        self._wake.clear()


class Hub:
    """The streams of one container, before, during and after its run."""

    def __init__(self, log_path: str) -> None:
        self._log_path = log_path
        self._log_start = 0
        self._clients: set[Client] = set()
        self._stdio: Stdio | None = None
        self._connected = asyncio.Event()
        self._totals = [0, 0, 0]

    @property
    def is_connected(self) -> bool:
        """Whether the container's streams are being drained."""
        return self._stdio is not None

    def connect(self, stdio: Stdio) -> None:
        """Take the container's streams; `drain` has to be running from now on."""
        with contextlib.suppress(OSError):
            self._log_start = os.stat(self._log_path).st_size
        self._totals = [0, 0, 0]
        for client in self._clients:
            client.taken = [0, 0, 0]
        self._stdio = stdio
        self._connected.set()

    async def drain(self) -> None:
        """Read the streams to their end and give every client what it says."""
        stdio = self._stdio
        if stdio is None:
            return
        try:
            while (piece := await stdio.read()) is not None:
                stream, data = piece
                self._totals[stream] += len(data)
                for client in self._clients:
                    client.offer(stream, data)
        finally:
            await stdio.close()
            self._stdio = None
            self._connected.clear()
            self.end()

    def end(self) -> None:
        """Tell every client that there will be no more: the program has ended, or will never start."""
        for client in self._clients:
            client.end()
        self._clients.clear()

    async def write(self, data: bytes) -> None:
        """Send to stdin, once there is one.

        Raises:
            ConnectionError: nobody reads any more.
        """
        await self._connected.wait()
        if self._stdio is None:
            raise ConnectionError("the program has ended")
        await self._stdio.write(data)

    async def close_stdin(self) -> None:
        """Half-close stdin, once there is one."""
        await self._connected.wait()
        if self._stdio is not None:
            await self._stdio.close_stdin()

    def join(self) -> Client:
        """Add a client that receives all output from now on."""
        client = Client()
        client.taken = list(self._totals)
        self._clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        """Remove a client."""
        self._clients.discard(client)

    async def output(self, client: Client) -> AsyncIterator[tuple[int, bytes]]:
        """Yield (stream, bytes) for client until the end."""
        while True:
            while (piece := client.pop()) is not None:
                yield piece
            if client.lagging:
                async for piece in self._from_log(client):
                    yield piece
                client.lagging = False
                continue
            if client.ended:
                return
            await client.wait()

    async def _from_log(self, client: Client) -> AsyncIterator[tuple[int, bytes]]:
        """Yield what the log has beyond what client took, until it has caught up."""
        skip = list(client.taken)
        with open(self._log_path, "rb") as log:  # noqa: ASYNC230  (opening blocks for microseconds)
            log.seek(self._log_start)
            rest = b""
            while True:
                block = await asyncio.to_thread(log.read, _BLOCK)
                whole, newline, rest = (rest + block).rpartition(b"\n")
                for record in parse_lines(whole + newline):
                    passed = min(skip[record.stream], len(record.data))
                    skip[record.stream] -= passed
                    data = record.data[passed:]
                    if data:
                        client.taken[record.stream] += len(data)
                        yield record.stream, data
                if not block and all(map(_reached, client.taken, self._totals)):
                    return
                if not block:
                    await client.wait()


def _reached(taken: int, total: int) -> bool:
    return taken >= total


class Hubs:
    """One hub per container that anybody is interested in."""

    def __init__(self, log_path: Callable[[str], str]) -> None:
        self._log_path = log_path
        self._hubs: dict[str, Hub] = {}

    def hub(self, container_id: str) -> Hub:
        """Return the container's hub, made if need be."""
        hub = self._hubs.get(container_id)
        if hub is None:
            hub = self._hubs[container_id] = Hub(self._log_path(container_id))
        return hub

    def connected(self, container_id: str) -> Hub:
        """Return the hub of a running container.

        Raises:
            Conflict: it does not run.
        """
        hub = self._hubs.get(container_id)
        if hub is None or not hub.is_connected:
            raise Conflict(f"Container {container_id} is not running")
        return hub

    def drop(self, container_id: str) -> None:
        """Forget a removed container's hub."""
        hub = self._hubs.pop(container_id, None)
        if hub is not None:
            hub.end()
