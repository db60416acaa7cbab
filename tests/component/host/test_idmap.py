"""Mounts with other owners, on a kernel that makes them; each in a process with mounts of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from transom.host.idmap import closed_to_others

pytestmark = [pytest.mark.root, pytest.mark.timeout(60)]

FIRST = 0x3000_0000
SCRIPT = """
import os, sys
from pathlib import Path
from transom.host.idmap import IdMaps, acting_as
from transom.host.mount import private_namespace, unmount
from transom.model.mount import IdMap, Mount, MountKind

top, first, way = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
private_namespace()
maps, users = IdMaps(), (IdMap(0, first, 65536),)
maps._takes_unseen = way == "unseen"
layers = (str(top / "one"), str(top / "two"))
mount = Mount(MountKind.OVERLAY, lowers=layers, upper=str(top / "own/fs"), work=str(top / "own/work"), idmap=users)
maps.overlay(mount, str(top / "on"), top / "layers")
seen = os.stat(top / "on/below.txt")
assert (seen.st_uid, seen.st_gid) == (first, first + 7), seen
try:
    (top / "on/of-root.txt").touch()
except OSError as exc:
    assert exc.errno == 75, exc
else:
    raise AssertionError("a file of an owner that is not mapped was taken")
with acting_as(first, first):
    (top / "on/made.txt").write_text("made")
    (top / "on/below.txt").write_text("changed")
assert os.stat(top / "on/made.txt").st_uid == first
(top / "plain.txt").touch()
unmount(str(top / "on"))
assert not (top / "layers").exists()
bind = Mount(MountKind.BIND, source=str(top / "own"), idmap=users)
assert maps.can_bind(bind)
maps.bind(bind, str(top / "on"))
assert os.stat(top / "on/fs/made.txt").st_uid == first
maps.close()
"""


@pytest.mark.parametrize("way", ["unseen", "seen"])
def test_files_have_other_owners_in_the_mount_and_their_own_on_disk(tmp_path: Path, way: str) -> None:
    for name in ("one", "two", "own/fs", "own/work", "on"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "two/below.txt").write_text("below")
    os.chown(tmp_path / "two/below.txt", 0, 7)

    argv = [sys.executable, "-c", SCRIPT, str(tmp_path), str(FIRST), way]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=30)

    assert done.returncode == 0, done.stderr
    owners = {each.name: (each.stat().st_uid, each.stat().st_gid) for each in (tmp_path / "own/fs").iterdir()}
    assert owners == {"made.txt": (0, 0), "below.txt": (0, 7)}
    assert (tmp_path / "plain.txt").stat().st_uid == 0
    assert (tmp_path / "two/below.txt").read_text() == "below"


def test_directory_that_is_closed_to_others_is_named(tmp_path: Path) -> None:
    (tmp_path / "closed/open").mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)

    assert str(tmp_path / "closed") in closed_to_others(tmp_path / "closed/open")
    assert closed_to_others(Path("/proc")) == ""
