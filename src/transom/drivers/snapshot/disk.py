"""Trees on disk: measured, removed, synced. The jobs among them run in a worker."""

import contextlib
import ctypes
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transom.host.job import Report
from transom.host.rootfs import remove_tree

_LITTLE = 64
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK = 512
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Tree:
    """A directory on the host."""

    path: str


@dataclass(frozen=True, slots=True)
class Measured:
    """What a tree holds; each inode counts once, sizes are those that `docker images` adds up."""

    size_bytes: int
    inodes: int


@dataclass(frozen=True, slots=True)
class RemoveTree:
    """Names to remove in a directory."""

    directory: str
    names: tuple[str, ...]


def measure(arguments: Tree, fds: Sequence[int], report: Report) -> Measured:
    """Count a tree's bytes and inodes. A job."""
    size = inodes = 0
    seen: set[int] = set()
    for status in _statuses(arguments.path):
        is_directory = stat.S_ISDIR(status.st_mode)
        if status.st_nlink > 1 and not is_directory:
            if status.st_ino in seen:
                continue
            seen.add(status.st_ino)
        inodes += 1
        size += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return Measured(size, inodes)


def _statuses(path: str) -> Iterator[os.stat_result]:
    """Yield what is below a directory, by descriptors: a program can make trees whose paths no call takes.

    What goes away meanwhile, with its container or by its program, does not count.
    """
    open_dirs: list[int] = []
    todo: list[list[str]] = [[path]]
    try:
        while todo:
            if not todo[-1]:
                todo.pop()
                if open_dirs:
                    os.close(open_dirs.pop())
                continue
            name = todo[-1].pop()
            try:
                fd = os.open(name, _DIRECTORY, dir_fd=open_dirs[-1] if open_dirs else None)
            except (FileNotFoundError, NotADirectoryError):
                continue
            open_dirs.append(fd)
            todo.append([])
            with os.scandir(fd) as entries:
                for entry in entries:
                    with contextlib.suppress(FileNotFoundError):
                        status = entry.stat(follow_symlinks=False)
                        if stat.S_ISDIR(status.st_mode):
                            todo[-1].append(entry.name)
                        yield status
    finally:
        for fd in open_dirs:
            os.close(fd)


def remove_trees(arguments: RemoveTree, fds: Sequence[int], report: Report) -> None:
    """Remove trees. A job."""
    directory = os.open(arguments.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for name in arguments.names:
        with contextlib.suppress(FileNotFoundError):
            remove_tree(directory, name)
    os.close(directory)


def remove_little(directory: str, name: str) -> bool:
    """Remove a tree if it has few entries, as a container's that only ran a command; tell whether it did.

    In a thread that is quicker than a worker, and short enough not to hold up the event loop.
    """
    path = os.path.join(directory, name)
    count, todo = 0, [path]
    try:
        while todo:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    count += 1
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
            if count > _LITTLE:
                return False
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            remove_tree(fd, name)
        finally:
            os.close(fd)
    except FileNotFoundError:
        return not os.path.lexists(path)
    except OSError as exc:
        if exc.errno == errno.ENAMETOOLONG:
            return False
        raise
    return True


def free_bytes(fd: int) -> int:
    """Return how many bytes the file system behind a descriptor has left."""
    found = os.statvfs(fd)
    return found.f_bavail * found.f_frsize


def sync_file_system(path: str) -> None:
    """Write everything on path's file system to disk. Blocks."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if _libc.syncfs(fd) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)
    finally:
        os.close(fd)
