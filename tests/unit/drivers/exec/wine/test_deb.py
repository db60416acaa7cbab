""".deb files without dpkg."""

import io
import lzma
import tarfile
from collections.abc import Callable

import pytest
import zstandard

from transom.drivers.exec.wine.base.deb import checked_path, members
from transom.errors import InvalidParameter


def tar(*entries: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def ar(*files: tuple[str, bytes]) -> io.BytesIO:
    out = b"!<arch>\n"
    for name, data in files:
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
    return io.BytesIO(out)


def read(deb: io.BytesIO) -> dict[str, bytes]:
    return {entry.name: content for entry, content in members(deb, lambda name: True) if entry.isreg()}


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("data.tar.xz", lzma.compress),
        ("data.tar.zst", zstandard.compress),
        ("data.tar", bytes),
        ("data.tar.xz/", lzma.compress),
    ],
)
def test_files_of_each_compression(name: str, pack: Callable[[bytes], bytes]) -> None:
    deb = ar(("debian-binary", b"2.0\n"), ("control.tar.xz", b"odd"), (name, pack(tar(("./usr/lib/a", b"A" * 3000)))))
    assert read(deb) == {"usr/lib/a": b"A" * 3000}


@pytest.mark.parametrize(
    "deb",
    [
        io.BytesIO(b"not an archive"),
        ar(("debian-binary", b"2.0\n")),
        ar(("data.tar.xz", b"not xz")),
        ar(("data.tar.rar", b"")),
        ar(("data.tar.xz", lzma.compress(tar(("../../etc/passwd", b"x"))))),
        ar(("data.tar.xz", lzma.compress(tar(("/etc/passwd", b"x"))))),
        io.BytesIO(ar(("data.tar.xz", lzma.compress(tar(("a", b"A" * 100_000))))).getvalue()[:-40]),
    ],
)
def test_broken_or_hostile_deb_is_refused(deb: io.BytesIO) -> None:
    with pytest.raises(InvalidParameter):
        read(deb)


def test_checked_path_drops_dots() -> None:
    assert checked_path("././usr//lib/.") == "usr/lib"
