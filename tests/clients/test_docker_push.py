"""docker push, and Transom's own commands beside it, against a registry on loopback."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.engine import WINDOWS, Engine
from tests.support.registry import LocalRegistry, local_registry, publish
from tests.support.windows import windows_base
from tests.support.windows_form import check_layer

pytestmark = [pytest.mark.root, pytest.mark.needs("crun", "conmon", "busybox"), pytest.mark.timeout(600)]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[LocalRegistry]:
    with local_registry(tmp_path / "registry") as running:
        yield running


def remove(engine: Engine, *names: str) -> None:
    engine.docker("rmi", "-f", *names, check=False)
    engine.docker("image", "prune", "-f")


def test_push_remove_pull_and_run(engine: Engine, registry: LocalRegistry) -> None:
    name = f"{registry.host}/team/busybox"
    engine.docker("tag", "busybox", f"{name}:1")
    engine.docker("tag", "busybox", f"{name}:2")
    before = engine.docker("image", "inspect", "-f", "{{.Id}}", "busybox").out

    said = engine.docker("push", f"{name}:1").out
    digest = re.search(r"^1: digest: (sha256:[0-9a-f]{64}) size: \d+$", said, re.MULTILINE)
    assert digest, said
    assert f"The push refers to repository [{name}]" in said
    assert ": Pushed" in said
    assert "Layer already exists" in engine.docker("push", "-a", name).out
    assert engine.docker("push", "-q", f"{name}:2").out.strip() == f"{name}:2"
    assert "team/busybox:1" in engine.transom("push", "-q", f"{name}:1").out
    assert engine.docker("image", "inspect", "-f", "{{json .RepoDigests}}", f"{name}:1").out.count(digest[1]) == 1

    engine.docker("rmi", f"{name}:1", f"{name}:2")
    engine.docker("pull", "-q", f"{name}@{digest[1]}")
    assert engine.docker("image", "inspect", "-f", "{{.Id}}", f"{name}@{digest[1]}").out == before
    assert engine.docker("run", "--rm", f"{name}@{digest[1]}", "echo", "back").out == "back\n"
    engine.docker("rmi", f"{name}@{digest[1]}")


def test_texts_of_what_cannot_be_pushed(engine: Engine, registry: LocalRegistry) -> None:
    name = f"{registry.host}/team/none"
    failed = engine.docker("push", f"{name}:1", check=False)
    assert failed.code == 1
    assert f"An image does not exist locally with the tag: {name}" in failed.err
    engine.docker("tag", "busybox", f"{name}:1")
    assert f"tag does not exist: {name}:2" in engine.docker("push", f"{name}:2", check=False).err
    engine.docker("rmi", f"{name}:1")


@pytest.mark.wine
def test_windows_image_is_built_rebased_pushed_pulled_and_run(
    windows: Engine, registry: LocalRegistry, tmp_path: Path
) -> None:
    """As on a machine that has no way to Microsoft's registry, and one to a registry that has the base."""
    publish(registry, "windows/base", "ltsc2022", windows_base("10.0.20348.9"))
    name = f"{registry.host}/team/win:1"
    value = r"HKLM\Software\Built /v By /d RUN"
    (tmp_path / "Dockerfile").write_text(f"FROM {WINDOWS}\nRUN reg add {value} /f && echo built> C:\\made.txt\n")
    windows.docker("build", "-q", "-t", name, str(tmp_path), timeout_s=120)
    assert "transom image rebase" in windows.docker("push", name, check=False).err

    rebased = windows.transom("image", "rebase", name, "--onto", f"{registry.host}/windows/base:ltsc2022")
    assert rebased.out.startswith("sha256:")
    pushed = windows.docker("push", name).out
    assert "Mounted from windows/base" in pushed
    assert "Registry changes in 1 layer are for Transom alone" in pushed
    layers = registry.manifest("team/win", "1")["layers"]
    assert layers[0] == registry.manifest("windows/base", "ltsc2022")["layers"][0]
    own = gzip.decompress(registry.get(f"team/win/blobs/{layers[1]['digest']}")[0])
    assert "Files/made.txt" in check_layer(own, {"files/windows"})

    remove(windows, name, f"{registry.host}/windows/base:ltsc2022")
    windows.docker("pull", "-q", name)
    script = r"type c:\made.txt && reg query HKLM\Software\Built /v By && ver"
    said = windows.docker("run", "--rm", name, "cmd", "/c", script).out
    assert "built" in said
    assert "RUN" in said
    remove(windows, name)


