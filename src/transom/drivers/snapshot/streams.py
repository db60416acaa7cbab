"""Archives as streams: decompressed and hashed in a thread while the caller works on what came before."""

import bz2
import hashlib
import io
import lzma
import os
import queue
import threading
import zlib
from collections.abc import Iterator
from typing import IO, Final, Protocol, cast

import zstandard
from isal import igzip, isal_zlib

from transom.errors import InvalidParameter, Unavailable
from transom.host.precedence import Courtesy
from transom.images.compression import compression_of
from transom.snapshots.layers import NEWS

CHUNK: Final = 1 << 20
BOMB_BYTES: Final = 4 << 30
BOMB_RATIO: Final = 200
"""An archive that grows so much, beyond so many bytes, is meant to fill a disk: what real ones hold grows tenfold."""
_AHEAD: Final = 8
_MAX_WINDOW: Final = 1 << 27
NO_LIMIT: Final = 1 << 62

_BROKEN: Final[tuple[type[Exception], ...]] = (
    EOFError,
    OSError,
    ValueError,
    zlib.error,
    cast("type[Exception]", isal_zlib.error),
    zstandard.ZstdError,
    lzma.LZMAError,
)
"""What the decompressors raise when the data is no good."""


class Readable(Protocol):
    """What a stream is read from."""

    def read(self, size: int, /) -> bytes:
        """Return at most size bytes, none at the end."""
        ...


class ComingFile:
    """A file that may still grow: read up to what news, a pipe, tells to be there, and to its end once that has ended.

    Who writes and who reads need not keep step, as they must with a pipe between them: on a busy machine each of its
    turns waits for a processor.
    """

    def __init__(self, fd: int, news: int = -1) -> None:
        self._fd = fd
        self._news = news
        self._there = NO_LIMIT if news < 0 else 0
        self.position = 0

    def read(self, size: int) -> bytes:
        """Return at most size bytes, none at the end."""
        while self.position == self._there and (told := os.read(self._news, 512 * NEWS.size)):
            (self._there,) = NEWS.unpack(told[-NEWS.size :])  # each was written whole, and so is read whole
        data = os.pread(self._fd, min(size, self._there - self.position), self.position)
        self.position += len(data)
        return data


class _Counting:
    """A stream that knows how much was read of it."""

    def __init__(self, raw: Readable) -> None:
        self._raw = raw
        self.count = 0

    def read(self, size: int) -> bytes:
        data = self._raw.read(size)
        self.count += len(data)
        return data


class _Prefixed(io.RawIOBase):
    """A stream whose first bytes were read already."""

    def __init__(self, first: bytes, rest: _Counting) -> None:
        self._first = first
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._first:
            size = min(len(buffer), len(self._first))
            buffer[:size] = self._first[:size]
            self._first = self._first[size:]
            return size
        data = self._rest.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def decompressed(raw: _Counting) -> tuple[IO[bytes], str]:
    """Return raw's content and the name of its compression; several members or frames in a row are read as one."""
    start = b""
    while len(start) < 6 and (more := raw.read(6 - len(start))):
        start += more
    kind = compression_of(start)
    whole = io.BufferedReader(_Prefixed(start, raw), CHUNK)
    match kind:
        case "gzip":
            unpacked: IO[bytes] = igzip.IGzipFile(fileobj=whole, mode="rb")  # type: ignore[no-untyped-call, assignment]
            return unpacked, kind
        case "zstd":
            reader = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
            return reader.stream_reader(whole, read_across_frames=True), kind
        case "xz":
            return lzma.LZMAFile(whole), kind
        case "bzip2":
            return bz2.BZ2File(whole), kind
        case _:
            return whole, kind


class HashedStream:
    """A tar.Source over a possibly compressed file, which knows the digest of what has passed.

    Decompression and hashing let go of the interpreter's lock, so they run beside the work on the files.
    """

    def __init__(self, raw: Readable, *, max_bytes: int, hashed: bool = True, room: int = NO_LIMIT) -> None:
        """Read raw to its end at most; max_bytes bounds the decompressed size; hashed: whether finish is to tell.

        room: the bytes that the disk has for it.
        """
        self._hash = hashlib.sha256() if hashed else None
        self._max_bytes = max_bytes
        self._room = room
        self._queue: queue.Queue[bytes | BaseException] = queue.Queue(_AHEAD)
        self._buffer = b""
        self._at = 0
        self._ended = False
        self.size = 0
        self.position = 0
        """Bytes that have been handed out, up to the end of the present buffer."""
        self.compression = ""
        self._thread = threading.Thread(target=self._pump, args=(raw,), daemon=True)
        self._thread.start()

    def _pump(self, raw: Readable) -> None:
        try:
            counted = _Counting(raw)
            stream, self.compression = decompressed(counted)
            courtesy = Courtesy()
            while data := stream.read(CHUNK):
                courtesy.give_way()
                if self._hash is not None:
                    self._hash.update(data)
                self.size += len(data)
                self._check(counted.count)
                self._queue.put(data)
            self._queue.put(b"")
        except _BROKEN as exc:
            if isinstance(exc, OSError) and exc.errno:
                self._queue.put(exc)
                return
            self._queue.put(InvalidParameter(f"invalid archive: {self.compression or 'stream'}: {exc}"))
        except BaseException as exc:
            self._queue.put(exc)

    def _check(self, read: int) -> None:
        if self.size > self._max_bytes:
            raise InvalidParameter(f"the archive holds more than {self._max_bytes} bytes")
        if self.size > self._room:
            raise Unavailable(f"no space left on device: the archive holds more than the {self._room} bytes left on it")
        if self.size > BOMB_BYTES and self.size > read * BOMB_RATIO:
            raise InvalidParameter(
                f"invalid archive: {read} bytes have become {self.size}, as in archives that are made to fill disks"
            )

    def _fill(self) -> bool:
        if self._ended:
            return False
        data = self._queue.get()
        if isinstance(data, BaseException):
            self._ended = True
            raise data
        self._buffer, self._at = data, 0
        self._ended = not data
        self.position += len(data)
        return bool(data)

    def read(self, size: int) -> bytes:
        """Return size bytes; fewer only at the end."""
        end = self._at + size
        if end <= len(self._buffer):
            data = self._buffer[self._at : end]
            self._at = end
            return data
        parts = [self._buffer[self._at :]]
        size -= len(parts[0])
        self._buffer, self._at = b"", 0
        while size and self._fill():
            parts.append(self._buffer[:size])
            self._at = len(parts[-1])
            size -= self._at
        return b"".join(parts)

    def pieces(self, size: int) -> Iterator[memoryview]:
        """Yield size bytes in pieces without copying them; fewer only at the end."""
        while size:
            if self._at == len(self._buffer) and not self._fill():
                return
            piece = memoryview(self._buffer)[self._at : self._at + size]
            self._at += len(piece)
            size -= len(piece)
            yield piece

    def skip(self, size: int) -> int:
        """Pass over size bytes; return how many there were."""
        return sum(len(piece) for piece in self.pieces(size))

    def finish(self) -> str:
        """Read to the end and return the digest of everything, empty if it was not asked for."""
        self._at = len(self._buffer)
        while self._fill():
            pass
        return "sha256:" + self._hash.hexdigest() if self._hash is not None else ""
