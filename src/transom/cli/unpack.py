"""Archives from a container, written below a local directory.

Names come from a container and are not trusted: Rootfs keeps every one of them below the directory,
whatever links the archive makes on the way.
"""

import contextlib
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from transom.cli.errors import CliError
from transom.host.rootfs import Rootfs

COPY = 256 * 1024


class Pieces:
    """Pieces of bytes as a file that can be read from start to end."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Return size bytes, fewer only at the end."""
        taken = [self._rest]
        length = len(self._rest)
        while length < size and (piece := next(self._pieces, b"")):
            taken.append(piece)
            length += len(piece)
        data = b"".join(taken)
        self._rest = data[size:]
        return data[:size]


def unpack(pieces: Iterator[bytes], directory: str, *, rename: Callable[[str], str], keep_owner: bool) -> None:
    """Write the archive's members below directory, under the names that rename gives them.

    Raises:
        CliError: the archive is damaged, or a directory and a file would change places.
    """
    later: list[tuple[str, tarfile.TarInfo]] = []
    try:
        with (
            tarfile.open(fileobj=cast(BinaryIO, Pieces(pieces)), mode="r|") as archive,
            Rootfs.at(directory) as root,
        ):
            for member in archive:
                name = rename(member.name).strip("/")
                if name in ("", "."):
                    continue
                _write(root, archive, member, name, rename)
                if member.isdir():
                    later.append((name, member))  # a directory without write permission still takes its files first
                else:
                    _finish(root, name, member, keep_owner=keep_owner)
            for name, member in reversed(later):
                _finish(root, name, member, keep_owner=keep_owner)
    except tarfile.TarError as exc:
        raise CliError(f"the archive from the container is damaged: {exc}") from exc
    except OSError as exc:
        raise CliError(f"{exc.filename or directory}: {(exc.strerror or str(exc)).lower()}") from exc


def _write(
    root: Rootfs, archive: tarfile.TarFile, member: tarfile.TarInfo, name: str, rename: Callable[[str], str]
) -> None:
    parent = os.path.dirname(name)
    if parent:
        root.makedirs(parent)
    _make_room(root, name, is_directory=member.isdir())
    if member.isdir():
        if not root.exists(name):
            root.mkdir(name, 0o755)
    elif member.issym():
        root.symlink(member.linkname, name)
    elif member.islnk():
        root.link(rename(member.linkname).strip("/"), name)
    elif member.isreg():
        _write_file(root, archive, member, name)
    else:
        kinds = {tarfile.FIFOTYPE: stat.S_IFIFO, tarfile.CHRTYPE: stat.S_IFCHR, tarfile.BLKTYPE: stat.S_IFBLK}
        kind = kinds.get(member.type)
        if kind is None:
            raise CliError(f"{member.name}: this kind of file ({member.type!r}) cannot be copied")
        root.mknod(name, kind | member.mode, os.makedev(member.devmajor, member.devminor))


def _make_room(root: Rootfs, name: str, *, is_directory: bool) -> None:
    """Remove what is in the way; a directory is never replaced by a file, nor a file by a directory.

    Raises:
        CliError: it would be.
    """
    try:
        there = root.lstat(name)
    except FileNotFoundError:
        return
    if stat.S_ISDIR(there.st_mode) != is_directory:
        what = "non-directory" if is_directory else "directory"
        other = "directory" if is_directory else "non-directory"
        raise CliError(f'cannot overwrite {what} "{name}" with {other}')
    if not is_directory:
        root.unlink(name)


def _write_file(root: Rootfs, archive: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> None:
    source = archive.extractfile(member)
    assert source is not None
    descriptor = root.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "wb", buffering=0) as target:
        while piece := source.read(COPY):
            target.write(piece)


def _finish(root: Rootfs, name: str, member: tarfile.TarInfo, *, keep_owner: bool) -> None:
    if keep_owner:
        root.chown(name, member.uid, member.gid)
    if member.islnk():
        return
    if not member.issym():
        root.chmod(name, member.mode & 0o7777)
    with contextlib.suppress(OSError, OverflowError):  # a time before 1970 that this file system cannot hold
        nanoseconds = int(member.mtime) * 10**9
        root.utime(name, nanoseconds, nanoseconds)
