"""Blobs in OCI layout: `<data>/blobs/sha256/<hex>`, made in `<data>/ingest/` and renamed when they are whole."""

import asyncio
import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from transom import faults
from transom.aio.complete import complete
from transom.errors import InvalidParameter, NotFound, Unavailable
from transom.host.disk import sync_directory
from transom.images.content import Blob
from transom.model.digest import digest_of, hex_of, parse_digest
from transom.model.ids import Digest
from transom.store.partials import MAX_AGE_S, SUFFIX, PartialFile, drop_partials

P = ParamSpec("P")
T = TypeVar("T")

_WRITTEN = faults.declare("blob.written", "a blob is in ingest, synced, not renamed yet")
_CHUNK = 1 << 20
_MODE = 0o600


async def _in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run work in a thread to its end; what the file system refuses becomes Unavailable."""

    def call() -> T:
        try:
            return work(*args, **kwargs)
        except OSError as exc:
            raise Unavailable(f"image store: {os.strerror(exc.errno or 0)}") from exc

    return await complete(asyncio.get_running_loop().run_in_executor(None, call))


class DiskIngest:
    """A blob on its way in."""

    def __init__(self, store: "BlobStore", path: str, fd: int) -> None:
        self.fd = fd
        self._store = store
        self._path = path

    async def commit(self, digest: Digest, size: int) -> None:
        """Check what was written and make it a blob."""
        found, found_size = await _in_thread(_hash, self.fd)
        if found_size != size:
            raise InvalidParameter(f"unexpected commit size {found_size}, expected {size}")
        if found != digest:
            raise InvalidParameter(f"unexpected commit digest {found}, expected {digest}")
        await self.adopt(digest)

    async def adopt(self, digest: Digest) -> None:
        """Make it a blob under the digest that its writer found."""
        await _in_thread(self._store.keep, self.fd, self._path, digest)

    async def close(self) -> None:
        """Throw away what was not committed; repeatable."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            await _in_thread(_discard, fd, self._path)


