"""Tag Volume."""

from dataclasses import dataclass

from aiohttp import web

from transom.aio.operations import Operations
from transom.api.query import flag
from transom.api.routes.containers import body, json
from transom.api.versions import asked_version
from transom.containers.filters import parse_filters
from transom.engine.volumes.manage import FILTERS, PRUNE_FILTERS, ManageVolumes
from transom.errors import NotSupported
from transom.wire.shape import parse
from transom.wire.volumes import VolumeCreateRequest, VolumeList, VolumesPruned

_ANONYMOUS_ONLY_SINCE = (1, 42)


@dataclass(frozen=True, slots=True)
class VolumeRoutes:
    """Handlers; changes belong to the engine, not to the connection."""

    volumes: ManageVolumes
    operations: Operations

    def routes(self) -> list[tuple[str, str, object]]:
        """Return (method, path, handler)."""
        return [
            ("GET", "/volumes", self.list_volumes),
            ("POST", "/volumes/create", self.create),
            ("POST", "/volumes/prune", self.prune),
            ("GET", "/volumes/{name}", self.inspect),
            ("PUT", "/volumes/{name}", self.update),
            ("DELETE", "/volumes/{name}", self.remove),
        ]

    async def list_volumes(self, request: web.Request) -> web.Response:
        """GET /volumes."""
        found = self.volumes.find_all(parse_filters(request.query.get("filters", ""), FILTERS))
        return json(VolumeList(volumes=found))

    async def create(self, request: web.Request) -> web.Response:
        """POST /volumes/create."""
        asked = parse(await body(request), VolumeCreateRequest)
        return json(await self.operations.run(self.volumes.create(asked), name="create volume"), status=201)

    async def inspect(self, request: web.Request) -> web.Response:
        """GET /volumes/{name}."""
        return json(self.volumes.inspect(request.match_info["name"]))

    async def update(self, request: web.Request) -> web.Response:
        """PUT /volumes/{name}: cluster volumes alone can be changed, and there are none."""
        self.volumes.inspect(request.match_info["name"])
        raise NotSupported("only cluster volumes can be updated, and this engine has none")

    async def remove(self, request: web.Request) -> web.Response:
        """DELETE /volumes/{name}."""
        work = self.volumes.remove(request.match_info["name"], force=flag(request.query, "force"))
        await self.operations.run(work, name="remove volume")
        return web.Response(status=204)

    async def prune(self, request: web.Request) -> web.Response:
        """POST /volumes/prune."""
        filters = parse_filters(request.query.get("filters", ""), PRUNE_FILTERS)
        only_anonymous = asked_version(request) >= _ANONYMOUS_ONLY_SINCE
        work = self.volumes.prune(filters, only_anonymous=only_anonymous)
        names, freed = await self.operations.run(work, name="prune volumes")
        return json(VolumesPruned(volumes_deleted=names, space_reclaimed=freed))
