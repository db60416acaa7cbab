"""Tar: what is written is read again; nothing that is read leads out of the root or breaks with a bug."""

import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from transom.errors import InvalidParameter, NotSupported
from transom.images.layer import clean_name
from transom.images.tar import DIR, KINDS, LINK, REG, SYMLINK, Entry, Reader, pax_time_ns
from transom.images.tar_writer import END, header, padding, print_pax_time

names = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), min_size=1, max_size=300
).filter(lambda name: not name.endswith("/"))
times = st.integers(-(2**40), 2**62)
entries = st.builds(
    Entry,
    name=names,
    kind=st.sampled_from([REG, LINK, SYMLINK, DIR]),
    mode=st.integers(0, 0o7777),
    uid=st.integers(0, 2**31),
    gid=st.integers(0, 2**31),
    mtime_ns=times,
    link=names,
    atime_ns=st.none() | times,
    ctime_ns=st.none() | times,
    pax=st.dictionaries(st.sampled_from(["SCHILY.xattr.user.a", "MSWINDOWS.fileattr"]), names, max_size=2),
)


class Bytes(io.BytesIO):
    def skip(self, size: int) -> int:
        return len(self.read(size))


@given(st.lists(st.tuples(entries, st.binary(max_size=2000)), max_size=5))
def test_written_entries_are_read_again(members: list[tuple[Entry, bytes]]) -> None:
    out = b""
    for entry, data in members:
        entry.size = len(data) if entry.kind == REG else 0
        out += header(entry) + (data + padding(len(data)) if entry.kind == REG else b"")
    reader = Reader(Bytes(out + END))
    for (entry, data), found in zip(members, reader, strict=True):
        assert found == entry
        assert reader.read(1 << 20) == (data if entry.kind == REG else b"")


@given(st.lists(entries, max_size=4))
def test_python_s_tarfile_reads_what_is_written(members: list[Entry]) -> None:
    for entry in members:
        entry.size = 0
        entry.mtime_ns = abs(entry.mtime_ns)
    data = b"".join(map(header, members)) + END
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert [member.name for member in archive] == [entry.name.rstrip("/") for entry in members]


@given(times)
def test_pax_times_survive(value: int) -> None:
    assert pax_time_ns(print_pax_time(value)) == value


@given(st.binary(max_size=3000), st.integers(0, 3))
def test_reader_of_anything_ends_or_refuses(data: bytes, blocks: int) -> None:
    whole = header(Entry("a", REG, size=len(data))) * blocks + data
    try:
        for entry in Reader(Bytes(whole)):
            assert entry.kind in KINDS
            assert entry.size >= 0
    except (InvalidParameter, NotSupported):
        pass


@given(st.binary(min_size=512, max_size=512), st.integers(0, 511))
def test_reader_of_a_damaged_header_refuses_it(noise: bytes, at: int) -> None:
    block = bytearray(header(Entry("name", REG, link="x")))
    block[at] ^= noise[0] or 1
    try:
        list(Reader(Bytes(bytes(block) + END)))
    except (InvalidParameter, NotSupported):
        return
    assert 148 <= at < 156  # only the checksum's own spelling may vary


@given(
    st.text(st.characters(blacklist_characters="\0"), min_size=1, max_size=400)
    | st.lists(st.sampled_from(["..", ".", "", "a", "b"]), max_size=12).map("/".join)
)
def test_no_cleaned_name_leads_out(name: str) -> None:
    try:
        clean = clean_name(name)
    except InvalidParameter:
        return
    assert not clean.startswith("/")
    assert ".." not in clean.split("/")
    assert clean == "" or "" not in clean.split("/")
