"""docker cp and export, on a real root: a directory that is one, and an overlay that only the worker mounts."""

import io
import os
import stat
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.image_store import ImageStore
from tests.support.images import Member, directory, file, hardlink, layer, make, symlink, write_archive

from transom.drivers.snapshot.files import WorkerFiles, go_mode
from transom.errors import InvalidParameter, NotFound
from transom.snapshots.files import PutOptions, Root

pytestmark = pytest.mark.root

TREE = layer(
    directory("etc"),
    file("etc/passwd", "root", uid=5, gid=6),
    hardlink("etc/twin", "etc/passwd"),
    symlink("etc/link", "/etc/passwd"),
    symlink("etc/out", "../../../../etc/hostname"),
    symlink("dir", "etc"),
    symlink("loop", "loop"),
)


class Copy:
    """Calls Files with bytes instead of descriptors."""

    def __init__(self, files: WorkerFiles, root: Root, tmp_path: Path) -> None:
        self.files, self.root, self._spool = files, root, tmp_path / "spool"

    async def get(self, path: str) -> dict[str, tarfile.TarInfo]:
        with open(self._spool, "wb") as out:
            await self.files.get(self.root, path, out.fileno())
        return self._members()

    async def export(self) -> dict[str, tarfile.TarInfo]:
        with open(self._spool, "wb") as out:
            await self.files.export(self.root, out.fileno())
        return self._members()

    async def put(self, path: str, data: bytes, **options: object) -> None:
        self._spool.write_bytes(data)
        with open(self._spool, "rb") as source:
            await self.files.put(self.root, path, source.fileno(), PutOptions(**options))  # type: ignore[arg-type]

    def _members(self) -> dict[str, tarfile.TarInfo]:
        with tarfile.open(fileobj=io.BytesIO(self._spool.read_bytes())) as archive:
            return {member.name: member for member in archive}


@pytest.fixture(params=["path", "overlay"])
async def copy(request: pytest.FixtureRequest, store: ImageStore, tmp_path: Path) -> AsyncIterator[Copy]:
    write_archive(str(tmp_path / "x.tar"), make(TREE, layer(file("top")), names=["t"]))
    images, _ = await store.load(tmp_path / "x.tar")
    await store.snapshots.prepare("c1", images[0].snapshot)
    mount = await store.snapshots.mounts("c1")
    files = WorkerFiles(store.workers, store.snapshots.empty_dir)
    if request.param == "overlay":
        yield Copy(files, Root(mount=mount), tmp_path)
        return
    from tests.component.images.test_diff import mounted

    with mounted(mount, tmp_path) as root:
        yield Copy(files, Root(path=str(root)), tmp_path)


async def test_stat_tells_kind_and_where_a_link_leads(copy: Copy) -> None:
    found = await copy.files.stat(copy.root, "/etc/passwd")
    assert (found.name, found.size, found.mode, found.link_target) == ("passwd", 4, 0o644, "")
    assert (await copy.files.stat(copy.root, "/etc")).mode == 0o755 | 1 << 31
    link = await copy.files.stat(copy.root, "/dir/link")
    assert (link.name, link.link_target, link.mode >> 27 & 1) == ("link", "/etc/passwd", 1)
    assert (await copy.files.stat(copy.root, "/dir/")).mode & 1 << 31
    assert (await copy.files.stat(copy.root, "/")).name == "/"
    for path in ("/missing", "/etc/passwd/x", "/../../missing"):
        with pytest.raises(NotFound):
            await copy.files.stat(copy.root, path)


async def test_link_that_climbs_leads_no_further_than_the_root(copy: Copy) -> None:
    assert (await copy.files.stat(copy.root, "/etc/out")).link_target == "/etc/hostname"
    with pytest.raises(NotFound):
        await copy.files.stat(copy.root, "/etc/out/.")


async def test_get_names_entries_from_the_last_component(copy: Copy) -> None:
    members = await copy.get("/etc")
    assert sorted(members) == ["etc", "etc/link", "etc/out", "etc/passwd", "etc/twin"]
    assert members["etc/twin"].islnk()
    assert (members["etc/passwd"].uid, members["etc/passwd"].gid) == (5, 6)
    assert sorted(await copy.get("/dir/.")) == [".", "./link", "./out", "./passwd", "./twin"]
    assert list(await copy.get("/etc/passwd")) == ["passwd"]
    assert (await copy.get("/dir"))["dir"].issym()
    with pytest.raises(NotFound):
        await copy.get("/missing")


