"""Files below a root that somebody else filled: every path is resolved by the kernel inside the root.

A symbolic link or `..` in the path never leads out: absolute links start again at the root (openat2 with
RESOLVE_IN_ROOT). All calls raise OSError as their os.* namesakes do; callers turn it into a kind of error.

Source: man page openat2(2).
"""

import contextlib
import ctypes
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

_SYS_OPENAT2 = 437
_RESOLVE_NO_MAGICLINKS, _RESOLVE_IN_ROOT = 0x02, 0x10
_TRIES = 64
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def open_in_root(root: int, path: str, flags: int, mode: int = 0) -> int:
    """Return a new descriptor of path, resolved below the directory root; the caller closes it."""
    how = _OpenHow(flags | os.O_CLOEXEC, mode if flags & os.O_CREAT else 0, 0)
    how.resolve = _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS
    raw = os.fsencode(path) or b"."
    if b"\0" in raw:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
    for _ in range(_TRIES):
        fd = int(_syscall(_SYS_OPENAT2, root, raw, ctypes.byref(how), ctypes.sizeof(how)))
        if fd >= 0:
            return fd
        number = ctypes.get_errno()
        # A rename somewhere while `..` was resolved: the kernel cannot tell whether it led out, and asks to try again.
        if number not in {errno.EAGAIN, errno.EINTR}:
            break
    else:
        number = errno.EAGAIN
    raise OSError(number, os.strerror(number), path)


class Rootfs:
    """A directory as the root of paths; closing it closes the descriptor it was given."""

    def __init__(self, fd: int) -> None:
        """Take over fd, a descriptor of a directory (O_PATH suffices)."""
        self.fd = fd

    @classmethod
    def at(cls, path: str) -> Self:
        """Open the host directory path as a root; path itself is trusted."""
        return cls(os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))

    def close(self) -> None:
        """Close the descriptor; repeatable."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self, path: str, flags: int = os.O_RDONLY, mode: int = 0o666) -> int:
        """Return a new descriptor of path; with O_NOFOLLOW a link as last component is ELOOP."""
        return open_in_root(self.fd, path, flags, mode)

    def sub(self, path: str) -> "Rootfs":
        """Return the directory path as a root of its own."""
        return Rootfs(self.open(path, os.O_PATH | os.O_DIRECTORY))

    @contextmanager
    def parent(self, path: str) -> Iterator[tuple[int, str]]:
        """Yield (descriptor, name): the directory that holds path's last component, links before it followed.

        Raises:
            OSError: EINVAL if the last component is none to act on (the root, `.`, `..`).
        """
        directory, _, name = path.rstrip("/").rpartition("/")
        if name in {"", ".", ".."}:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
        fd = self.open(directory or ".", os.O_PATH | os.O_DIRECTORY)
        try:
            yield fd, name
        finally:
            os.close(fd)

    def stat(self, path: str) -> os.stat_result:
        """Return the status of what path leads to, links followed."""
        fd = self.open(path, os.O_PATH)
        try:
            return os.fstat(fd)
        finally:
            os.close(fd)

    def lstat(self, path: str) -> os.stat_result:
        """Return the status of path itself."""
        fd = self.open(path, os.O_PATH | os.O_NOFOLLOW)
        try:
            return os.fstat(fd)
        finally:
            os.close(fd)

    def exists(self, path: str) -> bool:
        """Tell whether path is there, as itself (a dangling link is)."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            self.lstat(path)
            return True
        return False

    def resolve(self, path: str) -> str:
        """Return where path leads, as a path without links below the root; the root itself is empty."""
        fd = self.open(path, os.O_PATH)
        try:
            found, root = (os.readlink(f"/proc/self/fd/{number}") for number in (fd, self.fd))
        finally:
            os.close(fd)
        return found.removeprefix(root.rstrip("/")).lstrip("/")

    def readlink(self, path: str) -> str:
        """Return a link's target."""
        with self.parent(path) as (fd, name):
            return os.readlink(name, dir_fd=fd)

    def listdir(self, path: str = ".") -> list[str]:
        """Return the names in a directory."""
        fd = self.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return os.listdir(fd)
        finally:
            os.close(fd)

    def mkdir(self, path: str, mode: int = 0o777) -> None:
        """Make one directory."""
        with self.parent(path) as (fd, name):
            os.mkdir(name, mode, dir_fd=fd)

    def makedirs(self, path: str, mode: int = 0o755, owner: tuple[int, int] | None = None) -> None:
        """Make path and what is missing above it; what exists stays as it is, links to directories are followed."""
        done = ""
        for part in path.strip("/").split("/"):
            if part in {"", "."}:
                continue
            done = f"{done}/{part}" if done else part
            with contextlib.suppress(FileExistsError):
                self.mkdir(done, mode)
                if owner is not None:
                    self.chown(done, *owner)
        if done and not stat.S_ISDIR(self.stat(done).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)

    def symlink(self, target: str, path: str) -> None:
        """Make path a link with the text target."""
        with self.parent(path) as (fd, name):
            os.symlink(target, name, dir_fd=fd)

    def link(self, source: str, path: str) -> None:
        """Make path a hard link to source; a link as source's last component is linked itself."""
        with self.parent(source) as (source_fd, source_name), self.parent(path) as (fd, name):
            os.link(source_name, name, src_dir_fd=source_fd, dst_dir_fd=fd, follow_symlinks=False)

    def rename(self, source: str, path: str) -> None:
        """Rename source to path, over what path was."""
        with self.parent(source) as (source_fd, source_name), self.parent(path) as (fd, name):
            os.rename(source_name, name, src_dir_fd=source_fd, dst_dir_fd=fd)

    def unlink(self, path: str) -> None:
        """Remove what is no directory."""
        with self.parent(path) as (fd, name):
            os.unlink(name, dir_fd=fd)

    def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        with self.parent(path) as (fd, name):
            os.rmdir(name, dir_fd=fd)

    def remove(self, path: str) -> None:
        """Remove path and all below; nothing there is no error."""
        with contextlib.suppress(FileNotFoundError), self.parent(path) as (fd, name):
            remove_tree(fd, name)

    def mknod(self, path: str, mode: int, device: int = 0) -> None:
        """Make a device node, FIFO or socket."""
        with self.parent(path) as (fd, name):
            os.mknod(name, mode, device, dir_fd=fd)

    def chmod(self, path: str, mode: int) -> None:
        """Set the permissions of what path leads to."""
        fd = self.open(path, os.O_PATH)
        try:
            os.chmod(f"/proc/self/fd/{fd}", mode)
        finally:
            os.close(fd)

    def chown(self, path: str, uid: int, gid: int) -> None:
        """Set the owner of path itself."""
        with self.parent(path) as (fd, name):
            os.chown(name, uid, gid, dir_fd=fd, follow_symlinks=False)

    def utime(self, path: str, atime_ns: int, mtime_ns: int) -> None:
        """Set the times of path itself."""
        with self.parent(path) as (fd, name):
            os.utime(name, ns=(atime_ns, mtime_ns), dir_fd=fd, follow_symlinks=False)


