import os
import stat
from pathlib import Path

import pytest

from transom.host.rootfs import Rootfs, remove_tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside").write_text("secret")
    (tmp_path / "root/dir").mkdir(parents=True)
    return tmp_path / "root"


def test_open_absolute_link_starts_at_the_root(root: Path) -> None:
    (root / "etc").mkdir()
    (root / "etc/passwd").write_text("ours")
    (root / "link").symlink_to("/etc/passwd")
    with Rootfs.at(str(root)) as files:
        fd = files.open("link")
        assert os.read(fd, 10) == b"ours"
        os.close(fd)


@pytest.mark.parametrize("path", ["../outside", "dir/../../outside", "/../outside", "up/outside"])
def test_open_path_that_climbs_stays_inside(root: Path, path: str) -> None:
    (root / "up").symlink_to("../..")
    with Rootfs.at(str(root)) as files, pytest.raises(FileNotFoundError):
        files.open(path)


def test_open_magic_link_is_refused(root: Path) -> None:
    (root / "proc").symlink_to("/proc/self/root")
    with Rootfs.at(str(root)) as files, pytest.raises(OSError, match="proc"):
        files.open("proc/etc/passwd")


def test_remove_through_link_removes_the_link(root: Path) -> None:
    (root / "away").symlink_to(root.parent)
    with Rootfs.at(str(root)) as files:
        files.remove("away")
        files.remove("away")
    assert (root.parent / "outside").read_text() == "secret"
    assert not (root / "away").is_symlink()


@pytest.mark.parametrize("path", ["", ".", "..", "dir/..", "/"])
def test_change_of_no_component_is_refused(root: Path, path: str) -> None:
    with Rootfs.at(str(root)) as files, pytest.raises(OSError, match="Invalid argument"):
        files.unlink(path)


def test_makedirs_through_link_follows_inside(root: Path) -> None:
    (root / "short").symlink_to("/dir")
    with Rootfs.at(str(root)) as files:
        files.makedirs("short/a/b", 0o700)
        assert files.resolve("short/a/b") == "dir/a/b"
    assert stat.S_IMODE((root / "dir/a").stat().st_mode) == 0o700


def test_link_and_rename_stay_inside(root: Path) -> None:
    (root / "dir/file").write_text("x")
    with Rootfs.at(str(root)) as files:
        files.link("dir/file", "../../copy")
        files.rename("copy", "/../moved")
        assert files.listdir() == ["dir", "moved"] or files.listdir() == ["moved", "dir"]
    assert not (root.parent / "copy").exists()


def test_remove_tree_deeper_than_the_stack(root: Path) -> None:
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    here = os.dup(fd)
    for _ in range(900):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    remove_tree(fd, "d")
    assert os.listdir(fd) == ["dir"]
    os.close(fd)
