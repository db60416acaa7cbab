"""Pull: from a real registry, and from one that lies, breaks off, redirects and asks for tokens."""

import asyncio
import base64
import gzip
import json
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.support.fake_registry import FakeRegistry, blob_answer, break_off, fake_registry
from tests.support.image_store import ImageStore, image_store
from tests.support.images import Made, directory, file, hardlink, layer, make
from tests.support.registry import PASSWORD, USER, LocalRegistry, local_registry, publish

from transom.engine.images.ask_bases import AskForBases
from transom.engine.images.silence import Silence
from transom.errors import InvalidParameter, NotFound, NotSupported, TransomError, Unauthorized, Unavailable
from transom.images.image import Image
from transom.images.registry import Credentials
from transom.model.oci import MediaType
from transom.model.platform import Platform, parse_platform
from transom.model.secret import Secret
from transom.registry.client import RegistryClient
from transom.registry.settings import RegistrySettings

pytestmark = pytest.mark.root

LAYERS = (layer(directory("d"), file("d/one", "1" * 200_000)), layer(file("two", os.urandom(300_000))))
IMAGE = make(*LAYERS, config={"Cmd": ["/d/one"]})
QUICK = RegistrySettings(attempts=2, idle_timeout_s=5)


@pytest.fixture
async def fake() -> AsyncIterator[FakeRegistry]:
    async with fake_registry() as running:
        yield running


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[LocalRegistry]:
    with local_registry(tmp_path / "registry") as running:
        yield running


async def pull(store: ImageStore, name: str, tag: str = "1", **more: Any) -> list[dict[str, Any]]:
    """Pull name:tag and return the messages, without bars."""
    settings = more.pop("settings", QUICK)
    use = replace(store.pull, registries=RegistryClient(settings))
    messages: list[dict[str, Any]] = []
    platform = parse_platform(more.pop("platform")) if "platform" in more else None
    await use(name, tag, lambda each: messages.append(dict(each)), platform=platform, **more)
    return [each for each in messages if "progressDetail" not in each]


def image_of(store: ImageStore, name: str, platform: Platform | None = None) -> Image:
    return store.lookup(name, platform).image


def is_empty(store: ImageStore) -> bool:
    """Tell whether nothing is kept: no part of a blob, no blob, no snapshot."""
    left = [path for folder in ("ingest", "blobs/sha256") for path in (store.root / folder).iterdir()]
    return not left and not store.snapshots._records.all() and not store.images.all()


async def test_pull_tells_what_docker_tells_and_records_the_very_documents(
    store: ImageStore, registry: LocalRegistry
) -> None:
    manifest = publish(registry, "team/app", "1", IMAGE)
    name = f"{registry.host}/team/app"

    messages = await pull(store, name)
    again = await pull(store, name)

    ids = [each["digest"][7:19] for each in manifest["layers"]]
    image = image_of(store, f"{name}:1")
    assert messages[0] == {"status": "Pulling from team/app", "id": "1"}
    assert [each for each in messages if each.get("status") == "Pulling fs layer"] == [
        {"status": "Pulling fs layer", "id": each} for each in ids
    ]
    for item in ids:
        told = [each["status"] for each in messages if each.get("id") == item]
        assert told == ["Pulling fs layer", "Verifying Checksum", "Download complete", "Pull complete"]
    assert messages[-2:] == [
        {"status": f"Digest: {image.manifest.digest}"},
        {"status": f"Status: Downloaded newer image for {name}:1"},
    ]
    assert [each["status"] for each in again[1:3]] == ["Already exists", "Already exists"]
    assert again[-1] == {"status": f"Status: Image is up to date for {name}:1"}
    publish(registry, "team/app", "2", IMAGE)
    assert (await pull(store, name, "2"))[-1] == {"status": f"Status: Downloaded newer image for {name}:2"}
    assert (image.id, image.raw_config) == (IMAGE.id, IMAGE.config)
    assert [blob.digest for blob in image.layers] == [each["digest"] for each in manifest["layers"]]
    assert store.images.digests_of(image.id) == [(name, image.manifest.digest)]
    lower = store.snapshots.lowers(image.snapshot)
    assert (Path(lower[1]) / "d/one").read_bytes() == b"1" * 200_000
    assert not await kept(store)


