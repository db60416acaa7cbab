"""OCI image layouts in directories."""

import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.images import Made, file, layer, make, write_archive

from transom.cli.errors import CliError
from transom.cli.layout import BLOBS, read_directory, write_directory

ONE = make(layer(file("a", "a")), names=["one:1"])
TWO = make(layer(file("a", "a")), layer(file("b", "b")), names=["two:1", "two:2"])


def packed(tmp_path: Path, *images: Made) -> bytes:
    write_archive(str(tmp_path / "in.tar"), *images)
    return (tmp_path / "in.tar").read_bytes()


def pieces(data: bytes) -> Iterator[bytes]:
    return iter([data])


def test_layout_becomes_an_archive_that_docker_reads(tmp_path: Path) -> None:
    for image in (ONE, TWO):
        write_directory(pieces(packed(tmp_path, image)), tmp_path / "layout")

    with tarfile.open(fileobj=io.BytesIO(b"".join(read_directory(tmp_path / "layout")))) as archive:
        found = archive.extractfile("manifest.json")
        assert found is not None
        listed = json.load(found)
        members = set(archive.getnames())

    assert [each["RepoTags"] for each in listed] == [
        ["docker.io/library/one:1"],
        ["docker.io/library/two:1", "docker.io/library/two:2"],
    ]
    assert [each["Config"] for each in listed] == [f"{BLOBS}/{image.id[7:]}" for image in (ONE, TWO)]
    assert [each["Layers"] for each in listed] == [[f"{BLOBS}/{d[7:]}" for d in i.diff_ids] for i in (ONE, TWO)]
    assert {path for each in listed for path in (each["Config"], *each["Layers"])} <= members


def test_blob_that_is_another_is_refused_and_spoils_nothing(tmp_path: Path) -> None:
    write_directory(pieces(packed(tmp_path, ONE)), tmp_path / "layout")
    before = {path: path.read_bytes() for path in (tmp_path / "layout").rglob("*") if path.is_file()}
    hostile = io.BytesIO()
    with tarfile.open(fileobj=hostile, mode="w") as archive:
        for name in (ONE.id[7:], "0" * 64):  # one that is there, one that is not
            info = tarfile.TarInfo(f"{BLOBS}/{name}")
            info.size = len(b"another")
            archive.addfile(info, io.BytesIO(b"another"))

    with pytest.raises(CliError, match="is damaged"):
        write_directory(pieces(hostile.getvalue()), tmp_path / "layout")

    assert {path: path.read_bytes() for path in (tmp_path / "layout").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("index", [b"x", b"[]", b"{}", b'{"manifests": 5}', b'{"manifests": [{"digest": "../x"}]}'])
def test_damaged_index_is_told(tmp_path: Path, index: bytes) -> None:
    (tmp_path / "index.json").write_bytes(index)
    with pytest.raises(CliError, match="damaged OCI image layout"):
        b"".join(read_directory(tmp_path))


def test_parts_of_a_killed_copy_are_swept(tmp_path: Path) -> None:
    left = tmp_path / "layout" / BLOBS / f".{'0' * 64}.999999999"
    busy = left.with_name(f".{'1' * 64}.{os.getpid()}")
    left.parent.mkdir(parents=True)
    (tmp_path / "layout/index.json").write_text('{"schemaVersion": 2, "manifests": []}')
    for path in (left, busy):
        path.write_bytes(b"part")
    write_directory(pieces(packed(tmp_path, ONE)), tmp_path / "layout")
    assert (left.exists(), busy.exists()) == (False, True)
