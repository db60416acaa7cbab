"""Tag Image: list, inspect, pull, load, save, tag, remove, prune; and the parts of others that make images."""

from collections.abc import Awaitable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from transom.aio.operations import Operations
from transom.api.bodies import stream_out, with_body, with_pieces
from transom.api.convert_images import delete_items, grouped, history_shape, inspect_shape, summary_shape
from transom.api.progress import stream_progress
from transom.api.query import flag
from transom.api.registry_auth import credentials_in, every_credentials_in
from transom.api.routes.containers import json
from transom.containers.filters import parse_filters
from transom.engine.images.changes import apply_changes
from transom.engine.images.download import download
from transom.engine.images.import_ import ImportImage
from transom.engine.images.inspect import InspectImage, ReadHistory
from transom.engine.images.list import ListImages
from transom.engine.images.load import LoadImages
from transom.engine.images.prune import MeasureImages, PruneImages
from transom.engine.images.pull import PullImage
from transom.engine.images.push import PushImage
from transom.engine.images.remove import RemoveImage
from transom.engine.images.save import SaveImages
from transom.engine.images.tag import TagImage
from transom.errors import InvalidParameter, NotSupported
from transom.images.progress import Emit
from transom.model.oci import RunConfig
from transom.model.platform import HOST_OS, Platform, host_architecture, parse_platform
from transom.model.reference import parse_reference
from transom.wire.images import ImagesPruned
from transom.wire.oci import PlatformJson

TAR = {"Content-Type": "application/x-tar"}


