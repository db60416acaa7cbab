"""Push, into a real registry."""

import asyncio
import gzip
import hashlib
import io
import json
import random
import shutil
import subprocess
import tarfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.image_store import ImageStore
from tests.support.images import digest, directory, file, layer, make, write_archive
from tests.support.registry import PASSWORD, USER, LocalRegistry, local_registry, publish

from transom.engine.images.announce import AnnounceImage
from transom.engine.images.push import PushImage
from transom.engine.images.send import SendImage
from transom.errors import Conflict, NotFound, Unauthorized
from transom.images.image import Image
from transom.images.registry import Credentials
from transom.model.platform import parse_platform
from transom.model.secret import Secret
from transom.registry.client import RegistryClient
from transom.registry.settings import RegistrySettings

pytestmark = pytest.mark.root


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[LocalRegistry]:
    with local_registry(tmp_path / "registry") as running:
        yield running


NOWHERE = RegistrySettings(locations={"mcr.microsoft.com": ()})


async def push(store: ImageStore, name: str, tag: str = "1", **more: Any) -> list[dict[str, Any]]:
    """Push name:tag and return the messages, without bars."""
    client = RegistryClient(more.pop("settings", NOWHERE))
    credentials = more.pop("credentials", Credentials())
    announce = AnnounceImage(store.bus, store.images)
    send = SendImage(store.content, store.images, client, 3)
    use = PushImage(send, store.images, store.layers, store.leases, announce)
    messages: list[dict[str, Any]] = []
    platform = parse_platform(more["platform"]) if "platform" in more else None
    await use(name, tag, lambda each: messages.append(dict(each)), platform=platform, credentials=lambda _: credentials)
    return [each for each in messages if each.get("status") not in {"Preparing", "Waiting", "Pushing"}]


async def load(store: ImageStore, tmp_path: Path, *made: Any, **more: Any) -> Any:
    write_archive(str(tmp_path / "in.tar"), *made, **more)
    return (await store.load(tmp_path / "in.tar"))[0]


LAYERS = (layer(file("a", "a")), layer(file("b", "b" * 3_000_000)))


