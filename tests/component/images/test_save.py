"""Archives of images for several systems."""

import json
import tarfile
from pathlib import Path

import pytest
from tests.component.images.test_load import write_index
from tests.support.image_store import ImageStore, image_store
from tests.support.images import directory, file, layer, make

from transom.errors import NotFound
from transom.model.platform import Platform

pytestmark = pytest.mark.root

LINUX = make(layer(file("a")), names=["both"])
WINDOWS = make(
    layer(directory("Files"), directory("Hives"), file("Files/a")),
    names=["both"],
    os="windows",
    architecture="amd64",
    os_version="10.0.20348.1",
)
ON_WINDOWS = Platform("windows", "amd64")


async def test_save_of_an_index_takes_all_of_it_that_is_here(store: ImageStore, tmp_path: Path) -> None:
    write_index(tmp_path / "in.tar", LINUX, WINDOWS)
    await store.load(tmp_path / "in.tar")

    await store.save(tmp_path / "out.tar", "both", "both:latest")

    async with image_store(tmp_path / "again") as other:
        await other.load(tmp_path / "out.tar")
        assert other.lookup("both").image.id == LINUX.id
        assert other.lookup("both", ON_WINDOWS).image.id == WINDOWS.id
        name = "docker.io/library/both:latest"
        (before, after) = (each.images.find_name(name) for each in (store, other))
        assert before is not None
        assert after is not None
        assert after.target == before.target
    with tarfile.open(tmp_path / "out.tar") as archive:
        listing = archive.extractfile("manifest.json")
        assert listing is not None
        tags = [entry["RepoTags"] for entry in json.load(listing)]
    assert tags == [["both:latest"], None]  # who knows no indexes gives the name to one


async def test_save_for_a_platform_takes_that_alone(store: ImageStore, tmp_path: Path) -> None:
    write_index(tmp_path / "in.tar", LINUX, WINDOWS)
    await store.load(tmp_path / "in.tar")

    with (tmp_path / "out.tar").open("wb") as out:
        await store.saver(store.saver.choose(["both"], ON_WINDOWS), out.fileno())

    async with image_store(tmp_path / "again") as other:
        (image,), _ = await other.load(tmp_path / "out.tar")
        assert image.id == WINDOWS.id
        assert other.lookup("both").image == image
        with pytest.raises(NotFound):
            other.lookup("both", Platform("linux", "amd64"))