@dataclass(frozen=True, slots=True)
class ImageRoutes:
    """Handlers of /images."""

    list_: ListImages
    inspect_: InspectImage
    history_: ReadHistory
    pull_: PullImage
    push_: PushImage
    load_: LoadImages
    import_: ImportImage
    save_: SaveImages
    tag_: TagImage
    remove_: RemoveImage
    prune_: PruneImages
    measure_: MeasureImages
    operations: Operations

    def routes(self) -> list[tuple[str, str, object]]:
        """Return (method, path, handler)."""
        return [
            ("GET", "/images/json", self.list_images),
            ("GET", "/images/get", self.save),
            ("GET", "/images/search", self.search),
            ("GET", "/images/{name:.+}/json", self.inspect),
            ("GET", "/images/{name:.+}/history", self.history),
            ("GET", "/images/{name:.+}/get", self.save_one),
            ("POST", "/images/create", self.create),
            ("POST", "/images/load", self.load),
            ("POST", "/images/prune", self.prune),
            ("POST", "/images/{name:.+}/tag", self.tag),
            ("POST", "/images/{name:.+}/push", self.push),
            ("DELETE", "/images/{name:.+}", self.remove),
        ]

    async def list_images(self, request: web.Request) -> web.Response:
        """GET /images/json."""
        query = request.query
        filters = dict(parse_filters(query.get("filters", "")))
        if query.get("filter"):
            filters["reference"] = [query["filter"]]
        rows = self.list_(filters, all_=flag(query, "all"))
        shared = (await self.measure_()).shared if flag(query, "shared-size") else {}
        version = version_of(request)
        if flag(query, "manifests"):
            return json(grouped([summary_shape(row, version, manifests=True, shared=shared) for row in rows]))
        return json([summary_shape(row, version, shared=shared) for row in rows])

    async def inspect(self, request: web.Request) -> web.Response:
        """GET /images/{name}/json."""
        found = self.inspect_(request.match_info["name"], platform_in(request))
        return json(inspect_shape(found, version_of(request), manifests=flag(request.query, "manifests")))

    async def history(self, request: web.Request) -> web.Response:
        """GET /images/{name}/history."""
        return json(history_shape(await self.history_(request.match_info["name"], platform_in(request))))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST /images/create: pull, or import."""
        query = request.query
        if query.get("fromSrc"):
            return await self._import(request)
        if not query.get("fromImage"):
            raise InvalidParameter("invalid reference format")
        platform, credentials = platform_in(request), credentials_in(request)

        async def work(emit: Emit) -> None:
            await self.pull_(query["fromImage"], query.get("tag", ""), emit, platform=platform, credentials=credentials)

        return await stream_progress(request, work)

    async def _import(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        source = query["fromSrc"]
        platform = platform_in(request) or Platform(HOST_OS, host_architecture())
        config = apply_changes(RunConfig(), platform, query.getall("changes", []))

        async def work(emit: Emit) -> None:
            def taken(descriptor: int) -> Awaitable[object]:
                return self.import_(
                    descriptor,
                    emit,
                    repository=query.get("repo", ""),
                    tag=query.get("tag", ""),
                    message=query.get("message", "") or f"Imported from {source}",
                    config=config,
                    platform=platform,
                )

            if source == "-":
                await with_body(request, taken)
                return
            async with aclosing(download(source, emit)) as pieces:
                await with_pieces(pieces, taken)

        return await stream_progress(request, work)

    async def load(self, request: web.Request) -> web.StreamResponse:
        """POST /images/load."""
        platform, quiet = platform_in(request), flag(request.query, "quiet")

        async def work(emit: Emit) -> None:
            await with_body(request, lambda source: self.load_(source, emit, platform=platform, quiet=quiet))

        return await stream_progress(request, work)

    async def save(self, request: web.Request) -> web.StreamResponse:
        """GET /images/get."""
        names = [name for text in request.query.getall("names", []) for name in text.split(",") if name]
        return await self._save(request, names)

    async def save_one(self, request: web.Request) -> web.StreamResponse:
        """GET /images/{name}/get."""
        return await self._save(request, [request.match_info["name"]])

    async def _save(self, request: web.Request, names: Sequence[str]) -> web.StreamResponse:
        if not names:
            raise InvalidParameter("no image was named")
        chosen = self.save_.choose(names, platform_in(request))
        return await stream_out(request, lambda target: self.save_(chosen, target), headers=TAR)

    async def tag(self, request: web.Request) -> web.Response:
        """POST /images/{name}/tag."""
        query = request.query
        work = self.tag_(request.match_info["name"], query.get("repo", ""), query.get("tag", ""))
        await self.operations.run(work, name="tag")
        return web.Response(status=201)

    async def remove(self, request: web.Request) -> web.Response:
        """DELETE /images/{name}."""
        query = request.query
        work = self.remove_(
            request.match_info["name"],
            force=flag(query, "force"),
            prune=not flag(query, "noprune"),
            platforms=[platform_of(text) for text in query.getall("platforms", []) if text],
        )
        return json(delete_items(await self.operations.run(work, name="remove image")))

    async def prune(self, request: web.Request) -> web.Response:
        """POST /images/prune."""
        work = self.prune_(parse_filters(request.query.get("filters", "")))
        done = await self.operations.run(work, name="prune images")
        items = delete_items(done.lines)
        return json(ImagesPruned(images_deleted=items or None, space_reclaimed=done.freed_bytes))

    async def push(self, request: web.Request) -> web.StreamResponse:
        """POST /images/{name}/push."""
        name, platform = request.match_info["name"], platform_in(request)
        own, others = credentials_in(request), every_credentials_in(request)
        target = parse_reference(name).domain

        async def work(emit: Emit) -> None:
            await self.push_(
                name,
                request.query.get("tag", ""),
                emit,
                platform=platform,
                credentials=lambda domain: own if domain == target else others(domain),
            )

        return await stream_progress(request, work)

    async def search(self, request: web.Request) -> web.Response:
        """GET /images/search."""
        raise NotSupported("searching is not supported, registries have no common way to: use the registry's own pages")


def version_of(request: web.Request) -> tuple[int, ...]:
    """Return the API version that the client speaks; the newest where the path names none."""
    asked = request.match_info.get("v")
    return tuple(map(int, asked.split("."))) if asked else (2,)


def platform_in(request: web.Request) -> Platform | None:
    """Return the query's platform, None if there is none: `os/arch`, or JSON since API 1.48.

    Raises:
        InvalidParameter: it is malformed.
    """
    texts = [text for text in request.query.getall("platform", []) if text]
    if len(texts) > 1:
        raise NotSupported("only one platform can be chosen: give --platform once")
    return platform_of(texts[0]) if texts else None


def platform_of(text: str) -> Platform:
    """Return a platform as clients write it.

    Raises:
        InvalidParameter: it is malformed.
    """
    if not text.startswith("{"):
        return parse_platform(text)
    try:
        found: Any = msgspec.json.decode(text, type=PlatformJson)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise InvalidParameter(f"failed to parse platform: {exc}") from None
    plain = parse_platform("/".join(filter(None, (found.os, found.architecture, found.variant))))
    return Platform(plain.os, plain.architecture, plain.variant, found.os_version)
