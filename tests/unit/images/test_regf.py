"""The reader of registry hives."""

import struct

import pytest
from tests.support.hives import BINARY, DWORD, SZ, Node, hive, path, seal, text

from transom.errors import InvalidParameter
from transom.images.regf import HiveKey, Semantics, Value, read_hive


def test_reads_what_is_written() -> None:
    long = bytes(range(256)) * 200
    root = Node(
        {"": (SZ, text("default")), "n": (DWORD, struct.pack("<I", 7)), "gone": None},
        {
            "Käse": Node({"lång": (BINARY, long)}),
            "b": Node({}, {"below": Node({"empty": (BINARY, b"")})}, semantics=2),
            "c": Node(semantics=1),
            "d": Node(semantics=3),
        },
    )
    assert list(read_hive(hive(root), "System_Delta")) == [
        HiveKey(
            (),
            Semantics.MERGE,
            (Value("", 1, text("default")), Value("n", 4, b"\7\0\0\0"), Value("gone", 0, b"", True)),
        ),
        HiveKey(("Käse",), Semantics.MERGE, (Value("lång", 3, long),)),
        HiveKey(("b",), Semantics.SUPERSEDE_LOCAL),
        HiveKey(("b", "below"), Semantics.MERGE, (Value("empty", 3, b""),)),
        HiveKey(("c",), Semantics.TOMBSTONE),
        HiveKey(("d",), Semantics.SUPERSEDE_TREE),
    ]


def test_layers_marks_mean_nothing_in_an_ordinary_hive() -> None:
    found = list(read_hive(hive(Node({"x": None}, {"a": Node(semantics=1)}), layered=False), "h"))
    assert [key.semantics for key in found] == [Semantics.MERGE, Semantics.MERGE]
    assert found[0].values == (Value("x", 0, b""),)


GOOD = hive(path(r"a\b", Node({"v": (BINARY, b"12345678")})))


def changed(at: int, data: bytes, *, sealed: bool = True) -> bytes:
    made = GOOD[:at] + data + GOOD[at + len(data) :]
    return seal(made) if sealed else made


def _at(signature: bytes, number: int = 0) -> int:
    at = -1
    for _ in range(number + 1):
        at = GOOD.index(signature, at + 1)
    return at


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is none"),
        (b"regf" + bytes(9000), "not known"),
        (changed(20, b"\2"), "version 2"),
        (changed(60, b"x", sealed=False), "checksum"),
        (changed(40, struct.pack("<I", 1 << 20)), "bins"),
        (changed(36, struct.pack("<I", 0x7000)), "no cell"),
        (changed(36, struct.pack("<I", 33)), "no cell"),
        (changed(4096, b"nope"), "bad bin"),
        (changed(4096 + 32, struct.pack("<i", -12)), "bad cell"),
        (changed(4096 + 32, struct.pack("<i", -1 << 20)), "bad cell"),
        (changed(_at(b"nk") + 36, struct.pack("<I", 1 << 31)), "claims"),
        (changed(_at(b"nk", 1) + 20, struct.pack("<I", 1 << 31)), "claims"),
        (changed(_at(b"nk", 1) + 20, struct.pack("<I", 2)), "claims 2"),
        (changed(_at(b"nk") + 72, struct.pack("<H", 500)), "too small"),
        (changed(_at(b"nk") + 76, b"\\"), "bad key name"),
        (changed(_at(b"vk") + 4, struct.pack("<I", 0x80000005)), "place for 4"),
        (changed(_at(b"vk") + 4, struct.pack("<I", 0x7FFFFFFF)), "claims"),
        (changed(_at(b"vk"), b"nk"), "no value"),
    ],
)  # fmt: skip
def test_refuses_what_is_damaged(data: bytes, said: str) -> None:
    with pytest.raises(InvalidParameter, match=said):
        list(read_hive(data, "Software_Delta"))


def test_refuses_a_circle() -> None:
    (root,) = struct.unpack_from("<I", GOOD, 36)
    leaf = _at(b"lf")
    with pytest.raises(InvalidParameter, match="no cell"):
        list(read_hive(changed(leaf + 4, struct.pack("<I", root)), "Software_Delta"))


def test_refuses_keys_nested_beyond_what_windows_takes() -> None:
    deep = path("\\".join(["k"] * 513), Node())
    with pytest.raises(InvalidParameter, match="too deeply"):
        list(read_hive(hive(deep), "Software_Delta"))
