"""Windows programs are read without trust."""

import struct
import time

import pytest
from tests.support.pe import I386, program

from transom.errors import InvalidParameter
from transom.images.pe import AMD64, Import, PortableExecutable


def opened(data: bytes) -> PortableExecutable:
    return PortableExecutable(lambda offset, size: data[offset : offset + size])


@pytest.mark.parametrize("machine", [AMD64, I386])
def test_imports_of_both_kinds_are_read(machine: int) -> None:
    data = program({"KERNEL32.dll": ["Sleep", 7]}, delayed={"late.dll": ["Call"]}, machine=machine)
    found = opened(data)
    assert found.machine == machine
    assert found.imports == [
        Import("KERNEL32.dll", ("Sleep", 7)),
        Import("late.dll", ("Call",), delayed=True),
    ]
    assert not found.is_managed and not found.is_library


def test_exports_tell_forwarders(machine: int = AMD64) -> None:
    found = opened(program(exports={"Own": "", "Other": "ntdll.RtlOther"}, managed=True, machine=machine))
    assert found.exports.names == {"Own": "", "Other": "ntdll.RtlOther"}
    assert found.exports.ordinals == {1, 2}
    assert found.is_managed and found.is_library


@pytest.mark.parametrize(
    "data",
    [b"", b"MZ", b"#!/bin/sh\n" + bytes(100), b"MZ" + bytes(62), program({"a.dll": ["b"]})[:0x90], program()[:100]],
)
def test_what_is_no_program_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidParameter):
        _ = opened(data).imports


def test_a_list_of_imports_without_end_is_refused_soon() -> None:
    data = bytearray(program({"a.dll": ["b"]}))
    read = opened(bytes(data))
    count = 50_000
    nothing = 0x1000 + 20 * count
    body = struct.pack("<5I", nothing, 0, 0, nothing + 8, nothing) * count + bytes(8) + b"a.dll\0"
    data[0x400:] = body
    struct.pack_into("<I", data, read.tables + 8, 0x1000)
    struct.pack_into("<IIII", data, read.section_table + 8, len(body), 0x1000, len(body), 0x400)
    began = time.monotonic()
    with pytest.raises(InvalidParameter, match="no end"):
        _ = opened(bytes(data)).imports
    assert time.monotonic() - began < 5
