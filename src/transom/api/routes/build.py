"""Tag Image, the part that builds: POST /build, POST /build/prune."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from aiohttp import web
from multidict import MultiMapping

from transom.api.query import flag, number
from transom.api.registry_auth import every_credentials_in
from transom.containers.filters import Filters, parse_filters
from transom.engine.build.build import BuildImage
from transom.engine.build.output import BuildOutput, text_of
from transom.engine.build.prune import PruneBuilds
from transom.engine.build.request import DEFAULT_DOCKERFILE, BuildRequest, parse_tags
from transom.engine.images.list import until
from transom.errors import InvalidParameter, NotSupported, TransomError
from transom.model.platform import parse_platform
from transom.wire.build import QUERY, BuildOutputSpec, BuildPruneResponse
from transom.wire.containers import HostConfig, Ulimit

log = logging.getLogger(__name__)

_AUX_SINCE = (1, 30)
_ISOLATIONS = frozenset({"", "default", "process", "hyperv"})


@dataclass(frozen=True, slots=True)
class BuildRoutes:
    """Handlers of /build."""

    build_: BuildImage
    prune_: PruneBuilds

    def routes(self) -> list[tuple[str, str, object]]:
        """Return (method, path, handler)."""
        return [("POST", "/build", self.build), ("POST", "/build/prune", self.prune)]

    async def build(self, request: web.Request) -> web.StreamResponse:
        """POST /build: the answer begins with the first message; an error before that has a status of its own."""
        wanted = replace(build_request(request.query), credentials=every_credentials_in(request))
        output = BuildOutput(quiet=flag(request.query, "q"), aux=_version(request) >= _AUX_SINCE)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        failures: list[Exception] = []

        async def work() -> None:
            try:
                await self.build_(wanted, _body(request), output)
            except Exception as exc:
                failures.append(exc)
            finally:
                output.close()

        async with asyncio.TaskGroup() as group:
            group.create_task(work(), name="build")
            async with aclosing(output.pieces()) as pieces:
                async for piece in pieces:
                    if not response.prepared:
                        await response.prepare(request)
                    await response.write(piece)
        if failures:
            return await _failed(request, response, output, failures[0])
        if not response.prepared:
            await response.prepare(request)
        await response.write_eof()
        return response

    async def prune(self, request: web.Request) -> web.Response:
        """POST /build/prune."""
        unused_s = _unused_for(parse_filters(request.query.get("filters", "")))
        if any(number(request.query, name) for name in ("keep-storage", "reserved-space", "max-used-space")):
            raise NotSupported("builder prune keeps no amount of storage: leave --keep-storage away")
        pruned = await self.prune_(everything=flag(request.query, "all"), older_than_s=unused_s)
        shape = BuildPruneResponse(caches_deleted=list(pruned.keys), space_reclaimed=pruned.bytes_freed)
        return web.Response(body=msgspec.json.encode(shape) + b"\n", content_type="application/json")


_CACHE_FILTERS: Final = frozenset({"description", "id", "inuse", "parent", "parents", "private", "shared", "type"})


def _unused_for(filters: Filters) -> float:
    """Return how many seconds a step of the cache must have been of no use.

    Raises:
        InvalidParameter: a filter does not exist, or is no time. NotSupported: one is not for this cache.
    """
    for name in filters:
        if name in _CACHE_FILTERS:
            raise NotSupported(f"builder prune cannot filter by {name}: leave it away, or use until=24h")
        if name not in {"until", "unused-for"}:
            raise InvalidParameter(f"failed to prune build cache: invalid filter '{name}'")
    now = datetime.now(UTC)
    values = [value for name in ("until", "unused-for") for value in filters.get(name, ())]
    try:
        return max((now.timestamp() - until(value, now) for value in values), default=0.0)
    except InvalidParameter as exc:
        raise InvalidParameter(
            "failed to prune build cache: \"until\" filter expects a duration (e.g., '24h') or a timestamp: " + str(exc)
        ) from None


async def _failed(
    request: web.Request, response: web.StreamResponse, output: BuildOutput, error: Exception
) -> web.StreamResponse:
    """Put the error into a stream that has begun; else let it become the answer."""
    if not isinstance(error, TransomError):
        log.error("build failed", exc_info=error)
    if not response.prepared and not output.has_begun:
        raise error
    output.fail(error, text_of(error))
    if not response.prepared:
        await response.prepare(request)
    async with aclosing(output.pieces()) as pieces:
        async for piece in pieces:
            await response.write(piece)
    await response.write_eof()
    return response


async def _body(request: web.Request) -> AsyncIterator[bytes]:
    async for data in request.content.iter_any():
        yield data


def _version(request: web.Request) -> tuple[int, ...]:
    asked = request.match_info.get("v")
    return tuple(map(int, asked.split("."))) if asked else (2,)


def build_request(query: "MultiMapping[str]") -> BuildRequest:
    """Return what a query asks for; every parameter is honoured or refused.

    Raises:
        InvalidParameter: a value is malformed, a parameter unknown. NotSupported: it cannot be honoured.
    """
    _refuse(query)
    platform = query.get("platform", "")
    return BuildRequest(
        tags=parse_tags(query.getall("t", [])),
        dockerfile=query.get("dockerfile", "") or DEFAULT_DOCKERFILE,
        target=query.get("target", ""),
        build_args=_json(query, "buildargs", dict[str, str | None], "error reading build args") or {},
        labels=_json(query, "labels", dict[str, str], "error reading labels") or {},
        platform=parse_platform(platform) if platform else None,
        use_cache=not flag(query, "nocache"),
        cache_from=tuple(_json(query, "cachefrom", list[str], "error reading cache-from") or ()),
        pull=flag(query, "pull"),
        remove=flag(query, "rm", default=True) if query.get("rm", "") else True,
        force_remove=flag(query, "forcerm"),
        host=_host(query),
    )


def _refuse(query: "MultiMapping[str]") -> None:
    unknown = sorted(set(query) - QUERY)
    if unknown:
        raise NotSupported(f"POST /build does not know the parameter {unknown[0]}: leave it away")
    if query.get("version", "1") not in {"1", ""}:
        if query["version"] != "2":
            raise InvalidParameter(f'invalid version "{query["version"]}"')
        raise NotSupported("BuildKit's protocol is not supported yet: set DOCKER_BUILDKIT=0")
    remote = query.get("remote", "")
    if remote == "client-session":
        raise InvalidParameter(
            "experimental session with v1 builder is no longer supported, use builder version v2 (BuildKit) instead"
        )
    if remote:
        raise NotSupported(
            f"building from {remote} is not supported: fetch or clone it and give docker build the directory"
        )
    if query.getall("securityopt", []):
        raise InvalidParameter("security options are not supported on linux")
    if flag(query, "squash"):
        raise NotSupported("--squash is not supported: COPY --from an earlier stage gives one layer as well")
    if _json(query, "outputs", list[BuildOutputSpec], "invalid outputs specified"):
        raise NotSupported("--output needs BuildKit: build the image, then docker save or docker cp")


def _host(query: "MultiMapping[str]") -> HostConfig:
    isolation = query.get("isolation", "")
    if isolation.lower() not in _ISOLATIONS:
        raise InvalidParameter(f'unsupported isolation: "{isolation}"')
    mode = query.get("networkmode", "")
    return HostConfig(
        memory=number(query, "memory"),
        memory_swap=number(query, "memswap"),
        cpu_shares=number(query, "cpushares"),
        cpu_period=number(query, "cpuperiod"),
        cpu_quota=number(query, "cpuquota"),
        cpuset_cpus=query.get("cpusetcpus", ""),
        cpuset_mems=query.get("cpusetmems", ""),
        cgroup_parent=query.get("cgroupparent", ""),
        shm_size=number(query, "shmsize"),
        ulimits=_json(query, "ulimits", list[Ulimit], "error reading ulimit settings") or [],
        extra_hosts=_extra_hosts(query),
        network_mode="" if mode == "default" else mode,
        isolation=isolation,
    )


def _extra_hosts(query: "MultiMapping[str]") -> list[str]:
    """Return the `name:address` pairs: one parameter each, or as JSON (docker-py)."""
    found: list[str] = []
    for value in query.getall("extrahosts", []):
        if value.startswith("{"):
            found += [f"{name}:{address}" for name, address in _decode(value, dict[str, str], "extrahosts").items()]
        else:
            found.append(value)
    return found


def _json(query: "MultiMapping[str]", name: str, shape: Any, what: str) -> Any:
    value = query.get(name, "")
    # Older clients send `null` for what was not given, as Go prints an empty slice or map.
    return _decode(value, shape | None, what) if value else None


def _decode(value: str, shape: Any, what: str) -> Any:
    try:
        return msgspec.json.decode(value, type=shape)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise InvalidParameter(f"{what}: {exc}") from None
