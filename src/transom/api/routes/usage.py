"""Tag Container, the part about resources: top, stats, update, prune."""

from contextlib import aclosing
from dataclasses import dataclass

import msgspec
from aiohttp import web

from transom.aio.operations import Operations
from transom.api.query import flag
from transom.api.routes.containers import body, json
from transom.api.stream import start_stream
from transom.containers.filters import parse_filters
from transom.engine.containers.prune import FILTERS, PruneContainers
from transom.engine.containers.stats import ContainerStats
from transom.engine.containers.top import DEFAULT_ARGUMENTS, TopContainer
from transom.engine.containers.update import UpdateContainer
from transom.errors import InvalidParameter
from transom.wire.containers import UpdateRequest
from transom.wire.shape import parse


@dataclass(frozen=True, slots=True)
class ContainerUsageRoutes:
    """Handlers about what containers use and may use."""

    top_: TopContainer
    stats_: ContainerStats
    update_: UpdateContainer
    prune_: PruneContainers
    operations: Operations

    def routes(self) -> list[tuple[str, str, object]]:
        """Return (method, path, handler)."""
        return [
            ("GET", "/containers/{id}/top", self.top),
            ("GET", "/containers/{id}/stats", self.stats),
            ("POST", "/containers/{id}/update", self.update),
            ("POST", "/containers/prune", self.prune),
        ]

    async def top(self, request: web.Request) -> web.Response:
        """GET /containers/{id}/top."""
        arguments = request.query.get("ps_args") or DEFAULT_ARGUMENTS
        if "\0" in arguments:
            raise InvalidParameter("ps_args cannot hold NUL characters")
        titles, rows = await self.top_(request.match_info["id"], arguments)
        return json({"Titles": titles, "Processes": rows})

    async def stats(self, request: web.Request) -> web.StreamResponse:
        """GET /containers/{id}/stats: once, or one object a second."""
        container = self.stats_.check(request.match_info["id"])
        one_shot = flag(request.query, "one-shot")
        if not flag(request.query, "stream", default=True):
            return json(await self.stats_.once(container, prime=not one_shot))
        if one_shot:
            raise InvalidParameter("cannot have stream=true and one-shot=true")
        response = await start_stream(request, "application/json")
        async with aclosing(self.stats_.stream(container)) as looks:
            async for look in looks:
                await response.write(msgspec.json.encode(look) + b"\n")
        await response.write_eof()
        return response

    async def update(self, request: web.Request) -> web.Response:
        """POST /containers/{id}/update."""
        asked = parse(await body(request), UpdateRequest)
        warnings = await self.operations.run(self.update_(request.match_info["id"], asked), name="update")
        return json({"Warnings": warnings or None})

    async def prune(self, request: web.Request) -> web.Response:
        """POST /containers/prune."""
        filters = parse_filters(request.query.get("filters", ""), FILTERS)
        ids, freed = await self.operations.run(self.prune_(filters), name="prune containers")
        return json({"ContainersDeleted": ids or None, "SpaceReclaimed": freed})