async def kept(store: ImageStore) -> list[Any]:
    """Return what is kept for another try."""
    async with store.leases.collecting() as held:
        return list(held)


async def test_all_tags_and_a_digest(store: ImageStore, registry: LocalRegistry) -> None:
    name = f"{registry.host}/team/app"
    publish(registry, "team/app", "1", IMAGE)
    publish(registry, "team/app", "2", make(LAYERS[0]), docker=False)

    await pull(store, name, "")

    assert {each.name for each in store.images.names()} == {f"{name}:1", f"{name}:2"}
    first = image_of(store, f"{name}:1")
    await store.remove(f"{name}:1")
    await store.remove(f"{name}:2")
    await pull(store, name, first.manifest.digest)
    assert store.images.names_of(first.id) == []
    assert image_of(store, f"{name}@{first.manifest.digest}").id == first.id


async def test_refusals_have_docker_s_texts(store: ImageStore, registry: LocalRegistry) -> None:
    name = f"{registry.host}/team/app"
    publish(registry, "team/app", "1", IMAGE)
    with pytest.raises(NotFound, match=f"manifest for {name}:none not found: manifest unknown: "):
        await pull(store, name, "none")
    with pytest.raises(NotFound, match=r"does not provide the specified platform \(linux/s390x\)"):
        await pull(store, name, platform="linux/s390x")
    assert is_empty(store)


async def test_basic_auth(store: ImageStore, tmp_path: Path) -> None:
    with local_registry(tmp_path / "r", auth=True) as registry:
        name = f"{registry.host}/team/app"
        with pytest.raises(TransomError, match="no basic auth credentials") as refused:
            await pull(store, name)
        assert not isinstance(refused.value, Unauthorized)  # docker's CLI would wait for a name to be typed
        with pytest.raises(NotFound, match=f"pull access denied for {name}, repository does not exist or may require"):
            await pull(store, name, credentials=Credentials(USER, Secret("wrong")))
        with pytest.raises(NotFound, match="manifest unknown"):
            await pull(store, name, credentials=Credentials(USER, Secret(PASSWORD)))
        client = RegistryClient(QUICK)
        assert await client.login(registry.host, Credentials(USER, Secret(PASSWORD))) == ""
        with pytest.raises(Unauthorized):
            await client.login(f"https://{registry.host}/v1/", Credentials(USER, Secret("wrong")))


async def test_own_ca_and_none(store: ImageStore, tmp_path: Path) -> None:
    """An address that is no loopback one is not at hand, so the domain has another location."""
    certificate, key = certified(tmp_path)
    with local_registry(tmp_path / "r", tls=(certificate, key)) as registry:
        where = {"reg.example": (f"https://{registry.host}",)}
        strict = RegistrySettings(locations=where, attempts=1)
        trusting = RegistrySettings(locations=where, certificate_dirs=(str(tmp_path / "certs.d"),), attempts=1)
        host = tmp_path / "certs.d" / registry.host
        host.mkdir(parents=True)
        (host / "ca.crt").write_bytes(certificate.read_bytes())
        from transom.registry.transport import Call, Transport
        from transom.registry.trust import TrustStore

        for settings, refused in ((strict, True), (trusting, False)):
            transport = Transport(settings, TrustStore(settings.certificate_dirs))
            try:
                async with transport.open(Call("GET", f"https://{registry.host}/v2/")) as response:
                    assert (response.status, refused) == (200, False)
            except Unavailable as exc:
                assert refused, exc
                assert "tls: failed to verify certificate" in str(exc)
            finally:
                await transport.close()
        with pytest.raises(NotFound, match="manifest unknown"):
            await pull(store, "reg.example/team/app", settings=trusting)
        (host / "client.cert").write_bytes(certificate.read_bytes())
        with pytest.raises(InvalidParameter, match="missing key"):
            await pull(store, "reg.example/team/app", settings=trusting)


