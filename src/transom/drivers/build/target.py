"""A snapshot's upper directory, written while nothing is mounted over it, in the way overlayfs would write it."""

import contextlib
import errno
import os
import posixpath
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from transom.drivers.build.pour import pour
from transom.drivers.build.view import Spelling, follow
from transom.errors import InvalidParameter
from transom.host.rootfs import Rootfs, remove_tree

_HELD = 64


class Target:
    """The merged tree of an upper directory and the view below it. Paths are `/`-separated, below the root.

    All but `follow` take paths without links in them, as `follow` returns them.
    """

    def __init__(self, upper: str, view: Rootfs | None, *, folds: bool) -> None:
        self._top = Rootfs.at(upper)
        self.upper = self._top.fd
        self._view = view
        self.spelling = Spelling([root for root in (view, self._top) if root is not None], folds=folds)
        self._there = {""}
        self._times: dict[str, int] = {}
        self._held: dict[str, int] = {}

    def follow(self, path: str) -> str:
        """Return where path leads, links followed, spelled as what is there."""
        return follow(path, self._readlink, self.spelling)

    def is_directory(self, path: str) -> bool:
        """Tell whether path is a directory now."""
        status = self._status(path)
        return status is not None and stat.S_ISDIR(status.st_mode)

    def ensure(self, path: str, owner: tuple[int, int]) -> None:
        """Make path a directory, with what is missing above; one of the view gets its twin in the upper directory.

        Raises:
            InvalidParameter: something else stands in the way.
        """
        if path in self._there:
            return
        parent, _, name = path.rpartition("/")
        self.ensure(parent, owner)
        status = self._status(path)
        if status is not None and not stat.S_ISDIR(status.st_mode):
            raise InvalidParameter(f"failed to create new directory: mkdir /{path}: not a directory")
        self._mkdir(parent, name, path, status, owner)

    def directory(self, path: str, owner: tuple[int, int]) -> None:
        """Make path a directory below one that is there already; something else of that name goes away."""
        if path in self._there:
            return
        parent, _, name = path.rpartition("/")
        self.ensure(parent, owner)
        status = self._status(path)
        if status is not None and not stat.S_ISDIR(status.st_mode):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=self._open(parent))
            status = None
        self._mkdir(parent, name, path, status, owner)

    def _mkdir(self, parent: str, name: str, path: str, below: os.stat_result | None, owner: tuple[int, int]) -> None:
        into = self._open(parent)
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o755, dir_fd=into)
            if below is None:
                os.chown(name, *owner, dir_fd=into, follow_symlinks=False)
            else:
                os.chown(name, below.st_uid, below.st_gid, dir_fd=into, follow_symlinks=False)
                os.chmod(name, stat.S_IMODE(below.st_mode), dir_fd=into)
                self._copy_attributes(path)
        self._there.add(path)

    def _copy_attributes(self, path: str) -> None:
        if self._view is None:
            return
        with self._view.sub(path) as source, self._top.sub(path) as twin:
            below, here = (f"/proc/self/fd/{root.fd}" for root in (source, twin))
            for name in os.listxattr(below):
                if not name.startswith("trusted."):
                    with contextlib.suppress(OSError):
                        os.setxattr(here, name, os.getxattr(below, name))

    def dress(self, path: str, owner: tuple[int, int], mode: int, mtime_ns: int) -> None:
        """Give a directory of the upper directory its owner and mode now, and its time at the end."""
        fd = self._open(path)
        os.chown(f"/proc/self/fd/{fd}", *owner)
        os.chmod(f"/proc/self/fd/{fd}", mode)
        self._times[path] = mtime_ns

    @contextmanager
    def slot(self, path: str) -> Iterator[tuple[int, str]]:
        """Yield (directory, name) for something new to be made as path; what an earlier source left there goes away."""
        parent, _, name = path.rpartition("/")
        into = self._open(parent)
        if path in self._there or _exists(into, name):
            remove_tree(into, name)
            self._forget(path)
        yield into, name

    def settle(self) -> None:
        """Set the times that were put off, and close what was held open."""
        for path, mtime_ns in self._times.items():
            with contextlib.suppress(FileNotFoundError):
                os.utime(path, ns=(mtime_ns, mtime_ns), dir_fd=self.upper, follow_symlinks=False)
        for fd in self._held.values():
            os.close(fd)
        self._held = {}

    def copy_up(self, path: str) -> bool:
        """Make a regular file of the view a file of the upper directory; return False if it is none."""
        if _exists(self.upper, path):
            return True
        status = self._status(path)
        if self._view is None or status is None or not stat.S_ISREG(status.st_mode):
            return False
        self.ensure(posixpath.dirname(path), (0, 0))
        source = self._view.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            with self.slot(path) as (into, name):
                fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=into)
                try:
                    pour(source, fd)
                    os.fchown(fd, status.st_uid, status.st_gid)
                    os.fchmod(fd, stat.S_IMODE(status.st_mode))
                    os.utime(fd, ns=(status.st_mtime_ns, status.st_mtime_ns))
                finally:
                    os.close(fd)
        finally:
            os.close(source)
        return True

    def _open(self, path: str) -> int:
        """Return a descriptor of a directory in the upper directory; it is held for the next call."""
        fd = self._held.get(path)
        if fd is None:
            if len(self._held) >= _HELD:
                os.close(self._held.pop(next(iter(self._held))))
            fd = self._held[path] = self._top.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        return fd

    def _forget(self, path: str) -> None:
        prefix = path + "/"
        gone = [known for known in self._there if known == path or known.startswith(prefix)]
        for known in gone:
            self._there.discard(known)
            self._times.pop(known, None)
        for known in [known for known in self._held if known == path or known.startswith(prefix)]:
            os.close(self._held.pop(known))

    def _status(self, path: str) -> os.stat_result | None:
        """Return path's status in the merged tree; a file in the upper directory hides what the view has below it."""
        for root in (self._top, self._view):
            if root is None:
                continue
            try:
                return root.lstat(path)
            except FileNotFoundError:
                continue
            except NotADirectoryError:
                return None
            except OSError as exc:
                raise InvalidParameter(f"/{path}: {os.strerror(exc.errno or errno.EINVAL).lower()}") from exc
        return None

    def _readlink(self, path: str) -> str | None:
        status = self._status(path)
        if status is None or not stat.S_ISLNK(status.st_mode):
            return None
        for root in (self._top, self._view):
            if root is not None:
                with contextlib.suppress(OSError):
                    return root.readlink(path)
        return None


def _exists(directory: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
