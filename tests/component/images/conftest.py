from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.image_store import ImageStore, image_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ImageStore]:
    """Give an empty store of images below a directory of the test's own."""
    async with image_store(tmp_path / "data") as opened:
        yield opened
