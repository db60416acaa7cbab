"""A Linux layer's tar made into an overlayfs layer directory. Runs in a worker that has chrooted into it.

After the chroot the kernel keeps every path inside; what remains is to give each entry the meaning that the layer
format has for it. Source: image-spec layer.md; kernel Documentation/filesystems/overlayfs.rst, Whiteouts and opaque.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Sequence

from transom.errors import InvalidParameter
from transom.host.rootfs import open_in_root, remove_tree
from transom.images.layer import OVERLAY_XATTRS, clean_name, is_aufs_bookkeeping, split_whiteout
from transom.images.tar import BLK, CHAR, DIR, FIFO, SYMLINK, Entry, Reader

OPAQUE_XATTR = "trusted.overlay.opaque"
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_TYPES = {CHAR: stat.S_IFCHR, BLK: stat.S_IFBLK, FIFO: stat.S_IFIFO}
_PIECE = 1 << 20


def is_whiteout(status: os.stat_result) -> bool:
    """Tell whether status is overlayfs' mark for a deleted name."""
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


class PosixLayer:
    """Applies entries below the present root directory.

    lowers: descriptors of the directories below, topmost first. A directory that the tar only implies takes its
    attributes from there, and a hard link may name a file there.
    """

    def __init__(self, lowers: Sequence[int]) -> None:
        self._lowers = lowers
        self._directories: dict[str, int | None] = {"": None}
        self._unheld = 0
        self.warnings: list[str] = []

    def apply(self, entry: Entry, reader: Reader) -> None:
        """Make entry.

        Raises:
            InvalidParameter: it means something that a layer must not mean.
        """
        name = clean_name(entry.name)
        if is_aufs_bookkeeping(name):
            return
        try:
            whiteout = split_whiteout(name)
            if whiteout is not None:
                self._delete(*whiteout)
            elif not name:
                self._set_root(entry)
            else:
                self._ensure_directory(name.rpartition("/")[0])
                self._make(name, entry, reader)
        except OSError as exc:
            if exc.errno in REFUSED:
                text = os.strerror(exc.errno)
                raise InvalidParameter(f'invalid tar archive: entry "{entry.name}": {text}') from exc
            raise

    def close(self) -> None:
        """Set the times of the directories, which making their content has changed."""
        if self._unheld:
            self.warnings.append(f"{self._unheld} extended attributes cannot be kept on this file system")
        for name, mtime_ns in reversed(self._directories.items()):
            if mtime_ns is not None:
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    os.utime(name or ".", ns=(mtime_ns, mtime_ns), follow_symlinks=False)

    def check_satisfied(self) -> None:
        """Do nothing: what a link named was looked for at once."""

    def _set_root(self, entry: Entry) -> None:
        if entry.kind == DIR:
            self._attributes(".", entry)
            self._directories[""] = entry.mtime_ns

    def _make(self, name: str, entry: Entry, reader: Reader) -> None:
        match entry.kind:
            case "0":
                self._file(name, entry, reader)
                return
            case "5":
                self._directory(name, entry)
                return
            case "2":
                self._replacing(name, lambda: os.symlink(entry.link, name))
                self._attributes(name, entry)
            case "1":
                self._link(name, entry)
                return
            case _:
                if entry.kind == CHAR and entry.device == (0, 0):
                    raise InvalidParameter(f'invalid tar archive: "{entry.name}" is a character device 0:0')
                device = os.makedev(*entry.device) if entry.kind != FIFO else 0
                mode = _TYPES[entry.kind] | entry.mode
                self._replacing(name, lambda: os.mknod(name, mode, device))
                self._attributes(name, entry)
        os.utime(name, ns=(entry.mtime_ns, entry.mtime_ns), follow_symlinks=False)

    def _file(self, name: str, entry: Entry, reader: Reader) -> None:
        fd = write_file(name, entry.mode & 0o777, entry.size, reader, replace=self._remove)
        try:
            os.fchown(fd, entry.uid, entry.gid)
            if entry.mode & 0o7000:
                os.fchmod(fd, entry.mode)
            if entry.pax:
                self._xattrs(fd, entry)
            os.utime(fd, ns=(entry.mtime_ns, entry.mtime_ns))
        finally:
            os.close(fd)

    def _directory(self, name: str, entry: Entry) -> None:
        try:
            os.mkdir(name, 0o700)
        except FileExistsError:
            found = os.lstat(name)
            if not stat.S_ISDIR(found.st_mode):
                self._remove(name)
                os.mkdir(name, 0o700)
                if is_whiteout(found):
                    os.setxattr(name, OPAQUE_XATTR, b"y")
        self._attributes(name, entry)
        self._directories.pop(name, None)  # its time is set after those of the directories in it
        self._directories[name] = entry.mtime_ns

    def _link(self, name: str, entry: Entry) -> None:
        target = clean_name(entry.link)
        try:
            self._replacing(name, lambda: os.link(target, name, follow_symlinks=False))
            return
        except FileNotFoundError:
            pass
        if not self._copy_up(target):
            raise InvalidParameter(
                f'invalid tar archive: "{entry.name}" is a link to "{entry.link}", which is not there'
            )
        self._replacing(name, lambda: os.link(target, name, follow_symlinks=False))

    def _attributes(self, name: str, entry: Entry) -> None:
        os.chown(name, entry.uid, entry.gid, follow_symlinks=False)
        if entry.kind != SYMLINK:
            os.chmod(name, entry.mode)
        if entry.pax:
            self._xattrs(name, entry)

    def _xattrs(self, target: str | int, entry: Entry) -> None:
        for key, value in entry.pax.items():
            name = key.removeprefix("SCHILY.xattr.")
            if name == key:
                continue
            if name.startswith(OVERLAY_XATTRS):
                raise InvalidParameter(f'invalid tar archive: "{entry.name}" carries the attribute {name}')
            try:
                raw = value.encode("utf-8", "surrogateescape")
                if isinstance(target, int):
                    os.setxattr(target, name, raw)
                else:
                    os.setxattr(target, name, raw, follow_symlinks=False)
            except OSError as exc:
                if exc.errno not in {errno.ENOTSUP, errno.EPERM}:
                    raise
                self._unheld += 1

    def _replacing(self, name: str, make: Callable[[], None]) -> None:
        try:
            make()
        except FileExistsError:
            self._remove(name)
            make()

    def _remove(self, name: str) -> None:
        """Remove what an earlier entry of this layer made."""
        remove(name)
        if name not in self._directories:
            return  # and so is nothing below it
        prefix = name + "/"
        for known in [known for known in self._directories if known == name or known.startswith(prefix)]:
            del self._directories[known]

    def _delete(self, directory: str, name: str) -> None:
        if not self._lowers:
            return
        self._ensure_directory(directory)
        if not name:
            os.setxattr(directory or ".", OPAQUE_XATTR, b"y")
            return
        path = f"{directory}/{name}" if directory else name
        try:
            os.mknod(path, stat.S_IFCHR, 0)
        except FileExistsError:
            # An entry of this layer stands there: a whiteout speaks of the layers below alone.
            if stat.S_ISDIR(os.lstat(path).st_mode):
                os.setxattr(path, OPAQUE_XATTR, b"y")

    def _ensure_directory(self, path: str) -> None:
        """Make the directories that an entry implies; they look as they do in the layers below."""
        missing = []
        while path not in self._directories:
            missing.append(path)
            path = path.rpartition("/")[0]
        for each in reversed(missing):
            self._implied_directory(each)

    def _implied_directory(self, path: str) -> None:
        try:
            os.mkdir(path, 0o755)
        except FileExistsError:
            found = os.lstat(path)
            if is_whiteout(found):
                os.unlink(path)
                os.mkdir(path, 0o755)
                os.setxattr(path, OPAQUE_XATTR, b"y")
            self._directories[path] = None
            return
        below = self._lower_status(path)
        self._directories[path] = None
        if below is not None and stat.S_ISDIR(below.st_mode):
            os.chown(path, below.st_uid, below.st_gid)
            os.chmod(path, stat.S_IMODE(below.st_mode))
            self._directories[path] = below.st_mtime_ns

    def _lower_status(self, path: str) -> os.stat_result | None:
        for lower in self._lowers:
            try:
                fd = open_in_root(lower, path, os.O_PATH | os.O_NOFOLLOW)
            except OSError:
                continue
            try:
                return os.fstat(fd)
            finally:
                os.close(fd)
        return None

    def _copy_up(self, path: str) -> bool:
        """Copy a regular file from the layers below, so that it can be linked to."""
        for lower in self._lowers:
            try:
                source = open_in_root(lower, path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError:
                continue
            try:
                status = os.fstat(source)
                if not stat.S_ISREG(status.st_mode):
                    return False
                self._ensure_directory(path.rpartition("/")[0])
                copy_file(source, path, status)
                return True
            finally:
                os.close(source)
        return False


def write_file(path: str, mode: int, size: int, reader: Reader, *, replace: Callable[[str], None]) -> int:
    """Return a descriptor of the new file path with the reader's next size bytes; what stood there is replaced."""
    try:
        fd = os.open(path, _CREATE, mode)
    except FileExistsError:
        replace(path)
        fd = os.open(path, _CREATE, mode)
    try:
        while size:
            data = reader.read(min(size, _PIECE))
            written = os.write(fd, data)
            while written < len(data):
                written += os.write(fd, data[written:])
            size -= len(data)
    except BaseException:
        os.close(fd)
        raise
    return fd


def copy_file(source: int, path: str, status: os.stat_result) -> None:
    """Write source's data and attributes to the new file path."""
    fd = os.open(path, _CREATE, 0o600)
    try:
        while os.copy_file_range(source, fd, 1 << 30):
            pass
        os.fchown(fd, status.st_uid, status.st_gid)
        os.fchmod(fd, stat.S_IMODE(status.st_mode))
        for name in os.listxattr(source):
            if not name.startswith("trusted."):
                os.setxattr(fd, name, os.getxattr(source, name))
        os.utime(fd, ns=(status.st_mtime_ns, status.st_mtime_ns))
    finally:
        os.close(fd)


def remove(path: str) -> None:
    """Remove path below the present root, whatever it is."""
    directory, _, name = path.rpartition("/")
    fd = os.open(directory or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        remove_tree(fd, name)
    finally:
        os.close(fd)


REFUSED = frozenset(
    {
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.EINVAL,
        errno.EEXIST,
        errno.EPERM,
        errno.E2BIG,
        errno.ERANGE,
        errno.EOVERFLOW,
    }
)
