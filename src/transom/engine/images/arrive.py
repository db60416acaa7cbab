"""A layer's blob on its way in, and what others see of it meanwhile."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from transom import faults
from transom.aio.groups import first
from transom.aio.locks import KeyedLock
from transom.errors import TransomError
from transom.images.content import ContentStore, Partial
from transom.images.progress import Emit, bar, status
from transom.images.registry import Repository, TransferFailed
from transom.images.repository import LeaseKind, Leases
from transom.model.digest import hex_of
from transom.model.oci import Descriptor

_BEGUN = faults.declare("image.pull.begun", "a layer's file is there, and nothing in it that is new")
_WHOLE = faults.declare("image.pull.whole", "all of a layer came, and is no blob yet")
_FETCHED = faults.declare("image.pull.fetched", "a layer's blob is stored, and kept for another try")

_BATCH = 1 << 20
_MOST = 8 << 20
"""What may be here of a blob before it is written, twice: once on its way to the disk, once coming in."""
_REPORT_S = 0.1


@dataclass(slots=True)
class Arriving:
    """A blob while it comes in. fd: its file, open for reading, once begun; size: the bytes that are there."""

    blob: Descriptor
    fd: int = -1
    size: int = 0
    is_whole: bool = False
    is_read: bool = False
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self, fd: int, size: int) -> None:
        """Show what there is of the blob; fd stays the caller's."""
        self.fd = os.dup(fd)
        self.grow(size)

    def grow(self, size: int) -> None:
        """Tell that more has come."""
        self.size = size
        self._wake.set()

    def finish(self) -> None:
        """Tell that all has come, and is what it should be; a file that nobody reads yet is found in the store."""
        self.is_whole = True
        if not self.is_read:
            self.close()
        self._wake.set()

    def close(self) -> None:
        """Close the file; repeatable."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    async def begun(self) -> None:
        """Return once there is a file, or the whole blob is stored."""
        while self.fd < 0 and not self.is_whole:
            self._wake.clear()
            await self._wake.wait()

    async def sizes(self) -> AsyncIterator[int]:
        """Yield how much there is, each time it is more; ends only once the whole was checked."""
        while True:
            size, whole = self.size, self.is_whole
            yield size
            if whole:
                return
            if self.size == size and not self.is_whole:
                self._wake.clear()
                await self._wake.wait()


@dataclass(frozen=True, slots=True)
class FetchLayer:
    """Fetches blobs, several at once, each but once, and takes up what an earlier try left."""

    content: ContentStore
    leases: Leases
    slots: asyncio.Semaphore
    locks: KeyedLock

    async def __call__(self, repository: Repository, arriving: Arriving, emit: Emit) -> None:
        """Bring a blob here, unless it is; what came of it stays where the registry failed, and only then.

        Raises:
            InvalidParameter: something else came than the manifest says. TransferFailed: it broke off for good.
        """
        item = hex_of(arriving.blob.digest)[:12]
        lock = self.locks(arriving.blob.digest)
        if self.slots.locked():
            emit(status("Waiting", item))
        async with lock:
            if await self.content.find(arriving.blob.digest) is None:
                async with self.slots:
                    await self._fetch(repository, arriving, emit, item)
            emit(status("Download complete", item))
            arriving.finish()

    async def _fetch(self, repository: Repository, arriving: Arriving, emit: Emit, item: str) -> None:
        blob = arriving.blob
        partial = await self.content.partial(blob.digest, blob.size)
        try:
            arriving.begin(partial.fd, partial.size)
            faults.point(_BEGUN)
            await self._transfer(repository, partial, arriving, emit, item)
            emit(status("Verifying Checksum", item))
            faults.point(_WHOLE)
            await partial.adopt()
        except TransferFailed:
            raise
        except (TransomError, OSError):
            await partial.discard()
            raise
        finally:
            await partial.close()
        await self.leases.keep(LeaseKind.BLOB, blob.digest)
        faults.point(_FETCHED)

    async def _transfer(
        self, repository: Repository, partial: Partial, arriving: Arriving, emit: Emit, item: str
    ) -> None:
        blob, loop, next_report = arriving.blob, asyncio.get_running_loop(), 0.0

        def waiting(seconds: float) -> None:
            emit(status(f"Retrying in {seconds:.0f} seconds", item))

        async def write(data: bytes) -> None:
            nonlocal next_report
            await partial.write(data)
            arriving.grow(partial.size)
            if loop.time() >= next_report:
                next_report = loop.time() + _REPORT_S
                emit(bar("Downloading", item, partial.size, blob.size))

        batch: list[bytes] = []
        size = 0
        writing: asyncio.Task[None] | None = None
        try:
            async with asyncio.TaskGroup() as group, repository.blob(blob, partial.size, on_retry=waiting) as pieces:
                async for piece in pieces:
                    batch.append(piece)
                    size += len(piece)
                    # What comes is written and hashed in a thread while more comes, in few large steps when that lags.
                    if size < _BATCH or (writing is not None and not writing.done() and size < _MOST):
                        continue
                    if writing is not None:
                        await writing
                    writing = group.create_task(write(b"".join(batch)), name="write blob")
                    batch, size = [], 0
        except BaseExceptionGroup as errors:
            raise first(errors) from None
        finally:
            await partial.write(b"".join(batch))  # also of a transfer that broke off: the next one begins there
            arriving.grow(partial.size)