@pytest.mark.parametrize("compression", ["", "gzip", "zstd"])
async def test_push_sends_the_very_documents_and_says_so(
    store: ImageStore, registry: LocalRegistry, tmp_path: Path, compression: str
) -> None:
    name = f"{registry.host}/team/app"
    (image,) = await load(store, tmp_path, make(*LAYERS, names=[f"{name}:1"]), compression=compression)

    messages = await push(store, name)

    manifest = image.manifest
    assert messages[0] == {"status": f"The push refers to repository [{name}]"}
    assert sorted(each["id"] for each in messages[1:3]) == sorted(d[7:19] for d in image.config.diff_ids)
    assert [each["status"] for each in messages[1:3]] == ["Pushed", "Pushed"]
    assert messages[3:] == [
        {"status": f"1: digest: {manifest.digest} size: {manifest.size}"},
        {"progressDetail": {}, "aux": {"Tag": "1", "Digest": manifest.digest, "Size": manifest.size}},
    ]
    raw, headers = registry.get("team/app/manifests/1")
    assert "sha256:" + hashlib.sha256(raw).hexdigest() == manifest.digest == headers["docker-content-digest"]
    assert registry.blobs("team/app") == {image.id, *(blob.digest for blob in image.layers)}
    assert store.images.digests_of(image.id) == [(name, manifest.digest)]
    inspected = subprocess.run(
        [shutil.which("skopeo") or "skopeo", "inspect", "--tls-verify=false", f"docker://{name}:1"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert json.loads(inspected.stdout)["Digest"] == manifest.digest


async def test_push_again_and_elsewhere_sends_nothing(
    store: ImageStore, registry: LocalRegistry, tmp_path: Path
) -> None:
    name = f"{registry.host}/team/app"
    await load(store, tmp_path, make(*LAYERS, names=[f"{name}:1", f"{registry.host}/other/app:2"]))
    await push(store, name)

    again = await push(store, name)
    elsewhere = await push(store, f"{registry.host}/other/app", "2")

    assert [each["status"] for each in again[1:3]] == ["Layer already exists", "Layer already exists"]
    assert [each["status"] for each in elsewhere[1:3]] == ["Mounted from team/app", "Mounted from team/app"]


async def test_push_of_all_tags(store: ImageStore, registry: LocalRegistry, tmp_path: Path) -> None:
    name = f"{registry.host}/team/app"
    await load(store, tmp_path, make(*LAYERS, names=[f"{name}:1", f"{name}:2"]))
    await load(store, tmp_path, make(LAYERS[0], names=[f"{name}:3"]))

    messages = await push(store, name, "")

    assert [each["aux"]["Tag"] for each in messages if "aux" in each] == ["1", "2", "3"]
    assert sorted(json.loads(registry.get("team/app/tags/list")[0])["tags"]) == ["1", "2", "3"]


async def test_push_of_what_is_not_here(store: ImageStore, registry: LocalRegistry, tmp_path: Path) -> None:
    name = f"{registry.host}/team/app"
    with pytest.raises(NotFound, match=f"An image does not exist locally with the tag: {name}$"):
        await push(store, name)
    await load(store, tmp_path, make(LAYERS[0], names=[f"{name}:1"]))
    with pytest.raises(NotFound, match=f"tag does not exist: {name}:9$"):
        await push(store, name, "9")


async def test_push_needs_credentials(store: ImageStore, tmp_path: Path) -> None:
    with local_registry(tmp_path / "registry", auth=True) as registry:
        name = f"{registry.host}/app"
        await load(store, tmp_path, make(LAYERS[0], names=[f"{name}:1"]))
        with pytest.raises(Unauthorized, match=r"^no basic auth credentials$"):
            await push(store, name)
        with pytest.raises(Unauthorized, match=r"^unauthorized: authentication required$"):
            await push(store, name, credentials=Credentials(USER, Secret("wrong")))
        messages = await push(store, name, credentials=Credentials(USER, Secret(PASSWORD)))
        assert "aux" in messages[-1]


async def test_push_goes_on_after_it_broke_off(store: ImageStore, registry: LocalRegistry, tmp_path: Path) -> None:
    """A connection is cut in the middle of a layer, once. This registry forgets what had come; not all do."""
    data = random.Random(1).randbytes(8 << 20)  # no compression makes it smaller
    async with cutting(registry.host, after=4 << 20) as cut:
        name = f"127.0.0.1:{cut.port}/team/app"
        (image,) = await load(store, tmp_path, make(layer(file("a", data)), names=[f"{name}:1"]))
        messages = await push(store, name)
    assert any(each.get("status", "").startswith("Retrying in") for each in messages)
    assert "aux" in messages[-1]
    assert cut.cuts == 1
    assert len(registry.get(f"team/app/blobs/{image.layers[0].digest}")[0]) == image.layers[0].size


@dataclass
class Cutting:
    """A way to a server that is cut once, when so many bytes have gone there."""

    target: str
    after: int
    port: int = 0
    sent: int = 0
    cuts: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = self.target.partition(":")
        there, back = await asyncio.open_connection(host, int(port))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(reader, back, counted=True))
                group.create_task(self._pass(there, writer, counted=False))
        except* ConnectionError:
            pass
        finally:
            back.transport.abort()
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool) -> None:
        while data := await reader.read(1 << 16):
            self.sent += len(data) if counted else 0
            if counted and not self.cuts and self.sent > self.after:
                self.cuts += 1
                raise ConnectionResetError
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError  # whoever ends first ends both


@asynccontextmanager
async def cutting(target: str, *, after: int) -> AsyncIterator[Cutting]:
    cut = Cutting(target, after)
    server = await asyncio.start_server(cut.serve, "127.0.0.1", 0)
    cut.port = server.sockets[0].getsockname()[1]
    try:
        yield cut
    finally:
        server.close()


