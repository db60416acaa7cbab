"""ContentStore: blobs by their digest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from transom.model.ids import Digest


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored blob."""

    digest: Digest
    size: int


class Ingest(Protocol):
    """A blob on its way in; close it in every case, after commit it does nothing."""

    fd: int
    """Open for reading and writing; whoever fills it (a worker, too) starts at 0."""

    async def commit(self, digest: Digest, size: int) -> None:
        """Check that what was written has this digest and size, and make it a blob. Durable on return.

        Raises:
            InvalidParameter: it has not; nothing is stored.
        """
        ...

    async def adopt(self, digest: Digest) -> None:
        """Make it a blob without reading it again; the writer hashed what it wrote. Durable on return."""
        ...

    async def close(self) -> None:
        """Throw away what was not committed."""
        ...


class IngestDirectory(Protocol):
    """Several blobs on their way in, written by a worker that hashes them; close it in every case."""

    fd: int
    """The directory that the worker writes into."""

    async def adopt(self, name: str, digest: Digest) -> None:
        """Make the file name a blob under the digest that its writer found. Durable on return."""
        ...

    async def read(self, name: str, *, limit: int) -> bytes:
        """Return a file that is no blob.

        Raises:
            InvalidParameter: it has more than limit bytes.
        """
        ...

    async def close(self) -> None:
        """Throw away what was not adopted."""
        ...


class Partial(Protocol):
    """A blob whose digest is known, on its way in. What came of it stays for the next try; close it in every case."""

    fd: int
    """Open for reading what came, from 0 to size."""

    @property
    def size(self) -> int:
        """Return how many bytes are here."""
        ...

    async def write(self, data: bytes) -> None:
        """Append data."""
        ...

    async def adopt(self) -> None:
        """Check digest and size, and make it a blob. Durable on return.

        Raises:
            InvalidParameter: something else came; it is thrown away.
        """
        ...

    async def discard(self) -> None:
        """Throw away what came, and let go of it."""
        ...

    async def close(self) -> None:
        """Let go of it; repeatable."""
        ...


class ContentStore(Protocol):
    """Keeps blobs under their digests; a blob once stored never changes."""

    async def ingest(self) -> Ingest:
        """Begin a blob whose digest is not known yet."""
        ...

    async def ingest_directory(self) -> IngestDirectory:
        """Begin several blobs at once."""
        ...

    async def partial(self, digest: Digest, size: int) -> Partial:
        """Begin, or go on with, a blob whose digest and size are known; one at a time for each digest."""
        ...

    async def drop_partials(self, digests: Sequence[str] | None = None) -> int:
        """Throw away what came of these blobs, or of all, but of those being fetched; return the bytes freed."""
        ...

    async def put(self, data: bytes) -> Digest:
        """Store a small document and return its digest. Durable on return; stored already is no error."""
        ...

    async def read(self, digest: Digest, *, limit: int) -> bytes:
        """Return a whole blob.

        Raises:
            NotFound: it is not here.
            InvalidParameter: it has more than limit bytes.
        """
        ...

    async def head(self, digest: Digest, size: int) -> bytes:
        """Return a blob's first size bytes.

        Raises:
            NotFound: it is not here.
        """
        ...

    async def open(self, digest: Digest) -> int:
        """Return a new descriptor for reading; the caller closes it.

        Raises:
            NotFound: it is not here.
        """
        ...

    async def find(self, digest: Digest) -> Blob | None:
        """Return what is known of a blob, or None."""
        ...

    async def delete(self, digest: Digest) -> int:
        """Remove a blob and return the bytes freed: 0 if it was not there."""
        ...

    async def list(self) -> Sequence[Blob]:
        """Return every blob."""
        ...
