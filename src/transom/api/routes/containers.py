"""Tag Container: create, start, stop, remove, list, inspect, logs, attach, wait and so on."""

from contextlib import aclosing
from dataclasses import dataclass

import msgspec
from aiohttp import web

from transom.aio.operations import Operations
from transom.api.pump import pump
from transom.api.query import flag, moment_ns, number, side
from transom.api.stream import MULTIPLEXED, RAW, Hijacked, HijackResponse, frame, hijack, start_stream
from transom.containers.container import Container
from transom.containers.filters import KNOWN, parse_filters
from transom.containers.repository import ContainerRepository
from transom.engine.containers.announce import Announce
from transom.engine.containers.create import CreateContainer
from transom.engine.containers.hub import Hubs
from transom.engine.containers.inspect import InspectContainer
from transom.engine.containers.list import ListContainers
from transom.engine.containers.logs import LogQuery, ReadLogs
from transom.engine.containers.remove import RemoveContainer
from transom.engine.containers.start import StartContainer
from transom.engine.containers.stop import (
    KillContainer,
    PauseContainer,
    RenameContainer,
    ResizeContainer,
    RestartContainer,
    StopContainer,
)
from transom.engine.containers.waits import Condition, WaitContainer
from transom.errors import Conflict, InvalidParameter, NotSupported
from transom.logs.record import LogRecord, utc_time
from transom.wire.containers import CreateRequest, CreateResponse
from transom.wire.shape import parse

JSON_LIMIT = 4 << 20


def json(value: object, *, status: int = 200) -> web.Response:
    """Return value as an answer."""
    return web.Response(body=msgspec.json.encode(value) + b"\n", status=status, content_type="application/json")


async def body(request: web.Request) -> bytes:
    """Return a JSON request's body.

    Raises:
        InvalidParameter: it is larger than JSON_LIMIT.
    """
    data = await request.content.read(JSON_LIMIT + 1)
    while len(data) <= JSON_LIMIT and not request.content.at_eof():
        data += await request.content.read(JSON_LIMIT + 1 - len(data))
    if len(data) > JSON_LIMIT:
        raise InvalidParameter(f"the request's body is larger than {JSON_LIMIT} bytes")
    return data


