"""A layer made of an active snapshot, and applied again, gives the same tree: by a real mount and real changes."""

import hashlib
import os
import shutil
import stat
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.hives import Node, environment, hive
from tests.support.image_store import ImageStore
from tests.support.images import directory, file, layer, make, symlink, write_archive

from transom.drivers.exec.wine.registry import load_delta
from transom.drivers.snapshot.spelling import Spelling
from transom.engine.images.commit import ContainerState
from transom.errors import InvalidParameter
from transom.host.mount import mount_root, unmount
from transom.images.image import Image
from transom.model.mount import Mount
from transom.snapshots.layers import LayerForm

pytestmark = pytest.mark.root

BASE = layer(
    directory("etc"),
    file("etc/passwd", "root"),
    file("etc/shadow", "x", mode=0o600, uid=3, gid=4),
    directory("usr"),
    directory("usr/share"),
    file("usr/share/a", "a"),
    file("usr/share/b", "b"),
    directory("usr/share/sub"),
    file("usr/share/sub/deep", "deep"),
    symlink("lib", "usr/share"),
    directory("empty"),
)


@contextmanager
def mounted(mount: Mount, tmp_path: Path, name: str = "mnt") -> Iterator[Path]:
    target = tmp_path / name
    target.mkdir(exist_ok=True)
    mount_root(mount, str(target))
    try:
        yield target
    finally:
        unmount(str(target))


def describe(root: Path) -> dict[str, tuple[object, ...]]:
    """Return what a tree holds: kind, mode, owner, content, link count's partners."""
    found: dict[str, tuple[object, ...]] = {}
    inodes: dict[int, str] = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        name = path.relative_to(root).as_posix()
        data: object = None
        if stat.S_ISREG(status.st_mode):
            data = hashlib.sha256(path.read_bytes()).hexdigest()
        elif stat.S_ISLNK(status.st_mode):
            data = os.readlink(path)
        twin = "" if stat.S_ISDIR(status.st_mode) else inodes.setdefault(status.st_ino, name)
        attributes = () if path.is_symlink() else tuple(n for n in os.listxattr(path) if n.startswith("user."))
        found[name] = (status.st_mode, status.st_uid, status.st_gid, data, status.st_rdev, twin, attributes)
    return found


async def base_image(store: ImageStore, tmp_path: Path, *layers: bytes, os: str = "linux") -> Image:
    write_archive(str(tmp_path / "base.tar"), make(*(layers or (BASE,)), names=["base"], os=os))
    images, _ = await store.load(tmp_path / "base.tar")
    return images[0]


async def commit(store: ImageStore, image: Image, key: str, **more: object) -> Image:
    state = ContainerState(key, image.id, image.config.config, ["sh"], **more)  # type: ignore[arg-type]
    return await store.commit(state, repository="new", author="me", comment="done")


def nothing(root: Path) -> None: ...


