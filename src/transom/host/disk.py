"""Where on a disk files go, and that they are there for good.

Source: man pages syncfs(2), fsync(2), ioctl_iflags(2).
"""

import contextlib
import ctypes
import fcntl
import os
import struct

_libc = ctypes.CDLL(None, use_errno=True)
_GETFLAGS, _SETFLAGS, _TOPDIR = 0x80086601, 0x40086602, 0x00020000
_FLAGS = struct.Struct("@i4x")


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


def spread_below(path: str) -> None:
    """Have the directories made in path begin far from it and from each other, where the file system knows how (ext4).

    ext4 puts a tree's inodes near those of its parent, and takes none that was freed within minutes: it looks at each
    and passes on. Many files made where as many were removed just before cost several times the usual.
    """
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            (flags,) = _FLAGS.unpack(fcntl.ioctl(fd, _GETFLAGS, bytes(_FLAGS.size)))
            fcntl.ioctl(fd, _SETFLAGS, _FLAGS.pack(flags | _TOPDIR))
    finally:
        os.close(fd)
