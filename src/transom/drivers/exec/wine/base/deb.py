"""Reads .deb files without dpkg: an ar archive with a compressed tar inside.

Source: man pages deb(5), ar(5).
"""

import gzip
import io
import lzma
import tarfile
from collections.abc import Callable, Iterator
from typing import IO, Any, BinaryIO

import zstandard

from transom.errors import InvalidParameter

_MAGIC = b"!<arch>\n"
_HEADER = 60
MAX_MEMBERS = 200_000


class _Section(io.RawIOBase):
    """`size` bytes of a file from its present position on, as a file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        """Fill buffer from the section."""
        data = self._file.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)


def data_member(file: BinaryIO) -> tuple[str, IO[bytes]]:
    """Return the name of a .deb's data member and the member as a file.

    Raises:
        InvalidParameter: file is not a .deb.
    """
    if file.read(len(_MAGIC)) != _MAGIC:
        raise InvalidParameter("not a .deb file")
    while len(header := file.read(_HEADER)) == _HEADER and header[58:] == b"`\n":
        name = header[:16].decode("ascii", "replace").strip().rstrip("/")
        digits = header[48:58].strip()
        if not digits.isdigit():
            break
        size = int(digits)
        if name.startswith("data.tar"):
            return name, io.BufferedReader(_Section(file, size), 1 << 20)
        file.seek(size + size % 2, io.SEEK_CUR)
    raise InvalidParameter("a .deb file without data")


def members(file: BinaryIO, wanted: Callable[[str], bool]) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """Yield a .deb's entries, paths relative to the root; with them the content of the regular files that are wanted.

    Raises:
        InvalidParameter: the archive is malformed, or an entry's path leads out of it.
    """
    name, data = data_member(file)
    try:
        with tarfile.open(fileobj=_decompressed(name, data), mode="r|") as archive:
            for count, entry in enumerate(archive):
                entry.name = checked_path(entry.name)
                if count > MAX_MEMBERS:
                    raise InvalidParameter("a .deb file with too many members")
                content = archive.extractfile(entry) if entry.isreg() and wanted(entry.name) else None
                yield entry, content.read() if content is not None else b""
    except (tarfile.TarError, lzma.LZMAError, zstandard.ZstdError, EOFError) as exc:
        raise InvalidParameter(f"a damaged .deb file: {exc}") from exc


def _decompressed(name: str, data: IO[bytes]) -> Any:
    match name.removeprefix("data.tar"):
        case ".xz":
            return lzma.open(data)
        case ".zst":
            return zstandard.ZstdDecompressor().stream_reader(data)
        case ".gz":
            return gzip.GzipFile(fileobj=data)
        case "":
            return data
        case other:
            raise InvalidParameter(f"a .deb file with data compressed by {other}")


def checked_path(path: str) -> str:
    """Return an archive entry's path without leading `./`.

    Raises:
        InvalidParameter: it is absolute or has a `..`.
    """
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if path.startswith("/") or ".." in parts:
        raise InvalidParameter(f"archive entry leads outside: {path!r}")
    return "/".join(parts)
