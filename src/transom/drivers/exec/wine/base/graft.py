"""Puts functions of ours into a library of Wine's: code that every process has without a library more to load. Pure.

The graft is a library of its own, linked by the compiler: its sections are appended to the host's, moved as a whole.
An export `hook_NAME` takes the place of the host's export NAME, any other joins the host's exports. What the graft
imports from its host is bound to the host's own code, so a hook calls what it replaces by its name. Imports from other
libraries join the host's imports. `detour_NAME` also takes over the host's own calls of NAME, a stub of a system call,
which is copied to the place `original_NAME`.

Source: Microsoft, PE Format (section table, .edata, .idata, .pdata, .reloc).
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from transom.errors import InvalidParameter
from transom.images.pe import Directory, PortableExecutable, Section

HOOK, DETOUR, ORIGINAL = "hook_", "detour_", "original_"
_STUB = bytes.fromhex("4c8bd1b8")  # mov r10, rcx; mov eax, number
_STUB_BYTES = 32
_PAGE = 0x1000
_SECTION = 40
_LEFT_OUT = {b".edata", b".pdata", b".reloc"}
_DATA = 0x40000040  # initialised, readable
_DIR64, _HIGHLOW = 10, 3
_SIZE_OF_IMAGE, _CHECKSUM = 56, 64


def graft(host: bytes, addition: bytes, name: str) -> bytes:
    """Return host, the library called name, with addition in it.

    Raises:
        InvalidParameter: they do not fit: a hook for what host does not export, an import that it does not have.
    """
    return _Graft(host, addition, name).run()


@dataclass(frozen=True, slots=True)
class _Placed:
    """A section of the result."""

    name: bytes
    rva: int
    size: int
    flags: int
    data: bytes


class _Graft:
    def __init__(self, host: bytes, addition: bytes, name: str) -> None:
        self._name = name.lower()
        self._host, self._added = _open(host), _open(addition)
        self._out, self._addition = bytearray(host), bytearray(addition)
        if self._host.machine != self._added.machine:
            raise InvalidParameter(f"{name} is not for the processor that its addition is for")
        self._image_end = max(_up(each.rva + each.size) for each in self._host.sections)
        first = min(each.rva for each in self._added.sections)
        self._moved = self._image_end - first  # from an address in the addition to the one in the result
        self._absolute = self._host.image_base + self._moved - self._added.image_base
        self._pointer = "<Q" if self._host.pointer == 8 else "<I"
        self._relocated: list[int] = []

    def run(self) -> bytes:
        self._move_absolute_addresses()
        foreign = self._bind_imports()
        new = self._redirect_exports()
        kept = [each for each in self._added.sections if each.name.rstrip(b"\0") not in _LEFT_OUT]
        placed = [self._place(each) for each in kept]
        end = max(_up(each.rva + each.size) for each in self._added.sections) + self._moved
        tables, directories = self._tables(end, foreign, new)
        placed.append(_Placed(b".graft", end, len(tables), _DATA, tables))
        for which, (at, size) in directories.items():
            struct.pack_into("<II", self._out, self._host.tables + 8 * which, at, size)
        self._append(placed)
        return bytes(self._out)

    def _move_absolute_addresses(self) -> None:
        kind = _DIR64 if self._host.pointer == 8 else _HIGHLOW
        for rva in _relocations(self._added, kind):
            at = _offset(self._added, rva)
            (value,) = struct.unpack_from(self._pointer, self._addition, at)
            struct.pack_into(self._pointer, self._addition, at, value + self._absolute)
            self._relocated.append(rva + self._moved)

    def _bind_imports(self) -> bytes:
        """Bind what comes from the host itself; return the descriptors of the rest."""
        rest = b""
        at, _ = self._added.directory(Directory.IMPORT)
        for i, each in enumerate(self._added.imports):
            lookup, _, _, name, addresses = struct.unpack("<5I", self._added.at(at + 20 * i, 20))
            if each.library.lower() != self._name:
                shifted = [value + self._moved if value else 0 for value in (lookup, 0, 0, name, addresses)]
                rest += struct.pack("<5I", *shifted)
                for place in {lookup, addresses} - {0}:
                    self._move_names(place, len(each.functions))
                continue
            for j, function in enumerate(each.functions):
                slot = addresses + self._host.pointer * j
                value = self._host.image_base + self._export(str(function))
                struct.pack_into(self._pointer, self._addition, _offset(self._added, slot), value)
                self._relocated.append(slot + self._moved)
        return rest

    def _move_names(self, table: int, count: int) -> None:
        for i in range(count):
            at = _offset(self._added, table + self._host.pointer * i)
            (value,) = struct.unpack_from(self._pointer, self._addition, at)
            struct.pack_into(self._pointer, self._addition, at, value + self._moved)

    def _slot(self, name: str) -> int:
        """Return the offset of an export's address in the host."""
        directory, _ = self._host.directory(Directory.EXPORT)
        _, _, count, table, names, ordinals = struct.unpack("<6I", self._host.at(directory + 16, 24))
        for i in range(count):
            (at,) = struct.unpack("<I", self._host.at(names + 4 * i, 4))
            if self._host.text(at) == name:
                (index,) = struct.unpack("<H", self._host.at(ordinals + 2 * i, 2))
                return _offset(self._host, table + 4 * index)
        raise InvalidParameter(f"{self._name} has no function {name}")

    def _export(self, name: str) -> int:
        return int(struct.unpack_from("<I", self._out, self._slot(name))[0])

    def _redirect_exports(self) -> dict[str, int]:
        """Put the hooks in their places; return name → address of what is new."""
        at, _ = self._added.directory(Directory.EXPORT)
        _, _, count, table, names, ordinals = struct.unpack("<6I", self._added.at(at + 16, 24))
        new = {}
        for i in range(count):
            name = self._added.text(struct.unpack("<I", self._added.at(names + 4 * i, 4))[0])
            (index,) = struct.unpack("<H", self._added.at(ordinals + 2 * i, 2))
            (rva,) = struct.unpack("<I", self._added.at(table + 4 * index, 4))
            if name.startswith(ORIGINAL):
                at_place = _offset(self._added, rva)
                self._addition[at_place : at_place + _STUB_BYTES] = self._stub(name.removeprefix(ORIGINAL))
            elif name.startswith(DETOUR):
                self._jump(self._export(name.removeprefix(DETOUR)), rva + self._moved)
            elif name.startswith(HOOK):
                struct.pack_into("<I", self._out, self._slot(name.removeprefix(HOOK)), rva + self._moved)
            else:
                new[name] = rva + self._moved
        return new

    def _stub(self, name: str) -> bytes:
        stub = self._host.at(self._export(name), _STUB_BYTES)
        if not stub.startswith(_STUB):
            raise InvalidParameter(f"{name} of {self._name} is not the stub of a system call")
        return stub

    def _jump(self, place: int, to: int) -> None:
        """Have the host's code at address place go on at address to."""
        struct.pack_into("<Bi", self._out, _offset(self._host, place), 0xE9, to - place - 5)

    def _exports(self, at: int, new: Mapping[str, int]) -> bytes:
        """Return the host's table of exports with what is new, to be put at address at.

        Forwarders are known by lying within the table, so their texts move along; names stay where they are.
        """
        old, size = self._host.directory(Directory.EXPORT)
        head = bytearray(self._host.at(old, 40))
        base, functions, count, table, names, ordinals = struct.unpack_from("<6I", head, 16)
        place = _offset(self._host, table)
        addresses = list(struct.unpack_from(f"<{functions}I", self._out, place))
        name_at = struct.unpack(f"<{count}I", self._host.at(names, 4 * count))
        index_of = struct.unpack(f"<{count}H", self._host.at(ordinals, 2 * count))
        by_name = {self._host.text(rva): (rva, index) for rva, index in zip(name_at, index_of, strict=True)}
        total, named = functions + len(new), count + len(new)
        texts, start = b"", at + 40 + 4 * total + 6 * named
        for i, address in enumerate(addresses):
            if old <= address < old + size:
                addresses[i] = start + len(texts)
                texts += self._host.text(address).encode("latin-1") + b"\0"
        for name, address in new.items():
            by_name[name] = start + len(texts), len(addresses)
            texts += name.encode() + b"\0"
            addresses.append(address)
        inside = at + 40, at + 40 + 4 * total, at + 40 + 4 * total + 4 * named
        struct.pack_into("<6I", head, 16, base, total, named, *inside)
        ordered = [by_name[name] for name in sorted(by_name, key=lambda each: each.encode("latin-1"))]
        return (
            bytes(head)
            + struct.pack(f"<{total}I", *addresses)
            + struct.pack(f"<{named}I", *(rva for rva, _ in ordered))
            + struct.pack(f"<{named}H", *(index for _, index in ordered))
            + texts
        )

    def _place(self, section: Section) -> _Placed:
        data = bytes(self._addition[section.offset : section.offset + section.file_size])
        name = section.name.rstrip(b"\0")[:6] + b"+"
        return _Placed(name, section.rva + self._moved, max(section.size, 1), section.flags, data)

    def _tables(
        self, at: int, foreign: bytes, new: Mapping[str, int]
    ) -> tuple[bytes, Mapping[Directory, tuple[int, int]]]:
        """Return the tables that the host and the addition now have together, to be put at address at."""
        out, directories = b"", {}
        merged = {
            Directory.EXCEPTION: self._table(Directory.EXCEPTION) + self._functions(),
            Directory.RELOCATION: self._table(Directory.RELOCATION)
            + _blocks(self._relocated, _DIR64 if self._host.pointer == 8 else _HIGHLOW),
        }
        if foreign:
            merged[Directory.IMPORT] = self._descriptors() + foreign + bytes(20)
        for which, data in merged.items():
            if data:
                directories[which] = at + len(out), len(data)
                out += data + bytes(-len(data) % 16)
        if new:
            exports = self._exports(at + len(out), new)
            directories[Directory.EXPORT] = at + len(out), len(exports)
            out += exports
        return out, directories

    def _table(self, which: Directory) -> bytes:
        at, size = self._host.directory(which)
        return self._host.at(at, size) if at else b""

    def _descriptors(self) -> bytes:
        at, _ = self._host.directory(Directory.IMPORT)
        return self._host.at(at, 20 * len(self._host.imports))

    def _functions(self) -> bytes:
        """Return the addition's table of functions, for unwinding; 32-bit code has none."""
        at, size = self._added.directory(Directory.EXCEPTION)
        if not at:
            return b""
        entries = struct.iter_unpack("<3I", self._added.at(at, size - size % 12))
        return b"".join(struct.pack("<3I", *(value + self._moved for value in entry)) for entry in entries)

    def _append(self, placed: Iterable[_Placed]) -> None:
        count = len(self._host.sections)
        self._out += bytes(-len(self._out) % _PAGE)
        for each in placed:
            header = self._host.section_table + _SECTION * count
            if header + _SECTION > min(section.offset for section in self._host.sections if section.offset):
                raise InvalidParameter(f"{self._name} has no room for more sections")
            data = each.data + bytes(-len(each.data) % _PAGE)
            offset = len(self._out) if data else 0
            struct.pack_into(
                "<8s4I12xI", self._out, header, each.name, each.size, each.rva, len(data), offset, each.flags
            )
            self._out += data
            count += 1
            self._image_end = max(self._image_end, _up(each.rva + each.size))
        struct.pack_into("<H", self._out, self._host.header + 6, count)
        optional = self._host.header + 24
        struct.pack_into("<I", self._out, optional + _SIZE_OF_IMAGE, self._image_end)
        struct.pack_into("<I", self._out, optional + _CHECKSUM, 0)


