from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contract.content_store import ContentStoreContract
from tests.contract.snapshotter import SnapshotterContract
from tests.support.image_store import image_store

from transom.images.content import ContentStore
from transom.snapshots.snapshotter import Snapshotter
from transom.store.blobs import BlobStore

pytestmark = pytest.mark.root


class TestOverlaySnapshotter(SnapshotterContract):
    @pytest.fixture
    async def snapshots(self, tmp_path: Path) -> AsyncIterator[Snapshotter]:
        async with image_store(tmp_path / "data") as store:
            yield store.snapshots


class TestBlobStore(ContentStoreContract):
    @pytest.fixture
    async def content(self, tmp_path: Path) -> AsyncIterator[ContentStore]:
        yield BlobStore(str(tmp_path))
