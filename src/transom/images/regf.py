"""Windows' registry files (regf), read with every doubt. Pure.

Every cell is taken at most once, so whatever a file says, reading it takes time and memory that its size bounds: lists
that lead in a circle, keys that share a cell and counts beyond the file are refused. Not read: transaction logs,
security descriptors, class names.

Source: the public description of the format by Maxim Suhanov (msuhanov/regf), "Base block", "Hive bin", "Key node",
"Key value", "Big data", and "Differencing hives" for what layered keys add.
"""

import codecs
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from transom.errors import InvalidParameter

MAX_HIVE: Final = 128 << 20
_BASE: Final = 4096
_BIN_HEADER: Final = 32
_SEGMENT: Final = 16344
"""Bytes of a value that fit one cell; longer ones are in several, in files of minor version 4 and later."""
_DEPTH: Final = 512
_NAME: Final = 512
_VALUE_NAME: Final = 32_768
_NONE: Final = 0xFFFFFFFF
_DIFFERENCING: Final = 0x2
_RESIDENT: Final = 0x80000000
_COMPRESSED_NAME, _SYMLINK = 0x20, 0x10
_VALUE_COMPRESSED, _VALUE_TOMBSTONE = 0x1, 0x2

codecs.lookup("utf-16-le")  # at once: layers are read in a root of their own, where Python finds no more modules

_NODE = struct.Struct("<2sHQI I III I I I I I 20x HH")
_VALUE = struct.Struct("<2sHIIIH2x")


class Semantics(IntEnum):
    """How a key of a layer meets the same key in the layers below."""

    MERGE = 0
    TOMBSTONE = 1
    SUPERSEDE_LOCAL = 2
    SUPERSEDE_TREE = 3


@dataclass(frozen=True, slots=True)
class Value:
    """A value; deleted: the layers below have one of this name, which is gone."""

    name: str
    kind: int
    data: bytes
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class HiveKey:
    """A key: its path below the hive's root, one name each."""

    path: tuple[str, ...]
    semantics: Semantics = Semantics.MERGE
    values: tuple[Value, ...] = ()
    is_link: bool = False


def read_hive(data: bytes, name: str) -> Iterator[HiveKey]:
    """Yield a hive's keys, each before those below it; the root has an empty path. name is for what is said of it.

    Raises:
        InvalidParameter: it is no hive, damaged or hostile.
    """
    return _Hive(data, name).keys()


