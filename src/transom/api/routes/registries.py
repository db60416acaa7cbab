"""Tags Distribution and System, the parts that ask registries: GET /distribution/{name}/json, POST /auth."""

from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from transom.api.registry_auth import AuthJson, credentials_in, credentials_of
from transom.api.routes.containers import json
from transom.engine.images.distribution import InspectDistribution, LogIn
from transom.errors import InvalidParameter
from transom.images.document import write_descriptor, write_platform


@dataclass(frozen=True, slots=True)
class RegistryRoutes:
    """Handlers of what is asked of a registry."""

    inspect_: InspectDistribution
    login_: LogIn

    def routes(self) -> list[tuple[str, str, object]]:
        """Return (method, path, handler)."""
        return [("GET", "/distribution/{name:.+}/json", self.inspect), ("POST", "/auth", self.login)]

    async def inspect(self, request: web.Request) -> web.Response:
        """GET /distribution/{name}/json."""
        found = await self.inspect_(request.match_info["name"], credentials_in(request))
        return json(
            {
                "Descriptor": write_descriptor(found.descriptor),
                "Platforms": [write_platform(platform) for platform in found.platforms],
            }
        )

    async def login(self, request: web.Request) -> web.Response:
        """POST /auth: are these credentials good?"""
        body = await request.read()
        try:
            found: Any = msgspec.json.decode(body or b"{}", type=AuthJson)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise InvalidParameter(f"invalid JSON: {exc}") from None
        token = await self.login_(found.serveraddress or "", credentials_of(found))
        return json({"Status": "Login Succeeded", "IdentityToken": str(token)})
