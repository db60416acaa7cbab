"""A layer's tar on its way into a blob: hashed and compressed in a thread while the files are read."""

import hashlib
import os
import queue
import threading
from dataclasses import dataclass
from typing import Final

from isal import isal_zlib

from transom.errors import InvalidParameter
from transom.images.tar import Entry, Reader
from transom.images.tar_writer import END, header, padding

_PIECE: Final = 1 << 20
_AHEAD: Final = 8
_LEVEL: Final = 1
_GZIP: Final = 31


@dataclass(frozen=True, slots=True)
class Finished:
    """The digest of the tar, and the digest and size of what was written."""

    diff_id: str
    digest: str
    size_bytes: int


class LayerWriter:
    """Writes entries as a tar into a descriptor; gzip if compress, and equal input gives equal bytes."""

    def __init__(self, target: int, *, compress: bool = True) -> None:
        self._target = target
        self._compress = compress
        self._buffer = bytearray()
        self._queue: queue.Queue[bytes | None] = queue.Queue(_AHEAD)
        self._error: BaseException | None = None
        self._finished: Finished | None = None
        self._thread = threading.Thread(target=self._pump, daemon=True)
        self._thread.start()

    def entry(self, entry: Entry, data: bytes = b"") -> None:
        """Write a member with its data at hand."""
        self._write(header(entry) + data + padding(len(data)))

    def file(self, entry: Entry, source: int) -> None:
        """Write a member whose data source holds, entry.size bytes of it.

        Raises:
            InvalidParameter: the file is shorter: somebody writes to it.
        """
        self._write(header(entry))
        left = entry.size
        while left:
            data = os.read(source, min(left, _PIECE))
            if not data:
                raise InvalidParameter(f'"{entry.name}" has become shorter while it was read')
            self._write(data)
            left -= len(data)
        self._write(padding(entry.size))

    def streamed(self, entry: Entry, reader: Reader) -> None:
        """Write a member whose data is the present one of reader."""
        self._write(header(entry))
        while data := reader.read(_PIECE):
            self._write(data)
        self._write(padding(entry.size))

    def raw(self, data: bytes) -> None:
        """Write a piece of a tar as it is."""
        self._write(data)

    def finish(self, *, end: bool = True) -> Finished:
        """End the archive, with a tar's end mark unless raw pieces brought one, and return what became of it."""
        if end:
            self._write(END)
        self._flush()
        self._queue.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._finished is not None
        return self._finished

    def _write(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) >= _PIECE:
            self._flush()

    def _flush(self) -> None:
        if self._error is not None:
            raise self._error
        if self._buffer:
            self._queue.put(bytes(self._buffer))
            self._buffer = bytearray()

    def _pump(self) -> None:
        plain, packed, size = hashlib.sha256(), hashlib.sha256(), 0
        squeeze = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP) if self._compress else None
        try:
            while (data := self._queue.get()) is not None:
                plain.update(data)
                out = squeeze.compress(data) if squeeze is not None else data
                size += self._store(out, packed)
            if squeeze is not None:
                size += self._store(squeeze.flush(), packed)
        except BaseException as exc:
            self._error = exc
            while self._queue.get() is not None:  # so that the producer is not left waiting
                pass
            return
        self._finished = Finished("sha256:" + plain.hexdigest(), "sha256:" + packed.hexdigest(), size)

    def _store(self, data: bytes, packed: "hashlib._Hash") -> int:
        packed.update(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._target, view) :]
        return len(data)