async def test_push_of_an_index(store: ImageStore, registry: LocalRegistry, tmp_path: Path) -> None:
    name = f"{registry.host}/multi"
    both = [make(layer(file(arch, arch)), architecture=arch) for arch in ("amd64", "arm64")]
    index = write_index(tmp_path / "in.tar", f"{name}:1", *both)
    images, _ = await store.load(tmp_path / "in.tar")
    assert {image.platform.architecture for image in images} == {"amd64", "arm64"}

    messages = await push(store, name)

    assert messages[-1]["aux"]["Digest"] == index
    assert registry.get("multi/manifests/1")[1]["docker-content-digest"] == index
    for entry in registry.manifest("multi", "1")["manifests"]:
        registry.manifest("multi", entry["digest"])

    (arm,) = [image for image in images if image.platform.architecture == "arm64"]
    messages = await push(store, name, platform="linux/arm64")
    assert messages[-1]["aux"]["Digest"] == arm.manifest.digest


async def test_push_of_a_part_of_an_index(store: ImageStore, registry: LocalRegistry, tmp_path: Path) -> None:
    name = f"{registry.host}/multi"
    both = [make(layer(file(arch, arch)), architecture=arch) for arch in ("amd64", "arm64")]
    index = write_index(tmp_path / "in.tar", f"{name}:1", *both)
    images, _ = await store.load(tmp_path / "in.tar", platform=parse_platform("linux/arm64"))

    messages = await push(store, name)

    assert messages[-2]["aux"]["Digest"] == images[0].manifest.digest
    assert messages[-1]["aux"]["manifestPushedInsteadOfIndex"] is True
    assert messages[-1]["aux"]["originalIndex"]["digest"] == index


def write_index(path: Path, name: str, *images: Any) -> str:
    """Write an OCI layout in which name leads to an index of images; return the index' digest."""
    blobs: dict[str, bytes] = {}

    def put(data: bytes, media_type: str, **more: Any) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data), **more}

    prefix = "application/vnd.oci.image."
    entries = []
    for image in images:
        config = json.loads(image.config)
        layers = [put(gzip.compress(each, 1, mtime=0), prefix + "layer.v1.tar+gzip") for each in image.layers]
        manifest = {
            "schemaVersion": 2,
            "mediaType": prefix + "manifest.v1+json",
            "config": put(image.config, prefix + "config.v1+json"),
            "layers": layers,
        }
        platform = {"os": config["os"], "architecture": config["architecture"]}
        entries.append(put(json.dumps(manifest).encode(), prefix + "manifest.v1+json", platform=platform))
    index = {"schemaVersion": 2, "mediaType": prefix + "index.v1+json", "manifests": entries}
    found = put(json.dumps(index).encode(), prefix + "index.v1+json")
    top = {"schemaVersion": 2, "manifests": [found | {"annotations": {"io.containerd.image.name": name}}]}
    files = {f"blobs/sha256/{digest}": data for digest, data in blobs.items()}
    write_files(path, files | {"index.json": json.dumps(top).encode()})
    return str(found["digest"])


async def test_unrooted_image_is_not_pushed(store: ImageStore, registry: LocalRegistry, tmp_path: Path) -> None:
    name = f"{registry.host}/win"
    child = make(layer(directory("Files"), directory("Hives"), file("Files/x", "x")), names=[f"{name}:1"], os="windows")
    document = json.loads(child.config) | {"transom.unrooted": "mcr.microsoft.com/windows/nanoserver:ltsc2022"}
    await load(store, tmp_path, make_with(child, document))
    with pytest.raises(Conflict, match=f"`transom image rebase {name}:1`"):
        await push(store, name)
    assert registry.blobs("win") == set()


WINDOWS_BASE = make(
    layer(directory("Files"), directory("Files/Windows"), file("Files/Windows/base.dll", "base"), directory("Hives")),
    os="windows",
    architecture="amd64",
    os_version="10.0.20348.2655",
    history=[{"created_by": "Apply image 10.0.20348.2655"}],
)
OWN = layer(directory("Files"), directory("Hives"), file("Files/app.exe", "app"))