@dataclass(frozen=True, slots=True)
class ContainerRoutes:
    """Handlers of /containers."""

    containers: ContainerRepository
    create_: CreateContainer
    start_: StartContainer
    stop_: StopContainer
    kill_: KillContainer
    restart_: RestartContainer
    pause_: PauseContainer
    resize_: ResizeContainer
    rename_: RenameContainer
    remove_: RemoveContainer
    wait_: WaitContainer
    logs_: ReadLogs
    inspect_: InspectContainer
    list_: ListContainers
    hubs: Hubs
    operations: Operations
    announce: Announce

    def routes(self) -> list[tuple[str, str, object]]:
        """Return (method, path, handler)."""
        one = "/containers/{id}"
        return [
            ("GET", "/containers/json", self.list),
            ("POST", "/containers/create", self.create),
            ("GET", f"{one}/json", self.inspect),
            ("POST", f"{one}/start", self.start),
            ("POST", f"{one}/stop", self.stop),
            ("POST", f"{one}/restart", self.restart),
            ("POST", f"{one}/kill", self.kill),
            ("POST", f"{one}/pause", self.pause),
            ("POST", f"{one}/unpause", self.unpause),
            ("POST", f"{one}/resize", self.resize),
            ("POST", f"{one}/rename", self.rename),
            ("POST", f"{one}/wait", self.wait),
            ("POST", f"{one}/attach", self.attach),
            ("GET", f"{one}/logs", self.logs),
            ("DELETE", one, self.remove),
        ]

    async def list(self, request: web.Request) -> web.Response:
        """GET /containers/json."""
        query = request.query
        filters = parse_filters(query.get("filters", ""), KNOWN)
        return json(
            await self.list_(filters, all_=flag(query, "all"), limit=number(query, "limit"), size=flag(query, "size"))
        )

    async def create(self, request: web.Request) -> web.Response:
        """POST /containers/create."""
        shape = parse(await body(request), CreateRequest)
        work = self.create_(shape, name=request.query.get("name", ""), platform=request.query.get("platform", ""))
        created = await self.operations.run(work, name="create")
        return json(CreateResponse(id=created.container.id, warnings=created.warnings), status=201)

    async def inspect(self, request: web.Request) -> web.Response:
        """GET /containers/{id}/json."""
        return json(await self.inspect_(_id(request), size=flag(request.query, "size")))

    async def start(self, request: web.Request) -> web.Response:
        """POST /containers/{id}/start."""
        if request.query.get("checkpoint"):
            raise NotSupported("checkpoints are not supported: start the container without --checkpoint")
        done = await self.operations.run(self.start_(_id(request)), name="start")
        return web.Response(status=204 if done else 304)

    async def stop(self, request: web.Request) -> web.Response:
        """POST /containers/{id}/stop."""
        work = self.stop_(_id(request), timeout_s=_patience(request), signal=request.query.get("signal", ""))
        done = await self.operations.run(work, name="stop")
        return web.Response(status=204 if done else 304)

    async def restart(self, request: web.Request) -> web.Response:
        """POST /containers/{id}/restart."""
        work = self.restart_(_id(request), timeout_s=_patience(request), signal=request.query.get("signal", ""))
        await self.operations.run(work, name="restart")
        return web.Response(status=204)

    async def kill(self, request: web.Request) -> web.Response:
        """POST /containers/{id}/kill."""
        work = self.kill_(_id(request), request.query.get("signal") or "SIGKILL")
        await self.operations.run(work, name="kill")
        return web.Response(status=204)

    async def pause(self, request: web.Request) -> web.Response:
        """POST /containers/{id}/pause."""
        await self.operations.run(self.pause_(_id(request)), name="pause")
        return web.Response(status=204)

    async def unpause(self, request: web.Request) -> web.Response:
        """POST /containers/{id}/unpause."""
        await self.operations.run(self.pause_(_id(request), thaw=True), name="unpause")
        return web.Response(status=204)

    async def resize(self, request: web.Request) -> web.Response:
        """POST /containers/{id}/resize."""
        await self.resize_(_id(request), side(request.query, "h"), side(request.query, "w"))
        return web.Response(status=200)

    async def rename(self, request: web.Request) -> web.Response:
        """POST /containers/{id}/rename."""
        await self.operations.run(self.rename_(_id(request), request.query.get("name", "")), name="rename")
        return web.Response(status=204)

    async def remove(self, request: web.Request) -> web.Response:
        """DELETE /containers/{id}."""
        if flag(request.query, "link"):
            raise NotSupported("--link is not supported: links are, and were, never made")
        work = self.remove_(_id(request), force=flag(request.query, "force"), volumes=flag(request.query, "v"))
        await self.operations.run(work, name="remove")
        return web.Response(status=204)

    async def wait(self, request: web.Request) -> web.StreamResponse:
        """POST /containers/{id}/wait: the headers go out at once, since the CLI waits before it starts."""
        text = request.query.get("condition") or Condition.NOT_RUNNING
        if text not in set(Condition):
            raise InvalidParameter(f'invalid condition: "{text}"')
        future = self.wait_(_id(request), Condition(text))
        try:
            response = await start_stream(request, "application/json")
            container = await future
        finally:
            future.cancel()
        await response.write(msgspec.json.encode({"StatusCode": container.exit_code}) + b"\n")
        await response.write_eof()
        return response

    async def attach(self, request: web.Request) -> web.StreamResponse:
        """POST /containers/{id}/attach."""
        container = self.containers.get(_id(request))
        query = request.query
        if container.status.value == "paused":
            raise Conflict(f"container {container.id} is paused, unpause the container before attach")
        wants = (flag(query, "stdout"), flag(query, "stderr"))
        live = flag(query, "stream")
        stdin = flag(query, "stdin") and live and container.config.open_stdin
        hub = self.hubs.hub(container.id)
        # Join before the 101 goes out: what the program says from then on must reach this client.
        client = hub.join() if live else None
        try:
            stream = hijack(request, RAW if container.config.tty else content_type(request, container))
            self.announce("attach", container)
            if flag(query, "logs"):
                await self._send_logs(stream, container, wants)
            if client is not None:
                pieces = hub.output(client)
                config = container.config
                await pump(stream, pieces, hub if stdin else None, tty=config.tty, once=config.stdin_once, wants=wants)
        finally:
            if client is not None:
                hub.leave(client)
        stream.close()
        return HijackResponse()

    async def _send_logs(self, stream: Hijacked, container: Container, wants: tuple[bool, bool]) -> None:
        query = LogQuery(stdout=wants[0], stderr=wants[1])
        async with aclosing(self.logs_(container, query)) as records:
            async for record in records:
                await stream.write(record.data if container.config.tty else frame(record.stream, record.data))

    async def logs(self, request: web.Request) -> web.StreamResponse:
        """GET /containers/{id}/logs."""
        query = request.query
        container = self.logs_.check(_id(request))
        stdout, stderr = flag(query, "stdout"), flag(query, "stderr")
        if not stdout and not stderr:
            raise InvalidParameter("Bad parameters: you must choose at least one stream")
        tail = query.get("tail", "all")
        wanted = LogQuery(
            stdout=stdout,
            stderr=stderr,
            since_ns=moment_ns(query, "since"),
            until_ns=moment_ns(query, "until"),
            tail=number(query, "tail") if tail.isdecimal() else -1,
            follow=flag(query, "follow"),
        )
        stamped, details = flag(query, "timestamps"), flag(query, "details")
        response = await start_stream(request, RAW if container.config.tty else content_type(request, container))
        at_start = {1: True, 2: True}
        async with aclosing(self.logs_(container, wanted)) as records:
            async for record in records:
                data = _decorated(record, stamped and at_start[record.stream], details)
                at_start[record.stream] = record.data.endswith(b"\n")
                await response.write(data if container.config.tty else frame(record.stream, data))
        await response.write_eof()
        return response


def content_type(request: web.Request, container: Container) -> str:
    """Return the stream's media type; clients before API 1.42 know one only."""
    version = tuple(map(int, request.match_info.get("v", "1.51").split(".")))
    return RAW if version < (1, 42) or container.config.tty else MULTIPLEXED


def _decorated(record: LogRecord, stamp: bool, details: bool) -> bytes:
    data = record.data
    if details:
        data = b" " + data
    return utc_time(record.time) + b" " + data if stamp else data


def _id(request: web.Request) -> str:
    return request.match_info["id"]


def _patience(request: web.Request) -> int | None:
    return number(request.query, "t") if request.query.get("t") else None
