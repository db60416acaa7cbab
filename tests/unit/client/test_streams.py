"""What streams carry: frames of output, and JSON documents one after another."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transom.client.frames import STDERR, STDOUT, FrameReader
from transom.client.jsonstream import documents


def cut(data: bytes, step: int) -> list[bytes]:
    return [data[at : at + step] for at in range(0, len(data), step)]


@given(st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), st.binary(max_size=20))), st.integers(1, 9))
def test_frames_are_the_same_however_they_are_cut(frames: list[tuple[int, bytes]], step: int) -> None:
    raw = b"".join(bytes([kind, 0, 0, 0]) + len(data).to_bytes(4, "big") + data for kind, data in frames)
    reader = FrameReader()
    got: dict[int, bytes] = {STDOUT: b"", STDERR: b""}
    for piece in cut(raw, step):
        for kind, data in reader.feed(piece):
            got[kind] += data
    for kind, whole in got.items():
        assert whole == b"".join(data for each, data in frames if each == kind)


def test_frame_of_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="Unrecognized input header: 84"):
        list(FrameReader().feed(b"This is no frame"))


@given(st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.none())), st.integers(1, 9))
def test_documents_are_the_same_however_they_are_cut(values: list[dict[str, object]], step: int) -> None:
    raw = b"\r\n".join(json.dumps(value, ensure_ascii=False).encode() for value in values)
    assert list(documents(cut(raw, step))) == values


def test_documents_may_follow_each_other_without_a_line_end() -> None:
    assert list(documents([b'{"a":1}{"a":2}'])) == [{"a": 1}, {"a": 2}]


def test_document_cut_short_is_an_error() -> None:
    with pytest.raises(ValueError, match="unexpected end"):
        list(documents([b'{"a":']))