class DiskIngestDirectory:
    """Several blobs on their way in."""

    def __init__(self, store: "BlobStore", path: str, fd: int) -> None:
        self.fd = fd
        self._store = store
        self._path = path

    async def adopt(self, name: str, digest: Digest) -> None:
        """Make the file name a blob under the digest that its writer found."""
        await _in_thread(self._adopt, name, digest)

    async def read(self, name: str, *, limit: int) -> bytes:
        """Return a file that is no blob."""
        return await _in_thread(self._read, name, limit)

    async def close(self) -> None:
        """Throw away what was not adopted; repeatable."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)
            await _in_thread(shutil.rmtree, self._path, ignore_errors=True)

    def _adopt(self, name: str, digest: Digest) -> None:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.fd)
        try:
            self._store.keep(fd, os.path.join(self._path, name), digest)
        finally:
            os.close(fd)

    def _read(self, name: str, limit: int) -> bytes:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.fd)
        with open(fd, "rb") as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise InvalidParameter(f"invalid archive: {name} is larger than {limit} bytes")
        return data


class DiskPartial:
    """A blob on its way in from a registry."""

    def __init__(self, store: "BlobStore", file: PartialFile, digest: Digest, expected: int) -> None:
        self._store = store
        self._file: PartialFile | None = file
        self._digest = digest
        self._expected = expected
        self.fd = file.fd

    @property
    def size(self) -> int:
        """Return how many bytes are here."""
        return self._file.size if self._file is not None else 0

    async def write(self, data: bytes) -> None:
        """Append data."""
        assert self._file is not None
        await _in_thread(self._file.write, data)

    async def adopt(self) -> None:
        """Check digest and size, and make it a blob."""
        assert self._file is not None
        try:
            self._file.check(self._digest, self._expected)
        except InvalidParameter:
            await self._end(discard=True)
            raise
        await _in_thread(self._store.keep, self._file.fd, self._file.path, self._digest)

    async def discard(self) -> None:
        """Throw away what came, and let go of it."""
        await self._end(discard=True)

    async def close(self) -> None:
        """Let go of it; repeatable."""
        await self._end(discard=False)

    async def _end(self, *, discard: bool) -> None:
        file, self._file = self._file, None
        if file is not None:
            self._store.in_use.discard(self._digest)
            await _in_thread(file.close, discard=discard)


class BlobStore:
    """The ContentStore on disk."""

    def __init__(self, data_root: str) -> None:
        """Use blobs/ and ingest/ below data_root; they are made if missing."""
        self._blobs = os.path.join(data_root, "blobs", "sha256")
        self._ingest = os.path.join(data_root, "ingest")
        os.makedirs(self._blobs, mode=0o711, exist_ok=True)
        os.makedirs(self._ingest, mode=0o700, exist_ok=True)
        self.in_use: set[str] = set()
        """Digests whose partial file is open."""

    async def recover(self) -> int:
        """Throw away what an earlier run left half-made; return how many files that were. For the boot."""
        return await _in_thread(self._sweep)

    async def ingest(self) -> DiskIngest:
        """Begin a blob whose digest is not known yet."""
        path, fd = await _in_thread(self._begin)
        return DiskIngest(self, path, fd)

    async def ingest_directory(self) -> DiskIngestDirectory:
        """Begin several blobs at once."""
        path, fd = await _in_thread(self._begin_directory)
        return DiskIngestDirectory(self, path, fd)

    async def partial(self, digest: Digest, size: int) -> DiskPartial:
        """Begin, or go on with, a blob whose digest and size are known."""
        self.in_use.add(digest)
        try:
            path = os.path.join(self._ingest, hex_of(parse_digest(digest)) + SUFFIX)
            return DiskPartial(self, await _in_thread(PartialFile, path, size), digest, size)
        except BaseException:
            self.in_use.discard(digest)
            raise

    async def drop_partials(self, digests: Sequence[str] | None = None) -> int:
        """Throw away what came of these blobs, or of all, but of those being fetched."""
        busy = {hex_of(digest) + SUFFIX for digest in self.in_use}
        only = None if digests is None else {hex_of(digest) + SUFFIX for digest in digests}
        return await _in_thread(drop_partials, self._ingest, older_than_s=0, but=busy, only=only)

    async def put(self, data: bytes) -> Digest:
        """Store a small document and return its digest."""
        digest = digest_of(data)
        await _in_thread(self._put, data, digest)
        return digest

    async def read(self, digest: Digest, *, limit: int) -> bytes:
        """Return a whole blob."""
        return await _in_thread(self._read, digest, limit)

    async def head(self, digest: Digest, size: int) -> bytes:
        """Return a blob's first size bytes."""
        return await _in_thread(self._head, digest, size)

    async def open(self, digest: Digest) -> int:
        """Return a new descriptor for reading; the caller closes it."""
        return await _in_thread(self._open, digest)

    async def find(self, digest: Digest) -> Blob | None:
        """Return what is known of a blob, or None."""
        try:
            return Blob(digest, os.stat(self._path(digest)).st_size)
        except FileNotFoundError:
            return None

    async def delete(self, digest: Digest) -> int:
        """Remove a blob and return the bytes freed."""
        return await _in_thread(self._delete, digest)

    async def list(self) -> Sequence[Blob]:
        """Return every blob."""
        return await _in_thread(self._list)

    def keep(self, fd: int, path: str, digest: Digest) -> None:
        """Sync an ingest's file and give it its name; used by DiskIngest."""
        os.fsync(fd)
        faults.point(_WRITTEN)
        os.rename(path, self._path(digest))
        sync_directory(self._blobs)

    def _path(self, digest: Digest) -> str:
        return os.path.join(self._blobs, hex_of(parse_digest(digest)))

    def _begin(self) -> tuple[str, int]:
        path = os.path.join(self._ingest, secrets.token_hex(12))
        return path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)

    def _begin_directory(self) -> tuple[str, int]:
        path = os.path.join(self._ingest, secrets.token_hex(12))
        os.mkdir(path, 0o700)
        return path, os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def _put(self, data: bytes, digest: Digest) -> None:
        if os.path.exists(self._path(digest)):
            return
        path, fd = self._begin()
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
            self.keep(fd, path, digest)
        finally:
            _discard(fd, path)

    def _open(self, digest: Digest) -> int:
        try:
            return os.open(self._path(digest), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise NotFound(f"content {digest}: not found") from None

    def _head(self, digest: Digest, size: int) -> bytes:
        fd = self._open(digest)
        try:
            return os.pread(fd, size, 0)
        finally:
            os.close(fd)

    def _read(self, digest: Digest, limit: int) -> bytes:
        fd = self._open(digest)
        with open(fd, "rb") as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise InvalidParameter(f"content {digest}: larger than {limit} bytes")
        return data

    def _delete(self, digest: Digest) -> int:
        path = self._path(digest)
        try:
            size = os.stat(path).st_size
            os.unlink(path)
        except FileNotFoundError:
            return 0
        return size

    def _list(self) -> Sequence[Blob]:
        with os.scandir(self._blobs) as entries:
            return [Blob(Digest(f"sha256:{entry.name}"), entry.stat().st_size) for entry in entries]

    def _sweep(self) -> int:
        drop_partials(self._ingest, older_than_s=MAX_AGE_S)
        with os.scandir(self._ingest) as found:
            entries = [entry for entry in found if not entry.name.endswith(SUFFIX)]
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
        return len(entries)


def _hash(fd: int) -> tuple[str, int]:
    found, size = hashlib.sha256(), 0
    while data := os.pread(fd, _CHUNK, size):
        found.update(data)
        size += len(data)
    return "sha256:" + found.hexdigest(), size


def _discard(fd: int, path: str) -> None:
    os.close(fd)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