@dataclass(slots=True)
class _Hive:
    data: bytes
    name: str
    _end: int = 0
    _minor: int = 0
    _root: int = 0
    _layered: bool = False
    _free: bytearray = field(default_factory=bytearray)
    """For each offset in units of 8: whether a cell that is in use begins there, and was not taken yet."""

    def __post_init__(self) -> None:
        self._read_base()
        self._read_bins()

    def keys(self) -> Iterator[HiveKey]:
        """Walk the tree without recursion."""
        todo: list[tuple[int, tuple[str, ...]]] = [(self._root, ())]
        while todo:
            offset, above = todo.pop()
            key, children = self._key(offset, above, is_root=offset == self._root)
            yield key
            if children and len(key.path) >= _DEPTH:
                raise self._bad("its keys are nested too deeply")
            todo += [(child, key.path) for child in reversed(children)]

    def _bad(self, text: str) -> InvalidParameter:
        return InvalidParameter(f"invalid registry hive {self.name}: {text}")

    def _read_base(self) -> None:
        data = self.data
        if len(data) > MAX_HIVE:
            raise self._bad(f"it has {len(data)} bytes, more than {MAX_HIVE}")
        if len(data) < _BASE + 4096 or data[:4] != b"regf":
            raise self._bad("it is none")
        major, self._minor, kind, form, self._root, size = struct.unpack_from("<6I", data, 20)
        if (major, kind, form) != (1, 0, 1) or not 3 <= self._minor <= 6:
            raise self._bad(f"version {major}.{self._minor}, type {kind}, format {form} is not known")
        checksum = 0
        for word in struct.unpack_from("<127I", data, 0):
            checksum ^= word
        checksum = {0: 1, _NONE: _NONE - 1}.get(checksum, checksum)
        if struct.unpack_from("<I", data, 508)[0] != checksum:
            raise self._bad("the checksum of its header is wrong")
        (flags,) = struct.unpack_from("<I", data, 144)
        self._layered = bool(flags & _DIFFERENCING)
        if not size or size % 4096 or _BASE + size > len(data):
            raise self._bad(f"its bins have {size} bytes, the file {len(data)}")
        self._end = size

    def _read_bins(self) -> None:
        """Find every cell that is in use."""
        self._free = bytearray(self._end // 8)
        at = 0
        while at < self._end:
            head = _BASE + at
            signature, offset, size = struct.unpack_from("<4sII", self.data, head)
            if signature != b"hbin" or offset != at or not size or size % 4096 or at + size > self._end:
                raise self._bad(f"bad bin at {at}")
            cell, end = at + _BIN_HEADER, at + size
            while cell < end:
                (length,) = struct.unpack_from("<i", self.data, _BASE + cell)
                if abs(length) < 8 or length % 8 or cell + abs(length) > end:
                    raise self._bad(f"bad cell at {cell}")
                if length < 0:
                    self._free[cell // 8] = 1
                cell += abs(length)
            at = end

    def _cell(self, offset: int, at_least: int = 4) -> memoryview:
        """Take the cell at offset."""
        if offset % 8 or offset >= self._end or not self._free[offset // 8]:
            raise self._bad(f"there is no cell at {offset:#x} to take")
        self._free[offset // 8] = 0
        (length,) = struct.unpack_from("<i", self.data, _BASE + offset)
        if -length - 4 < at_least:
            raise self._bad(f"the cell at {offset:#x} is too small")
        return memoryview(self.data)[_BASE + offset + 4 : _BASE + offset - length]

    def _key(self, offset: int, above: tuple[str, ...], *, is_root: bool) -> tuple[HiveKey, list[int]]:
        cell = self._cell(offset, _NODE.size)
        (signature, flags, _, access, _, count, _, listed, _, values, value_list, _, _, length, _) = _NODE.unpack_from(
            cell
        )
        if signature != b"nk":
            raise self._bad(f"there is no key at {offset:#x}")
        name = self._text(cell[_NODE.size :], length, _NAME, compressed=bool(flags & _COMPRESSED_NAME))
        if not is_root and (not name or "\\" in name or "\0" in name):
            raise self._bad(f"bad key name {name!r}")
        path = () if is_root else (*above, name)
        key = HiveKey(
            path,
            Semantics(access >> 8 & 3) if self._layered else Semantics.MERGE,
            tuple(self._values(values, value_list)),
            bool(flags & _SYMLINK),
        )
        children = list(self._subkeys(listed, count)) if count else []
        if len(children) != count:
            raise self._bad(f"the key {name!r} has {len(children)} keys below it and claims {count}")
        return key, children

    def _subkeys(self, offset: int, count: int) -> Iterator[int]:
        if count > self._end // 8:
            raise self._bad(f"a key claims {count} keys below it")
        cell = self._cell(offset)
        signature, number = struct.unpack_from("<2sH", cell)
        if signature == b"ri":
            for (inner,) in struct.iter_unpack("<I", self._slice(cell, 4, number * 4)):
                yield from self._leaf(self._cell(inner))
        else:
            yield from self._leaf(cell)

    def _leaf(self, cell: memoryview) -> Iterator[int]:
        signature, number = struct.unpack_from("<2sH", cell)
        step = {b"li": 4, b"lf": 8, b"lh": 8}.get(bytes(signature))
        if step is None:
            raise self._bad("bad list of keys")
        entries = self._slice(cell, 4, number * step)
        for at in range(0, len(entries), step):
            yield struct.unpack_from("<I", entries, at)[0]

    def _values(self, count: int, offset: int) -> Iterator[Value]:
        if not count:
            return
        if count > self._end // 8:
            raise self._bad(f"a key claims {count} values")
        for (value,) in struct.iter_unpack("<I", self._slice(self._cell(offset), 0, count * 4)):
            yield self._value(value)

    def _value(self, offset: int) -> Value:
        cell = self._cell(offset, _VALUE.size)
        signature, length, size, where, kind, flags = _VALUE.unpack_from(cell)
        if signature != b"vk":
            raise self._bad(f"there is no value at {offset:#x}")
        name = self._text(cell[_VALUE.size :], length, _VALUE_NAME, compressed=bool(flags & _VALUE_COMPRESSED))
        if "\0" in name:
            raise self._bad(f"bad value name {name!r}")
        if self._layered and flags & _VALUE_TOMBSTONE:
            return Value(name, 0, b"", deleted=True)
        if size & _RESIDENT:
            size &= ~_RESIDENT
            if size > 4:
                raise self._bad(f"the value {name!r} has {size} bytes in a place for 4")
            return Value(name, kind, struct.pack("<I", where)[:size])
        return Value(name, kind, self._data(where, size) if size else b"")

    def _data(self, offset: int, size: int) -> bytes:
        if size > self._end:
            raise self._bad(f"a value claims {size} bytes")
        cell = self._cell(offset)
        if size <= _SEGMENT or self._minor < 4:
            return bytes(self._slice(cell, 0, size))
        signature, number, listed = struct.unpack_from("<2sHI", self._slice(cell, 0, 8))
        if signature != b"db":
            raise self._bad("bad list of a long value's parts")
        parts = []
        for (part,) in struct.iter_unpack("<I", self._slice(self._cell(listed), 0, number * 4)):
            parts.append(bytes(self._slice(self._cell(part), 0, min(size, _SEGMENT))))
            size -= len(parts[-1])
        if size:
            raise self._bad("a long value's parts are shorter than it")
        return b"".join(parts)

    def _slice(self, cell: memoryview, at: int, size: int) -> memoryview:
        if at + size > len(cell):
            raise self._bad("a cell is too small for what it holds")
        return cell[at : at + size]

    def _text(self, cell: memoryview, size: int, limit: int, *, compressed: bool) -> str:
        if size > limit:
            raise self._bad(f"a name has {size} bytes")
        raw = bytes(self._slice(cell, 0, size))
        if compressed:
            return raw.decode("latin-1")
        if size % 2:
            raise self._bad("a name has an odd number of bytes")
        return raw.decode("utf-16-le", "surrogatepass")