def certified(directory: Path) -> tuple[Path, Path]:
    """Return a certificate for 127.0.0.1 and its key."""
    certificate, key = directory / "cert.pem", directory / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
         "2", "-keyout", str(key), "-out", str(certificate), "-subj", "/CN=registry", "-addext",
         "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


async def test_token_is_asked_for_once_and_renewed(store: ImageStore, fake: FakeRegistry) -> None:
    fake.put("1", IMAGE)
    tokens: list[str] = []

    async def guard(request: web.Request) -> web.StreamResponse | None:
        if request.path == "/token":
            assert request.query["scope"] == "repository:team/app:pull"
            assert request.query["service"] == "fake"
            user = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
            assert user == "me:pass"
            tokens.append(f"t{len(tokens)}")
            return web.json_response({"token": tokens[-1]})
        if tokens and request.headers.get("Authorization") == f"Bearer {tokens[-1]}" and len(tokens) != 1:
            return None
        # The first token is refused once it is used: as one that has run out.
        challenge = f'Bearer realm="http://{fake.host}/token",service="fake",scope="ignored"'
        return web.json_response({}, status=401, headers={"WWW-Authenticate": challenge})

    fake.before = guard
    await pull(store, f"{fake.host}/team/app", credentials=Credentials("me", Secret("pass")))

    assert len(tokens) == 2
    assert image_of(store, f"{fake.host}/team/app:1").id == IMAGE.id


async def test_index_offers_variants_that_live_side_by_side(store: ImageStore, fake: FakeRegistry) -> None:
    windows, newer = of_windows(LAYERS[1], "10.0.20348.1"), of_windows(LAYERS[1], "10.0.26100.1")
    entries = [
        (fake.put("l", IMAGE), {"os": "linux", "architecture": "amd64"}),
        (fake.put("w", windows), {"os": "windows", "architecture": "amd64", "os.version": "10.0.20348.1"}),
        (fake.put("n", newer), {"os": "windows", "architecture": "amd64", "os.version": "10.0.26100.1"}),
        (fake.put("a", make(LAYERS[1], architecture="arm64")), {"os": "linux", "architecture": "arm64"}),
        (fake.put("x", IMAGE), {"os": "unknown", "architecture": "unknown"}),
    ]
    top = fake.put_index("1", *entries)
    fake.put_index("windows-only", *entries[1:3])
    name = f"{fake.host}/team/app"

    await pull(store, name)
    await pull(store, name, platform="windows/amd64")
    await pull(store, name, platform="linux/arm64")

    found = store.images.find_name(f"{name}:1")
    assert found is not None
    assert {str(each) for each in found.variants} == {"linux/amd64", "windows/amd64", "linux/arm64"}
    assert image_of(store, f"{name}:1").id == IMAGE.id
    assert image_of(store, f"{name}:1", Platform("windows", "amd64")).id == newer.id
    assert found.target.digest == top
    with pytest.raises(NotFound, match="no matching manifest for linux/riscv64 in the manifest list entries"):
        await pull(store, name, platform="linux/riscv64")
    await store.remove(f"{name}:1", platforms=[Platform("linux", "arm64")])
    assert {str(each) for each in store.images.find_name(f"{name}:1").variants} == {"linux/amd64", "windows/amd64"}  # type: ignore[union-attr]
    await store.remove(f"{name}:1")
    assert not store.images.all()
    await pull(store, name, top)
    await pull(store, name, top, platform="windows/amd64")
    assert len(store.images.all()) == 2
    await store.remove(f"{name}@{top}")
    assert not store.images.all()
    await pull(store, name, "windows-only")
    assert image_of(store, f"{name}:windows-only").id == newer.id
    use = replace(store.pull, registries=RegistryClient(QUICK))
    (older,) = await use(name, "windows-only", lambda _: None, platform=Platform("windows", "amd64", "", "10.0.20348"))
    assert older == windows.id


def of_windows(data: bytes, version: str) -> Made:
    """Return an image of a Windows base's layer."""
    return make(data, os="windows", os_version=version, architecture="amd64", history=BASE_HISTORY[:1])


