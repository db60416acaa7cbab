"""Tag Container, the part about files: archive (`docker cp`), export, changes; and POST /commit."""

import base64
from dataclasses import dataclass

import msgspec
from aiohttp import web

from transom.aio.operations import Operations
from transom.api.bodies import stream_out, with_body
from transom.api.query import flag
from transom.api.routes.containers import body, json
from transom.engine.containers.archive import ContainerArchive
from transom.engine.containers.changes import ListChanges
from transom.engine.containers.commit import CommitContainer, CommitRequest
from transom.engine.containers.export import ExportContainer
from transom.errors import InvalidParameter
from transom.model.moment import print_moment_ns
from transom.snapshots.files import PathStat, PutOptions
from transom.wire.containers import Config
from transom.wire.files import ChangeShape, PathStatShape
from transom.wire.images import CommitResponse
from transom.wire.shape import parse

STAT_HEADER = "X-Docker-Container-Path-Stat"
TAR = "application/x-tar"


@dataclass(frozen=True, slots=True)
class ContainerFileRoutes:
    """Handlers of a container's files."""

    archive_: ContainerArchive
    export_: ExportContainer
    changes_: ListChanges
    commit_: CommitContainer
    operations: Operations

    def routes(self) -> list[tuple[str, str, object]]:
        """Return (method, path, handler)."""
        return [
            ("HEAD", "/containers/{ref}/archive", self.stat),
            ("GET", "/containers/{ref}/archive", self.get),
            ("PUT", "/containers/{ref}/archive", self.put),
            ("GET", "/containers/{ref}/export", self.export),
            ("GET", "/containers/{ref}/changes", self.changes),
            ("POST", "/commit", self.commit),
        ]

    async def stat(self, request: web.Request) -> web.Response:
        """HEAD /containers/{ref}/archive."""
        found = await self.archive_.stat(request.match_info["ref"], _path(request))
        return web.Response(headers={STAT_HEADER: _stat_header(found)})

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET /containers/{ref}/archive."""
        ref, path = request.match_info["ref"], _path(request)
        found = await self.archive_.stat(ref, path)
        headers = {"Content-Type": TAR, STAT_HEADER: _stat_header(found)}
        return await stream_out(request, lambda target: self.archive_.get(ref, path, target), headers=headers)

    async def put(self, request: web.Request) -> web.Response:
        """PUT /containers/{ref}/archive."""
        ref, path = request.match_info["ref"], _path(request)
        owner = (0, 0) if flag(request.query, "copyUIDGID") else None
        options = PutOptions(keep_kind=flag(request.query, "noOverwriteDirNonDir"), owner=owner)
        await with_body(request, lambda source: self.archive_.put(ref, path, source, options))
        return web.Response()

    async def export(self, request: web.Request) -> web.StreamResponse:
        """GET /containers/{ref}/export."""
        ref = request.match_info["ref"]
        headers = {"Content-Type": "application/octet-stream"}
        return await stream_out(request, lambda target: self.export_(ref, target), headers=headers)

    async def changes(self, request: web.Request) -> web.Response:
        """GET /containers/{ref}/changes."""
        found = await self.changes_(request.match_info["ref"])
        return json([ChangeShape(path=change.path, kind=int(change.kind)) for change in found] or None)

    async def commit(self, request: web.Request) -> web.Response:
        """POST /commit."""
        query = request.query
        data = await body(request)
        given = parse(data, Config) if data.strip() not in {b"", b"null", b"{}"} else None
        wanted = CommitRequest(
            repository=query.get("repo", ""),
            tag=query.get("tag", ""),
            author=query.get("author", ""),
            comment=query.get("comment", ""),
            changes=query.getall("changes", []),
            pause=flag(query, "pause", default=True),
            config=given,
        )
        image = await self.operations.run(self.commit_(query.get("container", ""), wanted), name="commit")
        return json(CommitResponse(id=image.id), status=201)


def _path(request: web.Request) -> str:
    path = request.query.get("path", "")
    if not path:
        raise InvalidParameter("missing path")
    return path


def _stat_header(found: PathStat) -> str:
    shape = PathStatShape(
        name=found.name,
        size=found.size,
        mode=found.mode,
        mtime=print_moment_ns(found.mtime_ns),
        linkTarget=found.link_target,
    )
    return base64.b64encode(msgspec.json.encode(shape)).decode()
