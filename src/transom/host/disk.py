"""Putting files on disk for good.

Source: man pages syncfs(2), fsync(2).
"""

import ctypes
import os

_libc = ctypes.CDLL(None, use_errno=True)


def sync_filesystem(path: str) -> None:
    """Write everything of path's file system to disk; for a tree of many files one call instead of thousands.

    Raises:
        OSError: the disk failed.
    """
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if _libc.syncfs(fd) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
    finally:
        os.close(fd)


def sync_directory(path: str) -> None:
    """Make renames in the directory path durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