BASE_HISTORY = ({"created_by": "Apply image 10.0.20348.1"}, {"created_by": "RUN x"})


async def test_child_of_a_windows_base_brings_only_its_own_layers(store: ImageStore, fake: FakeRegistry) -> None:
    base_layer = layer(directory("Files"), file("Files/base", os.urandom(50_000)), directory("Hives"))
    own = layer(directory("Files"), file("Files/app", "mine"), directory("Hives"))
    child = make(base_layer, own, os="windows", os_version="10.0.20348.1", architecture="amd64", history=BASE_HISTORY)
    manifest = fake.put("1", child)
    base_blob = manifest["layers"][0]["digest"]
    del fake.blobs[base_blob]

    messages = await pull(store, f"{fake.host}/team/app")

    image = image_of(store, f"{fake.host}/team/app:1")
    assert (image.base_layers, image.missing) == (1, (base_blob,))
    assert fake.requests(base_blob) == []
    assert "the layer of Microsoft's base is not downloaded" in messages[1]["status"]
    assert len(image.snapshots()) == 1


async def test_windows_base_is_made_ready_before_layers_that_stand_on_it(store: ImageStore, fake: FakeRegistry) -> None:
    own = layer(directory("Files"), file("Files/app", "mine"), directory("Hives"))
    asked: list[int] = []

    async def prepare_base(emit: Any) -> None:
        asked.append(len(store.snapshots._records.all()))

    store.pull = replace(store.pull, prepare_base=prepare_base)
    fake.put("linux", IMAGE)
    await pull(store, f"{fake.host}/team/linux", "linux")
    assert asked == []
    before = len(store.snapshots._records.all())
    fake.put("1", make(own, os="windows", os_version="10.0.20348.1", architecture="amd64", history=()))
    await pull(store, f"{fake.host}/team/app")
    assert asked == [before]


async def test_base_is_known_by_its_diff_ids_or_by_its_content_where_no_history_says_so(
    store: ImageStore, fake: FakeRegistry
) -> None:
    system = layer(directory("Files"), file("Files/Windows/System32/ntdll.dll", os.urandom(5_000)), directory("Hives"))
    own = layer(directory("Files"), file("Files/app", "mine"), directory("Hives"))
    silent = make(system, own, os="windows", os_version="10.0.20348.1", architecture="amd64", history=())
    manifest = fake.put("1", silent)
    name, blob = f"{fake.host}/team/app", manifest["layers"][0]["digest"]

    await pull(store, name)
    by_content = image_of(store, f"{name}:1")
    second = make(system, os="windows", os_version="10.0.20348.1", architecture="amd64", history=())
    fake.put("2", second)
    asked = len(fake.requests(blob))
    await pull(store, name, "2")

    assert (by_content.base_layers, by_content.missing) == (1, ())
    assert image_of(store, f"{name}:2").base_layers == 1
    assert len(fake.requests(blob)) == asked


async def test_base_is_known_by_what_microsoft_s_registry_says_of_its_release(
    store: ImageStore, fake: FakeRegistry
) -> None:
    system = layer(directory("Files"), file("Files/base", os.urandom(5_000)), directory("Hives"))
    own = layer(directory("Files"), file("Files/app", "mine"), directory("Hives"))
    silent = make(system, own, os="windows", os_version="10.0.20348.7", architecture="amd64", history=())
    manifest = fake.put("1", silent)
    fake.put("10.0.20348.7-amd64", of_windows(system, "10.0.20348.7"))
    where = RegistrySettings(locations={"mcr.microsoft.com": (f"http://{fake.host}",)}, attempts=1)
    client = RegistryClient(where)
    asked = replace(store.fetch.count_base_layers, ask=AskForBases(client, Silence()))
    use = replace(store.pull, registries=client, fetch=replace(store.fetch, count_base_layers=asked))

    await use(f"{fake.host}/team/app", "1", lambda _: None)

    assert image_of(store, f"{fake.host}/team/app:1").base_layers == 1
    assert fake.requests(manifest["layers"][0]["digest"]) == []


