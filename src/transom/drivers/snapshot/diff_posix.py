"""The changes in an overlayfs upper directory as a Linux layer.

Source: image-spec layer.md; kernel Documentation/filesystems/overlayfs.rst (whiteouts, opaque, redirect_dir).
"""

import os
import stat
from collections.abc import Callable, Collection

from transom.drivers.snapshot.layer_writer import LayerWriter
from transom.drivers.snapshot.lower_view import LowerView, is_opaque, redirect_of
from transom.drivers.snapshot.unpack_posix import is_whiteout
from transom.images.layer import OPAQUE, OVERLAY_XATTRS, WHITEOUT
from transom.images.tar import BLK, CHAR, DIR, FIFO, LINK, REG, SYMLINK, Entry

_NS = 1_000_000_000
_OPEN_DIR = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_KEPT_XATTRS = ("security.capability", "user.", "system.posix_acl_")
_SPECIAL = {stat.S_IFCHR: CHAR, stat.S_IFBLK: BLK, stat.S_IFIFO: FIFO}


class PosixDiff:
    """Walks an upper directory and writes what it adds, changes and deletes, in the order of the names.

    merged: opens a path in the view of upper and lowers together, for directories that were renamed.
    mount_points: paths that a runtime made to mount on; an empty one that the image does not have is no change.
    """

    def __init__(
        self, writer: LayerWriter, lowers: LowerView, merged: Callable[[str], int], mount_points: Collection[str] = ()
    ) -> None:
        self._writer = writer
        self._lowers = lowers
        self._merged = merged
        self._mount_points = frozenset(mount_points)
        self._links: dict[tuple[int, int], str] = {}
        self.entries = 0
        self.unpacked_bytes = 0
        self.renamed = False
        """Whether a directory of a lower layer was renamed: overlayfs' note of that must not get into a layer."""

    def run(self, upper: int) -> None:
        """Write everything below the directory behind descriptor upper."""
        fd = os.open(".", _OPEN_DIR, dir_fd=upper)
        try:
            self._children(fd, "", fresh=False)
        finally:
            os.close(fd)

    def _children(self, directory: int, path: str, *, fresh: bool) -> None:
        """Write a directory's entries; fresh: all of it is new, and nothing in it is overlayfs' bookkeeping."""
        for name in sorted(os.listdir(directory), key=self._place):
            child = f"{path}/{name}" if path else name
            status = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if not fresh and is_whiteout(status):
                self._delete(path, name)
            elif stat.S_ISDIR(status.st_mode):
                self._directory(directory, name, child, status, fresh=fresh)
            elif not (child in self._mount_points and self._is_stub(child, status)):
                self._other(directory, name, child, status)

    def _place(self, name: str) -> tuple[str, ...]:
        """Return by what a directory's names are sorted."""
        return (name,)

    def _directory(self, parent: int, name: str, path: str, status: os.stat_result, *, fresh: bool) -> None:
        fd = os.open(name, _OPEN_DIR, dir_fd=parent)
        try:
            moved = not fresh and bool(redirect_of(fd))
            opaque = moved or (not fresh and is_opaque(fd))
            below = None if fresh else self._lowers.stat(path)
            was_directory = below is not None and stat.S_ISDIR(below.st_mode)
            self.renamed |= moved
            if not moved and not fresh and not opaque and below is not None:
                if self._only_copied_up(fd, path, status, below):
                    return
            elif path in self._mount_points and below is None and not os.listdir(fd):
                return
            self._put(Entry(path + "/", DIR), fd, status)
            if opaque and was_directory:
                self._opaque(path, fd)
            if moved:
                merged = self._merged(path)
                try:
                    self._children(merged, path, fresh=True)
                finally:
                    os.close(merged)
            else:
                self._children(fd, path, fresh=fresh)
        finally:
            os.close(fd)

    def _only_copied_up(self, fd: int, path: str, status: os.stat_result, below: os.stat_result) -> bool:
        """Tell whether a directory is here for the sake of what is in it alone, and that comes to nothing."""
        if not _same(status, below) or self._worth_writing(fd, path):
            return False
        return status.st_mtime_ns == below.st_mtime_ns or bool(os.listdir(fd))

    def _worth_writing(self, fd: int, path: str) -> bool:
        """Tell whether a directory that was copied up unchanged has anything in it that is to be written."""
        for name in os.listdir(fd):
            child = f"{path}/{name}"
            status = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if not stat.S_ISDIR(status.st_mode):
                if child in self._mount_points and self._is_stub(child, status):
                    continue
                return True
            below = self._lowers.stat(child)
            inner = os.open(name, _OPEN_DIR, dir_fd=fd)
            try:
                if child in self._mount_points and below is None and not os.listdir(inner):
                    continue
                changed = below is None or is_opaque(inner) or bool(redirect_of(inner))
                if changed or below is None or not self._only_copied_up(inner, child, status, below):
                    return True
            finally:
                os.close(inner)
        return False

    def _is_stub(self, path: str, status: os.stat_result) -> bool:
        return stat.S_ISREG(status.st_mode) and status.st_size == 0 and self._lowers.stat(path) is None

    def _delete(self, directory: str, name: str) -> None:
        path = f"{directory}/{WHITEOUT}{name}" if directory else WHITEOUT + name
        self._writer.entry(Entry(path, REG, 0o600))
        self.entries += 1

    def _opaque(self, path: str, directory: int) -> None:
        """Say that nothing below path shows through."""
        self._writer.entry(Entry(f"{path}/{OPAQUE}", REG, 0o600))
        self.entries += 1

    def _other(self, directory: int, name: str, path: str, status: os.stat_result) -> None:
        kind = stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFSOCK:
            return  # a socket without its listener is of no use to anybody, and tar has no type for it
        if status.st_nlink > 1:
            key = (status.st_dev, status.st_ino)
            first = self._links.setdefault(key, path)
            if first != path:
                self._put_link(path, first, status)
                return
        if kind == stat.S_IFLNK:
            entry = Entry(path, SYMLINK, link=os.readlink(name, dir_fd=directory))
            self._put(entry, None, status)
        elif kind == stat.S_IFREG:
            fd = os.open(name, _OPEN_FILE, dir_fd=directory)
            try:
                self._put(Entry(path, REG, size=status.st_size), fd, status)
            finally:
                os.close(fd)
        else:
            device = (os.major(status.st_rdev), os.minor(status.st_rdev))
            self._put(Entry(path, _SPECIAL[kind], device=device), None, status)

    def _put_link(self, path: str, first: str, status: os.stat_result) -> None:
        self._put(Entry(path, LINK, link=first), None, status)

    def _put(self, entry: Entry, fd: int | None, status: os.stat_result) -> None:
        """Write an entry with status' attributes, and the data behind fd if it is a file."""
        self._describe(entry, fd, status)
        self.entries += 1
        self.unpacked_bytes += entry.size
        if entry.kind == REG and fd is not None:
            self._writer.file(entry, fd)
        else:
            self._writer.entry(entry)

    def _describe(self, entry: Entry, fd: int | None, status: os.stat_result) -> None:
        describe(entry, fd, status)


def describe(entry: Entry, fd: int | None, status: os.stat_result) -> None:
    """Give entry the owner, mode, time (whole seconds, as Docker's layers have it) and attributes of a file."""
    entry.mode = stat.S_IMODE(status.st_mode)
    entry.uid, entry.gid = status.st_uid, status.st_gid
    entry.mtime_ns = status.st_mtime_ns // _NS * _NS
    if fd is None or entry.kind == LINK:
        return
    for name in sorted(os.listxattr(fd)):
        if name.startswith(_KEPT_XATTRS) and not name.startswith(OVERLAY_XATTRS):
            entry.pax["SCHILY.xattr." + name] = os.getxattr(fd, name).decode("utf-8", "surrogateescape")


def _same(upper: os.stat_result, lower: os.stat_result) -> bool:
    return (upper.st_mode, upper.st_uid, upper.st_gid) == (lower.st_mode, lower.st_uid, lower.st_gid)
