"""What Transom does not have: swarm, plugins, checkpoints, BuildKit's own protocol. Clients get Docker's answers.

Source: Docker Engine API v1.51 reference, tags Swarm, Node, Service, Task, Secret, Config, Plugin, Session.
"""

from aiohttp import web

from transom.api.routes.containers import json
from transom.containers.filters import parse_filters
from transom.errors import NotFound, NotSupported, Unavailable

_SWARM = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm '
    "and try again."
)
_NOT_PART = "This node is not part of a swarm"
_NO_SWARM = "swarm is not supported: run containers with docker run or compose on this engine, or use Kubernetes"
_NO_PLUGINS = "plugins are not supported: volumes, networks and logs have their built-in drivers"
_NO_BUILDKIT = (
    "BuildKit's protocol is not supported: build with the classic builder, by setting DOCKER_BUILDKIT=0 in the "
    "environment of docker build"
)
_NO_CHECKPOINTS = "checkpoints are not supported: stop the container, or commit it"

_MANAGER_ONLY = (
    ("GET", "/swarm"), ("POST", "/swarm/update"), ("GET", "/swarm/unlockkey"),
    ("GET", "/nodes"), ("GET", "/nodes/{id}"), ("DELETE", "/nodes/{id}"), ("POST", "/nodes/{id}/update"),
    ("GET", "/services"), ("POST", "/services/create"), ("GET", "/services/{id}"), ("DELETE", "/services/{id}"),
    ("POST", "/services/{id}/update"), ("GET", "/services/{id}/logs"),
    ("GET", "/tasks"), ("GET", "/tasks/{id}"), ("GET", "/tasks/{id}/logs"),
    ("GET", "/secrets"), ("POST", "/secrets/create"), ("GET", "/secrets/{id}"), ("DELETE", "/secrets/{id}"),
    ("POST", "/secrets/{id}/update"),
    ("GET", "/configs"), ("POST", "/configs/create"), ("GET", "/configs/{id}"), ("DELETE", "/configs/{id}"),
    ("POST", "/configs/{id}/update"),
)  # fmt: skip
_MEMBERS_ONLY = (("POST", "/swarm/leave"), ("POST", "/swarm/unlock"))
_NEW_SWARMS = (("POST", "/swarm/init"), ("POST", "/swarm/join"))
_PLUGINS = (
    ("GET", "/plugins/privileges"), ("POST", "/plugins/pull"), ("POST", "/plugins/create"),
    ("POST", "/plugins/{name:.+}/set"), ("POST", "/plugins/{name:.+}/upgrade"), ("POST", "/plugins/{name:.+}/push"),
)  # fmt: skip
_ONE_PLUGIN = (
    ("GET", "/plugins/{name:.+}/json"), ("DELETE", "/plugins/{name:.+}"),
    ("POST", "/plugins/{name:.+}/enable"), ("POST", "/plugins/{name:.+}/disable"),
)  # fmt: skip
_BUILDKIT = (("POST", "/session"), ("POST", "/grpc"))
_CHECKPOINTS = (
    ("GET", "/containers/{id}/checkpoints"), ("POST", "/containers/{id}/checkpoints"),
    ("DELETE", "/containers/{id}/checkpoints/{checkpoint}"),
)  # fmt: skip


class AbsentRoutes:
    """Handlers that say so."""

    def routes(self) -> list[tuple[str, str, object]]:
        """Return (method, path, handler)."""
        return [
            ("GET", "/plugins", self.no_plugins),
            *((method, path, self.not_a_manager) for method, path in _MANAGER_ONLY),
            *((method, path, self.not_a_member) for method, path in _MEMBERS_ONLY),
            *((method, path, self.no_swarm) for method, path in _NEW_SWARMS),
            *((method, path, self.cannot_have_plugins) for method, path in _PLUGINS),
            *((method, path, self.no_such_plugin) for method, path in _ONE_PLUGIN),
            *((method, path, self.no_buildkit) for method, path in _BUILDKIT),
            *((method, path, self.no_checkpoints) for method, path in _CHECKPOINTS),
        ]

    async def no_plugins(self, request: web.Request) -> web.Response:
        """GET /plugins: none are installed."""
        parse_filters(request.query.get("filters", ""), frozenset({"capability", "enable", "enabled"}))
        return json([])

    async def not_a_manager(self, request: web.Request) -> web.Response:
        """Answer as a Docker that is in no swarm."""
        raise Unavailable(_SWARM)

    async def not_a_member(self, request: web.Request) -> web.Response:
        """Answer as a Docker that is in no swarm."""
        raise Unavailable(_NOT_PART)

    async def no_swarm(self, request: web.Request) -> web.Response:
        """Refuse to form one."""
        raise NotSupported(_NO_SWARM)

    async def cannot_have_plugins(self, request: web.Request) -> web.Response:
        """Refuse to install one."""
        raise NotSupported(_NO_PLUGINS)

    async def no_such_plugin(self, request: web.Request) -> web.Response:
        """Answer for any name."""
        raise NotFound(f'plugin "{request.match_info["name"]}" not found')

    async def no_buildkit(self, request: web.Request) -> web.Response:
        """Tell what to do instead of buildx."""
        raise NotSupported(_NO_BUILDKIT)

    async def no_checkpoints(self, request: web.Request) -> web.Response:
        """Refuse."""
        raise NotSupported(_NO_CHECKPOINTS)
