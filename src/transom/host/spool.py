"""Files on their way through the engine: kept in one directory, gone when the transfer has ended or the engine has."""

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Spool:
    """Hands out temporary directories below one place."""

    directory: Path

    def sweep(self) -> None:
        """Remove what a killed engine left."""
        shutil.rmtree(self.directory, ignore_errors=True)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Path]:
        """Give a directory that is gone afterwards with all in it."""
        self.directory.mkdir(parents=True, exist_ok=True)
        path = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=self.directory))
        try:
            yield path
        finally:
            await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)


async def write(path: Path, blocks: AsyncIterator[bytes]) -> None:
    """Write blocks to a new file."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        async for block in blocks:
            view = memoryview(block)
            while view:
                view = view[await asyncio.to_thread(os.write, fd, view) :]
    finally:
        os.close(fd)


async def read(path: Path) -> AsyncGenerator[bytes, None]:
    """Yield a file's blocks; close the generator when it is not read to its end."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while block := await asyncio.to_thread(os.read, fd, BLOCK):
            yield block
    finally:
        os.close(fd)


async def measure(path: Path) -> tuple[str, int]:
    """Return the sha256, in hex, and the size of a file."""

    def read_whole() -> tuple[str, int]:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size

    return await asyncio.to_thread(read_whole)


async def opened(path: Path) -> int:
    """Return a new descriptor for reading; the caller closes it."""
    return await asyncio.to_thread(os.open, path, os.O_RDONLY | os.O_CLOEXEC)
