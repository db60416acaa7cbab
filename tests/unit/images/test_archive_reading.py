"""What the listing of an archive says."""

import json

import pytest

from transom.errors import InvalidParameter
from transom.images.archive_reading import read_listing


def test_image_that_is_listed_often_is_one_image_with_all_names() -> None:
    entries = [{"Config": "c", "RepoTags": [f"n:{number % 3}"], "Layers": ["l"]} for number in range(1000)]

    (found,) = read_listing(json.dumps([*entries, {"Config": "c", "RepoTags": None, "Layers": ["l"]}]).encode())

    assert [name.familiar for name in found.names] == ["n:0", "n:1", "n:2"]


def test_listing_of_more_images_than_anybody_has_is_refused() -> None:
    entries = [{"Config": str(number), "RepoTags": None, "Layers": []} for number in range(10_001)]
    with pytest.raises(InvalidParameter, match="more than 10000 images"):
        read_listing(json.dumps(entries).encode())


def test_digest_is_no_name() -> None:
    entry = {"Config": "c", "RepoTags": ["n@sha256:" + "0" * 64], "Layers": ["l"]}
    with pytest.raises(InvalidParameter, match="invalid tag"):
        read_listing(json.dumps([entry]).encode())
