"""A Debian mirror of the tests' own: signed with their own key, whole or in the midst of an update."""

import hashlib
import lzma
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from transom.drivers.exec.wine.base.contents import Source
from transom.drivers.exec.wine.base.fetch import Mirror
from transom.errors import InvalidParameter, Unavailable
from transom.execution.bases import BaseProgress

pytestmark = pytest.mark.needs("gpg", "gpgv", "gpgconf")

ARCHITECTURES = ("amd64", "i386")


@dataclass(frozen=True)
class Key:
    """A key that signs, and the file that gpgv reads it from."""

    home: Path
    keyring: Path

    def sign(self, text: str) -> bytes:
        return self.gpg("--clear-sign", stdin=text.encode())

    def gpg(self, *arguments: str, stdin: bytes = b"") -> bytes:
        argv = ["gpg", "--homedir", str(self.home), "--batch", "--quiet", "--passphrase", "", *arguments]
        return subprocess.run(argv, input=stdin, stdout=subprocess.PIPE, check=True, timeout=60).stdout


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Key]:
    home = tmp_path_factory.mktemp("gpg")
    home.chmod(0o700)
    made = Key(home, home / "keys.gpg")
    made.gpg("--quick-gen-key", "archive@example.test", "ed25519", "sign")
    made.keyring.write_bytes(made.gpg("--export"))
    yield made
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True, timeout=60)


@dataclass
class Archive:
    """What a mirror holds: path → bytes."""

    key: Key
    files: dict[str, bytes] = field(default_factory=dict)

    def publish(self, directory: str, version: str, *, codename: str = "trixie", stale: str = "") -> None:
        """Put a release of both architectures' Wine there; stale: an architecture whose index is of another day."""
        sums = []
        for architecture in ARCHITECTURES:
            deb = f"Wine {version} for {architecture}".encode()
            path = f"pool/wine_{version}_{architecture}.deb"
            self.files[path] = deb
            entry = (
                f"Package: libwine\nVersion: {version}\nArchitecture: {architecture}\nFilename: {path}\n"
                f"Size: {len(deb)}\nSHA256: {hashlib.sha256(deb).hexdigest()}\n"
            )
            index = lzma.compress(entry.encode())
            name = f"main/binary-{architecture}/Packages.xz"
            sums.append(f" {hashlib.sha256(index).hexdigest()} {len(index)} {name}")
            self.files[f"dists/{directory}/{name}"] = b"another day's" if architecture == stale else index
        index = lzma.compress(self._sources(version).encode())
        sums.append(f" {hashlib.sha256(index).hexdigest()} {len(index)} main/source/Sources.xz")
        self.files[f"dists/{directory}/main/source/Sources.xz"] = index
        text = "\n".join(("Origin: Debian", f"Codename: {codename}", "SHA256:", *sums, ""))
        self.files[f"dists/{directory}/InRelease"] = self.key.sign(text)

    def _sources(self, version: str) -> str:
        lines = []
        for name in (
            f"tool_{version}.orig.tar.gz",
            f"tool_{version}-1.debian.tar.xz",
            f"tool_{version}.orig.tar.gz.asc",
        ):
            content = f"archive {name}".encode()
            self.files[f"pool/{name}"] = content
            lines.append(f" {hashlib.sha256(content).hexdigest()} {len(content)} {name}")
        checksums = "\n".join(lines)
        entry = f"Package: tool\nVersion: {version}-1\nDirectory: pool\nChecksums-Sha256:\n{checksums}\n"
        return f"Package: tool\nVersion: 0-1\nExtra-Source-Only: yes\nDirectory: pool\n\n{entry}"

    @asynccontextmanager
    async def mirror(self, cache: Path) -> AsyncIterator[Mirror]:
        async def answer(request: web.Request) -> web.Response:
            found = self.files.get(request.path.lstrip("/"))
            return web.Response(status=404) if found is None else web.Response(body=found)

        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            host, port = runner.addresses[0][:2]
            yield Mirror(f"http://{host}:{port}", cache, "trixie", {}, (str(self.key.keyring),))
        finally:
            await runner.cleanup()


