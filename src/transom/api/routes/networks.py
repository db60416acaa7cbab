"""Tag Network: list, inspect, create, remove, connect, disconnect, prune."""

import time
from dataclasses import dataclass

from aiohttp import web

from transom.aio.operations import Operations
from transom.api.routes.containers import body, json
from transom.containers.filters import match_labels, parse_filters
from transom.engine.networks.connect import ConnectNetwork, DisconnectNetwork
from transom.engine.networks.create import CreateNetwork
from transom.engine.networks.inspect import FILTERS, InspectNetworks
from transom.engine.networks.remove import PruneNetworks, RemoveNetwork
from transom.errors import InvalidParameter
from transom.networks.network import Network
from transom.wire.containers import EndpointSettings
from transom.wire.networks import (
    ConnectRequest,
    DisconnectRequest,
    NetworkCreateRequest,
    NetworkCreateResponse,
    NetworksPruned,
)
from transom.wire.shape import parse

PRUNE_FILTERS = frozenset({"label", "label!", "until"})
_UNITS_S = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class NetworkRoutes:
    """Handlers; changes belong to the engine, not to the connection."""

    inspect: InspectNetworks
    create: CreateNetwork
    remove: RemoveNetwork
    connect: ConnectNetwork
    disconnect: DisconnectNetwork
    prune: PruneNetworks
    operations: Operations

    def routes(self) -> list[tuple[str, str, object]]:
        """Return method, path and handler of each."""
        return [
            ("GET", "/networks", self.list_networks),
            ("GET", "/networks/", self.list_networks),
            ("POST", "/networks/create", self.create_network),
            ("POST", "/networks/prune", self.prune_networks),
            ("GET", "/networks/{ref}", self.inspect_network),
            ("DELETE", "/networks/{ref}", self.remove_network),
            ("POST", "/networks/{ref}/connect", self.connect_network),
            ("POST", "/networks/{ref}/disconnect", self.disconnect_network),
        ]

    async def list_networks(self, request: web.Request) -> web.Response:
        """List."""
        return json(self.inspect.list(parse_filters(request.query.get("filters", ""), FILTERS)))

    async def inspect_network(self, request: web.Request) -> web.Response:
        """Show one."""
        scope = request.query.get("scope", "")
        ref = request.match_info["ref"]
        if scope not in ("", "local"):
            raise InvalidParameter(f"network {ref} not found in scope {scope}")
        return json(self.inspect.one(ref))

    async def create_network(self, request: web.Request) -> web.Response:
        """Make one."""
        asked = parse(await body(request), NetworkCreateRequest)
        network = await self.operations.run(self.create(asked), name="create network")
        return json(NetworkCreateResponse(id=network.id), status=201)

    async def remove_network(self, request: web.Request) -> web.Response:
        """Remove one."""
        await self.operations.run(self.remove(request.match_info["ref"]), name="remove network")
        return web.Response(status=204)

    async def connect_network(self, request: web.Request) -> web.Response:
        """Put a container on it."""
        asked = parse(await body(request), ConnectRequest)
        settings = asked.endpoint_config or EndpointSettings()
        work = self.connect(request.match_info["ref"], asked.container, settings)
        await self.operations.run(work, name="connect network")
        return web.Response(status=200)

    async def disconnect_network(self, request: web.Request) -> web.Response:
        """Take a container off it."""
        asked = parse(await body(request), DisconnectRequest)
        work = self.disconnect(request.match_info["ref"], asked.container, force=asked.force)
        await self.operations.run(work, name="disconnect network")
        return web.Response(status=200)

    async def prune_networks(self, request: web.Request) -> web.Response:
        """Remove what nobody uses."""
        filters = parse_filters(request.query.get("filters", ""), PRUNE_FILTERS)
        until = min((_until(value, time.time()) for value in filters.get("until", ())), default=None)

        def is_wanted(network: Network) -> bool:
            if until is not None and network.created_at.timestamp() > until:
                return False
            if not match_labels(network.labels, filters.get("label", ())):
                return False
            return not any(match_labels(network.labels, [label]) for label in filters.get("label!", ()))

        names = await self.operations.run(self.prune(is_wanted), name="prune networks")
        return json(NetworksPruned(networks_deleted=names))


def _until(value: str, now: float) -> float:
    """Return the moment that `until` means: a duration before now (`1h30m`), or seconds since 1970.

    Raises:
        InvalidParameter: it is neither.
    """
    rest, total, number = value, 0.0, ""
    if value.replace(".", "", 1).isdecimal():
        return float(value)
    for letter in rest:
        if letter.isdigit() or letter == ".":
            number += letter
        elif letter in _UNITS_S and number:
            total, number = total + float(number) * _UNITS_S[letter], ""
        else:
            number = "?"
            break
    if not value or number:
        raise InvalidParameter(f"invalid until filter: {value!r}")
    return now - total
