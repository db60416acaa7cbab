"""Exported bases: written the same each time, read without trust."""

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from transom.drivers.exec.wine.base import manifest
from transom.drivers.exec.wine.base.digest import tree_digest
from transom.drivers.exec.wine.base.packing import read_archive, write_archive
from transom.drivers.exec.wine.base.store import DiskBaseStore
from transom.drivers.exec.wine.base.tree import normalise
from transom.errors import InvalidParameter, NotFound
from transom.execution.bases import BaseInfo, BaseProgress


def quiet(progress: BaseProgress) -> None:
    pass


def small_base(store: DiskBaseStore, work: Path, created_at: str = "2026-01-01T00:00:00Z") -> BaseInfo:
    made = work / "base"
    (made / "linux/usr").mkdir(parents=True)
    (made / "c/windows").mkdir(parents=True)
    (made / "registry").mkdir()
    (made / "linux/usr/program").write_bytes(os.urandom(100_000))
    (made / "linux/usr/program").chmod(0o755)
    (made / "linux/lib").symlink_to("usr")
    os.link(made / "linux/usr/program", made / "c/windows/ä program.exe")
    (made / "registry/system.reg").write_text("WINE REGISTRY Version 2\n")
    normalise(made)
    digest, size = tree_digest(made)
    return store.adopt(made, BaseInfo(digest, "10.0", (), (("libwine", "10.0", "amd64"),), size, 1, 0.5, created_at))


@pytest.fixture
def store(tmp_path: Path) -> DiskBaseStore:
    (tmp_path / "bases").mkdir()
    return DiskBaseStore(tmp_path / "bases")


async def test_export_then_import_gives_the_same_base(store: DiskBaseStore, tmp_path: Path) -> None:
    info = small_base(store, tmp_path)
    await store.export(info.digest, str(tmp_path / "out.tar.zst"), quiet)
    (tmp_path / "other").mkdir()
    other = DiskBaseStore(tmp_path / "other")
    taken = await other.import_(str(tmp_path / "out.tar.zst"), quiet)
    assert taken.digest == info.digest
    path = other.path(info.digest)
    assert os.path.samefile(path / "linux/usr/program", path / "c/windows/ä program.exe")
    assert [each.digest for each in await other.list()] == [info.digest]


async def test_export_twice_gives_the_same_bytes(store: DiskBaseStore, tmp_path: Path) -> None:
    info = small_base(store, tmp_path)
    for name in ("1", "2"):
        await store.export(info.digest, str(tmp_path / name), quiet)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


async def test_export_to_where_nothing_can_be_written(store: DiskBaseStore, tmp_path: Path) -> None:
    info = small_base(store, tmp_path)
    with pytest.raises(InvalidParameter, match="cannot write"):
        await store.export(info.digest, str(tmp_path / "missing/out"), quiet)


async def test_get_by_prefix_newest_and_none(store: DiskBaseStore, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="base build"):
        await store.get("")
    one = small_base(store, tmp_path, "2026-01-01T00:00:00Z")
    two = small_base(store, tmp_path, "2026-01-02T00:00:00Z")
    assert (await store.get("")).digest == two.digest
    assert (await store.get(one.digest[7:19])).digest == one.digest
    assert (await store.get(one.digest)).digest == one.digest
    with pytest.raises(NotFound):
        await store.get("f" * 12 if not one.digest[7:].startswith("f" * 12) else "0" * 12)


async def test_remove_and_sweep_leave_nothing(store: DiskBaseStore, tmp_path: Path) -> None:
    info = small_base(store, tmp_path)
    for name in (".making-1", ".removed-2"):
        (store.directory / name / "linux").mkdir(parents=True)
    store.cache.mkdir()
    (store.cache / "x.part1").touch()
    await store.remove(info.digest)
    await store.sweep()
    assert [each.name for each in store.directory.iterdir()] == ["cache"]
    assert not list(store.cache.iterdir())
    with pytest.raises(NotFound):
        await store.remove(info.digest)


def archive(*entries: tuple[tarfile.TarInfo, bytes], with_manifest: bool = True) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        head = b'{"format": 1}' if with_manifest else b""
        for entry, data in [*([(tarfile.TarInfo("manifest.json"), head)] if with_manifest else []), *entries]:
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return zstandard.compress(out.getvalue())


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    return made


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not zstd",
        zstandard.compress(b"not a tar" * 1000),
        archive(with_manifest=False),
        archive((entry("../evil"), b"x")),
        archive((entry("/etc/evil"), b"x")),
        archive((entry("elsewhere/file"), b"x")),
        archive((entry("linux", tarfile.DIRTYPE), b""), (entry("linux/null", tarfile.CHRTYPE), b"")),
        archive((entry("linux", tarfile.DIRTYPE), b""), (entry("linux/fifo", tarfile.FIFOTYPE), b"")),
        archive((entry("linux", tarfile.DIRTYPE), b""), (entry("linux/a", tarfile.LNKTYPE, "../../etc/passwd"), b"")),
        archive((entry("linux", tarfile.DIRTYPE), b""), (entry("linux/a", tarfile.LNKTYPE, "linux/b"), b"")),
        archive((entry("linux", tarfile.DIRTYPE), b""), (entry("linux", tarfile.DIRTYPE), b"")),
        archive((entry("linux", tarfile.SYMTYPE, "/outside"), b""), (entry("linux/evil"), b"x")),
        archive((entry("linux", tarfile.DIRTYPE), b""), (entry("linux/a"), b"x" * 100_000))[:-50],
    ],
)  # fmt: skip
def test_hostile_archive_is_refused_and_stays_inside(data: bytes, tmp_path: Path) -> None:
    target = tmp_path / "deep/target"
    target.mkdir(parents=True)
    with pytest.raises(InvalidParameter):
        read_archive(io.BytesIO(data), target, lambda size: None)
    assert [each.name for each in (tmp_path / "deep").iterdir()] == ["target"]
    assert not (tmp_path / "evil").exists()


async def test_archive_with_other_content_than_its_digest(store: DiskBaseStore, tmp_path: Path) -> None:
    info = small_base(store, tmp_path)
    out = io.BytesIO()
    (store.path(info.digest) / "c/windows/added.txt").write_text("x")
    write_archive(store.path(info.digest), manifest.dump(info), out, lambda size: None)
    (tmp_path / "bad").write_bytes(out.getvalue())
    (tmp_path / "other").mkdir()
    other = DiskBaseStore(tmp_path / "other")
    with pytest.raises(InvalidParameter, match="damaged"):
        await other.import_(str(tmp_path / "bad"), quiet)
    assert not list(other.directory.iterdir())


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.replace(b'"format": 1', b'"format": 9'),
        lambda document: document.replace(b'"protocol": %d' % manifest.PROTOCOL, b'"protocol": 9'),
        lambda document: document.replace(b"sha256:", b"md5:"),
        lambda document: document[:-5],
    ],
)
def test_other_manifest_is_refused(change: Callable[[bytes], bytes]) -> None:
    info = BaseInfo(("sha256:" + "0" * 64), "10.0", (), (), 1, 1, 0.5, "")  # type: ignore[arg-type]
    assert manifest.load(manifest.dump(info)) == info
    with pytest.raises(InvalidParameter):
        manifest.load(change(manifest.dump(info)))
