"""Windows programs made on the spot: headers and tables as they should be, no code that could run."""

import struct
from collections.abc import Mapping, Sequence

AMD64, I386, ARM64 = 0x8664, 0x14C, 0xAA64
RVA, OFFSET = 0x1000, 0x400


class _Data:
    """A section's bytes, laid down piece by piece."""

    def __init__(self) -> None:
        self.data = bytearray()

    def put(self, piece: bytes) -> int:
        """Add piece, return its address."""
        self.data += bytes(-len(self.data) % 8)
        self.data += piece
        return RVA + len(self.data) - len(piece)

    def text(self, value: str) -> int:
        return self.put(value.encode() + b"\0")


def program(
    imports: Mapping[str, Sequence[str | int]] | None = None,
    *,
    delayed: Mapping[str, Sequence[str | int]] | None = None,
    exports: Sequence[str] | Mapping[str, str] = (),
    machine: int = AMD64,
    managed: bool = False,
    subsystem: int = 3,
) -> bytes:
    """Return a program, or with exports a library: names, or name → forwarder (empty for code of its own)."""
    data = _Data()
    wide = machine != I386
    directories = [(0, 0)] * 16
    if imports:
        directories[1] = _imports(data, imports, wide=wide), 20 * len(imports)
    if delayed:
        directories[13] = _delayed(data, delayed, wide=wide), 32 * len(delayed)
    if exports:
        directories[0] = _exports(data, exports if isinstance(exports, Mapping) else dict.fromkeys(exports, ""))
    if managed:
        directories[14] = data.put(bytes(72)), 72
    body = bytes(data.data).ljust(512, b"\0")
    tables = b"".join(struct.pack("<II", *each) for each in directories)
    if wide:
        optional = struct.pack(
            "<H22xQII16xIIIHH32xII", 0x20B, 0x140000000, 0x1000, 0x200, 0x10000, 0x400, 0, subsystem, 0, 0, 16
        )
    else:
        optional = struct.pack(
            "<H26xIII16xIIIHH16xII", 0x10B, 0x400000, 0x1000, 0x200, 0x10000, 0x400, 0, subsystem, 0, 0, 16
        )
    coff = struct.pack("<HHIIIHH", machine, 1, 0, 0, 0, len(optional) + len(tables), 0x2000 if exports else 2)
    section = struct.pack("<8s4I12xI", b".rdata", len(body), RVA, len(body), OFFSET, 0x40000040)
    head = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40)
    return (head + b"PE\0\0" + coff + optional + tables + section).ljust(OFFSET, b"\0") + body


def _thunks(data: _Data, names: Sequence[str | int], *, wide: bool) -> int:
    values = []
    for name in names:
        if isinstance(name, int):
            values.append(name | 1 << (63 if wide else 31))
        else:
            values.append(data.put(b"\0\0" + name.encode() + b"\0"))
    return data.put(struct.pack(f"<{len(values) + 1}{'Q' if wide else 'I'}", *values, 0))


def _imports(data: _Data, imports: Mapping[str, Sequence[str | int]], *, wide: bool) -> int:
    table = b""
    for library, names in imports.items():
        thunks = _thunks(data, names, wide=wide)
        table += struct.pack("<5I", thunks, 0, 0, data.text(library), thunks)
    return data.put(table + bytes(20))


def _delayed(data: _Data, imports: Mapping[str, Sequence[str | int]], *, wide: bool) -> int:
    table = b""
    for library, names in imports.items():
        table += struct.pack("<5I12x", 1, data.text(library), 0, 0, _thunks(data, names, wide=wide))
    return data.put(table + bytes(32))


def _exports(data: _Data, exports: Mapping[str, str]) -> tuple[int, int]:
    """Return address and size; forwarders lie within."""
    names = sorted(exports)
    places = [data.text(name) for name in names]
    data.data += bytes(-len(data.data) % 8)
    start = RVA + len(data.data)
    count, head = len(names), 40
    texts, addresses = b"", []
    texts_at = start + head + 10 * count
    for name in names:
        if exports[name]:
            addresses.append(texts_at + len(texts))
            texts += exports[name].encode() + b"\0"
        else:
            addresses.append(RVA)
    table = struct.pack("<16x6I", 1, count, count, start + head, start + head + 4 * count, start + head + 8 * count)
    table += struct.pack(f"<{count}I{count}I{count}H", *addresses, *places, *range(count)) + texts
    data.put(table)
    return start, len(table)
