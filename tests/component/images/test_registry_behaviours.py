"""What public registries do, one thing each: tokens, redirects, forms of manifests and of layers, refusals."""

import asyncio
import base64
import contextlib
import gzip
import json
import os
import random
import shutil
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import zstandard
from aiohttp import web
from tests.component.images.test_pull import IMAGE, LAYERS, QUICK, image_of, of_windows, pull
from tests.component.images.test_push import load, push
from tests.support.fake_registry import OCI, FakeRegistry, break_off, fake_registry
from tests.support.image_store import ImageStore
from tests.support.images import digest, directory, file, layer, make, symlink
from tests.support.registry import PASSWORD, USER, certify, local_registry
from tests.support.windows import windows_base

from transom.errors import InvalidParameter, NotFound, NotSupported
from transom.images.registry import Access, Credentials
from transom.model.reference import parse_reference
from transom.model.secret import Secret
from transom.registry.client import RegistryClient
from transom.registry.settings import RegistrySettings
from transom.registry.transport import Call, Transport
from transom.registry.trust import TrustStore

pytestmark = pytest.mark.root

ME = Credentials("me", Secret("pass"))
DOCKER = "application/vnd.docker"
BUILDKIT_SD = (
    "AQAEgBQAAAAkAAAAAAAAADAAAAABAgAAAAAABSAAAAAgAgAAAQEAAAAAAAUSAAAAAgBMAAMAAAAAABgA/wEfAAECAAAAAAAFIAAAACACAAAA"
    "ABQA/wEfAAEBAAAAAAAFEgAAAAAAGACpABIAAQIAAAAAAAUgAAAAIQIAAA=="
)
"""The security descriptor that it gives to files."""


@pytest.fixture
async def fake() -> AsyncIterator[FakeRegistry]:
    async with fake_registry() as running:
        yield running


@pytest.fixture
async def other() -> AsyncIterator[FakeRegistry]:
    async with fake_registry() as running:
        yield running


def refused(fake: FakeRegistry) -> web.Response:
    """Return the answer that asks for a token."""
    challenge = f'Bearer realm="http://{fake.host}/token",service="fake"'
    return web.json_response({}, status=401, headers={"WWW-Authenticate": challenge})


async def test_identity_token_is_what_tokens_are_asked_for_with(store: ImageStore, fake: FakeRegistry) -> None:
    """As a client sends it that has it from a credential helper, or from `docker login`."""
    fake.put("1", IMAGE)
    forms: list[dict[str, Any]] = []

    async def guard(request: web.Request) -> web.StreamResponse | None:
        if request.path == "/token" and request.method == "POST":
            forms.append(dict(await request.post()))
            return web.json_response({"access_token": "short", "expires_in": 300})
        if request.path == "/token":
            assert request.query["offline_token"] == "true"
            return web.json_response({"token": "x", "refresh_token": "lasting"})
        return None if request.headers.get("Authorization") in {"Bearer short", "Bearer x"} else refused(fake)

    fake.before = guard
    identity = await RegistryClient(QUICK).login(fake.host, ME)
    await pull(store, f"{fake.host}/team/app", credentials=Credentials("<token>", Secret(""), identity))

    assert identity == "lasting"
    assert len(forms) == 1
    assert forms[0] | {"client_id": ""} == {
        "grant_type": "refresh_token", "refresh_token": "lasting", "service": "fake",
        "scope": "repository:team/app:pull", "client_id": "",
    }  # fmt: skip


