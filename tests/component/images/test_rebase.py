"""Images put on a real Windows base: pulled children, unrooted builds, and what is pushed of either."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.component.images.test_push import push
from tests.support.image_store import ImageStore
from tests.support.images import Made, child_of, digest, directory, file, layer, make, write_archive
from tests.support.registry import LocalRegistry, local_registry, publish
from tests.support.windows import windows_base

from transom.engine.images.announce import AnnounceImage
from transom.engine.images.rebase import RebaseImage
from transom.errors import Conflict, InvalidParameter, Unavailable
from transom.images.image import Image
from transom.images.registry import Credentials

pytestmark = pytest.mark.root

UPDATE = layer(directory("Files"), directory("Hives"), file("Files/Windows/update", "u"))
BASE = windows_base("10.0.20348.9", UPDATE)
OWN = layer(directory("Files"), directory("Hives"), file("Files/app.exe", "app"))
UNROOTED = "mcr.microsoft.com/windows/nanoserver:ltsc2022"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[LocalRegistry]:
    with local_registry(tmp_path / "registry") as running:
        yield running


async def rebase(store: ImageStore, name: str, onto: str = "") -> tuple[Image, list[dict[str, Any]]]:
    announce = AnnounceImage(store.bus, store.images)
    use = RebaseImage(store.lookup, store.pull, store.unpack, store.record, store.leases, store.collect, announce)
    messages: list[dict[str, Any]] = []
    image = await use(name, onto, lambda each: messages.append(dict(each)), credentials=Credentials())
    return image, messages


def unrooted(*names: str, os: str = "windows") -> Made:
    made = make(
        OWN, names=names, os=os, architecture="amd64", os_version="10.0.20348.1", config={"Cmd": ["app"]},
        history=[{"created_by": "COPY app.exe"}],
    )  # fmt: skip
    return replace(made, config=json.dumps(json.loads(made.config) | {"transom.unrooted": UNROOTED}).encode())


async def load(store: ImageStore, tmp_path: Path, made: Made) -> Image:
    write_archive(str(tmp_path / "in.tar"), made, compression="gzip")
    ((image,), _) = await store.load(tmp_path / "in.tar")
    return image


async def test_pulled_child_is_pushed_on_its_own_base(
    store: ImageStore, registry: LocalRegistry, tmp_path: Path
) -> None:
    """Only its own layers come here; in the end another registry has the child's very manifest, and can run it."""
    with local_registry(tmp_path / "other") as other:
        publish(registry, "windows/base", "1", BASE)
        manifest = publish(registry, "team/child", "1", child_of(BASE, OWN))
        await store.pull(f"{registry.host}/team/child", "1", lambda _: None)
        image = store.lookup(f"{registry.host}/team/child:1").image
        assert image.base_layers == 2
        assert [await store.content.find(blob.digest) is None for blob in image.layers] == [True, True, False]

        await store.tag(f"{registry.host}/team/child:1", f"{other.host}/far/child", "1")
        messages = await push(store, f"{other.host}/far/child")

        assert other.manifest("far/child", "1") == manifest
        assert {layer["digest"] for layer in manifest["layers"]} <= other.blobs("far/child")
        assert [each["status"] for each in messages[1:4]] == ["Pushed"] * 3
        assert [await store.content.find(blob.digest) is None for blob in image.layers] == [True, True, False]


async def test_unrooted_image_is_put_on_a_real_base_and_pushed(
    store: ImageStore, registry: LocalRegistry, tmp_path: Path
) -> None:
    base = publish(registry, "windows/base", "1", BASE)
    name = f"{registry.host}/team/app"
    before = await load(store, tmp_path, unrooted(f"{name}:1", "also:1"))

    after, messages = await rebase(store, "also:1", f"{registry.host}/windows/base:1")

    assert store.lookup(f"{name}:1").image == store.lookup("also:1").image == after
    assert {"status": "os.version was 10.0.20348.1 and is 10.0.20348.9 now"} in messages
    config = json.loads(after.raw_config)
    assert config["rootfs"]["diff_ids"] == [*BASE.diff_ids, digest(OWN)]
    assert [step["created_by"] for step in config["history"]] == [
        "Apply image 10.0.20348.9", "Install update 10.0.20348.9", "COPY app.exe",
    ]  # fmt: skip
    assert (config["os.version"], config["config"]) == ("10.0.20348.9", {"Cmd": ["app"]})
    assert "transom.unrooted" not in config
    assert after.layers[2:] == tuple(
        replace(own, media_type="application/vnd.docker.image.rootfs.diff.tar.gzip") for own in before.layers
    )
    assert (Path(store.snapshots.lowers(after.snapshot)[0]) / "app.exe").read_text() == "app"

    messages = await push(store, name)
    pushed = registry.manifest("team/app", "1")
    assert pushed["layers"][:2] == base["layers"]
    assert pushed["mediaType"] == base["mediaType"]
    assert [each["status"] for each in messages[1:4]].count("Mounted from windows/base") == 2


async def test_rebase_says_what_is_in_the_way(store: ImageStore, registry: LocalRegistry, tmp_path: Path) -> None:
    publish(registry, "windows/base", "1", BASE)
    publish(registry, "linux", "1", make(layer(file("a", "a"))))
    await load(store, tmp_path, unrooted("win:1"))
    await load(store, tmp_path, make(layer(file("a", "a")), names=["lin:1"]))
    with pytest.raises(Unavailable, match="--onto"):
        await rebase(store, "win:1")
    with pytest.raises(InvalidParameter, match="only Windows images"):
        await rebase(store, "lin:1")
    after, _ = await rebase(store, "win:1", f"{registry.host}/windows/base:1")
    with pytest.raises(Conflict, match="real base already"):
        await rebase(store, "win:1")
    again, _ = await rebase(store, "win:1", f"{registry.host}/windows/base:1")
    assert again == after