def remove_tree(directory: int, name: str) -> None:
    """Remove name in the directory with all below; links are not followed. Iterative: depth costs no stack."""
    try:
        os.unlink(name, dir_fd=directory)
        return
    except IsADirectoryError:
        pass
    except PermissionError:  # what POSIX lets unlink(2) say of a directory
        if not stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
            raise
    _empty(directory, name)
    os.rmdir(name, dir_fd=directory)


def remove_path(path: str | os.PathLike[str]) -> None:
    """Remove a host directory with all below, however deep; one that is not there is no error."""
    parent, name = os.path.split(os.path.abspath(path))
    with contextlib.suppress(FileNotFoundError):
        fd = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            remove_tree(fd, name)
        finally:
            os.close(fd)


def _empty(directory: int, name: str) -> None:
    """Remove what is in a directory. One descriptor is open at a time: a program can make trees of any depth."""
    fd = os.open(name, _DIRECTORY, dir_fd=directory)
    levels = [(name, _identity(fd), _entries(fd))]
    try:
        while True:
            name, _, todo = levels[-1]
            if todo:
                entry, is_directory = todo.pop()
                if is_directory:
                    fd = _replaced(fd, entry)
                    levels.append((entry, _identity(fd), _entries(fd)))
                else:
                    os.unlink(entry, dir_fd=fd)
                continue
            levels.pop()
            if not levels:
                return
            fd = _replaced(fd, "..")
            if _identity(fd) != levels[-1][1]:  # somebody has moved it: `..` may be anywhere
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), name)
            os.rmdir(name, dir_fd=fd)
    finally:
        os.close(fd)


def _replaced(fd: int, name: str) -> int:
    """Open the directory name in fd in fd's place."""
    opened = os.open(name, _DIRECTORY, dir_fd=fd)
    os.dup2(opened, fd, inheritable=False)
    os.close(opened)
    return fd


def _identity(fd: int) -> tuple[int, int]:
    status = os.fstat(fd)
    return status.st_dev, status.st_ino


def _entries(fd: int) -> list[tuple[str, bool]]:
    with os.scandir(fd) as found:
        return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in found]
