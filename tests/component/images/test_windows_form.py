"""Windows layers that are written here, read as a Windows host reads them."""

import gzip
import io
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.component.images.test_diff import base_image, commit, mounted
from tests.support.image_store import ImageStore
from tests.support.images import directory, file, hardlink, layer, symlink
from tests.support.windows_form import check_layer

from transom.images.image import Image
from transom.model.platform import Platform

pytestmark = pytest.mark.root

BASE = layer(
    directory("Hives"),
    directory("Files"),
    directory("Files/App"),
    file("Files/App/one.txt", "1", pax={"MSWINDOWS.fileattr": str(0x2020)}),
    file("Files/App/two.txt", "2"),
    directory("Files/App/Data"),
    file("Files/App/Data/three.txt", "3"),
    directory("Files/Empty"),
)
BELOW = {
    name.lower()
    for name in ("Files/App", "Files/App/one.txt", "Files/App/two.txt", "Files/App/Data", "Files/App/Data/three.txt")
} | {"files/empty"}


def adds(root: Path) -> None:
    (root / "New/deep/er").mkdir(parents=True)
    (root / "New/deep/er/näme.txt").write_text("x")
    (root / ("long" * 40)).mkdir()
    (root / ("long" * 40) / ("file" * 40)).write_text("x")
    (root / "New/a.txt").write_text("a")
    os.link(root / "New/a.txt", root / "New/b.txt")
    os.symlink("a.txt", root / "New/to-file")
    os.symlink("../App/Data", root / "New/to-directory")
    os.mkfifo(root / "New/pipe")
    os.chmod(root / "New/a.txt", 0o555)


def deletes(root: Path) -> None:
    (root / "App/one.txt").unlink()
    shutil.rmtree(root / "App/Data")
    (root / "Empty").rmdir()


def replaces(root: Path) -> None:
    shutil.rmtree(root / "App")
    (root / "App").mkdir()
    (root / "App/two.txt").write_text("new")
    (root / "Empty").rmdir()
    (root / "Empty").write_text("a file now")


def renames(root: Path) -> None:
    os.rename(root / "App", root / "Moved")
    os.rename(root / "Moved/Data", root / "Empty/Data")


async def own_layer(store: ImageStore, image: Image) -> bytes:
    return gzip.decompress(await store.content.read(image.layers[-1].digest, limit=1 << 24))


@pytest.mark.parametrize("change", [adds, deletes, replaces, renames])
async def test_commit_writes_what_windows_imports(
    store: ImageStore, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    image = await base_image(store, tmp_path, BASE, os="windows")
    await store.snapshots.prepare("c1", image.snapshot)
    with mounted(await store.snapshots.mounts("c1"), tmp_path) as root:
        change(root)

    made = await commit(store, image, "c1", registry=b"{}" * 300)

    members = check_layer(await own_layer(store, made), BELOW)
    assert members["Files"].isdir()


async def test_attributes_survive_a_change(store: ImageStore, tmp_path: Path) -> None:
    image = await base_image(store, tmp_path, BASE, os="windows")
    await store.snapshots.prepare("c1", image.snapshot)
    with mounted(await store.snapshots.mounts("c1"), tmp_path) as root:
        (root / "App/one.txt").write_text("changed")
    members = check_layer(await own_layer(store, await commit(store, image, "c1")), BELOW)
    assert members["Files/App/one.txt"].pax_headers["MSWINDOWS.fileattr"] == str(0x2020)  # archive, not indexed


async def test_import_writes_what_windows_imports(store: ImageStore, tmp_path: Path) -> None:
    plain = layer(
        directory("."),
        file("./Implied/dir/file.txt", "x", uid=1000),
        directory("./App/"),
        symlink("App/to-later", "../Implied"),
        symlink("App/to-file", "..\\Implied/dir/file.txt"),
        file("APP/second.txt", "y"),
        hardlink("App/twin.txt", "./app/SECOND.txt"),
    )
    (tmp_path / "plain.tar").write_bytes(plain)
    image = await store.import_(tmp_path / "plain.tar", platform=Platform("windows", "amd64"))

    members = check_layer(await own_layer(store, image))

    assert members["Files/App/second.txt"].isreg()
    assert members["Files/App/twin.txt"].linkname == "Files/App/second.txt"
    assert members["Files/App/to-later"].pax_headers["MSWINDOWS.fileattr"] == str(0x410)
    assert members["Files/App/to-file"].pax_headers["MSWINDOWS.fileattr"] == str(0x420)


async def test_import_of_names_that_are_one_to_windows_is_refused(store: ImageStore, tmp_path: Path) -> None:
    from transom.errors import InvalidParameter

    (tmp_path / "plain.tar").write_bytes(layer(file("readme", "a"), file("README", "b")))
    with pytest.raises(InvalidParameter, match="README"):
        await store.import_(tmp_path / "plain.tar", platform=Platform("windows", "amd64"))


def test_the_checker_sees_what_is_wrong() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name in ("Files", "Hives"):
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE
            archive.addfile(info)
    with pytest.raises(AssertionError, match="raw names"):  # tarfile adds slashes, as Windows' importers do not like
        check_layer(out.getvalue())
