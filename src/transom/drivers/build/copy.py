"""COPY, ADD and WORKDIR: files put on top of a snapshot's parent, straight into the snapshot's upper directory.

No overlay is mounted to write through: the parent is mounted read-only to see where links lead and which directories
are there, and the upper directory gets what overlayfs would have put there. So a file of the context becomes a file of
the layer by a hard link where owner and mode fit, without its bytes being written again.
"""

import contextlib
import errno
import os
import posixpath
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from transom.build.ignore import IgnoreFile
from transom.build.workspace import Source
from transom.drivers.build.accounts import owner_of
from transom.drivers.build.pour import pour
from transom.drivers.build.target import Target
from transom.drivers.build.untar import is_archive, untar
from transom.drivers.build.view import Views
from transom.errors import InvalidParameter
from transom.host.job import Report
from transom.host.rootfs import Rootfs
from transom.model.mount import Mount


@dataclass(frozen=True)
class Copy:
    """What goes where.

    sources: a file that lists them.
    upper: the snapshot's upper directory, empty before. view: its parent's root, None for none, mounted on mountpoint.
    root: the directory of the sources, or empty: then origin is mounted on origin_mountpoint.
    target: below the root, `/`-separated; a `/` at the end says that a directory is meant.
    owner: `user[:group]`, empty for root; keep_owners: as the sources have it. mode: None for as the sources have it.
    unpack: None unpacks archives if adds; links: whether sources may be hard-linked.
    """

    upper: str
    view: Mount | None
    mountpoint: str
    sources: str
    target: str
    root: str = ""
    origin: Mount | None = None
    origin_mountpoint: str = ""
    owner: str = ""
    keep_owners: bool = False
    mode: int | None = None
    unpack: bool = False
    links: bool = False
    excludes: tuple[str, ...] = ()
    folds: bool = False
    archive_bytes: int = 1 << 40


@dataclass(frozen=True)
class Directory:
    """A working directory to be made."""

    upper: str
    view: Mount | None
    mountpoint: str
    path: str
    folds: bool = False


def make_directory(arguments: Directory, fds: Sequence[int], report: Report) -> bool:
    """Make a directory and what is missing above it; return False if it was there."""
    view = Views().mount(arguments.view, arguments.mountpoint) if arguments.view else None
    target = Target(arguments.upper, view, folds=arguments.folds)
    path = target.follow(arguments.path)
    if target.is_directory(path):
        return False
    try:
        target.ensure(path, (0, 0))
    except InvalidParameter:
        raise InvalidParameter(f"Cannot mkdir: /{path} is not a directory") from None
    return True


def copy_files(arguments: Copy, fds: Sequence[int], report: Report) -> None:
    """Copy the sources into the upper directory.

    Raises:
        InvalidParameter: the target cannot be, or an archive is damaged.
        NotFound: owner names nobody.
    """
    with open(arguments.sources, "rb") as file:
        sources = msgspec.msgpack.decode(file.read(), type=list[Source])
    views = Views()
    view = views.mount(arguments.view, arguments.mountpoint) if arguments.view else None
    if arguments.root:
        root = Rootfs.at(arguments.root)
    else:
        assert arguments.origin is not None
        root = views.mount(arguments.origin, arguments.origin_mountpoint)
    os.umask(0)
    owner = owner_of(arguments.owner, view)
    target = Target(arguments.upper, view, folds=arguments.folds)
    copier = _Copier(arguments, root, target, owner)
    for source in sources:
        copier.copy(source)
    target.settle()