async def test_token_that_runs_out_in_the_middle_of_a_push_is_renewed(
    store: ImageStore, fake: FakeRegistry, tmp_path: Path
) -> None:
    """The registry answers while the layer is still being sent, and takes no more of it."""
    tokens: list[str] = []

    async def guard(request: web.Request) -> web.StreamResponse | None:
        if request.path == "/token":
            tokens.append(f"t{len(tokens)}")
            return web.json_response({"token": tokens[-1]})
        if request.method == "PUT" and len(tokens) == 1:
            await request.content.read(100_000)
            answer = refused(fake)
            await answer.prepare(request)
            await answer.write_eof()
            with contextlib.suppress(Exception):  # unread data would take the answer along when the connection ends
                while await request.content.readany():
                    pass
            return answer
        return None if tokens and request.headers.get("Authorization") == f"Bearer {tokens[-1]}" else refused(fake)

    fake.before = guard
    data = layer(file("a", random.Random(1).randbytes(6 << 20)))
    (image,) = await load(store, tmp_path, make(data, names=[f"{fake.host}/team/app:1"]))

    messages = await push(store, f"{fake.host}/team/app", credentials=ME)

    assert len(tokens) == 2
    assert messages[-1]["aux"]["Digest"] == image.manifest.digest
    assert image.layers[0].digest in fake.blobs


