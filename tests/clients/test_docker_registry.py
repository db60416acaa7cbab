"""Registries through the docker CLI and our own: pull, run, build, log in."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.engine import PROGRAMS, Engine, docker_environment, docker_release
from tests.support.images import BUSYBOX, Made, directory, file, layer, make, symlink, write_archive
from tests.support.registry import PASSWORD, USER, LocalRegistry, local_registry, publish, publish_index
from tests.support.windows import windows_base

pytestmark = [pytest.mark.root, pytest.mark.needs("conmon", "busybox")]


def image(text: str) -> Made:
    """Return an image that prints text; its one layer is no other image's."""
    shell = layer(
        directory("bin"), file("bin/busybox", Path(BUSYBOX).read_bytes(), mode=0o755), symlink("bin/sh", "busybox"),
        symlink("bin/cat", "busybox"), file("hello", text),
    )  # fmt: skip
    return make(shell, config={"Cmd": ["cat", "/hello"], "Env": ["PATH=/bin"]})


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRegistry]:
    with local_registry(tmp_path_factory.mktemp("registry")) as running:
        for tag in ("run", "ours", "build"):
            publish(running, f"team/{tag}", "1", image(f"from {tag}\n"))
        yield running


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRegistry]:
    with local_registry(tmp_path_factory.mktemp("guarded"), auth=True) as running:
        yield running


def test_run_pulls_what_is_not_here(engine: Engine, registry: LocalRegistry) -> None:
    name = f"{registry.host}/team/run:1"
    done = engine.docker("run", "--rm", name)
    assert done.out == "from run\n"
    assert f"Unable to find image '{name}' locally" in done.err
    assert f"Status: Downloaded newer image for {name}" in done.err
    digest = json.loads(engine.docker("image", "inspect", name).out)[0]["RepoDigests"][0]
    shown = engine.docker("images", "--digests", "--format", "{{.Repository}}@{{.Digest}}").out.split()
    assert digest in shown
    if docker_release() >= 28:  # earlier ones have no such flag
        assert registry.host in engine.docker("images", "--tree").out
    seen = engine.docker("manifest", "inspect", "--insecure", name).out
    assert json.loads(seen)["config"]["digest"] == image("from run\n").id
    engine.docker("rmi", name)


def test_ours_pulls_too(engine: Engine, registry: LocalRegistry) -> None:
    name = f"{registry.host}/team/ours"
    assert "Pull complete" in engine.transom("pull", f"{name}:1").out
    assert engine.transom("pull", "-q", "-a", name).out.strip().endswith(name)
    assert engine.transom("run", "--rm", f"{name}:1").out == "from ours\n"
    engine.docker("rmi", f"{name}:1")


def test_build_pulls_its_base(engine: Engine, registry: LocalRegistry) -> None:
    name = f"{registry.host}/team/build:1"
    dockerfile = f"FROM {name}\nRUN cat /hello\n".encode()
    digest = registry.get("team/build/manifests/1")[1]["docker-content-digest"]
    out = engine.docker("build", "-t", "on-pulled", "-", stdin=dockerfile).out
    assert f"Digest: {digest}" in out
    assert "from build" in out
    assert f"Digest: {digest}" not in engine.docker("build", "-", stdin=dockerfile).out
    assert "Image is up to date" in engine.docker("build", "--pull", "-", stdin=dockerfile).out
    engine.docker("rmi", "on-pulled", name)


@pytest.mark.needs("skopeo")
@pytest.mark.parametrize("form", ["oci", "v2s2"])
def test_image_that_skopeo_pushed_runs(engine: Engine, registry: LocalRegistry, tmp_path: Path, form: str) -> None:
    name = f"{registry.host}/skopeo/{form}:1"
    write_archive(str(tmp_path / "in.tar"), image(f"by skopeo, {form}\n"))
    compression = ["--dest-compress-format", "zstd"] if form == "oci" else []
    subprocess.run(
        ["skopeo", "copy", "-q", "--dest-tls-verify=false", "--format", form, *compression,
         f"docker-archive:{tmp_path}/in.tar", f"docker://{name}"],
        check=True, capture_output=True,
    )  # fmt: skip

    assert engine.docker("run", "--rm", name).out == f"by skopeo, {form}\n"

    argv = ["skopeo", "inspect", "--tls-verify=false", f"docker://{name}"]
    seen = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
    found = json.loads(engine.docker("image", "inspect", name).out)[0]
    assert found["RepoDigests"] == [f"{name[:-2]}@{seen['Digest']}"]
    engine.docker("rmi", name)