async def test_windows_layer_is_unpacked_while_it_comes_and_goes_on_where_it_broke(
    store: ImageStore, fake: FakeRegistry
) -> None:
    """Its links name a file of the utility VM, for which it is read again."""
    base_layer = layer(directory("Files"), directory("Hives"))
    own = layer(
        directory("Files"),
        directory("Hives"),
        hardlink("Files/link", "UtilityVM/Files/shared"),
        file("Files/first", "early"),
        file("Files/noise", os.urandom(6_000_000)),
        file("Files/last", "late"),
        directory("UtilityVM"),
        file("UtilityVM/Files/shared", "both"),
    )
    child = make(base_layer, own, os="windows", os_version="10.0.20348.1", architecture="amd64", history=BASE_HISTORY)
    blob = fake.put("1", child)["layers"][1]["digest"]

    async def breaking(request: web.Request) -> web.StreamResponse | None:
        if blob not in request.path or "Range" in request.headers:
            return None
        response = web.StreamResponse(headers={"Content-Length": str(len(fake.blobs[blob]))})
        await response.prepare(request)
        await response.write(fake.blobs[blob][:4_000_000])
        async with asyncio.timeout(60):
            while not list((store.root / "snapshots").glob("*/fs/first")):
                await asyncio.sleep(0.01)
        assert request.transport is not None
        request.transport.close()
        return response

    fake.before = breaking
    messages = await pull(store, f"{fake.host}/team/app")

    image = image_of(store, f"{fake.host}/team/app:1")
    root = Path(store.snapshots.lowers(image.snapshot)[0])
    assert [(root / name).read_text() for name in ("first", "last", "link")] == ["early", "late", "both"]
    assert [each.get("Range") for each in fake.requests(blob)] == [None, "bytes=4000000-"]
    assert messages[-2]["status"] == f"Digest: {image.manifest.digest}"


async def test_real_base_is_recorded_without_its_layers(store: ImageStore, fake: FakeRegistry) -> None:
    base = of_windows(layer(file("Files/x")), "10.0.20348.7")
    fake.put("ltsc2022", base)
    fake.blobs = {base.id: base.config}
    located = RegistrySettings(locations={"mcr.microsoft.com": (f"http://{fake.host}",)}, attempts=1)
    name = "mcr.microsoft.com/windows/nanoserver"

    await pull(store, name, "ltsc2022", settings=located)

    image = image_of(store, f"{name}:ltsc2022")
    assert (image.id, image.base_layers, len(image.missing)) == (base.id, 1, 1)
    assert image.config.unrooted == ""
    fake.manifests.clear()
    await pull(store, name, "ltsc2019", settings=located)
    assert image_of(store, f"{name}:ltsc2019").config.unrooted == f"{name}:ltsc2019"


async def test_broken_transfer_is_taken_up_where_it_broke(store: ImageStore, fake: FakeRegistry) -> None:
    blob = fake.put("1", IMAGE)["layers"][1]["digest"]
    breaks = iter((100_000, 200_000))

    async def fragile(request: web.Request) -> web.StreamResponse | None:
        after = next(breaks, None) if blob in request.path else None
        if after is None:
            return None
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if start:
            return None
        return await break_off(request, fake.blobs[blob], after)

    fake.before = fragile
    messages = await pull(store, f"{fake.host}/team/app")

    assert [each.get("Range") for each in fake.requests(blob)] == [None, "bytes=100000-"]
    assert any("Retrying in" in each["status"] for each in messages)


