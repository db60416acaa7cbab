"""Transom's own part of the API: programs of images checked before they run. Shapes: wire/checking.py."""

from dataclasses import dataclass

from aiohttp import web

from transom.api.routes.containers import json
from transom.engine.images.check import CheckImage
from transom.wire.checking import CheckReport, LackShape


@dataclass(frozen=True, slots=True)
class CheckRoutes:
    """Handler of /transom/images/{name}/check."""

    check_: CheckImage

    def routes(self) -> list[tuple[str, str, object]]:
        """Return (method, path, handler)."""
        return [("GET", "/transom/images/{name:.+}/check", self.check)]

    async def check(self, request: web.Request) -> web.Response:
        """GET /transom/images/{name}/check?program=."""
        found = await self.check_(request.match_info["name"], request.query.get("program", ""))
        lacks = [
            LackShape(program=_shown(each.program), needs=each.needs, why=each.why, late=each.late)
            for each in found.lacks
        ]
        return json(CheckReport(programs=[_shown(path) for path in found.programs], lacks=lacks))


def _shown(path: str) -> str:
    return "C:\\" + path.replace("/", "\\")
