"""Directories as tar streams to the engine, for build contexts and cp.

Headers are written for speed: whole seconds, no names of owners, PAX only where a value needs it.
"""

import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

Write = Callable[[bytes], None]
BUFFER = 256 * 1024
ZEROS = b"\0" * tarfile.BLOCKSIZE


class TarWriter:
    """Writes members one after another; close ends the archive. Memory use does not depend on sizes."""

    def __init__(self, write: Write, *, as_root: bool = False) -> None:
        self._write = write
        self._as_root = as_root
        self._pending = bytearray()
        self._links: dict[tuple[int, int], str] = {}
        self.written = 0

    def add(self, path: str, name: str) -> None:
        """Add the file, link or directory at path under name; a directory's contents are not included.

        Raises:
            OSError: path cannot be read.
        """
        found = os.lstat(path)
        if stat.S_ISSOCK(found.st_mode):
            return  # tar knows no sockets; Docker leaves them out, too
        member = self._member(found, name)
        if stat.S_ISLNK(found.st_mode):
            member.type, member.linkname = tarfile.SYMTYPE, os.readlink(path)
        elif stat.S_ISDIR(found.st_mode):
            member.type, member.name = tarfile.DIRTYPE, name.rstrip("/") + "/"
        elif stat.S_ISREG(found.st_mode):
            known = self._links.get((found.st_dev, found.st_ino)) if found.st_nlink > 1 else None
            if known is not None:
                member.type, member.linkname = tarfile.LNKTYPE, known
            else:
                self._links[found.st_dev, found.st_ino] = name
                member.size = found.st_size
        else:
            member.type = tarfile.FIFOTYPE if stat.S_ISFIFO(found.st_mode) else tarfile.CHRTYPE
            member.type = tarfile.BLKTYPE if stat.S_ISBLK(found.st_mode) else member.type
            member.devmajor, member.devminor = os.major(found.st_rdev), os.minor(found.st_rdev)
        self._put(member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
        if member.isreg() and member.size:
            self._copy(path, member.size)

    def add_bytes(self, data: bytes, name: str, *, mode: int = 0o644) -> None:
        """Add a file that exists only in memory."""
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(data), mode
        self._put(member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
        self._put(data)
        self._pad(len(data))

    def close(self) -> None:
        """Write the end of the archive."""
        self._put(ZEROS * 2)
        self._flush()

    def _member(self, found: os.stat_result, name: str) -> tarfile.TarInfo:
        member = tarfile.TarInfo(name)
        member.mode = stat.S_IMODE(found.st_mode)
        member.mtime = int(found.st_mtime)
        if not self._as_root:
            member.uid, member.gid = found.st_uid, found.st_gid
        return member

    def _copy(self, path: str, size: int) -> None:
        left = size
        with Path(path).open("rb", buffering=0) as stream:
            while left:
                piece = stream.read(min(BUFFER, left))
                if not piece:
                    raise OSError(0, "the file became shorter while it was read", path)
                left -= len(piece)
                self._put(piece)
        self._pad(size)

    def _pad(self, size: int) -> None:
        if rest := size % tarfile.BLOCKSIZE:
            self._put(ZEROS[rest:])

    def _put(self, data: bytes) -> None:
        self._pending += data
        self.written += len(data)
        if len(self._pending) >= BUFFER:
            self._flush()

    def _flush(self) -> None:
        if self._pending:
            self._write(bytes(self._pending))
            self._pending.clear()


def walk(directory: str, leaves_out: Callable[[str, bool], tuple[bool, bool]]) -> Iterator[tuple[str, str]]:
    """Yield (path, name relative to directory) for everything below it, in order, parents first.

    leaves_out says for a name, and whether it is a directory, (is it left out, and need we look inside).
    """
    pending = [""]
    while pending:
        relative = pending.pop()
        with os.scandir(os.path.join(directory, relative)) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        inner = []
        for entry in found:
            name = f"{relative}/{entry.name}" if relative else entry.name
            is_directory = entry.is_dir(follow_symlinks=False)
            left_out, inside = leaves_out(name, is_directory)
            if not left_out:
                yield entry.path, name
            if is_directory and inside:
                inner.append(name)
        pending += reversed(inner)
