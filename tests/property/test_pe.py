"""A Windows program with anything changed is read, or refused in plain words."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from tests.support.pe import I386, program

from transom.errors import InvalidParameter
from transom.images.pe import AMD64, PortableExecutable

WHOLE = {
    machine: program(
        {"KERNEL32.dll": ["Sleep", 7], "b.dll": ["c"]},
        delayed={"late.dll": ["Call"]},
        exports={"Own": "", "Other": "ntdll.Rtl"},
        machine=machine,
    )
    for machine in (AMD64, I386)
}
CHANGES = st.lists(st.tuples(st.integers(0, 0x600), st.binary(min_size=1, max_size=4)), max_size=6)


@given(machine=st.sampled_from([AMD64, I386]), changes=CHANGES, length=st.integers(0, 0x700))
def test_any_change_is_survived(machine: int, changes: list[tuple[int, bytes]], length: int) -> None:
    data = bytearray(WHOLE[machine])
    for at, piece in changes:
        data[at : at + len(piece)] = piece
    content = bytes(data[:length]) if length < 0x600 else bytes(data)
    with suppress(InvalidParameter):
        read = PortableExecutable(lambda offset, size: content[offset : offset + size])
        assert len(read.imports) <= 5000
        assert len(read.exports.names) <= 65_536