@pytest.mark.wine
def test_windows_image_on_a_base_that_can_be_reached_needs_no_rebase(
    windows: Engine, registry: LocalRegistry, tmp_path: Path
) -> None:
    """The base is told by its manifest and history, whatever the registry and the name; none of it is downloaded."""
    base = publish(registry, "mirror/nano", "ltsc2022", windows_base("10.0.20348.9"))
    name = f"{registry.host}/team/online:1"
    dockerfile = f"FROM {registry.host}/mirror/nano:ltsc2022\nRUN reg query HKLM\\Software> C:\\made.txt\nENV A=1\n"
    (tmp_path / "Dockerfile").write_text(dockerfile)
    windows.docker("build", "-q", "-t", name, str(tmp_path), timeout_s=120)
    said = windows.docker("push", name).out
    assert "Mounted from mirror/nano" in said
    assert "Registry changes" not in said  # a program that reads is none, whatever Wine notes down

    pushed = registry.manifest("team/online", "1")
    assert pushed["layers"][:-1] == base["layers"]
    assert pushed["mediaType"] == base["mediaType"]
    config = json.loads(registry.get(f"team/online/blobs/{pushed['config']['digest']}")[0])
    assert config["os.version"] == "10.0.20348.9"
    assert config["history"][0]["created_by"] == "Apply image 10.0.20348.9"
    assert len(config["rootfs"]["diff_ids"]) == len(pushed["layers"]) == 2
    requests = registry.log()
    assert not re.search(rf"\bGET /v2/\S+/blobs/{base['layers'][0]['digest']}", requests)
    remove(windows, name, f"{registry.host}/mirror/nano:ltsc2022")


@pytest.mark.wine
def test_base_is_pushed_and_is_there_already(windows: Engine, registry: LocalRegistry) -> None:
    digest = windows.transom("base", "ls", "-q", "--no-trunc").out.split()[0]
    name = f"{registry.host}/fleet/base:1"
    assert windows.transom("base", "push", "-q", digest, name, timeout_s=120).out.strip() == digest
    assert windows.transom("base", "pull", "-q", name).out.strip() == digest
    refused = windows.transom("base", "pull", f"{registry.host}/fleet/base:2", check=False)
    assert "manifest unknown" in refused.err


def test_images_are_copied_between_engine_layout_and_archive(engine: Engine, tmp_path: Path) -> None:
    where, packed = f"oci:{tmp_path}/layout", f"archive:{tmp_path}/out.tar"
    engine.docker("tag", "busybox", "first:1")
    engine.docker("tag", "busybox", "second:1")
    for name in ("first:1", "second:1", "first:1"):
        engine.transom("image", "copy", name, where)
    index = json.loads((tmp_path / "layout/index.json").read_text())
    assert [each["annotations"]["org.opencontainers.image.ref.name"] for each in index["manifests"]] == ["1", "1"]

    engine.transom("image", "copy", where, packed)
    engine.docker("rmi", "first:1", "second:1")
    engine.docker("load", "-i", str(tmp_path / "out.tar"))
    engine.docker("rmi", "second:1")
    assert "which one" in engine.transom("image", "copy", where, "third:1", check=False).err
    engine.transom("image", "copy", "first:1", f"oci:{tmp_path}/one")
    assert engine.transom("image", "copy", f"oci:{tmp_path}/one", "third:1").out == "third:1\n"
    ids = engine.docker("image", "inspect", "-f", "{{.Id}}", "third:1", "busybox").out.split()
    assert ids[0] == ids[1]
    assert "holds no OCI image layout" in engine.transom("image", "copy", f"oci:{tmp_path}", "x", check=False).err
    assert "transom tag" in engine.transom("image", "copy", "busybox", "x", check=False).err
    remove(engine, "first:1", "second:1", "third:1")
