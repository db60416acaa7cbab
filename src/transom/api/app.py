"""The aiohttp application: every route with and without a version in front."""

from collections.abc import Awaitable, Callable, Iterable
from typing import cast

from aiohttp import web

from transom.aio.trace import step
from transom.api.errors import error_response, errors_middleware
from transom.engine.system.info import API_VERSION, MIN_API_VERSION

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Route = tuple[str, str, object]

_MAX = tuple(map(int, API_VERSION.split(".")))
_MIN = tuple(map(int, MIN_API_VERSION.split(".")))


@web.middleware
async def version_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse versions that the engine does not speak, and name ours in every answer."""
    asked = request.match_info.get("v")
    if asked is not None:
        version = tuple(map(int, asked.split(".")))
        if version > _MAX:
            return error_response(
                400,
                f"client version {asked} is too new. Maximum supported API version is {API_VERSION}",
            )
        if version < _MIN:
            return error_response(
                400,
                f"client version {asked} is too old. Minimum supported API version is {MIN_API_VERSION}, "
                "please upgrade your client to a newer version",
            )
    with step(f"{request.method} {request.path}"):
        return await handler(request)


async def _headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.setdefault("Api-Version", API_VERSION)
    response.headers.setdefault("Ostype", "linux")
    response.headers.setdefault("Docker-Experimental", "false")
    response.headers["Server"] = "Transom"


def build_app(routes: Iterable[Route]) -> web.Application:
    """Return the application that answers routes."""
    app = web.Application(middlewares=[errors_middleware, version_middleware], client_max_size=0)
    for method, path, handler in routes:
        typed = cast(Handler, handler)
        app.router.add_route(method, path, typed)
        app.router.add_route(method, r"/v{v:[0-9]{1,4}\.[0-9]{1,4}}" + path, typed)
    app.on_response_prepare.append(_headers)
    return app
