"""A registry that a test makes lie, break off, redirect or ask for tokens; in the test's own loop."""

import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from tests.support.images import Made, digest

OCI = "application/vnd.oci.image"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


@dataclass
class FakeRegistry:
    """What the registry has, and what it has been asked.

    blobs, manifests: by digest; a tag is a name for a manifest. before: may answer instead, by returning something.
    """

    host: str = ""
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    before: Answer | None = None
    uploads: dict[str, bytearray] = field(default_factory=dict)

    def put(self, tag: str, image: Made, **changes: Any) -> dict[str, Any]:
        """Add an image under tag; changes replace keys of its manifest."""
        layers = []
        for plain in image.layers:
            packed = gzip.compress(plain, 1, mtime=0)
            self.blobs[digest(packed)] = packed
            layers.append({"mediaType": f"{OCI}.layer.v1.tar+gzip", "digest": digest(packed), "size": len(packed)})
        self.blobs[image.id] = image.config
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": {"mediaType": f"{OCI}.config.v1+json", "digest": image.id, "size": len(image.config)},
            "layers": layers,
            **changes,
        }
        self.put_document(tag, manifest["mediaType"], json.dumps(manifest).encode())
        return manifest

    def put_document(self, tag: str, media_type: str, data: bytes) -> str:
        """Add a manifest or index under a tag and its digest, which is returned."""
        self.manifests[tag] = self.manifests[digest(data)] = (media_type, data)
        return digest(data)

    def put_index(self, tag: str, *entries: tuple[dict[str, Any], dict[str, Any]]) -> str:
        """Add an index of (manifest, platform)."""
        listed = []
        for manifest, platform in entries:
            data = json.dumps(manifest).encode()
            media_type = manifest["mediaType"]
            listed.append({"mediaType": media_type, "digest": digest(data), "size": len(data), "platform": platform})
        index = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": listed}
        return self.put_document(tag, index["mediaType"], json.dumps(index).encode())  # type: ignore[arg-type]

    def requests(self, part: str) -> list[dict[str, str]]:
        """Return the headers of GETs whose path holds part."""
        return [headers for method, path, headers in self.asked if method == "GET" and part in path]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer."""
        self.asked.append((request.method, request.path, dict(request.headers)))
        if self.before is not None and (answer := await self.before(request)) is not None:
            return answer
        kind, _, target = request.path.rpartition("/")
        if kind.endswith("/manifests") and target in self.manifests:
            media_type, data = self.manifests[target]
            return web.Response(body=data, headers={"Content-Type": media_type, "Docker-Content-Digest": digest(data)})
        if kind.endswith("/blobs") and target in self.blobs:
            return blob_answer(request, self.blobs[target])
        if request.path == "/v2/":
            return web.json_response({})
        if "/blobs/uploads/" in request.path:
            return await self._upload(request)
        if kind.endswith("/manifests") and request.method == "PUT":
            stored = self.put_document(target, request.headers["Content-Type"], await request.read())
            return web.Response(status=201, headers={"Docker-Content-Digest": stored})
        error = {"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}
        return web.json_response({"errors": [error]}, status=404)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        """Begin an upload, take a part of it, tell what came, or end it."""
        if request.method == "POST":
            self.uploads[str(len(self.uploads))] = bytearray()
            return web.Response(status=202, headers={"Location": f"{request.path}{len(self.uploads) - 1}?state=x"})
        came = self.uploads[request.path.rpartition("/")[2]]
        if request.method != "GET":
            async for piece in request.content.iter_any():
                came += piece
        if request.method == "PUT":
            if digest(bytes(came)) != request.query["digest"]:
                return web.json_response({"errors": [{"code": "DIGEST_INVALID"}]}, status=400)
            self.blobs[request.query["digest"]] = bytes(came)
            return web.Response(status=201)
        headers = {"Location": str(request.rel_url), "Range": f"0-{max(0, len(came) - 1)}"}
        return web.Response(status=204 if request.method == "GET" else 202, headers=headers)


def blob_answer(request: web.Request, data: bytes) -> web.Response:
    """Return data from where the request wants it."""
    wanted = request.headers.get("Range", "")
    if not wanted:
        return web.Response(body=data)
    start = int(wanted.removeprefix("bytes=").removesuffix("-"))
    headers = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
    return web.Response(body=data[start:], status=206, headers=headers)


async def break_off(request: web.Request, data: bytes, after: int) -> web.StreamResponse:
    """Send the first bytes of data, and hang up."""
    response = web.StreamResponse(headers={"Content-Length": str(len(data))})
    await response.prepare(request)
    await response.write(data[:after])
    assert request.transport is not None
    request.transport.close()
    return response


@asynccontextmanager
async def fake_registry() -> AsyncIterator[FakeRegistry]:
    """Run one on loopback until the block ends."""
    registry = FakeRegistry()
    runner = web.ServerRunner(web.Server(registry.handle, lingering_time=0), shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        registry.host = f"{host}:{port}"
        yield registry
    finally:
        await runner.cleanup()
