"""Programs compiled from Debian's sources: what is kept of them, and what their archives may hold."""

import io
import tarfile
from pathlib import Path

import pytest

from transom.drivers.exec.wine.base import ports
from transom.drivers.exec.wine.base.archive import SourcePackage
from transom.errors import InvalidParameter


def archive(path: Path, files: dict[str, str], *links: tuple[str, str]) -> str:
    with tarfile.open(path, "w:xz") as made:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content.encode()))
        for name, target in links:
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            made.addfile(link)
    return str(path)


def fetched(*files: tuple[str, str]) -> tuple[ports.Fetched]:
    return (ports.Fetched(SourcePackage("tool", "1-1", ()), files),)


def test_upstreams_and_debians_archives_make_one_tree(tmp_path: Path) -> None:
    debian = archive(tmp_path / "one", {"debian/patches/series": "", "debian/copyright": "all rights"})
    upstream = archive(tmp_path / "two", {"tool-1/lib/a.c": "int a;", "tool-1/debian/copyright": "old"})

    ports.unpack(fetched(("tool_1-1.debian.tar.xz", debian), ("tool_1.orig.tar.xz", upstream)), tmp_path / "top")

    assert (tmp_path / "top/tool/lib/a.c").read_text() == "int a;"
    assert (tmp_path / "top/tool/debian/copyright").read_text() == "all rights"


@pytest.mark.parametrize("name", ["tool-1/../../../x", "tool-1/a/../../../../x", "tool-1//x/../../../y"])
def test_archive_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    hostile = archive(tmp_path / "one", {name: "x"})

    with pytest.raises(InvalidParameter, match="unexpected entry"):
        ports.unpack(fetched(("tool_1.orig.tar.xz", hostile)), tmp_path / "a" / "b" / "top")

    assert sorted(each.name for each in tmp_path.iterdir()) == ["one"]


def test_links_are_left_out(tmp_path: Path) -> None:
    made = archive(tmp_path / "one", {"tool-1/a.c": "int a;"}, ("tool-1/b.c", "/etc/passwd"))

    ports.unpack(fetched(("tool_1.orig.tar.xz", made)), tmp_path / "top")

    assert [each.name for each in (tmp_path / "top/tool").iterdir()] == ["a.c"]


def test_damaged_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"no archive")

    with pytest.raises(InvalidParameter, match="one is damaged"):
        ports.unpack(fetched(("tool_1.orig.tar.xz", str(tmp_path / "one"))), tmp_path / "top")


def test_what_was_made_is_found_again_and_half_of_it_is_not(tmp_path: Path) -> None:
    files = {"curl.exe": b"MZ" * 1000, "curl-license.txt": b"text"}

    assert ports.kept(tmp_path, "name") is None
    ports.keep(tmp_path, "name", files)
    assert ports.kept(tmp_path, "name") == files
    whole = (tmp_path / "name.zip").read_bytes()
    (tmp_path / "name.zip").write_bytes(whole[: len(whole) // 2])
    assert ports.kept(tmp_path, "name") is None