async def test_upload_goes_on_where_it_broke_off_and_where_the_registry_says(
    store: ImageStore, fake: FakeRegistry, other: FakeRegistry, tmp_path: Path
) -> None:
    """Uploads are at another host, which is shown no credentials, keeps what came, and is busy at first."""
    asked: list[str] = []

    async def elsewhere(request: web.Request) -> web.StreamResponse | None:
        if "Authorization" not in request.headers:
            return web.json_response({}, status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        if request.method != "POST":
            return None
        asked.append(request.path)
        if len(asked) == 1:
            return web.json_response({}, status=429, headers={"Retry-After": "1"})
        other.uploads[str(len(asked))] = bytearray()
        return web.Response(status=202, headers={"Location": f"http://{other.host}/blobs/uploads/{len(asked)}"})

    breaks = iter((1,))

    async def fragile(request: web.Request) -> web.StreamResponse | None:
        assert "Authorization" not in request.headers
        length = request.content_length or 0
        if length < 2_000_000 or next(breaks, None) is None:
            return None
        came = other.uploads[request.path.rpartition("/")[2]]
        while len(came) < 1_000_000:
            came += await request.content.readany()
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    fake.before, other.before = elsewhere, fragile
    data = layer(file("a", random.Random(2).randbytes(3 << 20)))
    (image,) = await load(store, tmp_path, make(data, names=[f"{fake.host}/team/app:1"]))

    messages = await push(store, f"{fake.host}/team/app", credentials=ME)

    assert image.layers[0].digest in other.blobs
    (rest,) = [headers for method, _, headers in other.asked if method == "PATCH"]
    first, _, last = rest["Content-Range"].partition("-")
    assert (int(first) >= 1_000_000, int(last)) == (True, image.layers[0].size - 1)
    assert messages[-1]["aux"]["Digest"] == image.manifest.digest
    assert any(each.get("status", "").startswith("Retrying in") for each in messages)


async def test_redirected_transfer_is_taken_up_through_the_redirect(
    store: ImageStore, fake: FakeRegistry, other: FakeRegistry
) -> None:
    blob = fake.put("1", IMAGE)["layers"][1]["digest"]
    other.blobs = dict(fake.blobs)

    async def redirect(request: web.Request) -> web.StreamResponse | None:
        if "Authorization" not in request.headers:
            return web.json_response({}, status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        if blob in request.path:
            raise web.HTTPTemporaryRedirect(f"http://{other.host}/blobs/{blob}?signature={len(fake.requests(blob))}")
        return None

    async def fragile(request: web.Request) -> web.StreamResponse | None:
        return None if "Range" in request.headers else await break_off(request, other.blobs[blob], 100_000)

    fake.before, other.before = redirect, fragile
    await pull(store, f"{fake.host}/team/app", credentials=ME)

    assert [each.get("Range") for each in other.requests(blob)] == [None, "bytes=100000-"]
    assert not [each for each in other.requests(blob) if "Authorization" in each]
    assert image_of(store, f"{fake.host}/team/app:1").id == IMAGE.id


async def test_registry_that_says_neither_digest_nor_type(store: ImageStore, fake: FakeRegistry) -> None:
    manifest = fake.put("1", IMAGE)
    name = f"{fake.host}/team/app"

    async def silent(request: web.Request) -> web.StreamResponse | None:
        kind, _, target = request.path.rpartition("/")
        return web.Response(body=fake.manifests[target][1]) if kind.endswith("/manifests") else None

    fake.before = silent
    wanted = digest(json.dumps(manifest).encode())
    messages = await pull(store, name)
    async with RegistryClient(QUICK).repository(parse_reference(name), Access.PULL, ME) as remote:
        assert (await remote.resolve("1")).digest == wanted

    assert messages[-2] == {"status": f"Digest: {wanted}"}
    assert store.images.digests_of(IMAGE.id) == [(name, wanted)]


async def test_docker_s_lists_and_attestations(store: ImageStore, fake: FakeRegistry) -> None:
    """A list of Docker's type, and an index as BuildKit pushes it: with a manifest that is for no platform."""
    manifest = fake.put("x", IMAGE)
    manifest["mediaType"] = f"{DOCKER}.distribution.manifest.v2+json"
    manifest["config"]["mediaType"] = f"{DOCKER}.container.image.v1+json"
    for each in manifest["layers"]:
        each["mediaType"] = f"{DOCKER}.image.rootfs.diff.tar.gzip"
    listed = fake.put_document("x", manifest["mediaType"], json.dumps(manifest).encode())
    entry = {"mediaType": manifest["mediaType"], "digest": listed, "size": len(json.dumps(manifest))}
    here = {"os": "linux", "architecture": json.loads(IMAGE.config)["architecture"]}
    about = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": listed}
    proof = {**entry, "digest": digest(b"no manifest"), "platform": {"os": "unknown", "architecture": "unknown"}}
    proof["annotations"] = about
    for tag, kind in (("list", f"{DOCKER}.distribution.manifest.list.v2+json"), ("index", f"{OCI}.index.v1+json")):
        entries = [proof, {**entry, "platform": here}]
        index = {"schemaVersion": 2, "mediaType": kind, "manifests": entries}
        fake.put_document(tag, kind, json.dumps(index).encode())
        await pull(store, f"{fake.host}/team/app", tag)
        assert image_of(store, f"{fake.host}/team/app:{tag}").id == IMAGE.id
    with pytest.raises(NotFound, match="no matching manifest for linux/s390x"):
        await pull(store, f"{fake.host}/team/app", "index", platform="linux/s390x")


async def test_index_inside_an_index(store: ImageStore, fake: FakeRegistry) -> None:
    kind = f"{OCI}.index.v1+json"

    def nest(tag: str, *inner: str) -> str:
        entries = [{"mediaType": kind, "digest": each, "size": len(fake.manifests[each][1])} for each in inner]
        document = {"schemaVersion": 2, "mediaType": kind, "manifests": entries, "annotations": {"tag": tag}}
        return fake.put_document(tag, kind, json.dumps(document).encode())

    arch = json.loads(IMAGE.config)["architecture"]
    image = fake.put_index("inner", (fake.put("x", IMAGE), {"os": "linux", "architecture": arch}))
    top = nest("1", nest("empty"), nest("middle", image))
    await pull(store, f"{fake.host}/team/app")
    assert image_of(store, f"{fake.host}/team/app:1").id == IMAGE.id
    assert store.images.digests_of(IMAGE.id) == [(f"{fake.host}/team/app", top)]

    nest("many", *(nest(f"n{number}") for number in range(40)))
    with pytest.raises(InvalidParameter, match="more than 32 indexes"):
        await pull(store, f"{fake.host}/team/app", "many")


def chunked(data: bytes) -> bytes:
    """Return data as zstd:chunked has it: in several frames, and with frames that hold none of it."""
    packed = b""
    for start in range(0, len(data), 65_536):
        packed += zstandard.compress(data[start : start + 65_536])
    skipped = b"a table of contents, for readers that want one file alone"
    return packed + b"\x50\x2a\x4d\x18" + len(skipped).to_bytes(4, "little") + skipped


def members(data: bytes) -> bytes:
    """Return data as eStargz has it: in several members of gzip."""
    return b"".join(gzip.compress(data[at : at + 65_536], 1, mtime=0) for at in range(0, len(data), 65_536))


@pytest.mark.parametrize(
    ("pack", "suffix"), [(chunked, "+zstd"), (members, "+gzip"), (bytes, ""), (zstandard.compress, "+gzip")]
)
async def test_forms_of_layers(store: ImageStore, fake: FakeRegistry, pack: Any, suffix: str) -> None:
    """The content tells how it is compressed, whatever its type says."""
    manifest = fake.put("1", IMAGE)
    for number, plain in enumerate(LAYERS):
        packed = pack(plain)
        fake.blobs[digest(packed)] = packed
        media_type = f"{OCI}.layer.v1.tar{suffix}"
        manifest["layers"][number] = {"mediaType": media_type, "digest": digest(packed), "size": len(packed)}
    fake.put_document("1", manifest["mediaType"], json.dumps(manifest).encode())
    await pull(store, f"{fake.host}/team/app")
    assert image_of(store, f"{fake.host}/team/app:1").id == IMAGE.id


async def test_layer_that_may_not_be_distributed_comes_from_its_url(
    store: ImageStore, fake: FakeRegistry, other: FakeRegistry
) -> None:
    """Only such a layer: urls of others would be an order to visit somebody."""
    manifest = fake.put("1", IMAGE)
    other.blobs = dict(fake.blobs)
    first, second = manifest["layers"]
    for each in (first, second):
        del fake.blobs[each["digest"]]
        each["urls"] = ["ftp://127.0.0.1/x", f"http://{other.host}/gone", f"http://{other.host}/blobs/{each['digest']}"]
        each["mediaType"] = f"{DOCKER}.image.rootfs.foreign.diff.tar.gzip"
    fake.put_document("1", manifest["mediaType"], json.dumps(manifest).encode())
    second["mediaType"] = f"{OCI}.layer.v1.tar+gzip"
    fake.put_document("2", manifest["mediaType"], json.dumps(manifest).encode())

    async def guard(request: web.Request) -> web.StreamResponse | None:
        if "Authorization" in request.headers:
            return None
        return web.json_response({}, status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})

    fake.before = guard
    with pytest.raises(NotFound):
        await pull(store, f"{fake.host}/team/app", "2", credentials=ME)
    assert not other.requests(second["digest"])
    await pull(store, f"{fake.host}/team/app", "1", credentials=ME)
    assert not [headers for _, _, headers in other.asked if "Authorization" in headers]
    assert image_of(store, f"{fake.host}/team/app:1").id == IMAGE.id


async def test_name_with_tag_and_digest_is_the_digest_s(store: ImageStore, fake: FakeRegistry) -> None:
    fake.put("1", make(LAYERS[0]))
    wanted = digest(json.dumps(fake.put("2", IMAGE)).encode())
    name = f"{fake.host}/team/app"

    await pull(store, f"{name}:1@{wanted}", "")
    await pull(store, f"{name}:1", wanted)

    assert image_of(store, f"{name}:1@{wanted}").id == IMAGE.id
    assert store.images.names() == []
    with pytest.raises(NotFound, match=r"manifest for .* not found: manifest unknown"):
        await pull(store, name, "sha256:" + "0" * 64)


async def test_mirrors_that_fail_are_passed_by(store: ImageStore, fake: FakeRegistry, other: FakeRegistry) -> None:
    """One is not there, and one has the manifest and breaks off in every layer."""
    blob = fake.put("1", IMAGE)["layers"][1]["digest"]
    other.manifests = dict(fake.manifests)

    async def fragile(request: web.Request) -> web.StreamResponse | None:
        return await break_off(request, fake.blobs[blob], 1000) if blob in request.path else None

    other.before = fragile
    urls = ("http://127.0.0.1:9", f"http://{other.host}", f"http://{fake.host}")
    settings = RegistrySettings(locations={"docker.io": urls}, attempts=1)
    await pull(store, "team/app", settings=settings)
    assert image_of(store, "team/app:1").id == IMAGE.id
    assert [each.get("Range") for each in fake.requests(blob)] == ["bytes=1000-"]


async def test_os_version_is_matched_by_its_build(store: ImageStore, fake: FakeRegistry) -> None:
    """As containerd writes a platform: `windows(10.0.17763)/amd64`."""
    versions = ("10.0.17763.100", "10.0.17763.6000", "10.0.20348.9", "10.0.26100.1")
    entries = [
        (fake.put("x", of_windows(LAYERS[0], each)), {"os": "windows", "architecture": "amd64", "os.version": each})
        for each in versions
    ]
    fake.put_index("1", *entries)
    name = f"{fake.host}/team/app"
    for wish, expected in (
        ("windows(10.0.17763)/amd64", "10.0.17763.6000"), ("windows(10.0.17763.100)/amd64", "10.0.17763.100"),
        ("windows(10.0.20348+win32k)/amd64", "10.0.20348.9"), ("windows/amd64", "10.0.26100.1"),
    ):  # fmt: skip
        await pull(store, name, platform=wish)
        found = store.images.find_name(f"{name}:1")
        assert found is not None
        assert expected in {each.os_version for each in found.variants}, wish
    with pytest.raises(NotFound, match=r"no matching manifest for windows\(10\.0\.19041\)/amd64"):
        await pull(store, name, platform="windows(10.0.19041)/amd64")


async def test_two_at_once_ask_for_one_token(store: ImageStore, fake: FakeRegistry) -> None:
    """Layers that are fetched side by side share what one of them was given."""
    fake.put("1", make(*(layer(file(f"f{number}", "x" * number)) for number in range(6))))
    given: list[str] = []

    async def guard(request: web.Request) -> web.StreamResponse | None:
        if request.path == "/token":
            given.append(request.query["scope"])
            await asyncio.sleep(0)
            return web.json_response({"token": "t"})
        return None if request.headers.get("Authorization") == "Bearer t" else refused(fake)

    fake.before = guard
    await pull(store, f"{fake.host}/team/app")
    assert given == ["repository:team/app:pull"]


def is_empty(store: ImageStore) -> bool:
    """Tell whether nothing is kept."""
    return store.leftovers() == [] and store.images.all() == []


Lie = Callable[[FakeRegistry, dict[str, Any], web.Request], Awaitable[web.StreamResponse | None]]


def changed(**keys: Any) -> Lie:
    """Return a registry that has a manifest with other keys: `config_size=7`, `layer_digest=…`."""

    async def lie(fake: FakeRegistry, manifest: dict[str, Any], request: web.Request) -> web.StreamResponse | None:
        if not request.path.endswith("/manifests/1"):
            return None
        told = json.loads(json.dumps(manifest))
        for key, value in keys.items():
            where, _, name = key.partition("_")
            (told["config"] if where == "config" else told["layers"][0])[name] = value
        return web.json_response(told, content_type=manifest["mediaType"])

    return lie


async def other_digest(fake: FakeRegistry, manifest: dict[str, Any], request: web.Request) -> web.Response | None:
    if not request.path.endswith("/manifests/1"):
        return None
    headers = {"Docker-Content-Digest": "sha256:" + "1" * 64, "Content-Type": manifest["mediaType"]}
    return web.Response(body=fake.manifests["1"][1], headers=headers)


async def in_circles(fake: FakeRegistry, manifest: dict[str, Any], request: web.Request) -> web.Response | None:
    if "/blobs/" in request.path:
        raise web.HTTPTemporaryRedirect(str(request.url))
    return None


async def to_a_file(fake: FakeRegistry, manifest: dict[str, Any], request: web.Request) -> web.Response | None:
    if "/blobs/" in request.path:
        return web.Response(status=307, headers={"Location": "file:///etc/passwd"})
    return None


async def without_end(fake: FakeRegistry, manifest: dict[str, Any], request: web.Request) -> web.StreamResponse | None:
    if not request.path.endswith("/manifests/1"):
        return None
    return await endless(request, b" " * 65536)


async def layer_without_end(
    fake: FakeRegistry, manifest: dict[str, Any], request: web.Request
) -> web.StreamResponse | None:
    if manifest["layers"][1]["digest"] not in request.path:
        return None
    return await endless(request, fake.blobs[manifest["layers"][1]["digest"]])


async def endless(request: web.Request, piece: bytes) -> web.StreamResponse:
    """Send piece over and over, until the client hangs up."""
    response = web.StreamResponse()
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(piece)
    return response


async def nested_json(fake: FakeRegistry, manifest: dict[str, Any], request: web.Request) -> web.Response | None:
    if not request.path.endswith("/manifests/1"):
        return None
    return web.Response(body=b'{"config":' + b"[" * 100_000, headers={"Content-Type": manifest["mediaType"]})


async def token_of_two_lines(fake: FakeRegistry, manifest: dict[str, Any], request: web.Request) -> web.Response | None:
    if request.path == "/token":
        return web.json_response({"token": "x\r\nHost: elsewhere"})
    return refused(fake)


async def token_from_a_file(fake: FakeRegistry, manifest: dict[str, Any], request: web.Request) -> web.Response | None:
    headers = {"WWW-Authenticate": 'Bearer realm="file:///etc/passwd"'}
    return web.json_response({}, status=401, headers=headers)


@pytest.mark.parametrize(
    ("lie", "text"),
    [
        (changed(config_size=7), "bytes, where the manifest names 7|more than the 7 bytes"),
        (changed(config_size=1 << 40), "larger than"),
        (changed(config_size=-1), "invalid descriptor"),
        (
            changed(config_mediaType="application/vnd.cncf.helm.config.v1+json"),
            r"holds application/vnd\.cncf.*, not an",
        ),
        (changed(layer_mediaType="application/vnd.oci.image.layer.v1.tar+gzip+encrypted"), "has encrypted layers"),
        (changed(config_digest="sha256:../../../../etc/passwd"), "digest"),
        (changed(layer_digest="sha256:" + "A" * 64), "digest"),
        (changed(layer_size=1 << 60), "invalid descriptor"),
        (changed(layer_size=1 << 59), "where the manifest names"),
        (other_digest, "manifest verification failed"),
        (in_circles, "more than 10 redirects"),
        (to_a_file, "no place to go"),
        (without_end, "larger than"),
        (layer_without_end, "more than the"),
        (nested_json, "invalid image manifest"),
        (token_of_two_lines, "no token"),
        (token_from_a_file, "no token server"),
    ],
    ids=str,
)
async def test_lies_in_documents_and_on_the_way(store: ImageStore, fake: FakeRegistry, lie: Lie, text: str) -> None:
    manifest = fake.put("1", IMAGE)

    async def lying(request: web.Request) -> web.StreamResponse | None:
        return await lie(fake, manifest, request)

    fake.before = lying
    with pytest.raises((InvalidParameter, NotSupported), match=text):
        await pull(store, f"{fake.host}/team/app", credentials=ME)
    assert is_empty(store)


async def test_list_of_tags_that_leads_back_to_itself_ends(store: ImageStore, fake: FakeRegistry) -> None:
    fake.put("1", IMAGE)
    asked: list[str] = []

    async def listing(request: web.Request) -> web.StreamResponse | None:
        if not request.path.endswith("/tags/list"):
            return None
        asked.append(request.path_qs)
        second = "n" not in request.query
        headers = {"Link": f'<{request.path}?n={"1" if second else ""}>; rel="next"'}
        return web.json_response({"tags": ["1", "../up"] if request.query.get("n") else ["1"]}, headers=headers)

    fake.before = listing
    with pytest.raises(InvalidParameter, match="invalid tag format"):
        await pull(store, f"{fake.host}/team/app", "")
    assert len(asked) <= 3


async def test_attestations_go_along_from_where_the_image_came(
    store: ImageStore, fake: FakeRegistry, other: FakeRegistry
) -> None:
    """Else an index that BuildKit pushed could be pushed on as one of its images only."""
    statement = b'{"_type": "https://in-toto.io/Statement/v0.1"}'
    about = make(config={})
    fake.blobs |= {digest(statement): statement, about.id: about.config}
    layer_ = {"mediaType": "application/vnd.in-toto+json", "digest": digest(statement), "size": len(statement)}
    proof = fake.put("proof", about, layers=[layer_])
    manifest = fake.put("x", IMAGE)
    here = {"os": "linux", "architecture": json.loads(IMAGE.config)["architecture"]}
    fake.put_index("1", (manifest, here), (proof, {"os": "unknown", "architecture": "unknown"}))
    index = json.loads(fake.manifests["1"][1])
    index["manifests"][1]["annotations"] = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": index["manifests"][0]["digest"],
    }
    top = fake.put_document("1", index["mediaType"], json.dumps(index).encode())
    await pull(store, f"{fake.host}/team/app")
    await store.tag(f"{fake.host}/team/app:1", f"{other.host}/mine/app", "1")

    messages = await push(store, f"{other.host}/mine/app")

    assert messages[-1]["aux"]["Digest"] == top
    assert other.manifests["1"] == fake.manifests["1"]
    assert other.manifests[index["manifests"][1]["digest"]][1] == json.dumps(proof).encode()
    assert other.blobs[digest(statement)] == statement

    del fake.manifests[index["manifests"][1]["digest"]]
    async with fake_registry() as third:
        await store.tag(f"{fake.host}/team/app:1", f"{third.host}/mine/app", "1")
        del other.manifests[index["manifests"][1]["digest"]]
        messages = await push(store, f"{third.host}/mine/app")
    assert messages[-1]["aux"]["manifestPushedInsteadOfIndex"] is True


