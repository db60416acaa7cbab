"""Attached streams: one reader drains the container for all clients, and a client that lags has its output put aside.

The monitor's writes to its socket block, so the engine must never stop reading: a slow client would else stop the
program. What a client has not taken is held in memory up to BACKLOG_BYTES and on disk from there on; one that is behind
by SPOOL_BYTES is cut off.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

from transom.containers.container import Container
from transom.engine.containers.log_limit import log_limit
from transom.errors import Conflict, Unavailable
from transom.execution.driver import ExecDriver
from transom.execution.stdio import Stdio
from transom.logs.store import LogStore, Spool

log = logging.getLogger(__name__)

BACKLOG_BYTES = 1 << 20
SPOOL_BYTES = 4 << 30


class Client:
    """One attached client."""

    def __init__(self, make_spool: Callable[[], Spool]) -> None:
        self._make_spool = make_spool
        self._queue: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._wake = asyncio.Event()
        self._spool: Spool | None = None
        self._ended = False
        self._cut_off = False

    async def offer(self, stream: int, data: bytes) -> None:
        """Take data for the client, wherever there is room."""
        if self._cut_off:
            return
        if self._spool is None and self._size + len(data) > BACKLOG_BYTES:
            self._spool = self._make_spool()
        if self._spool is None:
            self._queue.append((stream, data))
            self._size += len(data)
        else:
            await self._put_aside(self._spool, stream, data)
        self._wake.set()

    async def _put_aside(self, spool: Spool, stream: int, data: bytes) -> None:
        try:
            if spool.size_bytes > SPOOL_BYTES:
                raise Unavailable("it is too far behind")
            await spool.write(stream, data)
        except Unavailable as exc:
            log.warning("an attached client is cut off", extra={"reason": str(exc)})
            self._cut_off = True

    def end(self) -> None:
        """There will be no more."""
        self._ended = True
        self._wake.set()

    def close(self) -> None:
        """Let go of what is on disk."""
        self._cut_off = True
        if self._spool is not None:
            self._spool.close()
            self._spool = None

    async def pieces(self) -> AsyncIterator[tuple[int, bytes]]:
        """Yield (stream, bytes) until the end.

        Raises:
            ConnectionAbortedError: the client is cut off.
        """
        while True:
            while self._queue:
                stream, data = self._queue.popleft()
                self._size -= len(data)
                yield stream, data
            spool = self._spool
            if spool is not None:
                aside = await spool.read()
                for piece in aside:
                    yield piece
                if not aside and spool.size_bytes == 0:
                    spool.close()
                    self._spool = None
                    continue
                if aside:
                    continue
            if self._cut_off:
                raise ConnectionAbortedError("the client is too far behind")
            if self._ended and self._spool is None and not self._queue:
                return
            await self._wake.wait()
            self._wake.clear()


class Hub:
    """The streams of one container, before, during and after its run."""

    def __init__(self, make_spool: Callable[[], Spool]) -> None:
        self._make_spool = make_spool
        self._clients: set[Client] = set()
        self._stdio: Stdio | None = None
        self._connected = asyncio.Event()
        self._after_output: Callable[[], Awaitable[None]] | None = None

    @property
    def is_connected(self) -> bool:
        """Whether the container's streams are being drained."""
        return self._stdio is not None

    def connect(self, stdio: Stdio, after_output: Callable[[], Awaitable[None]] | None = None) -> None:
        """Take the container's streams; `drain` has to be running from now on, and calls after_output."""
        self._stdio = stdio
        self._after_output = after_output
        self._connected.set()

    async def drain(self) -> None:
        """Read the streams to their end and give every client what it says."""
        stdio = self._stdio
        if stdio is None:
            return
        try:
            while (piece := await stdio.read()) is not None:
                for client in tuple(self._clients):
                    await client.offer(*piece)
                if self._after_output is not None:
                    await self._after_output()
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
        client = Client(self._make_spool)
        self._clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        """Remove a client."""
        self._clients.discard(client)
        client.close()

    def output(self, client: Client) -> AsyncIterator[tuple[int, bytes]]:
        """Yield (stream, bytes) for client until the end."""
        return client.pieces()


class Hubs:
    """One hub per container that anybody is interested in."""

    def __init__(self, logs: LogStore) -> None:
        self._logs = logs
        self._hubs: dict[str, Hub] = {}

    def hub(self, container_id: str) -> Hub:
        """Return the container's hub, made if need be."""
        hub = self._hubs.get(container_id)
        if hub is None:
            hub = self._hubs[container_id] = Hub(self._logs.spool)
        return hub

    async def connect(self, container: Container, driver: ExecDriver) -> Hub:
        """Return the container's hub, connected to its streams; its `drain` has to run from now on."""
        hub = self.hub(container.id)
        hub.connect(await driver.stdio(container.id), log_limit(container, driver, self._logs))
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