SOURCES = tuple(Source("libwine", (), architecture) for architecture in ARCHITECTURES)


def quiet(progress: BaseProgress) -> None:
    pass


async def test_packages_are_fetched_and_checked(key: Key, tmp_path: Path) -> None:
    archive = Archive(key)
    archive.publish("trixie", "10.1")
    archive.publish("stable", "10.0")

    async with archive.mirror(tmp_path) as mirror:
        found = await mirror.packages(SOURCES, quiet)

    assert [path.read_bytes() for _, _, path in found] == [b"Wine 10.1 for amd64", b"Wine 10.1 for i386"]


async def test_half_updated_release_gives_way_to_a_whole_one_of_the_same_name(key: Key, tmp_path: Path) -> None:
    archive = Archive(key)
    archive.publish("trixie", "10.1", stale="i386")
    archive.publish("stable", "10.0")

    async with archive.mirror(tmp_path) as mirror:
        found = await mirror.packages(SOURCES, quiet)

    assert {package.version for _, package, _ in found} == {"10.0"}


async def test_half_updated_release_is_refused_where_the_alias_is_another_release(key: Key, tmp_path: Path) -> None:
    archive = Archive(key)
    archive.publish("trixie", "10.1", stale="i386")
    archive.publish("stable", "11.0", codename="forky")

    async with archive.mirror(tmp_path) as mirror:
        with pytest.raises(InvalidParameter, match="is not what the signed Release lists; try again later"):
            await mirror.packages(SOURCES, quiet)
    assert list(tmp_path.iterdir()) == []


async def test_other_keys_signature_and_other_bytes_are_refused(key: Key, tmp_path: Path) -> None:
    archive = Archive(key)
    archive.publish("trixie", "10.1")
    signed = archive.files["dists/trixie/InRelease"]
    archive.files["dists/trixie/InRelease"] = signed.replace(b"Origin: Debian", b"Origin: Other")
    async with archive.mirror(tmp_path / "forged") as mirror:
        with pytest.raises(InvalidParameter, match="not signed by Debian"):
            await mirror.packages(SOURCES, quiet)

    archive.files["dists/trixie/InRelease"] = signed
    archive.files["pool/wine_10.1_i386.deb"] = b"Wine 10.1 for i386!"
    async with archive.mirror(tmp_path / "other") as mirror:
        with pytest.raises(InvalidParameter, match="wrong SHA256 sum"):
            await mirror.packages(SOURCES, quiet)
    assert [path.suffix for path in (tmp_path / "other").iterdir()] in ([], [".deb"])


async def test_silent_mirror_is_named(key: Key, tmp_path: Path) -> None:
    async with Archive(key).mirror(tmp_path) as mirror:
        with pytest.raises(Unavailable, match="HTTP 404"):
            await mirror.packages(SOURCES, quiet)


async def test_source_packages_are_fetched_and_checked(key: Key, tmp_path: Path) -> None:
    archive = Archive(key)
    archive.publish("trixie", "10.1")

    async with archive.mirror(tmp_path) as mirror:
        (found,) = await mirror.source_packages(("tool",), quiet)
        with pytest.raises(InvalidParameter, match="no source package nosuch"):
            await mirror.source_packages(("nosuch",), quiet)

    assert (found.name, found.version) == ("tool", "10.1-1")
    assert [mirror.cached(each).read_bytes() for each in found.archives] == [
        b"archive tool_10.1.orig.tar.gz",
        b"archive tool_10.1-1.debian.tar.xz",
    ]


async def test_archive_that_is_not_there_yet_is_taken_from_the_other_name(key: Key, tmp_path: Path) -> None:
    archive = Archive(key)
    archive.publish("stable", "10.0")
    archive.publish("trixie", "10.1")
    del archive.files["pool/tool_10.1-1.debian.tar.xz"]

    async with archive.mirror(tmp_path) as mirror:
        (found,) = await mirror.source_packages(("tool",), quiet)

    assert found.version == "10.0-1"