@dataclass
class Proxy:
    """A proxy that tunnels everything to one server. heads: what it was asked."""

    target: str
    port: int = 0
    heads: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        host, _, port = self.target.partition(":")
        there, back = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pass(reader, back))
                group.create_task(_pass(there, writer))
        except* ConnectionError:
            pass
        finally:
            back.transport.abort()
            writer.transport.abort()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    raise ConnectionResetError  # whoever ends first ends both


async def test_https_goes_through_a_proxy_that_wants_a_password(store: ImageStore, tmp_path: Path) -> None:
    """The proxy is told its password and the registry's name; the registry's password goes through in TLS."""
    authority, certificate, key = certify(tmp_path / "tls", "r.example")
    trusted = tmp_path / "certs/r.example"
    trusted.mkdir(parents=True)
    shutil.copy(authority, trusted)
    credentials = Credentials(USER, Secret(PASSWORD))
    await load(store, tmp_path, make(*LAYERS, names=["r.example/team/app:1"]))
    with local_registry(tmp_path / "registry", auth=True, tls=(certificate, key)) as registry:
        proxy = Proxy(registry.host)
        async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as server:
            environment = {"HTTPS_PROXY": f"http://me:word@127.0.0.1:{server.sockets[0].getsockname()[1]}"}
            through = RegistrySettings(environment=environment, certificate_dirs=(str(tmp_path / "certs"),))
            pushed = await push(store, "r.example/team/app", credentials=credentials, settings=through)
            await store.remove("r.example/team/app:1")
            pulled = await pull(store, "r.example/team/app", credentials=credentials, settings=through)
    assert pulled[-2] == {"status": f"Digest: {pushed[-1]['aux']['Digest']}"}
    word = base64.b64encode(b"me:word")
    for head in proxy.heads:
        assert head.startswith(b"CONNECT r.example:443 HTTP/1.1\r\n")
        assert b"\r\nProxy-Authorization: Basic " + word + b"\r\n" in head
        assert b"\r\nAuthorization" not in head


