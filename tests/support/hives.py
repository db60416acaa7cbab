"""Registry hives made on the spot, from the format's facts: a writer that shares nothing with the engine's reader.

Source: msuhanov/regf, and hivex's notes; only what a delta hive of a layer holds.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

SZ, EXPAND_SZ, BINARY, DWORD, MULTI_SZ = 1, 2, 3, 4, 7


@dataclass
class Node:
    """A key. values: name → (type, data), None: deleted. semantics: 1 deleted, 2 replaces values, 3 replaces all."""

    values: Mapping[str, tuple[int, bytes] | None] = field(default_factory=dict)
    keys: Mapping[str, "Node"] = field(default_factory=dict)
    semantics: int = 0


def text(value: str) -> bytes:
    """Return a string's data."""
    return value.encode("utf-16-le") + b"\0\0"


def path(names: str, node: Node) -> Node:
    """Return a root in which node is at `a\\b\\c`."""
    for name in reversed(names.split("\\")):
        node = Node(keys={name: node})
    return node


class Writer:
    """Lays out cells in one bin."""

    def __init__(self, minor: int) -> None:
        self.minor = minor
        self.body = bytearray(32)

    def cell(self, data: bytes) -> int:
        """Append a cell and return its offset."""
        offset = len(self.body)
        size = -(-(len(data) + 4) // 8) * 8
        self.body += struct.pack("<i", -size) + data.ljust(size - 4, b"\0")
        return offset

    def value(self, name: str, found: tuple[int, bytes] | None) -> int:
        """Write a value."""
        plain = name.isascii()
        raw = name.encode("ascii" if plain else "utf-16-le")
        kind, data = found or (0, b"")
        size, where, flags = len(data), 0xFFFFFFFF, int(plain)
        if found is None:
            flags |= 2
        elif len(data) <= 4:
            size |= 0x80000000
            where = struct.unpack("<I", data.ljust(4, b"\0"))[0]
        elif len(data) > 16344 and self.minor >= 4:
            parts = [self.cell(data[at : at + 16344]) for at in range(0, len(data), 16344)]
            listed = self.cell(struct.pack(f"<{len(parts)}I", *parts))
            where = self.cell(b"db" + struct.pack("<HI", len(parts), listed))
        else:
            where = self.cell(data)
        return self.cell(b"vk" + struct.pack("<HIIIHH", len(raw), size, where, kind, flags, 0) + raw)

    def key(self, name: str, node: Node, flags: int = 0) -> int:
        """Write a key after what is below it."""
        children = []
        for each, child in node.keys.items():
            children.append(self.key(each, child))  # in a loop, to nest deeply
        below = 0xFFFFFFFF
        if len(children) > 2:  # more than one list, as large keys have
            halves = children[:2], children[2:]
            leaves = [
                self.cell(b"li" + struct.pack(f"<H{len(halves[0])}I", len(halves[0]), *halves[0])),
                self.cell(
                    b"lh" + struct.pack("<H", len(halves[1])) + b"".join(struct.pack("<II", c, 0) for c in halves[1])
                ),
            ]
            below = self.cell(b"ri" + struct.pack("<H2I", 2, *leaves))
        elif children:
            below = self.cell(
                b"lf" + struct.pack("<H", len(children)) + b"".join(struct.pack("<II", c, 0) for c in children)
            )
        values = [self.value(each, found) for each, found in node.values.items()]
        listed = self.cell(struct.pack(f"<{len(values)}I", *values)) if values else 0xFFFFFFFF
        plain = name.isascii()
        raw = name.encode("ascii" if plain else "utf-16-le")
        head = struct.pack("<HQBBHI", flags | (0x20 if plain else 0), 0, 0, node.semantics, 0, 0)
        head += struct.pack(
            "<IIIIIIII", len(children), 0, below, 0xFFFFFFFF, len(values), listed, 0xFFFFFFFF, 0xFFFFFFFF
        )
        return self.cell(b"nk" + head + bytes(20) + struct.pack("<HH", len(raw), 0) + raw)


def hive(root: Node, *, layered: bool = True, minor: int = 5) -> bytes:
    """Return a hive with root."""
    writer = Writer(minor)
    at = writer.key("ROOT", root, flags=0x0C)
    body = writer.body
    free = -len(body) % 4096
    if free and free < 8:
        free += 4096
    if free:
        body += struct.pack("<i", free) + bytes(free - 4)
    body[:32] = b"hbin" + struct.pack("<II", 0, len(body)) + bytes(20)
    base = bytearray(4096)
    base[:4] = b"regf"
    struct.pack_into("<II", base, 4, 1, 1)
    struct.pack_into("<7I", base, 20, 1, minor, 0, 1, at, len(body), 1)
    struct.pack_into("<I", base, 144, 2 if layered else 0)
    return seal(bytes(base) + bytes(body))


def seal(data: bytes) -> bytes:
    """Return data with its header's checksum made right."""
    checksum = 0
    for (word,) in struct.iter_unpack("<I", data[:508]):
        checksum ^= word
    checksum = {0: 1, 0xFFFFFFFF: 0xFFFFFFFE}.get(checksum, checksum)
    return data[:508] + struct.pack("<I", checksum) + data[512:]


def environment(**values: str) -> bytes:
    """Return a System_Delta that sets variables for the whole machine."""
    found = {name: (EXPAND_SZ, text(value)) for name, value in values.items()}
    return hive(path(r"ControlSet001\Control\Session Manager\Environment", Node(found)))
