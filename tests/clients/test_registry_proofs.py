"""Registries of each kind, images of both systems, other tools on the other end: push, delete, pull, run, compare."""

import gzip
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.support.engine import Engine
from tests.support.images import BUSYBOX, directory, file, layer
from tests.support.registry import PASSWORD, USER, LocalRegistry, certify, local_registry, publish
from tests.support.windows import windows_base
from tests.support.windows_form import check_layer

pytestmark = [
    pytest.mark.root,
    pytest.mark.needs("crun", "conmon", "busybox", "openssl", "skopeo", "buildah"),
    pytest.mark.timeout(600),
]

KINDS = ("plain", "basic auth", "TLS and basic auth")
BASE = windows_base("10.0.20348.9", layer(directory("Files"), file("Files/update", "more"), directory("Hives")))


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """An engine that has certificates of its own for registries."""
    where = Path(tempfile.mkdtemp(prefix="tt-"))
    try:
        with Engine(where, options=("--registry-certs", str(where / "certs"))) as running:
            running.load_busybox()
            yield running
    finally:
        shutil.rmtree(where)


@pytest.fixture(scope="module")
def registries(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, LocalRegistry]]:
    """One of each kind; the one with TLS is at the bridge's address: at a loopback one no certificate is looked at."""
    directory = tmp_path_factory.mktemp("registries")
    config = json.loads(engine.docker("network", "inspect", "bridge").out)[0]["IPAM"]["Config"]
    address = config[0]["Gateway"]
    authority, certificate, key = certify(directory / "tls", address)
    with ExitStack() as stack:
        found = {
            "plain": stack.enter_context(local_registry(directory / "plain")),
            "basic auth": stack.enter_context(local_registry(directory / "auth", auth=True)),
            "TLS and basic auth": stack.enter_context(
                local_registry(
                    directory / "both", auth=True, tls=(certificate, key), authority=authority, address=address
                )
            ),
        }
        publish(found["plain"], "windows/base", "ltsc2022", BASE)
        yield found


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Where buildah keeps what it has: an option list."""
    where = tmp_path_factory.mktemp("buildah")
    return ["--root", str(where / "root"), "--runroot", str(where / "run"), "--storage-driver", "vfs"]


def tool(*argv: str) -> str:
    """Run skopeo or buildah and return what it wrote."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"{argv}: {done.stderr}"
    return done.stdout.strip()


def seen(registry: LocalRegistry, name: str, storage: list[str]) -> tuple[str, str, str]:
    """Return the manifest's digest as skopeo and as buildah see it, and the image's ID as buildah does."""
    by_skopeo = json.loads(tool("skopeo", "inspect", "--no-tags", *registry.options(), f"docker://{name}"))["Digest"]
    os_ = ("--os", "windows") if "/win" in name else ()
    image = tool("buildah", *storage, "pull", "-q", *os_, *registry.options(), f"docker://{name}")
    by_buildah = json.loads(tool("buildah", *storage, "inspect", "--type", "image", image))["FromImageDigest"]
    return by_skopeo, by_buildah, f"sha256:{image}"


@pytest.mark.parametrize("kind", KINDS)
def test_linux_image_is_pushed_deleted_pulled_and_run(
    engine: Engine, registries: Mapping[str, LocalRegistry], storage: list[str], tmp_path: Path, kind: str
) -> None:
    registry = registries[kind]
    name, config = f"{registry.host}/team/app:1", {"DOCKER_CONFIG": str(tmp_path)}
    built = engine.docker("build", "-q", "-", stdin=b"FROM busybox\nRUN echo made > /made\nCMD cat /made\n").out.strip()
    engine.docker("tag", built, name)
    if registry.auth:
        log_in(engine, registry, name, config)

    said = engine.docker("push", name, env=config).out
    digest = re.findall(r"^1: digest: (\S+)", said, re.MULTILINE)[0]
    engine.docker("rmi", "-f", built)
    assert engine.docker("run", "--rm", name, env=config).out == "made\n"

    listed = engine.docker(
        "images", "--digests", "--no-trunc", "--format", "{{.ID}} {{.Digest}}", name[:-2]
    ).out.split()
    assert listed == [built, digest]
    assert seen(registry, name, storage) == (digest, digest, built)
    engine.docker("rmi", name)


def log_in(engine: Engine, registry: LocalRegistry, name: str, config: Mapping[str, str]) -> None:
    """Be refused without a certificate and without a password, then log in."""
    trusted = engine.directory / "certs" / registry.host
    if registry.authority and not trusted.exists():
        assert "tls: failed to verify certificate" in engine.docker("pull", name, check=False, env=config).err
        trusted.mkdir(parents=True)
        shutil.copy(registry.authority, trusted)
    for command in ("push", "pull"):
        refused = engine.docker(command, name, check=False, env=config)
        assert "no basic auth credentials" in refused.err
        assert "Username" not in refused.out
    arguments = ("login", "-u", USER, "--password-stdin", registry.host)
    assert "unauthorized" in engine.docker(*arguments, stdin=b"wrong", check=False, env=config).err
    engine.docker(*arguments, stdin=PASSWORD.encode(), env=config)


