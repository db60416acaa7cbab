"""A spool: a file without a name, so that nothing is left of it whatever happens."""

import asyncio
import os
import struct

from transom.errors import Unavailable

_HEAD = struct.Struct(">BL")
_BLOCK = 1 << 20


class FileSpool:
    """Implements logs.store.Spool; pieces lie in it with a head of stream and length."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._fd = -1
        self._written = 0
        self._read = 0
        self._writing = 0
        self._pending = bytearray()
        self._closed = False

    @property
    def size_bytes(self) -> int:
        """Bytes to be read, those on their way into the file included."""
        return self._written - self._read + self._writing + len(self._pending)

    async def write(self, stream: int, data: bytes) -> None:
        """Append a piece; small ones are gathered, for each write costs a thread's turn, and the program waits."""
        self._pending += _HEAD.pack(stream, len(data)) + data
        if len(self._pending) < _BLOCK or self._writing:
            return
        piece = bytes(self._pending)
        self._pending.clear()
        self._writing += len(piece)
        try:
            await asyncio.to_thread(self._write, piece)
            self._written += len(piece)
        except OSError as exc:
            raise Unavailable(f"output cannot be put aside: {os.strerror(exc.errno or 0)}") from exc
        finally:
            self._writing -= len(piece)
            if self._closed:
                self.close()

    def _write(self, piece: bytes) -> None:
        if self._fd < 0:
            self._fd = os.open(self._directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        at, view = self._written, memoryview(piece)
        while view:
            count = os.pwrite(self._fd, view, at)
            view, at = view[count:], at + count

    async def read(self) -> list[tuple[int, bytes]]:
        """Return the next pieces."""
        end = self._written
        if self._read < end:
            data = await asyncio.to_thread(os.pread, self._fd, min(_BLOCK, end - self._read), self._read)
            pieces, length = _pieces(data)
            self._read += length
            return pieces
        if self._writing:
            return []  # what is gathered comes behind what is on its way
        pieces, _ = _pieces(bytes(self._pending))
        self._pending.clear()
        return pieces

    def close(self) -> None:
        """Let go; repeatable. A write under way lets go itself."""
        self._closed = True
        if self._fd >= 0 and not self._writing:
            os.close(self._fd)
            self._fd = -1


def _pieces(data: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """Return the whole pieces at the beginning of data, and how many bytes they take."""
    pieces, at = [], 0
    while at + _HEAD.size <= len(data):
        stream, length = _HEAD.unpack_from(data, at)
        if at + _HEAD.size + length > len(data):
            break
        pieces.append((stream, data[at + _HEAD.size : at + _HEAD.size + length]))
        at += _HEAD.size + length
    return pieces, at