async def test_put_then_get(copy: Copy) -> None:
    await copy.put("/dir", layer(directory("new", mode=0o711), file("new/f", "1", uid=9), symlink("new/l", "f")))
    members = await copy.get("/etc/new")
    assert sorted(members) == ["new", "new/f", "new/l"]
    assert members["new"].mode == 0o711
    assert members["new/f"].uid == 9
    await copy.put("/etc/new", layer(file("f", "22")), owner=(0, 0))
    assert ((await copy.get("/etc/new/f"))["f"].size, (await copy.get("/etc/new/f"))["f"].uid) == (2, 0)
    await copy.put("/etc/new", layer(file(".wh.f", "kept")))  # no layer: a name like any other
    assert sorted(await copy.get("/etc/new")) == ["new", "new/.wh.f", "new/f", "new/l"]


@pytest.mark.parametrize(
    ("path", "data", "options", "text"),
    [
        ("/etc/passwd", layer(file("x")), {}, "extraction point is not a directory"),
        ("/", layer(file("../../x")), {}, "leads outside"),
        ("/", layer(file("etc")), {"keep_kind": True}, 'cannot overwrite directory "/etc" with non-directory'),
        ("/etc", layer(directory("passwd")), {"keep_kind": True}, "cannot overwrite non-directory"),
        ("/", b"no tar at all" * 100, {}, "invalid tar"),
        ("/", layer(file("a", "x" * 9000))[:3000], {}, "unexpected EOF"),
    ],
)
async def test_put_refuses(copy: Copy, path: str, data: bytes, options: dict[str, object], text: str) -> None:
    with pytest.raises(InvalidParameter, match=text):
        await copy.put(path, data, **options)


async def test_put_through_links_stays_inside(copy: Copy, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    await copy.put("/", layer(symlink("way", str(tmp_path / "outside")), symlink("up", "../../../..")))
    await copy.put("/up", layer(file("climbed", "x")))
    assert "climbed" in await copy.export()
    with pytest.raises(InvalidParameter, match="way"):
        await copy.put("/", layer(file("way/x", "x")))
    assert list((tmp_path / "outside").iterdir()) == []
    with pytest.raises(NotFound):
        await copy.put("/missing", layer(file("x")))


async def test_export_is_the_whole_root(copy: Copy) -> None:
    members = await copy.export()
    assert sorted(members) == ["dir", "etc", "etc/link", "etc/out", "etc/passwd", "etc/twin", "loop", "top"]


async def test_windows_root_is_found_without_case(store: ImageStore, tmp_path: Path) -> None:
    root = tmp_path / "c"
    (root / "Users/Public").mkdir(parents=True)
    (root / "Users/Public/Note.txt").write_text("old")
    copy = Copy(WorkerFiles(store.workers, store.snapshots.empty_dir), Root(path=str(root), folds_case=True), tmp_path)

    assert (await copy.files.stat(copy.root, "/USERS/public/NOTE.TXT")).size == 3
    await copy.put("/users/PUBLIC", layer(file("NOTE.txt", "newer", uid=7, mode=0o600), directory("More")))

    assert sorted(os.listdir(root / "Users/Public")) == ["More", "Note.txt"]
    assert (root / "Users/Public/Note.txt").read_text() == "newer"
    assert (root / "Users/Public/Note.txt").stat().st_uid == 0
    with pytest.raises(InvalidParameter, match="device"):
        await copy.put("/", layer(Member("x", kind=tarfile.FIFOTYPE)))


def test_go_mode() -> None:
    assert go_mode(stat.S_IFREG | 0o4755) == 0o755 | 1 << 23
    assert go_mode(stat.S_IFDIR | 0o1777) == 0o777 | 1 << 31 | 1 << 20
    assert go_mode(stat.S_IFCHR | 0o600) == 0o600 | 1 << 26 | 1 << 21