async def test_what_came_of_a_failed_pull_is_used_by_the_next_engine(tmp_path: Path, fake: FakeRegistry) -> None:
    first, second = (each["digest"] for each in fake.put("1", IMAGE)["layers"])

    async def dying(request: web.Request) -> web.StreamResponse | None:
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        return await break_off(request, fake.blobs[second], 100_000 + start) if second in request.path else None

    fake.before = dying
    async with image_store(tmp_path / "data") as store:
        with pytest.raises(Unavailable, match="unexpected EOF"):
            await pull(store, f"{fake.host}/team/app")
        # The whole first layer, and a part of the second.
        assert {each.name for each in (store.root / "blobs/sha256").iterdir()} == {first[7:]}
    fake.before = None
    fake.asked.clear()
    async with image_store(tmp_path / "data") as store:
        await pull(store, f"{fake.host}/team/app")
        assert fake.requests(first) == []
        assert [each.get("Range") for each in fake.requests(second)] == ["bytes=200000-"]
        assert image_of(store, f"{fake.host}/team/app:1").id == IMAGE.id
        assert not await kept(store)


async def test_prune_takes_what_a_failed_pull_left(store: ImageStore, fake: FakeRegistry) -> None:
    second = fake.put("1", IMAGE)["layers"][1]["digest"]

    async def dying(request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=503) if second in request.path else None

    fake.before = dying
    with pytest.raises(Unavailable):
        await pull(store, f"{fake.host}/team/app")
    assert await kept(store)
    await store.prune({})
    assert is_empty(store)


