"""Functions of ours in Wine's libraries."""

import struct

import pytest
from tests.support.pe import ARM64, program

from transom.drivers.exec.wine.base.graft import graft
from transom.errors import InvalidParameter
from transom.images.pe import Directory, PortableExecutable

HOST = program({"ntdll.dll": ["NtClose"]}, exports={"Old": "", "Other": "", "Sent": "ntdll.RtlSent"})


def opened(data: bytes) -> PortableExecutable:
    return PortableExecutable(lambda offset, size: data[offset : offset + size])


def address(program: PortableExecutable, name: str) -> int:
    directory, _ = program.directory(Directory.EXPORT)
    _, _, count, table, names, ordinals = struct.unpack("<6I", program.at(directory + 16, 24))
    for i in range(count):
        if program.text(struct.unpack("<I", program.at(names + 4 * i, 4))[0]) == name:
            (index,) = struct.unpack("<H", program.at(ordinals + 2 * i, 2))
            return int(struct.unpack("<I", program.at(table + 4 * index, 4))[0])
    raise AssertionError(name)


def test_a_hook_takes_the_place_of_what_it_calls() -> None:
    addition = program({"host.dll": ["Old"]}, exports={"hook_Old": ""})
    made = opened(graft(HOST, addition, "HOST.dll"))
    before = address(opened(HOST), "Old")
    placed = next(each for each in made.sections if each.name.startswith(b".rdata+"))
    assert address(made, "Old") == placed.rva
    assert address(made, "Other") == address(opened(HOST), "Other")
    assert made.image_base + before in struct.unpack("<64Q", made.at(placed.rva, 512)), "the hook's way to the old one"
    assert made.directory(Directory.RELOCATION)[1] > 0, "which moves with the library"
    assert [each.library for each in made.imports] == ["ntdll.dll"]


def test_new_exports_join_and_forwarders_stay() -> None:
    addition = program({"kernelbase.dll": ["Sleep"]}, exports={"Aaa": "", "Zzz": ""})
    made = opened(graft(HOST, addition, "host.dll"))
    assert made.exports.names == {"Aaa": "", "Old": "", "Other": "", "Sent": "ntdll.RtlSent", "Zzz": ""}
    assert list(made.exports.names) == sorted(made.exports.names), "Windows looks for names by halves"
    assert [(each.library, each.functions) for each in made.imports] == [
        ("ntdll.dll", ("NtClose",)),
        ("kernelbase.dll", ("Sleep",)),
    ]


def test_a_detour_is_for_stubs_of_system_calls_alone() -> None:
    addition = program(exports={"detour_Old": "", "original_Old": ""})
    with pytest.raises(InvalidParameter, match="not the stub"):
        graft(HOST, addition, "host.dll")
    stub = bytes.fromhex("4c8bd1b816000000f604250803fe7f0175030f05c3eb01c3ff14250010fe7fc3")
    host = bytearray(HOST)
    at = 0x400 + address(opened(HOST), "Old") - 0x1000
    host[at : at + len(stub)] = stub
    made = opened(graft(bytes(host), addition, "host.dll"))
    placed = next(each for each in made.sections if each.name.startswith(b".rdata+"))
    jump, distance = struct.unpack("<Bi", made.at(address(made, "Old"), 5))
    assert jump == 0xE9 and address(made, "Old") + 5 + distance == placed.rva
    assert made.at(placed.rva, len(stub)) == stub


@pytest.mark.parametrize(
    "addition",
    [
        program(exports={"hook_Missing": ""}),
        program({"host.dll": ["Missing"]}, exports={"hook_Old": ""}),
        program(exports={"hook_Old": ""}, machine=ARM64),
    ],
)
def test_what_does_not_fit_is_refused(addition: bytes) -> None:
    with pytest.raises(InvalidParameter):
        graft(HOST, addition, "host.dll")
