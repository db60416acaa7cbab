"""Libraries that have names alone: each export leads to one of another library. Pure.

Source: Microsoft, PE Format (optional header, section table, .edata: forwarder).
"""

import struct
from collections.abc import Mapping

_PAGE = 0x1000
_MACHINE, _PE32_PLUS = 0x8664, 0x20B
_KIND = 0x2022  # a library, that runs, anywhere in the address space
_PROTECTION = 0x160  # no code on the stack, may be moved, also far
_CONSOLE = 3
_HEADERS = 112 + 16 * 8
_READABLE_DATA = 0x40000040
_IMAGE_BASE = 0x180000000


def forwards(library: str, targets: Mapping[str, str]) -> bytes:
    """Return library, `name.dll`, whose exports lead to others; targets: name → `module.name`, without the .dll."""
    table = _exports(library, targets, _PAGE)
    size = -(-len(table) // _PAGE) * _PAGE
    dos = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40)
    coff = struct.pack("<HHIIIHH", _MACHINE, 1, 0, 0, 0, _HEADERS, _KIND)
    optional = struct.pack("<HBBIIIII", _PE32_PLUS, 0, 0, 0, size, 0, 0, 0)
    optional += struct.pack("<QIIHHHHHHIIII", _IMAGE_BASE, _PAGE, _PAGE, 6, 0, 0, 0, 6, 0, 0, _PAGE + size, _PAGE, 0)
    optional += struct.pack("<HHQQQQII", _CONSOLE, _PROTECTION, 1 << 20, _PAGE, 1 << 20, _PAGE, 0, 16)
    optional += struct.pack("<II", _PAGE, len(table)) + bytes(15 * 8)
    section = struct.pack("<8s4I12xI", b".edata", len(table), _PAGE, size, _PAGE, _READABLE_DATA)
    return (dos + b"PE\0\0" + coff + optional + section).ljust(_PAGE, b"\0") + table.ljust(size, b"\0")


def _exports(library: str, targets: Mapping[str, str], at: int) -> bytes:
    names = sorted(targets, key=lambda name: name.encode())
    count = len(names)
    tables = at + 40, at + 40 + 4 * count, at + 40 + 8 * count
    texts, start = library.encode() + b"\0", at + 40 + 10 * count
    forwarders, spelled = [], []
    for name in names:
        forwarders.append(start + len(texts))
        texts += targets[name].encode() + b"\0"
        spelled.append(start + len(texts))
        texts += name.encode() + b"\0"
    head = struct.pack("<IIHHI6I", 0, 0, 0, 0, start, 1, count, count, *tables)
    return head + struct.pack(f"<{2 * count}I{count}H", *forwarders, *spelled, *range(count)) + texts