async def windows_child(store: ImageStore, tmp_path: Path, base: dict[str, Any], name: str) -> Image:
    """Load an image on WINDOWS_BASE whose base's layers are not in the archive, as a pull leaves it."""
    config: dict[str, Any] = {"os": "windows", "architecture": "amd64", "os.version": "10.0.20348.2655"}
    config["rootfs"] = {"type": "layers", "diff_ids": [*WINDOWS_BASE.diff_ids, digest(OWN)]}
    config["history"] = [{"created_by": "Apply image 10.0.20348.2655"}, {"created_by": "COPY app.exe"}]
    packed = gzip.compress(OWN, 1, mtime=0)
    own = {
        "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "digest": digest(packed),
        "size": len(packed),
    }
    raw_config = json.dumps(config).encode()
    described = base["config"] | {"digest": digest(raw_config), "size": len(raw_config)}
    manifest = json.dumps(base | {"config": described, "layers": [*base["layers"], own]}).encode()
    top = {"mediaType": base["mediaType"], "digest": digest(manifest), "size": len(manifest)}
    top["annotations"] = {"io.containerd.image.name": name}
    files = {f"blobs/sha256/{digest(data)[7:]}": data for data in (raw_config, packed, manifest)}
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [top]}).encode()
    write_files(tmp_path / "child.tar", files)
    ((image,), _) = await store.load(tmp_path / "child.tar")
    assert image.missing == (base["layers"][0]["digest"],)
    return image


async def test_base_layers_are_mounted_within_a_registry(
    store: ImageStore, registry: LocalRegistry, tmp_path: Path
) -> None:
    base = publish(registry, "windows/base", "ltsc2022", WINDOWS_BASE)
    image = await windows_child(store, tmp_path, base, f"{registry.host}/team/app:1")
    await store.images.add_digest(f"{registry.host}/windows/base", image.manifest.digest, image.id)

    messages = await push(store, f"{registry.host}/team/app")

    assert {"status": "Mounted from windows/base", "id": WINDOWS_BASE.diff_ids[0][7:19]} in messages
    assert registry.manifest("team/app", "1")["layers"][:1] == base["layers"]


async def test_base_layers_are_copied_from_registry_to_registry(
    store: ImageStore, registry: LocalRegistry, tmp_path: Path
) -> None:
    with local_registry(tmp_path / "origin") as origin:
        base = publish(origin, "windows/base", "ltsc2022", WINDOWS_BASE)
        image = await windows_child(store, tmp_path, base, f"{registry.host}/team/app:1")
        name = f"{registry.host}/team/app"
        with pytest.raises(NotFound, match="transom image rebase"):
            await push(store, name)  # nothing tells where the base is

        await store.images.add_digest(f"{origin.host}/windows/base", image.manifest.digest, image.id)
        messages = await push(store, name)

    assert {"status": "Pushed", "id": WINDOWS_BASE.diff_ids[0][7:19]} in messages
    assert base["layers"][0]["digest"] in registry.blobs("team/app")
    assert await store.content.find(image.layers[0].digest) is None


async def test_foreign_layers_are_left_where_they_are(store: ImageStore, tmp_path: Path) -> None:
    options = {"validation": {"disabled": True}}
    with local_registry(tmp_path / "registry", options=options) as registry:
        base = publish(registry, "windows/base", "ltsc2022", WINDOWS_BASE)
        foreign = base["layers"][0] | {
            "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            "urls": ["https://example.com/layer"],
        }
        await windows_child(store, tmp_path, base | {"layers": [foreign]}, f"{registry.host}/team/app:1")

        messages = await push(store, f"{registry.host}/team/app")

        assert {"status": "Skipped foreign layer", "id": WINDOWS_BASE.diff_ids[0][7:19]} in messages
        assert registry.manifest("team/app", "1")["layers"][0] == foreign


def write_files(path: Path, files: dict[str, bytes]) -> None:
    """Write an OCI layout's files as a tar."""
    with tarfile.open(path, "w") as archive:
        for each, data in (files | {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}).items():
            info = tarfile.TarInfo(each)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def make_with(made: Any, document: dict[str, Any]) -> Any:
    """Return an image with another configuration document."""
    return type(made)(json.dumps(document).encode(), made.layers, made.names)
