"""What Windows' delta hives of a layer come to here."""

import struct

import pytest
from tests.support.hives import BINARY, DWORD, EXPAND_SZ, MULTI_SZ, SZ, Node, hive, path, text

from transom.drivers.exec.wine.hives import changes_of
from transom.drivers.exec.wine.registry import BranchDelta, load_delta
from transom.errors import InvalidParameter


def changes(**hives: bytes) -> BranchDelta:
    data, warnings = changes_of(hives)
    assert warnings == []
    return load_delta(data).branches["system"]


def test_values_are_spelled_as_wineserver_spells_them() -> None:
    values = {
        "": (SZ, text("default")),
        'q"\\': (SZ, text('a"b')),
        "expand": (EXPAND_SZ, text("%A%;ü")),
        "multi": (MULTI_SZ, text("one\0two\0")),
        "unterminated": (SZ, "ab".encode("utf-16-le")),
        "number": (DWORD, struct.pack("<I", 0xABC)),
        "short": (DWORD, b"\1"),
        "raw": (BINARY, b"\1\xff"),
        "big": (11, bytes(8)),
    }
    found = changes(Software_Delta=hive(path("Vendor\\a[b]", Node(values))))
    assert found.set == {
        r"Software\\Vendor\\a\[b\]": {
            "@": '"default"',
            r'"q\"\\"': r'"a\"b"',
            '"expand"': r'str(2):"%A%;\xfc"',
            '"multi"': r'str(7):"one\0two\0"',
            '"unterminated"': "hex(1):61,00,62,00",
            '"number"': "dword:00000abc",
            '"short"': "hex(4):01",
            '"raw"': "hex:01,ff",
            '"big"': "hex(b):00,00,00,00,00,00,00,00",
        }
    }
    assert not found.takes_away


def test_what_layers_delete_is_deleted() -> None:
    root = Node(
        keys={
            "Gone": Node(semantics=1),
            "Local": Node({"v": (BINARY, b"1")}, {"kept": Node({"x": None})}, semantics=2),
            "Tree": Node({"v": (BINARY, b"2")}, {"below": Node(semantics=3)}, semantics=3),
        }
    )
    found = changes(Software_Delta=hive(root))
    assert found == BranchDelta(
        {r"Software\\Local": {'"v"': "hex:31"}, r"Software\\Tree": {'"v"': "hex:32"}, r"Software\\Local\\kept": {}}
        | {r"Software\\Tree\\below": {}},
        {r"Software\\Local\\kept": ('"x"',)},
        (r"Software\\Gone", r"Software\\Tree"),
        (r"Software\\Local",),
    )


def test_the_machine_itself_and_drivers_are_left_out() -> None:
    def service(kind: int) -> Node:
        return Node({"Type": (DWORD, struct.pack("<I", kind)), "ImagePath": (SZ, text("x.exe"))})

    control = Node(keys={"Class": Node({"a": (BINARY, b"1")}), "Own": Node({"b": (BINARY, b"1")})})
    services = Node(keys={"driver": service(1), "mine": service(0x10), "Tcpip": Node({"c": (BINARY, b"1")})})
    system = Node(keys={"ControlSet001": Node(keys={"Control": control, "Services": services}), "Select": Node()})
    found = changes(System_Delta=hive(system))
    root = r"System\\ControlSet001"
    assert set(found.set) == {rf"{root}\\Control\\Own", rf"{root}\\Services\\mine"}


def test_a_hive_that_says_nothing_is_nothing() -> None:
    assert changes_of({"Software_Delta": hive(Node()), "Sam_Delta": hive(Node())}) == (b"", [])


def test_hives_without_a_place_are_named() -> None:
    data, (warning,) = changes_of({"Sam_Delta": hive(Node(keys={"SAM": Node()}))})
    assert data == b""
    assert "Sam_Delta" in warning


def test_too_much_is_refused() -> None:
    root = Node({f"v{number}": (BINARY, bytes(1 << 20)) for number in range(17)})
    with pytest.raises(InvalidParameter, match="more than"):
        changes_of({"Software_Delta": hive(root)})
