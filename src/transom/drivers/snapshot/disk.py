"""Trees on disk: measured, removed, synced. The jobs among them run in a worker."""

import contextlib
import ctypes
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transom.host.job import Report
from transom.host.rootfs import remove_tree

_LITTLE = 64
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
    todo = [arguments.path]
    while todo:
        for entry, status in _entries(todo.pop()):
            if status.st_nlink > 1 and not entry.is_dir(follow_symlinks=False):
                if status.st_ino in seen:
                    continue
                seen.add(status.st_ino)
            inodes += 1
            if entry.is_dir(follow_symlinks=False):
                todo.append(entry.path)
            elif entry.is_file(follow_symlinks=False):
                size += status.st_size
    return Measured(size, inodes)


def _entries(path: str) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
    """Yield what is in a directory; what goes away meanwhile, with its container or by its program, does not count."""
    try:
        found = os.scandir(path)
    except FileNotFoundError:
        return
    with found:
        for entry in found:
            with contextlib.suppress(FileNotFoundError):
                yield entry, entry.stat(follow_symlinks=False)


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
    return True


def sync_file_system(path: str) -> None:
    """Write everything on path's file system to disk. Blocks."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if _libc.syncfs(fd) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)
    finally:
        os.close(fd)
