"""Tag System: ping, version, info, events, auth."""

import asyncio
import time
from dataclasses import dataclass

import msgspec
from aiohttp import web

from transom.api.query import moment
from transom.api.routes.containers import json
from transom.api.stream import start_stream
from transom.containers.filters import Filters, match_labels, parse_filters
from transom.engine.system.df import SystemDiskUsage
from transom.engine.system.info import API_VERSION, SystemInfo
from transom.events.bus import EventBus
from transom.events.event import Event

PING_HEADERS = {
    "Api-Version": API_VERSION,
    "Builder-Version": "1",
    "Docker-Experimental": "false",
    "Ostype": "linux",
    "Swarm": "inactive",
    "Cache-Control": "no-cache, no-store, must-revalidate",
    "Pragma": "no-cache",
}

_OBJECTS = frozenset(
    {"container", "image", "volume", "network", "daemon", "plugin", "node", "service", "secret", "config"}
)


@dataclass(frozen=True, slots=True)
class SystemRoutes:
    """Handlers about the engine itself."""

    info_: SystemInfo
    df_: SystemDiskUsage
    bus: EventBus

    def routes(self) -> list[tuple[str, str, object]]:
        """Return (method, path, handler)."""
        return [
            ("GET", "/_ping", self.ping),
            ("HEAD", "/_ping", self.ping),
            ("GET", "/version", self.version),
            ("GET", "/info", self.info),
            ("GET", "/events", self.events),
            ("GET", "/system/df", self.df),
        ]

    async def ping(self, request: web.Request) -> web.Response:
        """GET and HEAD /_ping."""
        text = "" if request.method == "HEAD" else "OK"
        return web.Response(text=text, headers=PING_HEADERS)

    async def version(self, request: web.Request) -> web.Response:
        """GET /version."""
        return json(await self.info_.version())

    async def info(self, request: web.Request) -> web.Response:
        """GET /info."""
        return json(await self.info_.info())

    async def df(self, request: web.Request) -> web.Response:
        """GET /system/df."""
        return json(await self.df_(request.query.getall("type", [])))

    async def events(self, request: web.Request) -> web.StreamResponse:
        """GET /events: what is remembered since `since`, then live until `until`."""
        query = request.query
        filters = parse_filters(query.get("filters", ""))
        since, until = moment(query, "since"), moment(query, "until")
        async with self.bus.subscribe() as reader:
            response = await start_stream(request, "application/json")
            if since:
                for event in self.bus.past():
                    if event.at.timestamp() >= since and (not until or event.at.timestamp() <= until):
                        await _send(response, event, filters)
            try:
                async with asyncio.timeout(_patience_s(until)):
                    while True:
                        await _send(response, await reader.next(), filters)
            except TimeoutError:
                await response.write_eof()
        return response


def _patience_s(until: float) -> float | None:
    return max(0.0, until - time.time()) if until else None


async def _send(response: web.StreamResponse, event: Event, filters: Filters) -> None:
    if _matches(event, filters):
        await response.write(msgspec.json.encode(event.wire()) + b"\n")


def _matches(event: Event, filters: Filters) -> bool:
    for name, values in filters.items():
        if name == "type":
            fits = event.type in values
        elif name in {"event", "action"}:
            fits = any(event.action == value or event.action.startswith(value + ":") for value in values)
        elif name == "label":
            fits = match_labels(event.attributes, values)
        elif name == "scope":
            fits = "local" in values
        elif name == "image":
            # Also what happens to containers of it, by its name with or without a tag.
            said = event.attributes.get({"container": "image", "image": "name"}.get(event.type, ""), "")
            names = {event.actor_id, said, said.rpartition(":")[0]} if said else set()
            fits = any(value in names for value in values)
        elif name in _OBJECTS:
            actor = {event.actor_id, event.attributes.get("name", "")}
            fits = event.type == name and any(value in actor or event.actor_id.startswith(value) for value in values)
        else:
            fits = True
        if not fits:
            return False
    return True
