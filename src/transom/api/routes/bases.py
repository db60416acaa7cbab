"""Transom's own part of the API: the bases under Windows containers. Shapes: wire/bases.py."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from transom.aio.progress import Latest, latest
from transom.api.errors import message_of, status_of
from transom.api.query import flag
from transom.api.registry_auth import credentials_in
from transom.api.routes.containers import body, json
from transom.api.stream import start_stream
from transom.engine.bases.build import BuildBase
from transom.engine.bases.export import ExportBase
from transom.engine.bases.import_ import ImportBase
from transom.engine.bases.list import ListBases
from transom.engine.bases.pull import PullBase
from transom.engine.bases.push import PushBase
from transom.engine.bases.remove import RemoveBase
from transom.engine.bases.uses import BaseUsage
from transom.errors import Conflict, InvalidParameter, NotFound, NotSupported, TransomError
from transom.execution.bases import BaseInfo, BaseOptions, BaseProgress, Progress
from transom.host.spool import BLOCK, Spool, read, write
from transom.model.reference import Reference, parse_reference
from transom.wire.bases import BaseBuildRequest, BaseDetails, BaseSummary
from transom.wire.shape import parse

log = logging.getLogger(__name__)

RELEASE = "trixie"
PARTS = frozenset({"icu", "wow64"})


@dataclass(frozen=True, slots=True)
class BaseRoutes:
    """Handlers of /transom/bases. spool: where archives on their way in or out are kept meanwhile."""

    list_: ListBases
    build_: BuildBase
    export_: ExportBase
    import__: ImportBase
    push_: PushBase
    pull_: PullBase
    remove_: RemoveBase
    usage: BaseUsage
    spool: Spool

    def routes(self) -> list[tuple[str, str, object]]:
        """Return (method, path, handler)."""
        one = "/transom/bases/{digest}"
        return [
            ("GET", "/transom/bases", self.list),
            ("POST", "/transom/bases/build", self.build),
            ("POST", "/transom/bases/import", self.import_),
            ("POST", "/transom/bases/pull", self.pull),
            ("GET", f"{one}/export", self.export),
            ("POST", f"{one}/push", self.push),
            ("GET", one, self.inspect),
            ("DELETE", one, self.remove),
        ]

    async def list(self, request: web.Request) -> web.Response:
        """GET /transom/bases."""
        found = await self.list_()
        return json([self._summary(info, default=at == 0) for at, info in enumerate(found)])

    async def inspect(self, request: web.Request) -> web.Response:
        """GET /transom/bases/{digest}."""
        wanted = request.match_info["digest"]
        found = await self.list_()
        fits = [
            (at, info) for at, info in enumerate(found) if info.digest.removeprefix("sha256:").startswith(_hex(wanted))
        ]
        if not fits:
            raise NotFound(f"no such Windows base: {wanted}")
        if len(fits) > 1:
            raise Conflict(f"several Windows bases begin with {wanted}")
        at, info = fits[0]
        return json(self._details(info, default=at == 0))

    async def build(self, request: web.Request) -> web.StreamResponse:
        """POST /transom/bases/build."""
        wanted = parse(await body(request), BaseBuildRequest)
        if wanted.release not in {"", RELEASE}:
            raise NotSupported(f"bases are built from Debian {RELEASE}, whose Wine was tried: leave the release away")
        unknown = set(wanted.parts) - PARTS
        if unknown:
            raise NotSupported(f"unknown parts {', '.join(sorted(unknown))}: known is {', '.join(sorted(PARTS))}")
        options = BaseOptions(wanted.mirror, wow64="wow64" in wanted.parts, icu="icu" in wanted.parts)
        return await _streamed(request, lambda progress: self.build_(options, progress))

    async def import_(self, request: web.Request) -> web.StreamResponse:
        """POST /transom/bases/import."""
        async with self.spool.place() as directory:
            path = directory / "base.tar.zst"
            await write(path, request.content.iter_chunked(BLOCK))
            return await _streamed(request, lambda progress: self.import__(str(path), progress))

    async def export(self, request: web.Request) -> web.StreamResponse:
        """GET /transom/bases/{digest}/export."""
        async with self.spool.place() as directory:
            path = directory / "base.tar.zst"
            await self.export_(request.match_info["digest"], str(path), lambda progress: None)
            response = await start_stream(request, "application/zstd")
            async with aclosing(read(path)) as blocks:
                async for block in blocks:
                    await response.write(block)
            await response.write_eof()
        return response

    async def push(self, request: web.Request) -> web.StreamResponse:
        """POST /transom/bases/{digest}/push."""
        target, credentials = _reference(request), credentials_in(request)
        if target.digest:
            raise InvalidParameter("cannot push a digest reference")
        wanted = request.match_info["digest"]
        async with self.spool.place() as directory:
            path = str(directory / "base.tar.zst")
            return await _streamed(request, lambda progress: self.push_(wanted, target, path, credentials, progress))

    async def pull(self, request: web.Request) -> web.StreamResponse:
        """POST /transom/bases/pull."""
        source, credentials = _reference(request), credentials_in(request)
        async with self.spool.place() as directory:
            path = str(directory / "base.tar.zst")
            return await _streamed(request, lambda progress: self.pull_(source, path, credentials, progress))

    async def remove(self, request: web.Request) -> web.Response:
        """DELETE /transom/bases/{digest}."""
        wanted = request.match_info["digest"]
        found = await self.list_()
        if len(found) > 1 and not flag(request.query, "force") and _hex(found[0].digest).startswith(_hex(wanted)):
            raise Conflict("this is the base that new containers take: remove it with force")
        await self.remove_(wanted)
        return web.Response(status=204)

    def _summary(self, info: BaseInfo, *, default: bool) -> BaseSummary:
        return BaseSummary(**self._fields(info, default=default))

    def _details(self, info: BaseInfo, *, default: bool) -> BaseDetails:
        packages = {f"{name}:{architecture}": version for name, version, architecture in info.packages}
        return BaseDetails(**self._fields(info, default=default), packages=packages, build_seconds=info.build_seconds)

    def _fields(self, info: BaseInfo, *, default: bool) -> dict[str, Any]:
        containers, images = self.usage.counts(info.digest)
        return {
            "digest": info.digest,
            "release": RELEASE,
            "wine_version": info.wine_version,
            "parts": list(info.parts),
            "created": int(datetime.fromisoformat(info.created_at).timestamp()),
            "size": info.size_bytes,
            "compressed_size": info.compressed_bytes,
            "containers": containers,
            "images": images,
            "default": default,
        }


def _reference(request: web.Request) -> Reference:
    text = request.query.get("reference", "")
    if not text:
        raise InvalidParameter("name a reference: REGISTRY/REPOSITORY:TAG")
    return parse_reference(text).with_default_tag()


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


async def _streamed(request: web.Request, work: Callable[[Progress], Awaitable[BaseInfo]]) -> web.StreamResponse:
    """Answer with work's progress, then with the digest, or with the error in Docker's form."""
    response = await start_stream(request, "application/json")
    reports: Latest[BaseProgress]
    async with latest() as reports:

        def report(progress: BaseProgress) -> None:
            reports.put(progress)

        async def send() -> None:
            async for progress in reports:
                detail = {"current": progress.done, "total": progress.total} if progress.total else {}
                await _line(response, {"status": progress.step, "id": "base", "progressDetail": detail})

        async with asyncio.TaskGroup() as group:
            group.create_task(send(), name="progress")
            try:
                info = await work(report)
                last: dict[str, object] = {"aux": {"Digest": info.digest}}
            except Exception as exc:
                if not isinstance(exc, TransomError):
                    log.error("request failed", extra={"path": request.path}, exc_info=exc)
                text = message_of(exc)
                last = {"errorDetail": {"code": status_of(exc), "message": text}, "error": text}
            finally:
                reports.end()
    await _line(response, last)
    await response.write_eof()
    return response


async def _line(response: web.StreamResponse, shape: dict[str, object]) -> None:
    await response.write(msgspec.json.encode(shape) + b"\r\n")
