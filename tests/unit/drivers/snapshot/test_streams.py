"""What archives may become when they are decompressed."""

import gzip
import io

import pytest
import zstandard

from transom.drivers.snapshot import streams
from transom.drivers.snapshot.streams import HashedStream
from transom.errors import InvalidParameter, Unavailable

MILLIONS = bytes(8 << 20)


@pytest.mark.parametrize("packed", [gzip.compress(MILLIONS), zstandard.compress(MILLIONS)], ids=["gzip", "zstd"])
def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch, packed: bytes) -> None:
    monkeypatch.setattr(streams, "BOMB_BYTES", 1 << 20)
    stream = HashedStream(io.BytesIO(packed), max_bytes=1 << 40)
    with pytest.raises(InvalidParameter, match="made to fill disks"):
        stream.finish()
    assert stream.position <= 2 << 20


def test_what_grows_little_is_no_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BOMB_BYTES", 1 << 20)
    text = b"".join(b"%d lines of a file\n" % number for number in range(200_000))
    assert HashedStream(io.BytesIO(gzip.compress(text)), max_bytes=1 << 40).finish().startswith("sha256:")


def test_what_the_disk_has_no_room_for_is_refused() -> None:
    with pytest.raises(Unavailable, match="no space left on device"):
        HashedStream(io.BytesIO(gzip.compress(MILLIONS)), max_bytes=1 << 40, room=1 << 20).finish()