def adds(root: Path) -> None:
    (root / "etc/new").write_text("new")
    os.link(root / "etc/new", root / "etc/twin")
    os.mkfifo(root / "fifo")
    os.mknod(root / "node", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    (root / "suid").write_bytes(b"x")
    os.chmod(root / "suid", 0o4755)
    os.chown(root / "etc/new", 70000, 70001)
    os.setxattr(root / "etc/new", "user.note", b"\xff\x00bin")
    (root / ("long" * 40)).mkdir()
    (root / ("long" * 40) / ("näme" * 30)).write_text("x")


def deletes(root: Path) -> None:
    (root / "etc/passwd").unlink()
    shutil.rmtree(root / "usr/share/sub")
    (root / "lib").unlink()


def replaces(root: Path) -> None:
    shutil.rmtree(root / "usr/share")
    (root / "usr/share").mkdir()
    (root / "usr/share/c").write_text("c")
    (root / "etc/passwd").unlink()
    (root / "etc/passwd").mkdir()
    shutil.rmtree(root / "empty")
    (root / "empty").write_text("now a file")


def renames(root: Path) -> None:
    os.rename(root / "usr/share", root / "usr/moved")
    (root / "usr/moved/sub/more").write_text("more")
    (root / "usr/moved/b").unlink()
    os.rename(root / "etc", root / "empty/etc")


def swaps(root: Path) -> None:
    os.rename(root / "usr/share/sub", root / "tmp")
    shutil.rmtree(root / "usr/share")
    os.rename(root / "tmp", root / "usr/share")


CHANGES: list[Callable[[Path], None]] = [nothing, adds, deletes, replaces, renames, swaps]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
async def test_commit_then_unpack_gives_the_same_tree(
    store: ImageStore, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    image = await base_image(store, tmp_path)
    await store.snapshots.prepare("c1", image.snapshot)
    with mounted(await store.snapshots.mounts("c1"), tmp_path) as root:
        change(root)
        wanted = describe(root)

        made = await commit(store, image, "c1")

        with mounted(await store.snapshots.view(made.snapshot), tmp_path, "view") as view:
            assert describe(view) == wanted
    assert (len(made.config.diff_ids) == 1) is (change is nothing)
    assert made.config.history[-1].empty_layer is (change is nothing)
    assert made.parent == image.id
    assert store.lookup("new").image == made


async def test_diff_of_equal_trees_is_equal_to_the_byte(store: ImageStore, tmp_path: Path) -> None:
    image = await base_image(store, tmp_path)
    digests = set()
    for key in ("c1", "c2"):
        await store.snapshots.prepare(key, image.snapshot)
        with mounted(await store.snapshots.mounts(key), tmp_path) as root:
            for name in ("b", "a") if key == "c1" else ("a", "b"):
                (root / name).write_text(name)
                os.utime(root / name, (1, 1))
        with open(tmp_path / key, "wb") as out:
            digests.add((await store.layers.diff(key, LayerForm.POSIX, out.fileno())).digest)
    assert len(digests) == 1


async def test_consumed_snapshot_is_the_layer_also_after_a_rename(store: ImageStore, tmp_path: Path) -> None:
    """A renamed directory must not stay a note of overlayfs in what later steps are compared with."""
    image = await base_image(store, tmp_path)
    below, parent = list(image.config.diff_ids), image.snapshot
    async with store.leases.lease("test") as lease:
        for number, change in enumerate((renames, deletes_in_moved, replaces_in_moved)):
            key = f"step{number}"
            await store.snapshots.prepare(key, parent)
            with mounted(await store.snapshots.mounts(key), tmp_path) as root:
                change(root)
                wanted = describe(root)
            made = await store.commit_layer(key, below, LayerForm.POSIX, lease, consume=True)
            assert made is not None
            below, parent = [*below, made.diff_id], made.snapshot
            with mounted(await store.snapshots.view(parent), tmp_path) as root:
                assert describe(root) == wanted
            assert key not in await store.snapshots.list()


def deletes_in_moved(root: Path) -> None:
    shutil.rmtree(root / "usr/moved/sub")


def replaces_in_moved(root: Path) -> None:
    shutil.rmtree(root / "empty/etc")
    (root / "empty/etc").mkdir()
    (root / "empty/etc/only").write_text("x")


async def test_mount_points_that_a_runtime_made_are_no_change(store: ImageStore, tmp_path: Path) -> None:
    image = await base_image(store, tmp_path)
    await store.snapshots.prepare("c1", image.snapshot)
    with mounted(await store.snapshots.mounts("c1"), tmp_path) as root:
        (root / "etc/hosts").write_text("")
        (root / "proc").mkdir()
    points = ["/etc", "/etc/hosts", "/proc"]

    assert await store.layers.changes("c1", LayerForm.POSIX, points) == []
    made = await commit(store, image, "c1", mount_points=points)

    assert made.config.diff_ids == image.config.diff_ids


async def test_changes_are_those_of_docker_diff(store: ImageStore, tmp_path: Path) -> None:
    image = await base_image(store, tmp_path)
    await store.snapshots.prepare("c1", image.snapshot)
    with mounted(await store.snapshots.mounts("c1"), tmp_path) as root:
        (root / "etc/passwd").write_text("changed")
        (root / "usr/share/sub/deep").unlink()
        (root / "new").mkdir()
        (root / "new/file").write_text("x")

    found = await store.layers.changes("c1", LayerForm.POSIX)

    assert [(change.path, int(change.kind)) for change in found] == [
        ("/etc", 0),
        ("/etc/passwd", 0),
        ("/new", 1),
        ("/new/file", 1),
        ("/usr", 0),
        ("/usr/share", 0),
        ("/usr/share/sub", 0),
        ("/usr/share/sub/deep", 2),
    ]


# Windows


WINDOWS_BASE = layer(
    directory("Hives"),
    directory("Files"),
    directory("Files/App"),
    file("Files/App/Read.txt", "hello", pax={"MSWINDOWS.fileattr": "35"}),
    file("Files/App/old.txt", "old"),
    directory("Files/App/Data"),
    file("Files/App/Data/one", "1"),
)


async def test_windows_layer_takes_the_spelling_below(store: ImageStore, tmp_path: Path) -> None:
    drive = tmp_path / "drive"
    (drive / "windows/system32").mkdir(parents=True)
    (drive / "windows/system32/Kernel.dll").write_text("base")
    store.windows_drive = str(drive)
    second = layer(
        directory("Files"),
        directory("Files/Windows"),
        directory("Files/Windows/System32"),
        file("Files/Windows/System32/kernel.DLL", "image"),
        directory("Files/APP"),
        file("Files/app/READ.TXT", "second"),
        file("Files/aPP/.wh.OLD.txt"),
        symlink("Files/link", "C:\\app\\data"),
        symlink("Files/App/up", "..\\app\\read.txt"),
        symlink("Files/away", "\\\\server\\share"),
    )
    image = await base_image(store, tmp_path, WINDOWS_BASE, second, os="windows")
    view = await store.snapshots.view(image.snapshot)
    whole = Mount(view.kind, lowers=(*view.lowers, str(drive)), readonly=True)

    with mounted(whole, tmp_path) as root:
        assert sorted(os.listdir(root)) == ["App", "away", "link", "windows"]
        assert os.listdir(root / "windows/system32") == ["Kernel.dll"]
        assert (root / "windows/system32/Kernel.dll").read_text() == "image"
        assert (root / "App/Read.txt").read_text() == "second"
        assert not (root / "App/old.txt").exists()
        assert (root / "link/one").read_text() == "1"
        assert os.readlink(root / "App/up") == "Read.txt"
        assert not (root / "away").exists()


async def test_windows_without_a_base_spells_as_the_base_will(store: ImageStore, tmp_path: Path) -> None:
    image = await base_image(
        store, tmp_path, layer(file("Files/Windows/System32/a.dll"), file("Files/PROGRAM FILES/x")), os="windows"
    )
    root = Path(store.snapshots.lowers(image.snapshot)[0])
    assert (root / "windows/system32/a.dll").exists()
    assert (root / "Program Files/x").exists()


async def test_windows_metadata_survives_a_copy_up(store: ImageStore, tmp_path: Path) -> None:
    image = await base_image(store, tmp_path, WINDOWS_BASE, os="windows")
    await store.snapshots.prepare("c1", image.snapshot)
    with mounted(await store.snapshots.mounts("c1"), tmp_path) as root:
        (root / "App/new.exe").write_bytes(b"MZ")
        os.chmod(root / "App/new.exe", 0o755)
        target = root / "App/Read.txt"
        os.chmod(target, 0o755)
        target.write_text("changed")
        os.chmod(target, 0o555)
        shutil.rmtree(root / "App/Data")
        (root / "App/Data").mkdir()
        (root / "App/Data/two").write_text("2")
        os.symlink("Data", root / "App/short")

    made = await commit(store, image, "c1", registry=b"the registry")

    await store.save(tmp_path / "out.tar", made.id)
    members = layer_members(tmp_path / "out.tar", made)
    names = list(members)
    assert names[:3] == ["Hives", "Files", "Files/App"]
    assert names.index("Files/App/Data") < names.index("Files/App/Data/.wh.one")
    assert all(member.name == name.rstrip("/") for name, member in members.items())
    assert members["Files/App/Read.txt"].pax_headers["MSWINDOWS.fileattr"] == "35"  # archive, hidden, read-only
    assert members["Files/App/new.exe"].pax_headers["MSWINDOWS.fileattr"] == "32"
    assert members["Files/App/short"].pax_headers["MSWINDOWS.fileattr"] == "1040"
    for name, member in members.items():
        if "/.wh." not in name and name not in {"Hives", "Files"}:
            assert {"LIBARCHIVE.creationtime", "atime", "ctime"} <= set(member.pax_headers), name
            assert member.issym() or member.pax_headers["MSWINDOWS.rawsd"].startswith("AQAEgBQAAAAkAAAA")
    registry = await store.layers.registry(made.snapshot)
    assert [Path(part.delta).read_bytes() for part in registry] == [b"the registry"]


def layer_members(archive: Path, image: Image) -> dict[str, tarfile.TarInfo]:
    """Return the members of an image's topmost layer in a saved archive."""
    with tarfile.open(archive) as outer:
        blob = outer.extractfile("blobs/sha256/" + image.layers[-1].digest.removeprefix("sha256:"))
        assert blob is not None
        with tarfile.open(fileobj=blob) as inner:
            return {member.name: member for member in inner}


async def test_windows_registry_travels_with_the_image(store: ImageStore, tmp_path: Path) -> None:
    """Also when it is larger than one PAX header may be."""
    image = await base_image(store, tmp_path, WINDOWS_BASE, os="windows")
    await store.snapshots.prepare("c1", image.snapshot)
    data = os.urandom(700_000)
    made = await commit(store, image, "c1", registry=data)
    await store.save(tmp_path / "out.tar", made.id)
    await store.snapshots.remove("c1")
    await store.remove("new", force=True)
    assert store.images.find(made.id) is None

    images, _ = await store.load(tmp_path / "out.tar")

    registry = await store.layers.registry(images[0].snapshot)
    assert [Path(part.delta).read_bytes() for part in registry] == [data]


async def test_windows_registry_alone_makes_a_layer(store: ImageStore, tmp_path: Path) -> None:
    image = await base_image(store, tmp_path, WINDOWS_BASE, os="windows")
    await store.snapshots.prepare("c1", image.snapshot)
    made = await commit(store, image, "c1", registry=b"x")
    assert len(made.config.diff_ids) == 2


@pytest.mark.parametrize("name", ["a:b", "con", "nul.txt", "trailing.", 'quo"te', "tab\tname", "back\\slash"])
async def test_windows_layer_refuses_names_that_windows_forbids(store: ImageStore, tmp_path: Path, name: str) -> None:
    image = await base_image(store, tmp_path, WINDOWS_BASE, os="windows")
    await store.snapshots.prepare("c1", image.snapshot)
    with mounted(await store.snapshots.mounts("c1"), tmp_path) as root:
        (root / name).write_text("x")
    with pytest.raises(InvalidParameter, match="Windows"):
        await commit(store, image, "c1")
    assert store.images.find_name("docker.io/library/new:latest") is None


async def test_streams_are_behind_their_file_in_a_windows_layer(store: ImageStore, tmp_path: Path) -> None:
    image = await base_image(store, tmp_path, WINDOWS_BASE, os="windows")
    await store.snapshots.prepare("c1", image.snapshot)
    with mounted(await store.snapshots.mounts("c1"), tmp_path) as root:
        for name in ("one.txt", "one.txt.bak", "one.txt:Zone.Identifier"):
            (root / "App" / name).write_text(name)

    made = await commit(store, image, "c1", registry=b"the registry")

    await store.save(tmp_path / "out.tar", made.id)
    members = layer_members(tmp_path / "out.tar", made)
    names = list(members)
    at = names.index("Files/App/one.txt")
    assert names[at : at + 3] == [f"Files/App/one.txt{rest}" for rest in ("", ":Zone.Identifier", ".bak")]
    assert "MSWINDOWS.fileattr" not in members["Files/App/one.txt:Zone.Identifier"].pax_headers
    await store.snapshots.remove("c1")
    await store.remove("new", force=True)
    loaded, _ = await store.load(tmp_path / "out.tar")
    below = Path(store.snapshots.lowers(loaded[0].snapshot)[0])
    assert (below / "App/one.txt:Zone.Identifier").read_text() == "one.txt:Zone.Identifier"


async def test_windows_hard_link_into_the_utility_vm_gets_its_data(store: ImageStore, tmp_path: Path) -> None:
    from tests.support.images import hardlink

    made = layer(
        directory("Files"),
        directory("Hives"),
        hardlink("Files/one", "UtilityVM/Files/Shared"),
        hardlink("Files/two", "utilityvm/files/shared"),
        directory("UtilityVM"),
        file("UtilityVM/Files/shared", "both"),
        file("Files/Hives.txt"),
    )
    image = await base_image(store, tmp_path, WINDOWS_BASE, made, os="windows")
    root = Path(store.snapshots.lowers(image.snapshot)[0])
    assert (root / "one").read_text() == "both"
    assert (root / "one").stat().st_ino == (root / "two").stat().st_ino


async def test_windows_delta_hives_are_registry_changes(store: ImageStore, tmp_path: Path) -> None:
    made = layer(
        directory("hives"),
        file("hives/SYSTEM_delta", environment(Path=r"C:\app")),
        file("hives/Sam_Delta", hive(Node(keys={"SAM": Node()}))),
        file("hives/System_Delta.LOG1", "a log"),
        directory("Files"),
    )
    image = await base_image(store, tmp_path, WINDOWS_BASE, made, os="windows")

    (part,) = await store.layers.registry(image.snapshot)

    changes = load_delta(Path(part.delta).read_bytes()).branches["system"]
    key = r"System\\ControlSet001\\Control\\Session Manager\\Environment"
    assert changes.set == {key: {'"Path"': r'str(2):"C:\\app"'}}


async def test_windows_layer_with_a_broken_hive_is_refused(store: ImageStore, tmp_path: Path) -> None:
    made = layer(directory("Files"), directory("Hives"), file("Hives/Software_Delta", b"regf" + bytes(9000)))
    with pytest.raises(InvalidParameter, match="Software_Delta"):
        await base_image(store, tmp_path, WINDOWS_BASE, made, os="windows")


def test_spelling_folds_as_windows_does(tmp_path: Path) -> None:
    (tmp_path / "Straße").mkdir()
    (tmp_path / "Straße/ÄÖ").touch()
    fd = os.open(tmp_path, os.O_RDONLY)
    spelling = Spelling([fd])
    assert spelling.spell("sTRAßE/äö/new") == "Straße/ÄÖ/new"
    assert spelling.find("", "STRASSE") is None
    os.close(fd)
