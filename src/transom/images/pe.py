"""Windows' program files, read without trust: headers, what they import and export. No disk.

Every count, size and address comes from the file and may be a lie: each is bounded before it is followed, and what
leads nowhere is InvalidParameter.

Source: Microsoft, PE Format (headers, section table, .edata, .idata, delay-load import tables).
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Final

from transom.errors import InvalidParameter

ReadAt = Callable[[int, int], bytes]
"""Returns up to that many bytes at that offset of the file; less at its end."""

I386: Final = 0x14C
AMD64: Final = 0x8664
ARM64: Final = 0xAA64
NATIVE: Final = 1
"""The subsystem of drivers and of what runs before Windows does."""

_DLL = 0x2000
_PE32_PLUS = 0x20B
_PE32 = 0x10B
_MAX_SECTIONS = 96
_MAX_LIBRARIES = 4096
_MAX_FUNCTIONS = 65_536
_MAX_NAME = 512
_BY_ORDINAL = {4: 1 << 31, 8: 1 << 63}
_DELAY_BY_RVA = 1


class Directory(IntEnum):
    """Entries of the optional header's table."""

    EXPORT = 0
    IMPORT = 1
    EXCEPTION = 3
    RELOCATION = 5
    DELAY_IMPORT = 13
    CLR = 14


@dataclass(frozen=True, slots=True)
class Section:
    """A piece of the file and where it goes in memory."""

    name: bytes
    size: int
    rva: int
    file_size: int
    offset: int
    flags: int


@dataclass(frozen=True, slots=True)
class Import:
    """What a program wants of one library: names, and numbers where it wants by ordinal."""

    library: str
    functions: tuple[str | int, ...]
    delayed: bool = False


@dataclass(frozen=True, slots=True)
class Exports:
    """What a library gives: name → forwarder (empty for code of its own), and the ordinals that lead somewhere."""

    names: dict[str, str]
    ordinals: frozenset[int]


