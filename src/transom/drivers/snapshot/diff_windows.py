"""The changes in drive C:'s upper directory as a Windows layer, in the form that Windows hosts import.

Source: reference in images/windows_layer.py; hcsshim pkg/ociwclayer/import.go for what an importer expects.
"""

import base64
import os
import stat
from collections.abc import Callable, Collection

from transom.drivers.snapshot.diff_posix import PosixDiff
from transom.drivers.snapshot.layer_writer import LayerWriter
from transom.drivers.snapshot.lower_view import LowerView
from transom.drivers.snapshot.unpack_windows import ATTRIBUTES_XATTR, DOS_XATTR, SECURITY_XATTR
from transom.errors import InvalidParameter
from transom.images.layer import WHITEOUT
from transom.images.security import default_security
from transom.images.tar import DIR, LINK, REG, SYMLINK, Entry
from transom.images.tar_writer import print_pax_time
from transom.images.windows_layer import (
    ARCHIVE,
    CREATION_TIME,
    DIRECTORY,
    FILE_ATTRIBUTES,
    FILES,
    FOR_WINDOWS,
    HIDDEN,
    HIVES,
    READ_ONLY,
    REPARSE,
    SECURITY,
    SYSTEM,
    check_written,
    fold,
    registry_records,
    stream_of,
)
from transom.images.windows_link import MOUNT_POINT, LinkKind, read_link

_NEVER = frozenset({"WINDOWS/SYSTEM32/CONFIG"})
"""Folded paths that Windows serves from its hives, whatever files a layer puts there."""
_WORLD_WRITE = 0o222


class WindowsDiff(PosixDiff):
    """Walks an upper directory of drive C: and writes a Windows layer; registry travels along (windows_layer.py)."""

    def __init__(
        self,
        writer: LayerWriter,
        lowers: LowerView,
        merged: Callable[[str], int],
        mount_points: Collection[str] = (),
        *,
        registry: bytes = b"",
    ) -> None:
        super().__init__(writer, lowers, merged, mount_points)
        self._registry = registry

    def run(self, upper: int) -> None:
        """Write `Hives`, `Files` and everything below the directory behind descriptor upper."""
        on_hives, on_files = registry_records(self._registry)
        newest = os.fstat(upper).st_mtime_ns
        for name, records in ((HIVES, on_hives), (FILES, on_files)):
            entry = Entry(name, DIR, 0o755 | stat.S_IFDIR)
            _times(entry, newest)
            entry.pax |= {FILE_ATTRIBUTES: str(DIRECTORY), **records}
            self._writer.entry(entry)
        self.entries += bool(self._registry)
        super().run(upper)

    def _children(self, directory: int, path: str, *, fresh: bool) -> None:
        if fold(path) in _NEVER:
            return
        spelled: dict[str, str] = {}
        for name in os.listdir(directory):
            other = spelled.setdefault(fold(name), name)
            if other != name:
                raise InvalidParameter(f'"{path}/{name}" and "{other}" are one file to Windows: rename one of them')
        super()._children(directory, path, fresh=fresh)

    def _place(self, name: str) -> tuple[str, ...]:
        """Windows' importers want a file's streams right behind it."""
        file, _, stream = name.partition(":")
        return file, stream

    def _delete(self, directory: str, name: str) -> None:
        if stream_of(name):
            return  # it goes with its file; a layer cannot say that it is gone alone
        path = f"{FILES}/{directory}/{WHITEOUT}{name}" if directory else f"{FILES}/{WHITEOUT}{name}"
        self._writer.entry(Entry(path, REG, 0))
        self.entries += 1

    def _opaque(self, path: str, directory: int) -> None:
        """Delete one by one what no longer shows through: Windows' importers know no opaque directories."""
        kept = {fold(name) for name in os.listdir(directory)}
        for name in self._lowers.names(path):
            if fold(name) not in kept:
                self._delete(path, name)

    def _other(self, directory: int, name: str, path: str, status: os.stat_result) -> None:
        if stat.S_IFMT(status.st_mode) not in {stat.S_IFREG, stat.S_IFLNK}:
            return  # Wine's sockets and pipes: nothing that Windows could have
        super()._other(directory, name, path, status)

    def _put_link(self, path: str, first: str, status: os.stat_result) -> None:
        self._put(Entry(path, LINK, link=f"{FILES}/{first}"), None, status)

    def _describe(self, entry: Entry, fd: int | None, status: os.stat_result) -> None:
        path = entry.name.rstrip("/")
        stream = stream_of(path) if entry.kind == REG else None
        if stream and self._is_there(stream[0]):
            check_written(f"{stream[0]}/{stream[1]}")
            entry.name, entry.mode = f"{FILES}/{path}", 0o644 | stat.S_IFREG
            _times(entry, status.st_mtime_ns)
            return
        check_written(path)
        entry.name = f"{FILES}/{path}"
        entry.mode = (0o755 if entry.kind == DIR else 0o644) | stat.S_IFMT(status.st_mode)
        _times(entry, status.st_mtime_ns)
        if entry.kind == LINK:
            entry.mode = 0o644
            return
        attributes = DIRECTORY if entry.kind == DIR else ARCHIVE
        security = b""
        if entry.kind == SYMLINK:
            link = read_link(entry.link)
            to_directory = link.directory or self._leads_to_directory(path, link.target)
            attributes = REPARSE | (DIRECTORY if to_directory else ARCHIVE)
            entry.link = link.layer_target(path)
            if link.kind is LinkKind.JUNCTION:
                entry.pax[MOUNT_POINT] = "1"
        elif fd is not None:
            attributes |= _marked(fd, DOS_XATTR, HIDDEN | SYSTEM) | _marked(fd, ATTRIBUTES_XATTR, FOR_WINDOWS)
            if entry.kind == REG and not status.st_mode & _WORLD_WRITE:
                attributes |= READ_ONLY
            security = _xattr(fd, SECURITY_XATTR)
        entry.pax[FILE_ATTRIBUTES] = str(attributes)
        security = security or default_security(directory=bool(attributes & DIRECTORY))
        entry.pax[SECURITY] = base64.b64encode(security).decode()

    def _is_there(self, path: str) -> bool:
        directory, _, name = path.rpartition("/")
        try:
            fd = self._merged(directory)
        except OSError:
            return False
        try:
            return fold(name) in {fold(each) for each in os.listdir(fd)}
        finally:
            os.close(fd)

    def _leads_to_directory(self, path: str, target: str) -> bool:
        whole = os.path.normpath(f"/{os.path.dirname(path)}/{target}").strip("/")
        try:
            fd = self._merged(whole)
        except OSError:
            return False
        os.close(fd)
        return True


def _times(entry: Entry, mtime_ns: int) -> None:
    """Set every time that an importer would otherwise make up, all to the same: equal trees, equal layers."""
    entry.mtime_ns = entry.atime_ns = entry.ctime_ns = mtime_ns
    entry.pax[CREATION_TIME] = print_pax_time(mtime_ns)


def _marked(fd: int, name: str, mask: int) -> int:
    """Return the attributes of mask that a file has in extended attribute name."""
    try:
        return int(_xattr(fd, name) or b"0", 16) & mask
    except ValueError:
        return 0


def _xattr(fd: int, name: str) -> bytes:
    try:
        return os.getxattr(fd, name)
    except OSError:
        return b""
