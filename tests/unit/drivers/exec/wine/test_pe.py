"""Debug sections come off, nothing else moves."""

import struct

from transom.drivers.exec.wine.base.pe import strip

DISCARDABLE = 0x42000040


def program(*sections: tuple[bytes, int, bytes]) -> bytes:
    """Return a PE file of (name, flags, content) sections at 4 KiB boundaries."""
    optional = bytearray(240)
    struct.pack_into("<I", optional, 32, 4096)
    struct.pack_into("<I", optional, 56, 0x100000)
    coff = struct.pack("<HHIIIHH", 0x8664, len(sections), 0, 0x9999, 77, len(optional), 0x22)
    table = b""
    body = b""
    for index, (name, flags, content) in enumerate(sections):
        offset = 4096 * (index + 1)
        table += struct.pack("<8sIIIIIIHHI", name, len(content), offset, 4096, offset, 0, 0, 0, 0, flags)
        body += content.ljust(4096, b"\0")
    head = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40)
    return (head + b"PE\0\0" + coff + optional + table).ljust(4096, b"\0") + body + b"symbols and strings"


def section_names(data: bytes) -> list[bytes]:
    (count,) = struct.unpack_from("<H", data, 0x46)
    return [data[0x40 + 24 + 240 + 40 * i :][:8].rstrip(b"\0") for i in range(count)]


def test_trailing_debug_sections_are_cut_off() -> None:
    data = program(
        (b".text", 0x60000020, b"code"),
        (b"/4", 0x40000040, b"frames"),
        (b"/14", DISCARDABLE, b"debug"),
        (b"/29", DISCARDABLE, b"more"),
    )
    stripped = strip(data)
    assert section_names(stripped) == [b".text", b".eh_fram"]
    assert stripped[4096 : 3 * 4096] == data[4096 : 3 * 4096]
    assert len(stripped) == 3 * 4096
    assert struct.unpack_from("<II", stripped, 0x4C) == (0, 0)  # no symbol table
    assert struct.unpack_from("<I", stripped, 0x58 + 56) == (3 * 4096,)  # SizeOfImage


def test_stripping_twice_changes_nothing_more() -> None:
    once = strip(program((b".text", 0x60000020, b"code"), (b"/14", DISCARDABLE, b"debug")))
    assert strip(once) == once


def test_relocations_are_discardable_and_stay() -> None:
    assert section_names(strip(program((b".text", 0, b"x"), (b".reloc", DISCARDABLE, b"y")))) == [b".text", b".reloc"]


def test_what_is_no_program_comes_back_as_it_is() -> None:
    for data in (b"", b"MZ", b"\x7fELF" + bytes(100), b"MZ" + bytes(100)):
        assert strip(data) == data
