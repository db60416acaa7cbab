"""A tree as it is, written as a tar: `docker cp` out of a container, `docker export`."""

import os
import stat
from collections.abc import Collection

from transom.drivers.snapshot.diff_posix import PosixDiff
from transom.drivers.snapshot.layer_writer import LayerWriter
from transom.drivers.snapshot.lower_view import LowerView
from transom.host.rootfs import Rootfs
from transom.images.tar import DIR, REG, Entry


class TreeRead(PosixDiff):
    """Walks a tree; of what stands at one of mounts the place alone is written, empty.

    without_owners: everything is written as root's.
    """

    def __init__(self, writer: LayerWriter, mounts: Collection[str] = (), *, without_owners: bool) -> None:
        super().__init__(writer, LowerView(()), _no_view)
        self._mounts = frozenset(mounts)
        self._without_owners = without_owners

    def run(self, root: Rootfs, path: str, name: str, *, follow: bool, with_top: bool = True) -> None:  # type: ignore[override]
        """Write path, its entries named from name; with_top: path itself, too.

        Raises:
            OSError: path is not there.
        """
        status = root.stat(path) if follow or not path else root.lstat(path)
        if not stat.S_ISDIR(status.st_mode):
            with root.parent(path) as (directory, base):
                self._renamed(directory, base, name, status)
            return
        fd = root.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            if with_top:
                self._put(Entry((name or ".") + "/", DIR), fd, status)
            self._children(fd, name, fresh=True)
        finally:
            os.close(fd)

    def _describe(self, entry: Entry, fd: int | None, status: os.stat_result) -> None:
        super()._describe(entry, fd, status)
        if self._without_owners:
            entry.uid = entry.gid = 0

    def _renamed(self, directory: int, base: str, name: str, status: os.stat_result) -> None:
        """Write one file under another name."""
        self._other(directory, base, name, status)

    def _directory(self, parent: int, name: str, path: str, status: os.stat_result, *, fresh: bool) -> None:
        if path in self._mounts:
            self._put(Entry(path + "/", DIR), None, status)
        else:
            super()._directory(parent, name, path, status, fresh=fresh)

    def _other(self, directory: int, name: str, path: str, status: os.stat_result) -> None:
        if path in self._mounts:
            self._put(Entry(path, REG), None, status)
        else:
            super()._other(directory, name, path, status)


def _no_view(path: str) -> int:
    raise FileNotFoundError(path)


def own_mounts(root: str) -> Collection[str]:
    """Return the paths in a running container's root (`/proc/<pid>/root`, or a directory in it) that are mounted on."""
    parts = root.split("/")
    if len(parts) < 4 or parts[1] != "proc":
        return ()
    below = "/".join(["", *parts[4:]]).rstrip("/")
    found = set()
    with open("/".join([*parts[:3], "mountinfo"]), encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            point = _unescaped(line.split(" ")[4])
            if point.startswith(below + "/") and point != below + "/":
                found.add(point.removeprefix(below).strip("/"))
    return found


def _unescaped(text: str) -> str:
    for code in ("\\040", "\\011", "\\012", "\\134"):
        text = text.replace(code, chr(int(code[1:], 8)))
    return text