@dataclass
class _Copier:
    arguments: Copy
    root: Rootfs
    target: Target
    owner: tuple[int, int]
    _copied: dict[tuple[int, int], str] = field(default_factory=dict)

    def copy(self, source: Source) -> None:
        into = self.target.follow(self.arguments.target)
        if source.is_directory:
            self._tree(source.path, into)
            return
        if self.arguments.unpack and is_archive(self.root, source.path):
            self.target.ensure(into, self.owner)
            untar(self.root, source.path, self.target, into, max_bytes=self.arguments.archive_bytes)
            return
        if self.arguments.target.endswith("/") or self.target.is_directory(into):
            into = posixpath.join(into, self.target.spelling(into, source.name))
        if not into:
            raise InvalidParameter("cannot copy a file to the root directory's own name")
        self.target.ensure(posixpath.dirname(into), self.owner)
        with self.root.parent(source.path) as (directory, name):
            self._leaf(directory, name, into)

    def _tree(self, top: str, into: str) -> None:
        """Copy what is below the directory top; a target that is there keeps its own attributes."""
        ignore = IgnoreFile(self.arguments.excludes)
        existed = self.target.is_directory(into)
        self.target.ensure(into, self.owner)
        if not existed:
            self._attributes(into, self.root.lstat(top) if top else os.fstat(self.root.fd))
        start = len(top) + 1 if top else 0
        todo = [(top, into, False)]
        while todo:
            path, place, hidden = todo.pop()
            directory = self.root.open(path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                with os.scandir(directory) as found:
                    entries = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in found)
                for name, is_directory in entries:
                    below = f"{path}/{name}" if path else name
                    ignored = bool(self.arguments.excludes) and ignore.ignores(below[start:])
                    if ignored and not (is_directory and ignore.has_exceptions):
                        continue
                    to = posixpath.join(place, self.target.spelling(place, name))
                    if is_directory:
                        if not ignored:
                            self.target.directory(to, self.owner)
                            self._attributes(to, os.stat(name, dir_fd=directory, follow_symlinks=False))
                        todo.append((below, to, ignored))
                        continue
                    if hidden:
                        self.target.ensure(place, self.owner)
                    self._leaf(directory, name, to)
            finally:
                os.close(directory)

    def _attributes(self, path: str, status: os.stat_result) -> None:
        """Give a directory the source's attributes; its time is set at the end."""
        owner = (status.st_uid, status.st_gid) if self.arguments.keep_owners else self.owner
        mode = stat.S_IMODE(status.st_mode) if self.arguments.mode is None else self.arguments.mode
        self.target.dress(path, owner, mode, status.st_mtime_ns)

    def _leaf(self, directory: int, name: str, to: str) -> None:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        kind = stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFSOCK:
            return
        owner = (status.st_uid, status.st_gid) if self.arguments.keep_owners else self.owner
        mode = stat.S_IMODE(status.st_mode) if self.arguments.mode is None else self.arguments.mode
        fits = owner == (status.st_uid, status.st_gid) and mode == stat.S_IMODE(status.st_mode)
        with self.target.slot(to) as (into, base):
            if kind == stat.S_IFLNK:
                os.symlink(os.readlink(name, dir_fd=directory), base, dir_fd=into)
            elif kind == stat.S_IFREG:
                if self.arguments.links and fits and _linked(directory, name, into, base):
                    return
                if status.st_nlink > 1 and self._linked_before(status, into, base):
                    return
                _copied(directory, name, into, base, mode)
            else:
                os.mknod(base, kind | mode, status.st_rdev, dir_fd=into)
            os.chown(base, *owner, dir_fd=into, follow_symlinks=False)
            if kind == stat.S_IFREG and mode & 0o7000:
                os.chmod(base, mode, dir_fd=into)  # after chown, which takes set-user-ID away
            os.utime(base, ns=(status.st_mtime_ns, status.st_mtime_ns), dir_fd=into, follow_symlinks=False)
        if kind == stat.S_IFREG and status.st_nlink > 1:
            self._copied.setdefault((status.st_dev, status.st_ino), to)

    def _linked_before(self, status: os.stat_result, into: int, base: str) -> bool:
        """Link to the copy of another name of the same file."""
        earlier = self._copied.get((status.st_dev, status.st_ino))
        if earlier is None:
            return False
        with contextlib.suppress(OSError):
            os.link(earlier, base, src_dir_fd=self.target.upper, dst_dir_fd=into, follow_symlinks=False)
            return True
        return False


def _linked(directory: int, name: str, into: int, base: str) -> bool:
    try:
        os.link(name, base, src_dir_fd=directory, dst_dir_fd=into, follow_symlinks=False)
    except OSError as exc:
        if exc.errno not in {errno.EXDEV, errno.EMLINK, errno.EPERM}:
            raise
        return False
    return True


def _copied(directory: int, name: str, into: int, base: str, mode: int) -> None:
    source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(base, flags, mode & 0o777, dir_fd=into)
        try:
            pour(source, fd)
            for key in os.listxattr(source):
                if key == "security.capability" or key.startswith("user."):
                    with contextlib.suppress(OSError):
                        os.setxattr(fd, key, os.getxattr(source, key))
        finally:
            os.close(fd)
    finally:
        os.close(source)
