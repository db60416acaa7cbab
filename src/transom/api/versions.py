"""Which version of the API a request speaks."""

from aiohttp import web

from transom.engine.system.info import API_VERSION


def asked_version(request: web.Request) -> tuple[int, ...]:
    """Return the version in the request's path, ours where there is none."""
    return tuple(map(int, (request.match_info.get("v") or API_VERSION).split(".")))
