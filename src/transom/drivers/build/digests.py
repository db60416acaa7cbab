"""What makes two files, or two trees, the same for the cache: names, kinds, modes, contents; not times, not owners."""

import hashlib
import os
import stat
from collections.abc import Iterable
from typing import NamedTuple

CHUNK = 1 << 20
XATTRS = ("security.capability", "user.")
"""Attributes that are copied and count, by their beginnings."""


class Record(NamedTuple):
    """One path of a context: its kind (`f`, `d`, `l`, `p`), and the digest of all that counts but its name."""

    path: str
    kind: str
    digest: str


def file_digest(mode: int, content: str, xattrs: Iterable[tuple[str, bytes]] = ()) -> str:
    """Return a regular file's digest from its content's."""
    found = hashlib.sha256(f"f {mode:o} {content}".encode())
    for name, value in sorted(xattrs):
        found.update(f"\0{name}={len(value)}:".encode())
        found.update(value)
    return found.hexdigest()


def other_digest(kind: str, mode: int, target: str = "") -> str:
    """Return the digest of what is no regular file."""
    text = f"l {target}" if kind == "l" else f"{kind} {mode:o} {target}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def tree_digest(records: Iterable[tuple[str, str]]) -> str:
    """Return the digest of a directory from (path below it, digest) pairs."""
    found = hashlib.sha256()
    for path, digest in sorted(records):
        found.update(path.encode("utf-8", "surrogateescape") + b"\0" + digest.encode() + b"\n")
    return found.hexdigest()


def named_digest(name: str, digest: str) -> str:
    """Return the digest of one file that is copied by itself: its name counts where the target is a directory."""
    return hashlib.sha256(name.encode("utf-8", "surrogateescape") + b"\0" + digest.encode()).hexdigest()


def counting_xattrs(target: int | str) -> list[tuple[str, bytes]]:
    """Return the extended attributes that are copied."""
    try:
        names = os.listxattr(target) if isinstance(target, int) else os.listxattr(target, follow_symlinks=False)
        return [(name, os.getxattr(target, name)) for name in names if name.startswith(XATTRS)]
    except OSError:
        return []


def record_of(path: str, name: str, directory: int) -> Record:
    """Return the record of a file on disk; its content is read."""
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISDIR(status.st_mode):
        return Record(path, "d", other_digest("d", mode))
    if stat.S_ISLNK(status.st_mode):
        return Record(path, "l", other_digest("l", mode, os.readlink(name, dir_fd=directory)))
    if not stat.S_ISREG(status.st_mode):
        return Record(path, "p", other_digest(f"{stat.S_IFMT(status.st_mode):o}", mode, str(status.st_rdev)))
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        content = hashlib.sha256()
        while data := os.read(fd, CHUNK):
            content.update(data)
        return Record(path, "f", file_digest(mode, content.hexdigest(), counting_xattrs(fd)))
    finally:
        os.close(fd)