async def test_server_that_begins_again_is_not_written_down_twice(store: ImageStore, fake: FakeRegistry) -> None:
    """It knows no ranges, and tells no lengths."""
    blob = fake.put("1", IMAGE)["layers"][1]["digest"]

    async def whole(request: web.Request) -> web.StreamResponse | None:
        if blob not in request.path:
            return None
        if "Range" not in request.headers:
            return await break_off(request, fake.blobs[blob], 100_000)
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(fake.blobs[blob])
        return response

    fake.before = whole
    await pull(store, f"{fake.host}/team/app")
    assert [each.get("Range") for each in fake.requests(blob)] == [None, "bytes=100000-"]
    assert image_of(store, f"{fake.host}/team/app:1").id == IMAGE.id


async def test_windows_image_as_buildkit_builds_it(store: ImageStore, fake: FakeRegistry) -> None:
    """Hives first, the type of a file in its mode, times with a point, a link that is told from the layer's top."""
    first = {"LIBARCHIVE.creationtime": "1795643621.302863038", "MSWINDOWS.fileattr": "16"}
    more = {"LIBARCHIVE.creationtime": "1795643620.0", "MSWINDOWS.fileattr": "16", "MSWINDOWS.rawsd": BUILDKIT_SD}
    plain = more | {"MSWINDOWS.fileattr": "32"}
    own = layer(
        directory("Hives", mode=0o40000, pax=first), directory("Files", mode=0o40000, pax=first),
        directory("Files/app", mode=0o40755, pax=more), file("Files/app/x.txt", "x", mode=0o100644, pax=plain),
        symlink("Files/app/link.txt", "Files/x.txt", pax={"LIBARCHIVE.creationtime": "1795643620.0"}),
    )  # fmt: skip
    base = windows_base("10.0.20348.9")
    history = [{"created_by": "Apply image 10.0.20348.9"}, {"created_by": "COPY . C:/app # buildkit"}]
    child = make(*base.layers, own, os="windows", architecture="amd64", os_version="10.0.20348.9", history=history)
    manifest = fake.put("x", child)
    fake.put_index(
        "1",
        (manifest, {"os": "windows", "architecture": "amd64"}),
        (fake.put("y", IMAGE), {"os": "unknown", "architecture": "unknown"}),
    )
    await pull(store, f"{fake.host}/team/app")

    image = image_of(store, f"{fake.host}/team/app:1")
    tree = Path(store.snapshots.lowers(image.snapshot)[0])
    assert (image.base_layers, image.id) == (1, child.id)
    assert sorted(str(path.relative_to(tree)) for path in tree.rglob("*")) == ["app", "app/link.txt", "app/x.txt"]
    assert not os.listxattr(tree / "app/x.txt")  # what is usual needs no note


async def test_redirect_to_plain_http_is_for_what_a_digest_checks(fake: FakeRegistry, tmp_path: Path) -> None:
    authority, certificate, key = certify(tmp_path, "127.0.0.1")

    async def away(request: web.BaseRequest) -> web.StreamResponse:
        raise web.HTTPTemporaryRedirect(f"http://{fake.host}/blobs/x")

    fake.blobs["x"] = b"content"
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    runner = web.ServerRunner(web.Server(away), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    host = "127.0.0.1:{1}".format(*runner.addresses[0][:2])
    (tmp_path / "certs" / host).mkdir(parents=True)
    shutil.copy(authority, tmp_path / "certs" / host)
    transport = Transport(RegistrySettings(), TrustStore([str(tmp_path / "certs")]))
    try:
        async with transport.open(Call("GET", f"https://{host}/v2/", by_digest=True)) as response:
            assert await response.read() == b"content"
        with pytest.raises(InvalidParameter, match="redirected from HTTPS to plain HTTP"):
            async with transport.open(Call("GET", f"https://{host}/v2/")):
                pass
    finally:
        await transport.close()
        await runner.cleanup()