@pytest.mark.wine
def test_windows_image_is_pushed_everywhere_and_none_of_its_base_is_downloaded(
    engine: Engine, registries: Mapping[str, LocalRegistry], storage: list[str], tmp_path: Path
) -> None:
    """What is pushed is the base's manifest with our layer on it; its base is mounted or copied, and not kept here."""
    engine.ensure_base()
    plain, config = registries["plain"], {"DOCKER_CONFIG": str(tmp_path / "config")}
    base = plain.manifest("windows/base", "ltsc2022")
    dockerfile = f"FROM {plain.host}/windows/base:ltsc2022\nRUN echo made> C:\\made.txt\nCMD type C:\\made.txt\n"
    built = engine.docker("build", "-q", "-", stdin=dockerfile.encode(), timeout_s=120).out.strip()
    for kind in KINDS:
        registry = registries[kind]
        name = f"{registry.host}/team/win:1"
        if registry.auth:
            engine.docker("tag", built, name)
            log_in(engine, registry, name, config)
        engine.docker("tag", built, name)
        assert ("Mounted from windows/base" in engine.docker("push", name, env=config).out) is (kind == "plain")
        pushed = registry.manifest("team/win", "1")
        assert pushed["layers"][:-1] == base["layers"]
        assert {key: pushed[key] for key in ("schemaVersion", "mediaType")} == {
            key: base[key] for key in ("schemaVersion", "mediaType")
        }
        own = gzip.decompress(registry.get(f"team/win/blobs/{pushed['layers'][-1]['digest']}")[0])
        assert "Files/made.txt" in check_layer(own, {"files/windows"})
        raw, headers = registry.get("team/win/manifests/1")
        digest = headers["docker-content-digest"]
        assert seen(registry, name, storage) == (digest, digest, built)
        assert json.loads(raw)["config"]["digest"] == built

        engine.docker("rmi", "-f", built)
        engine.docker("builder", "prune", "-af")
        before = len(registry.log())
        done = engine.docker("run", "--rm", name, env=config)
        assert done.out == "made\r\n"
        assert "2 layers of Microsoft's base are not downloaded" in done.err
        fetched = set(re.findall(r'"GET /v2/\S+/blobs/(\S+) HTTP', registry.log()[before:]))
        assert fetched == {built, pushed["layers"][-1]["digest"]}
    engine.docker("rmi", "-f", built)


@pytest.mark.parametrize("compression", ["gzip", "zstd", "zstd:chunked"])
def test_image_that_buildah_made_runs(
    engine: Engine, registries: Mapping[str, LocalRegistry], storage: list[str], tmp_path: Path, compression: str
) -> None:
    root = tmp_path / "root"
    (root / "srv").mkdir(parents=True)
    (root / "srv/hello").write_text(f"by buildah, {compression}\n")
    (root / "srv/hello").chmod(0o750)
    (root / "srv/again").hardlink_to(root / "srv/hello")
    (root / "sh").symlink_to("busybox")
    shutil.copy(BUSYBOX, root / "busybox")
    # One layer that no other image has: buildah remembers in what form a registry has a layer, and sends no other.
    (tmp_path / "Dockerfile").write_text('FROM scratch\nCOPY root /\nWORKDIR /srv\nCMD ["/busybox", "cat", "hello"]\n')
    image = tool("buildah", *storage, "build", "-q", str(tmp_path))
    name = f"{registries['plain'].host}/buildah/{compression.replace(':', '-')}:1"
    pack = ["--format", "oci", "--compression-format", compression] if compression != "gzip" else ["--format", "docker"]
    tool("buildah", *storage, "push", "-q", "--tls-verify=false", *pack, image, f"docker://{name}")

    assert engine.docker("run", "--rm", name).out == f"by buildah, {compression}\n"
    assert engine.docker("run", "--rm", name, "/busybox", "stat", "-c", "%a", "again").out == "750\n"
    suffix = "tar.gzip" if compression == "gzip" else "tar+zstd"
    pushed = registries["plain"].manifest(f"buildah/{compression.replace(':', '-')}", "1")
    assert pushed["layers"][0]["mediaType"].endswith(suffix)
    engine.docker("rmi", name)


@pytest.mark.wine
def test_windows_image_that_buildah_made_runs(
    engine: Engine, registries: Mapping[str, LocalRegistry], storage: list[str], tmp_path: Path
) -> None:
    """It knows no layers of Windows: what is copied to /Files is on drive C:, and elsewhere no container sees it."""
    engine.ensure_base()
    plain = registries["plain"]
    (tmp_path / "hello").write_text("by buildah")
    for target, expected in (("/Files/srv/hello.txt", "by buildah"), ("C:/srv/hello.txt", "copy to /Files/app")):
        (tmp_path / "Dockerfile").write_text(
            f"FROM {plain.host}/windows/base:ltsc2022\nCOPY hello {target}\nENV NAME=hello.txt\n"
            'WORKDIR C:\\\\srv\nCMD ["cmd", "/c", "type %NAME%"]\n'
        )
        build = ["build", "-q", "--tls-verify=false", "--os", "windows", "--arch", "amd64", str(tmp_path)]
        image = tool("buildah", *storage, *build)
        name = f"{plain.host}/buildah/win:{len(target)}"
        tool("buildah", *storage, "push", "-q", "--tls-verify=false", image, f"docker://{name}")
        done = engine.docker("run", "--rm", name, check=False)
        assert expected in (done.out if done.code == 0 else done.err)
        engine.docker("rmi", name, check=done.code == 0)