class PortableExecutable:
    """One file. Everything is read when asked for.

    Raises:
        InvalidParameter: the file is not one, here and in every property.
    """

    def __init__(self, read_at: ReadAt) -> None:
        self._read_at = read_at
        head = self._file(0, 64)
        if head[:2] != b"MZ":
            raise InvalidParameter("not a Windows program: it does not begin with MZ")
        self.header: int = struct.unpack_from("<I", head, 0x3C)[0]
        """Offset of the PE header."""
        coff = self._file(self.header, 24)
        if coff[:4] != b"PE\0\0":
            raise InvalidParameter("not a Windows program: it has no PE header")
        self.machine: int
        self.machine, count, optional_size, flags = struct.unpack("<HH12xHH", coff[4:])
        self.is_library = bool(flags & _DLL)
        if count > _MAX_SECTIONS:
            raise InvalidParameter(f"damaged Windows program: {count} sections")
        optional = self._file(self.header + 24, optional_size)
        magic = struct.unpack_from("<H", optional)[0] if optional_size >= 2 else 0
        if magic not in {_PE32, _PE32_PLUS}:
            raise InvalidParameter("damaged Windows program: its header is of an unknown kind")
        self.pointer = 8 if magic == _PE32_PLUS else 4
        tables = 112 if self.pointer == 8 else 96
        if optional_size < tables:
            raise InvalidParameter("damaged Windows program: its header is too short")
        self.image_base: int = struct.unpack_from("<Q" if self.pointer == 8 else "<I", optional, 32 - self.pointer)[0]
        self.subsystem: int = struct.unpack_from("<H", optional, 68)[0]
        self.tables = self.header + 24 + tables
        """Offset of the table of directories."""
        room = min(16, struct.unpack_from("<I", optional, tables - 4)[0], (optional_size - tables) // 8)
        self._directories = [struct.unpack_from("<II", optional, tables + 8 * i) for i in range(room)]
        self.section_table = self.header + 24 + optional_size
        """Offset of the first section's header."""
        table = self._file(self.section_table, 40 * count)
        self.sections: Sequence[Section] = [Section(*each) for each in struct.iter_unpack("<8s4I12xI", table)]

    def directory(self, which: Directory) -> tuple[int, int]:
        """Return a table's address and size, zeros where the file has none."""
        return self._directories[which] if which < len(self._directories) else (0, 0)

    @property
    def is_managed(self) -> bool:
        """Tell whether it is a .NET assembly."""
        return self.directory(Directory.CLR)[0] != 0

    @cached_property
    def imports(self) -> Sequence[Import]:
        """What the program cannot start without, then what it wants when it gets there."""
        return [*self._imports(), *self._delay_imports()]

    @cached_property
    def exports(self) -> Exports:
        """What the library gives."""
        at, size = self.directory(Directory.EXPORT)
        if not at:
            return Exports({}, frozenset())
        base, functions, count, table, name_table, ordinal_table = struct.unpack("<6I", self.at(at + 16, 24))
        if functions > _MAX_FUNCTIONS or count > _MAX_FUNCTIONS:
            raise InvalidParameter("damaged Windows library: too many exports")
        addresses = struct.unpack(f"<{functions}I", self.at(table, 4 * functions))
        wanted = struct.unpack(f"<{count}I", self.at(name_table, 4 * count))
        indexes = struct.unpack(f"<{count}H", self.at(ordinal_table, 2 * count))
        names = {}
        for name_at, index in zip(wanted, indexes, strict=True):
            if index >= functions:
                raise InvalidParameter("damaged Windows library: an export leads nowhere")
            forwarded = at <= addresses[index] < at + size
            names[self.text(name_at)] = self.text(addresses[index]) if forwarded else ""
        return Exports(names, frozenset(base + i for i, address in enumerate(addresses) if address))

    def at(self, rva: int, size: int) -> bytes:
        """Return size bytes of the program as it is in memory."""
        data = self._mapped(rva, size)
        if len(data) != size:
            raise InvalidParameter("damaged Windows program: a table leads outside the file")
        return data

    def text(self, rva: int) -> str:
        """Return the text at rva."""
        data, end, _ = self._mapped(rva, _MAX_NAME).partition(b"\0")
        if not end:
            raise InvalidParameter("damaged Windows program: a name has no end")
        return data.decode("latin-1")

    def _file(self, offset: int, size: int) -> bytes:
        data = self._read_at(offset, size)
        if len(data) != size:
            raise InvalidParameter("not a Windows program, or a damaged one: the file ends within its headers")
        return data

    def _mapped(self, rva: int, limit: int) -> bytes:
        for section in self.sections:
            within = rva - section.rva
            if 0 <= within < max(section.size, section.file_size):
                return self._read_at(section.offset + within, max(0, min(limit, section.file_size - within)))
        return b""

    def _imports(self) -> Sequence[Import]:
        at, _ = self.directory(Directory.IMPORT)
        found: list[Import] = []
        while at:
            lookup, _, _, name, addresses = struct.unpack("<5I", self.at(at, 20))
            if not name:
                return found
            found.append(Import(self.text(name), self._thunks(lookup or addresses, 0)))
            at = self._next(at + 20, found)
        return found

    def _delay_imports(self) -> Sequence[Import]:
        at, _ = self.directory(Directory.DELAY_IMPORT)
        found: list[Import] = []
        while at:
            flags, name, _, _, lookup = struct.unpack("<5I", self.at(at, 20))
            if not name:
                return found
            base = 0 if flags & _DELAY_BY_RVA else self.image_base  # Visual C++ 6 wrote addresses
            found.append(Import(self.text(name - base), self._thunks(lookup - base, base), delayed=True))
            at = self._next(at + 32, found)
        return found

    def _next(self, at: int, found: Sequence[Import]) -> int:
        if len(found) > _MAX_LIBRARIES or sum(len(each.functions) for each in found) > _MAX_FUNCTIONS:
            raise InvalidParameter("damaged Windows program: its list of imports has no end")
        return at

    def _thunks(self, rva: int, base: int) -> tuple[str | int, ...]:
        found: list[str | int] = []
        flag, form = _BY_ORDINAL[self.pointer], "<Q" if self.pointer == 8 else "<I"
        while len(found) <= _MAX_FUNCTIONS:
            (value,) = struct.unpack(form, self.at(rva + self.pointer * len(found), self.pointer))
            if not value:
                return tuple(found)
            found.append(value & 0xFFFF if value & flag else self.text(value - base + 2))
        raise InvalidParameter("damaged Windows program: its list of imports has no end")