def _open(data: bytes) -> PortableExecutable:
    return PortableExecutable(lambda offset, size: data[offset : offset + size])


def _up(value: int) -> int:
    return -(-value // _PAGE) * _PAGE


def _offset(program: PortableExecutable, rva: int) -> int:
    for section in program.sections:
        if section.rva <= rva < section.rva + section.file_size:
            return section.offset + rva - section.rva
    raise InvalidParameter(f"address {rva:#x} is not in the file")


def _relocations(program: PortableExecutable, kind: int) -> list[int]:
    """Return the addresses of a program's absolute addresses.

    Raises:
        InvalidParameter: one is of another kind than its processor's usual one.
    """
    at, size = program.directory(Directory.RELOCATION)
    found = []
    end = at + size
    while at + 8 <= end:
        page, length = struct.unpack("<II", program.at(at, 8))
        if length < 8:
            break
        for (entry,) in struct.iter_unpack("<H", program.at(at + 8, length - 8 - length % 2)):
            if entry >> 12 == kind:
                found.append(page + (entry & 0xFFF))
            elif entry >> 12:
                raise InvalidParameter(f"relocation of an unexpected kind: {entry >> 12}")
        at += length
    return found


def _blocks(addresses: Iterable[int], kind: int) -> bytes:
    """Return a relocation table."""
    pages: dict[int, list[int]] = {}
    for address in sorted(addresses):
        pages.setdefault(address & ~0xFFF, []).append(kind << 12 | address & 0xFFF)
    out = b""
    for page, entries in pages.items():
        entries += [0] * (len(entries) % 2)
        out += struct.pack(f"<II{len(entries)}H", page, 8 + 2 * len(entries), *entries)
    return out
