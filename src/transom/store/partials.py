"""Blobs on their way in from a registry: `<data>/ingest/<hex>.part`, kept for the next try until they are old."""

import contextlib
import hashlib
import os
import time
from collections.abc import Collection

from transom import faults
from transom.errors import InvalidParameter
from transom.model.ids import Digest

SUFFIX = ".part"
MAX_AGE_S = 24 * 3600

_PART_WRITTEN = faults.declare("ingest.part_written", "a part of a blob came from a registry and is in ingest")
_CHUNK = 1 << 20
_MODE = 0o600


class PartialFile:
    """One such file, opened. Its methods block."""

    def __init__(self, path: str, size: int) -> None:
        """Open what an earlier try left, or begin; more than size bytes are of no use, and go."""
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        self.path = path
        self.size = 0
        self._hash = hashlib.sha256()
        try:
            if os.fstat(self.fd).st_size > size:
                os.ftruncate(self.fd, 0)
            while data := os.pread(self.fd, _CHUNK, self.size):
                self._hash.update(data)
                self.size += len(data)
        except BaseException:
            os.close(self.fd)
            raise

    def write(self, data: bytes) -> None:
        """Append data."""
        view = memoryview(data)
        while view:
            count = os.pwrite(self.fd, view, self.size)
            self._hash.update(view[:count])
            self.size += count
            view = view[count:]
        faults.point(_PART_WRITTEN)

    def check(self, digest: Digest, size: int) -> None:
        """Compare what came with what was to come.

        Raises:
            InvalidParameter: it is something else.
        """
        if self.size != size:
            raise InvalidParameter(f"unexpected commit size {self.size}, expected {size}")
        found = "sha256:" + self._hash.hexdigest()
        if found != digest:
            raise InvalidParameter(f"unexpected commit digest {found}, expected {digest}")

    def close(self, *, discard: bool) -> None:
        """Close; discard: what came is of no use."""
        if discard:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)
        os.close(self.fd)


def drop_partials(
    directory: str, *, older_than_s: float, but: Collection[str] = (), only: Collection[str] | None = None
) -> int:
    """Remove parts that nobody has come back for; return the bytes freed. Blocks.

    but: names that are in use. only: names to look at, all if it is None.
    """
    freed, now = 0, time.time()
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.name in but or (only is not None and entry.name not in only):
                continue
            if entry.name.endswith(SUFFIX) and now - entry.stat(follow_symlinks=False).st_mtime >= older_than_s:
                freed += entry.stat(follow_symlinks=False).st_size
                os.unlink(entry.path)
    return freed
