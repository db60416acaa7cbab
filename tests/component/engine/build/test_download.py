"""ADD of a URL, from a server on the loopback."""

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from transom.drivers.build.workspace import DiskWorkspace, DiskWorkspaces
from transom.engine.build.download import Download
from transom.engine.build.output import BuildOutput
from transom.errors import InvalidParameter, Unavailable
from transom.host.worker import Workers

BODY = b"x" * 100_000


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    async def give(request: web.Request) -> web.Response:
        headers = {
            "Last-Modified": "Thu, 01 Jan 1970 00:01:00 GMT",
            "Content-Disposition": 'attachment; filename="d.bin"',
        }
        return web.Response(body=BODY, headers=headers)

    async def short(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"x")
        assert request.transport is not None
        request.transport.close()
        return response

    app = web.Application()
    app.add_routes([web.get("/a b.bin", give), web.get("/", give), web.get("/short", short)])
    server = TestServer(app)
    await server.start_server()
    yield server
    await server.close()


@pytest.fixture
async def workspace(tmp_path: Path) -> AsyncIterator[DiskWorkspace]:
    workspace = await DiskWorkspaces(str(tmp_path), Workers()).open("b")
    yield workspace
    await workspace.close()


@pytest.mark.root
@pytest.mark.parametrize(("path", "name"), [("/a%20b.bin", "a b.bin"), ("/", "d.bin")])
async def test_file_is_named_dressed_and_digested(
    server: TestServer, workspace: DiskWorkspace, path: str, name: str
) -> None:
    output = BuildOutput()
    fetched = await Download()(str(server.make_url("")) + path, "/t/", workspace, output)
    status = os.stat(workspace.host_path(fetched.source))
    assert fetched.source.name == name
    assert fetched.sha256 == hashlib.sha256(BODY).hexdigest()
    assert (status.st_size, status.st_mode & 0o777, status.st_mtime) == (len(BODY), 0o600, 60)
    output.close()
    said = b"".join([piece async for piece in output.pieces()])
    assert b'{"status":"Downloading","progressDetail":{"current":100000,"total":100000}}' in said


async def test_missing_file_truncated_file_and_too_much(server: TestServer, workspace: DiskWorkspace) -> None:
    with pytest.raises(Unavailable, match="with status 404 Not Found"):
        await Download()(str(server.make_url("/nope")), "/t/", workspace, BuildOutput())
    with pytest.raises(Unavailable, match="failed to GET"):
        await Download()(str(server.make_url("/short")), "/t/", workspace, BuildOutput())
    with pytest.raises(InvalidParameter, match="holds more than 10 bytes"):
        await Download(max_bytes=10)(str(server.make_url("/")), "/t/", workspace, BuildOutput())
    with pytest.raises(Unavailable, match="failed to GET"):
        await Download()("http://127.0.0.1:1/x", "/t/", workspace, BuildOutput())