def test_variants_of_both_systems_live_under_one_name(engine: Engine, registry: LocalRegistry, tmp_path: Path) -> None:
    windows = [
        make(
            *windows_base(version).layers, layer(directory("Files"), file("Files/own", version), directory("Hives")),
            os="windows", architecture="amd64", os_version=version,
            history=[{"created_by": f"Apply image {version}"}, {"created_by": "COPY own C:/own"}],
        )
        for version in ("10.0.17763.5", "10.0.20348.9")
    ]  # fmt: skip
    linux = image("both\n")
    top = publish_index(registry, "team/both", "1", linux, *windows)
    name, copy = f"{registry.host}/team/both:1", f"{registry.host}/team/copy:1"
    engine.docker("pull", "-q", name)
    engine.docker("pull", "-q", "--platform", "windows/amd64", name)

    assert engine.docker("run", "--rm", name).out == "both\n"
    listed = engine.docker(
        "images", "--digests", "--no-trunc", "--format", "{{.ID}} {{.Digest}}", name[:-2]
    ).out.split()
    assert sorted(listed) == sorted([linux.id, top, windows[1].id, top])
    shown = engine.docker("image", "inspect", "-f", "{{.Os}} {{.RepoDigests}}", name).out
    assert shown == f"linux [{name[:-2]}@{top}]\n"
    if docker_release() >= 28:  # earlier ones choose no platforms here
        tree = engine.docker("images", "--tree").out
        assert tree.count("team/both:1") == 1
        assert "windows/amd64" in tree
        chosen = ("--platform", "windows/amd64")
        found = engine.docker("image", "inspect", *chosen, "-f", "{{.Id}} {{.OsVersion}}", name).out
        assert found == f"{windows[1].id} 10.0.20348.9\n"
        assert "COPY own C:/own" in engine.docker("history", *chosen, name).out
        engine.docker("save", *chosen, "-o", str(tmp_path / "one.tar"), name)
        engine.docker("tag", name, copy)
        assert "Mounted from team/both" in engine.docker("push", *chosen, copy).out
        config = registry.manifest("team/copy", "1")["config"]
        assert config["digest"] == windows[1].id
        assert f"1: digest: {top} " in engine.docker("push", name).out
        engine.docker("rmi", *chosen, name)
        refused = engine.docker("image", "inspect", *chosen, name, check=False).err
        assert "does not provide the specified platform (windows/amd64)" in refused
        engine.docker("rmi", name, copy)
        engine.docker("load", "-i", str(tmp_path / "one.tar"))
        assert engine.docker("image", "inspect", "-f", "{{.Id}}", name).out.strip() == windows[1].id
    older = engine.docker("pull", "--platform", "windows(10.0.17763)/amd64", name)
    assert "Downloaded newer image" in older.out
    engine.docker("rmi", name)


def test_login_is_proved_and_kept(engine: Engine, guarded: LocalRegistry, tmp_path: Path) -> None:
    environment = docker_environment() | {"DOCKER_CONFIG": str(tmp_path), "DOCKER_HOST": f"unix://{engine.socket}"}
    name = f"{guarded.host}/team/app:1"

    def ours(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        argv = [str(PROGRAMS / "transom"), *arguments]
        return subprocess.run(
            argv, input=given, capture_output=True, text=True, check=False, env=environment, timeout=60
        )

    assert "no basic auth credentials" in ours("pull", name).stderr
    wrong = ours("login", "-u", USER, "--password-stdin", guarded.host, given="wrong\n")
    assert wrong.returncode == 1
    assert "unauthorized" in wrong.stderr
    assert not (tmp_path / "config.json").exists()
    done = ours("login", "-u", USER, "--password-stdin", guarded.host, given=PASSWORD + "\n")
    assert done.stdout == "Login Succeeded\n", done.stderr
    assert os.stat(tmp_path / "config.json").st_mode & 0o777 == 0o600
    assert "manifest unknown" in ours("pull", name).stderr
    with_docker = engine.docker("pull", name, check=False, env={"DOCKER_CONFIG": str(tmp_path)})
    assert "manifest unknown" in with_docker.err
    built = engine.docker(
        "build", "-", stdin=f"FROM {name}\n".encode(), check=False, env={"DOCKER_CONFIG": str(tmp_path)}
    )
    assert "manifest unknown" in built.err
    again = ours("login", guarded.host)
    assert again.stdout == "Authenticating with existing credentials...\nLogin Succeeded\n"
    assert "Removing login credentials" in ours("logout", guarded.host).stdout
    assert json.loads((tmp_path / "config.json").read_text())["auths"] == {}
    assert "no basic auth credentials" in ours("pull", name).stderr
