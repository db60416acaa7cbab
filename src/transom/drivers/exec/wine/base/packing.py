"""A base as one tar.zst file: written the same for the same base, read without trust."""

import io
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Protocol

import zstandard

from transom.drivers.exec.wine.base.deb import checked_path
from transom.drivers.exec.wine.base.digest import PARTS
from transom.drivers.exec.wine.base.tree import MTIME
from transom.errors import InvalidParameter
from transom.host.rootfs import Rootfs

LEVEL = 9
MANIFEST = "manifest.json"
MAX_ENTRIES = 100_000
MAX_BYTES = 4 << 30
_BLOCK = 1 << 20


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> int:
        """Take data."""
        ...


class Counter:
    """A sink that only counts."""

    def __init__(self) -> None:
        self.bytes = 0

    def write(self, data: bytes, /) -> int:
        """Count data."""
        self.bytes += len(data)
        return len(data)


def write_archive(base: Path, manifest: bytes, out: Sink, count: Callable[[int], None]) -> None:
    """Write a base; count gets the sizes of files as they pass."""
    compressor = zstandard.ZstdCompressor(level=LEVEL, threads=-1, write_checksum=True)
    with (
        compressor.stream_writer(out, closefd=False) as stream,  # type: ignore[arg-type]
        tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        entry = tarfile.TarInfo(MANIFEST)
        entry.size = len(manifest)
        archive.addfile(entry, io.BytesIO(manifest))
        first: dict[tuple[int, int], str] = {}
        for name in _names(base):
            _add(archive, base, name, first, count)


def _names(base: Path) -> Iterator[str]:
    for part in PARTS:
        yield part
        for directory, names, files in os.walk(base / part):
            names.sort()
            relative = os.path.relpath(directory, base)
            yield from (f"{relative}/{name}" for name in sorted([*names, *files]))


def _add(
    archive: tarfile.TarFile, base: Path, name: str, first: dict[tuple[int, int], str], count: Callable[[int], None]
) -> None:
    path = base / name
    info = os.lstat(path)
    entry = tarfile.TarInfo(name)
    entry.mode, entry.mtime = stat.S_IMODE(info.st_mode), MTIME
    if stat.S_ISLNK(info.st_mode):
        entry.type, entry.linkname = tarfile.SYMTYPE, os.readlink(path)
        archive.addfile(entry)
    elif stat.S_ISDIR(info.st_mode):
        entry.type = tarfile.DIRTYPE
        archive.addfile(entry)
    elif (info.st_dev, info.st_ino) in first:
        entry.type, entry.linkname = tarfile.LNKTYPE, first[info.st_dev, info.st_ino]
        archive.addfile(entry)
    else:
        first[info.st_dev, info.st_ino] = name
        entry.size = info.st_size
        with path.open("rb") as file:
            archive.addfile(entry, file)
        count(info.st_size)


def read_archive(source: IO[bytes], target: Path, count: Callable[[int], None]) -> bytes:
    """Unpack an exported base into the empty directory target; return its manifest.

    Raises:
        InvalidParameter: it is not a base's archive, is damaged, too large, or has an entry that a base never has.
    """
    manifest = b""
    written: set[str] = set()
    total = 0
    try:
        stream = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(source)
        with tarfile.open(fileobj=stream, mode="r|") as archive, Rootfs.at(str(target)) as root:
            for number, entry in enumerate(archive):
                name = checked_path(entry.name)
                total += entry.size
                if number > MAX_ENTRIES or total > MAX_BYTES:
                    raise InvalidParameter("the archive is too large for a Windows base")
                content = archive.extractfile(entry) if entry.isreg() else None
                if name == MANIFEST and content is not None:
                    manifest = content.read(_BLOCK)
                    continue
                if name.split("/", 1)[0] not in PARTS or name in written:
                    raise InvalidParameter(f"a Windows base has no entry {name!r}, or has it once")
                written.add(name)
                _extract(root, entry, name, content, written)
                count(entry.size)
    except (tarfile.TarError, zstandard.ZstdError, EOFError, OSError) as exc:
        raise InvalidParameter(f"not the archive of a Windows base, or a damaged one: {exc}") from exc
    if not manifest:
        raise InvalidParameter("not the archive of a Windows base: it has no manifest")
    return manifest


def _extract(root: Rootfs, entry: tarfile.TarInfo, name: str, content: IO[bytes] | None, written: set[str]) -> None:
    if entry.isdir():
        root.mkdir(name, 0o755)
    elif entry.issym():
        root.symlink(entry.linkname, name)
    elif entry.islnk():
        target = checked_path(entry.linkname)
        if target not in written:
            raise InvalidParameter(f"hard link to {target!r}, which the archive has not written")
        root.link(target, name)
    elif content is not None:
        fd = root.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        with open(fd, "wb") as file:
            while block := content.read(_BLOCK):
                file.write(block)
            os.fchmod(file.fileno(), 0o755 if entry.mode & 0o100 else 0o644)
    else:
        raise InvalidParameter(f"a Windows base has no entry like {name!r}")
