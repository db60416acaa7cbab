"""What every ContentStore must do: inherit, and give the fixture `content`."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from transom.errors import InvalidParameter, NotFound
from transom.images.content import Blob, ContentStore
from transom.model.digest import digest_of


class ContentStoreContract:
    """The suite."""

    @pytest.fixture
    async def content(self, tmp_path: Path) -> AsyncIterator[ContentStore]:
        """Give an empty store."""
        raise NotImplementedError
        yield

    async def test_put_then_read(self, content: ContentStore) -> None:
        digest = await content.put(b"hello")
        assert digest == await content.put(b"hello") == digest_of(b"hello")
        assert await content.read(digest, limit=5) == b"hello"
        assert await content.head(digest, 2) == b"he"
        assert await content.find(digest) == Blob(digest, 5)
        assert list(await content.list()) == [Blob(digest, 5)]
        fd = await content.open(digest)
        assert os.read(fd, 10) == b"hello"
        os.close(fd)

    async def test_read_beyond_the_limit_is_refused(self, content: ContentStore) -> None:
        digest = await content.put(b"hello")
        with pytest.raises(InvalidParameter):
            await content.read(digest, limit=4)

    async def test_what_is_not_here_is_not_found(self, content: ContentStore) -> None:
        digest = digest_of(b"never")
        assert await content.find(digest) is None
        assert await content.delete(digest) == 0
        for ask in (content.open(digest), content.read(digest, limit=1), content.head(digest, 1)):
            with pytest.raises(NotFound):
                await ask
        with pytest.raises(InvalidParameter):
            await content.find("sha256:../../etc/passwd")  # type: ignore[arg-type]

    async def test_delete_tells_what_it_freed(self, content: ContentStore) -> None:
        digest = await content.put(b"hello")
        assert await content.delete(digest) == 5
        assert await content.find(digest) is None

    async def test_ingest_is_checked_before_it_counts(self, content: ContentStore) -> None:
        for digest, size, text in ((digest_of(b"other"), 4, "digest"), (digest_of(b"data"), 5, "size")):
            ingest = await content.ingest()
            os.write(ingest.fd, b"data")
            with pytest.raises(InvalidParameter, match=text):
                await ingest.commit(digest, size)
            await ingest.close()
        assert list(await content.list()) == []

        ingest = await content.ingest()
        os.write(ingest.fd, b"data")
        await ingest.commit(digest_of(b"data"), 4)
        await ingest.close()
        await ingest.close()
        assert await content.read(digest_of(b"data"), limit=4) == b"data"

    async def test_ingest_that_is_closed_is_forgotten(self, content: ContentStore) -> None:
        ingest = await content.ingest()
        os.write(ingest.fd, b"data")
        await ingest.close()
        assert list(await content.list()) == []

    async def test_ingest_directory_adopts_one_by_one(self, content: ContentStore) -> None:
        directory = await content.ingest_directory()
        for name in ("a", "b"):
            fd = os.open(name, os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=directory.fd)
            os.write(fd, name.encode())
            os.close(fd)
        assert await directory.read("b", limit=1) == b"b"
        with pytest.raises(InvalidParameter):
            await directory.read("b", limit=0)
        await directory.adopt("a", digest_of(b"a"))
        await directory.close()
        assert list(await content.list()) == [Blob(digest_of(b"a"), 1)]

    async def test_the_same_blob_from_two_at_once_is_one(self, content: ContentStore) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(content.put(b"same"))
        assert len(await content.list()) == 1
