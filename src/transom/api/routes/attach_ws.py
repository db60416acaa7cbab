"""GET /containers/{id}/attach/ws: the streams of a container over a web socket, raw and without frames.

Source: Docker Engine API v1.51, ContainerAttachWebsocket.
"""

import asyncio
import contextlib
from collections.abc import Awaitable
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from transom.api.query import flag
from transom.containers.container import Container
from transom.containers.repository import ContainerRepository
from transom.engine.containers.announce import Announce
from transom.engine.containers.hub import Client, Hub, Hubs
from transom.engine.containers.logs import LogQuery, ReadLogs
from transom.errors import Conflict, InvalidParameter


@dataclass(frozen=True, slots=True)
class AttachWebSocketRoutes:
    """The handler for clients in browsers."""

    containers: ContainerRepository
    hubs: Hubs
    logs: ReadLogs
    announce: Announce

    def routes(self) -> list[tuple[str, str, object]]:
        """Return (method, path, handler)."""
        return [("GET", "/containers/{id}/attach/ws", self.attach)]

    async def attach(self, request: web.Request) -> web.StreamResponse:
        """GET /containers/{id}/attach/ws."""
        container = self.containers.get(request.match_info["id"])
        if container.status.value == "paused":
            raise Conflict(f"container {container.id} is paused, unpause the container before attach")
        query = request.query
        wants = (flag(query, "stdout"), flag(query, "stderr"))
        socket = web.WebSocketResponse(max_msg_size=1 << 20)
        if not socket.can_prepare(request):
            raise InvalidParameter("this path is for web sockets: use POST attach for anything else")
        hub = self.hubs.hub(container.id)
        client = hub.join()
        try:
            await socket.prepare(request)
            self.announce("attach", container)
            if flag(query, "logs"):
                async for record in self.logs(container, LogQuery(stdout=wants[0], stderr=wants[1])):
                    await socket.send_bytes(record.data)
            if flag(query, "stream"):
                stdin = flag(query, "stdin") and container.config.open_stdin
                await _carry(socket, hub, client, container, wants, stdin=stdin)
        finally:
            hub.leave(client)
        await socket.close()
        return socket


async def _carry(
    socket: web.WebSocketResponse,
    hub: Hub,
    client: Client,
    container: Container,
    wants: tuple[bool, bool],
    *,
    stdin: bool,
) -> None:
    """Carry output to the socket until either side ends, and what comes from it to the program."""

    async def send() -> None:
        async for number, data in hub.output(client):
            if container.config.tty or wants[number - 1]:
                await socket.send_bytes(data)

    async def receive() -> None:
        async for message in socket:
            if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                return
            if stdin:
                data = message.data
                await hub.write(data.encode() if isinstance(data, str) else data)

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_quietly(send()), name="output"),
            group.create_task(_quietly(receive()), name="input"),
        ]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


async def _quietly(work: Awaitable[None]) -> None:
    with contextlib.suppress(ConnectionError):  # one side has gone, as either may
        await work