async def test_full_server_is_waited_for_as_long_as_it_says(store: ImageStore, fake: FakeRegistry) -> None:
    fake.put("1", IMAGE)
    refusals = iter((1, 2))
    asked_at: list[float] = []

    async def busy(request: web.Request) -> web.StreamResponse | None:
        if "manifests" not in request.path:
            return None
        asked_at.append(asyncio.get_running_loop().time())
        if next(refusals, None) is None:
            return None
        error = {"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}
        return web.json_response(error, status=429, headers={"Retry-After": "1"})

    fake.before = busy
    await pull(store, f"{fake.host}/team/app")
    assert asked_at[2] - asked_at[0] >= 1.9

    async def closed(request: web.Request) -> web.StreamResponse | None:
        return (
            web.json_response({}, status=429, headers={"Retry-After": "3600"}) if "manifests" in request.path else None
        )

    fake.before = closed
    with pytest.raises(Unavailable, match="toomanyrequests"):
        await pull(store, f"{fake.host}/team/app")


async def test_redirect_elsewhere_takes_no_credentials_along(store: ImageStore, fake: FakeRegistry) -> None:
    blob = fake.put("1", IMAGE)["layers"][0]["digest"]
    async with fake_registry() as other:
        other.blobs = dict(fake.blobs)

        async def redirect(request: web.Request) -> web.StreamResponse | None:
            if request.path == "/v2/" and "Authorization" not in request.headers:
                return web.json_response({}, status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
            if blob in request.path:
                raise web.HTTPTemporaryRedirect(f"http://{other.host}{request.path}")
            return None

        fake.before = redirect
        await pull(store, f"{fake.host}/team/app", credentials=Credentials("me", Secret("pass")))

        assert "Authorization" in fake.requests(blob)[0]
        assert "Authorization" not in other.requests(blob)[0]


async def test_mirror_is_asked_first_and_without_credentials(store: ImageStore, fake: FakeRegistry) -> None:
    fake.put("1", IMAGE)
    async with fake_registry() as mirror:
        urls = (f"http://{mirror.host}", f"http://{fake.host}")
        settings = RegistrySettings(locations={"docker.io": urls}, attempts=1)
        await pull(store, "busybox", settings=settings, credentials=Credentials("me", Secret("pass")))
        assert [path for _, path, _ in mirror.asked][:2] == ["/v2/", "/v2/library/busybox/manifests/1"]
    assert image_of(store, "busybox:1").id == IMAGE.id


async def test_proxy_is_used_and_gets_no_loopback(store: ImageStore, fake: FakeRegistry) -> None:
    fake.put("1", IMAGE)
    where = {"r.example": ("http://r.example:5000",), "direct.example": (f"http://{fake.host}",)}
    proxied = RegistrySettings(locations=where, environment={"http_proxy": f"http://{fake.host}"}, attempts=1)
    broken = replace(proxied, environment={"http_proxy": "http://127.0.0.1:9"})

    await pull(store, "r.example/team/app", settings=proxied)
    await pull(store, "direct.example/team/app", settings=broken)

    assert {headers["Host"] for _, _, headers in fake.asked} == {"r.example:5000", fake.host}
    with pytest.raises(Unavailable, match=r"dial tcp 127\.0\.0\.1:9: connect: connection refused"):
        await pull(store, "r.example/team/app", settings=broken)


async def test_plain_http_where_https_is_due_is_named_so(store: ImageStore, fake: FakeRegistry) -> None:
    located = RegistrySettings(locations={"r.example": (f"https://{fake.host}",)}, attempts=1)
    with pytest.raises(Unavailable, match=r"server gave HTTP response to HTTPS client.*insecure-registries"):
        await pull(store, "r.example/team/app", settings=located)


def wrong_digest(fake: FakeRegistry, manifest: dict[str, Any]) -> None:
    blob = manifest["layers"][1]["digest"]
    fake.blobs[blob] = fake.blobs[blob][:-1] + b"!"


def shorter(fake: FakeRegistry, manifest: dict[str, Any]) -> None:
    blob = manifest["layers"][1]["digest"]
    fake.blobs[blob] = fake.blobs[blob][:-100]


def longer(fake: FakeRegistry, manifest: dict[str, Any]) -> None:
    blob = manifest["layers"][1]["digest"]
    fake.blobs[blob] += b"more"


def wrong_config(fake: FakeRegistry, manifest: dict[str, Any]) -> None:
    blob = manifest["config"]["digest"]
    fake.blobs[blob] = fake.blobs[blob].replace(b"/d/one", b"/d/two")


def other_layer(fake: FakeRegistry, manifest: dict[str, Any]) -> None:
    packed = gzip.compress(layer(file("evil", "x")), 1, mtime=0)
    swap(fake, manifest, packed)


def no_gzip(fake: FakeRegistry, manifest: dict[str, Any]) -> None:
    swap(fake, manifest, gzip.compress(LAYERS[1], 1, mtime=0)[:-20])


def swap(fake: FakeRegistry, manifest: dict[str, Any], packed: bytes) -> None:
    """Put another blob in the place of the last layer."""
    from tests.support.images import digest

    fake.blobs[digest(packed)] = packed
    manifest["layers"][1] |= {"digest": digest(packed), "size": len(packed)}
    fake.put_document("1", manifest["mediaType"], json.dumps(manifest).encode())


def layer_missing(fake: FakeRegistry, manifest: dict[str, Any]) -> None:
    del manifest["layers"][1]
    fake.put_document("1", manifest["mediaType"], json.dumps(manifest).encode())


def schema_1(fake: FakeRegistry, manifest: dict[str, Any]) -> None:
    document = {"schemaVersion": 1, "name": "team/app", "fsLayers": [], "history": []}
    fake.put_document("1", "application/vnd.docker.distribution.manifest.v1+prettyjws", json.dumps(document).encode())


def huge(fake: FakeRegistry, manifest: dict[str, Any]) -> None:
    fake.put_document("1", manifest["mediaType"], json.dumps(manifest).encode() + b" " * (9 << 20))


def artifact(fake: FakeRegistry, manifest: dict[str, Any]) -> None:
    manifest["config"]["mediaType"] = "application/vnd.oci.empty.v1+json"
    fake.put_document("1", manifest["mediaType"], json.dumps(manifest).encode())


@pytest.mark.parametrize(
    ("lie", "text"),
    [
        (wrong_digest, "unexpected commit digest"),
        (shorter, "where the manifest names"),
        (longer, "where the manifest names"),
        (wrong_config, "image config verification failed"),
        (other_layer, "invalid diffID for layer"),
        (no_gzip, "invalid archive"),
        (layer_missing, "layers length mismatch: expected 2, got 1"),
        (schema_1, "old schema 1"),
        (huge, "larger than"),
        (artifact, "not an image"),
    ],
)
async def test_lies_are_told_and_nothing_is_kept(store: ImageStore, fake: FakeRegistry, lie: Any, text: str) -> None:
    lie(fake, fake.put("1", IMAGE))
    with pytest.raises((InvalidParameter, NotSupported), match=text):
        await pull(store, f"{fake.host}/team/app")
    assert is_empty(store)


async def test_manifest_that_is_not_the_digest_s_is_refused(store: ImageStore, fake: FakeRegistry) -> None:
    fake.put("1", IMAGE)
    wanted = next(name for name in fake.manifests if name.startswith("sha256:"))
    media_type, data = fake.manifests[wanted]
    fake.manifests[wanted] = (media_type, data + b" ")
    with pytest.raises(InvalidParameter, match="manifest verification failed for digest"):
        await pull(store, f"{fake.host}/team/app", wanted)
    assert is_empty(store)


async def test_body_that_trickles_counts_as_broken(store: ImageStore, fake: FakeRegistry) -> None:
    blob = fake.put("1", IMAGE)["layers"][1]["digest"]
    over = asyncio.Event()

    async def trickle(request: web.Request) -> web.StreamResponse | None:
        if blob not in request.path:
            return None
        response = web.StreamResponse(headers={"Content-Length": str(len(fake.blobs[blob]))})
        await response.prepare(request)
        for number in range(1000):
            await response.write(fake.blobs[blob][number : number + 1])
            try:
                async with asyncio.timeout(0.05):
                    await over.wait()
            except TimeoutError:
                continue
            break
        return response

    fake.before = trickle
    slow = RegistrySettings(attempts=1, slow_bytes=1000, slow_window_s=0.3)
    with pytest.raises(Unavailable, match="too slow"):
        await pull(store, f"{fake.host}/team/app", settings=slow)
    over.set()


async def test_two_pulls_at_once_fetch_each_layer_once(store: ImageStore, fake: FakeRegistry) -> None:
    manifest = fake.put("1", IMAGE)
    fake.put("2", make(LAYERS[0], config={"Cmd": ["other"]}))
    async with asyncio.TaskGroup() as group:
        group.create_task(pull(store, f"{fake.host}/team/app"))
        group.create_task(pull(store, f"{fake.host}/team/app", "2"))
    for each in manifest["layers"]:
        assert len(fake.requests(each["digest"])) == 1


async def test_cancelled_pull_keeps_what_came_and_ends_its_worker(store: ImageStore, fake: FakeRegistry) -> None:
    blob = fake.put("1", IMAGE)["layers"][1]["digest"]
    waiting, over = asyncio.Event(), asyncio.Event()

    async def stuck(request: web.Request) -> web.StreamResponse | None:
        if blob not in request.path:
            return None
        waiting.set()
        await over.wait()
        return blob_answer(request, fake.blobs[blob])

    fake.before = stuck
    async with asyncio.TaskGroup() as group:
        task = group.create_task(pull(store, f"{fake.host}/team/app"))
        await waiting.wait()
        task.cancel()
    over.set()
    assert not [each for each in store.snapshots._records.all() if each.key.startswith("extract")]
    fake.before = None
    await pull(store, f"{fake.host}/team/app")
    assert image_of(store, f"{fake.host}/team/app:1").id == IMAGE.id


async def test_zstd_layers_and_duplicates(store: ImageStore, fake: FakeRegistry) -> None:
    import zstandard
    from tests.support.images import digest

    made: Made = make(LAYERS[0], LAYERS[0], LAYERS[1])
    manifest = fake.put("1", made)
    packed = zstandard.compress(LAYERS[1])
    fake.blobs[digest(packed)] = packed
    manifest["layers"][2] |= {"mediaType": MediaType.OCI_LAYER_ZSTD, "digest": digest(packed), "size": len(packed)}
    fake.put_document("1", manifest["mediaType"], json.dumps(manifest).encode())

    await pull(store, f"{fake.host}/team/app")

    assert len(image_of(store, f"{fake.host}/team/app:1").snapshots()) == 3


def test_every_error_of_a_registry_is_one_of_ours() -> None:
    from transom.registry.failures import Broken, Unreachable

    assert issubclass(Broken, TransomError)
    assert issubclass(Unreachable, TransomError)
