"""Files that go to the engine and come from it: contexts, archives, the names that cp gives."""

import contextlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from transom.cli.commands.build import _from_directory
from transom.cli.commands.cp import Found, Place, _destination, _renamed, parse_place
from transom.cli.context_tar import TarWriter, walk
from transom.cli.detach_keys import Detached, KeyFilter, parse_keys
from transom.cli.errors import CliError
from transom.cli.unpack import unpack


def names_sent(directory: Path, file: str = "") -> list[str]:
    context = _from_directory(str(directory), file)
    assert context.send is not None
    data = io.BytesIO()
    context.send(lambda piece: data.write(piece) and None)
    data.seek(0)
    with tarfile.open(fileobj=data) as archive:
        return archive.getnames()


def tree(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def test_context_honours_the_ignore_file(tmp_path: Path) -> None:
    tree(tmp_path, "Dockerfile", "a", "x.log", "keep.log", "skip/inner", "deep/skip/but")
    (tmp_path / ".dockerignore").write_text("skip\n*.log\n!keep.log\nDockerfile\n.dockerignore\n")
    assert names_sent(tmp_path) == [
        ".dockerignore",
        "Dockerfile",
        "a",
        "deep",
        "keep.log",
        "deep/skip",
        "deep/skip/but",
    ]


def test_context_looks_into_ignored_directories_where_a_pattern_takes_back(tmp_path: Path) -> None:
    tree(tmp_path, "Dockerfile", "out/a", "out/keep")
    (tmp_path / ".dockerignore").write_text("out\n!out/keep\n")
    assert "out/keep" in names_sent(tmp_path) and "out/a" not in names_sent(tmp_path)


def test_dockerfile_s_own_ignore_file_wins(tmp_path: Path) -> None:
    tree(tmp_path, "build/my", "a", "b")
    (tmp_path / ".dockerignore").write_text("a\n")
    (tmp_path / "build/my.dockerignore").write_text("b\n")
    names = names_sent(tmp_path, str(tmp_path / "build/my"))
    assert "a" in names and "b" not in names


def test_dockerfile_outside_the_context_is_sent_along(tmp_path: Path) -> None:
    tree(tmp_path, "ctx/a", "elsewhere")
    names = names_sent(tmp_path / "ctx", str(tmp_path / "elsewhere"))
    assert names[0] == "a" and names[1].startswith(".dockerfile.")


def test_dockerfile_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="unable to evaluate symlinks in Dockerfile path"):
        names_sent(tmp_path)


def test_archive_keeps_links_modes_and_long_names(tmp_path: Path) -> None:
    long = "n" * 150
    tree(tmp_path, "a", f"sub/{long}/ä")
    os.link(tmp_path / "a", tmp_path / "b")
    os.symlink("a", tmp_path / "l")
    os.chmod(tmp_path / "a", 0o4750)
    data = io.BytesIO()
    writer = TarWriter(lambda piece: data.write(piece) and None, as_root=True)
    for path, name in walk(str(tmp_path), lambda _name, _directory: (False, True)):
        writer.add(path, name)
    writer.close()
    data.seek(0)
    with tarfile.open(fileobj=data) as archive:
        members = {member.name: member for member in archive}
    assert members["a"].mode == 0o4750 and (members["a"].uid, members["a"].gid) == (0, 0)
    assert members["b"].islnk() and members["b"].linkname == "a"
    assert members["l"].issym() and f"sub/{long}/ä" in members
    assert len(data.getvalue()) == writer.written


# --- unpack ---


def packed(*members: tuple[tarfile.TarInfo, bytes]) -> list[bytes]:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return [data.getvalue()]


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode = kind, target, mode
    return member


def take(pieces: list[bytes], directory: Path) -> None:
    unpack(iter(pieces), str(directory), rename=lambda name: name, keep_owner=False)


def test_unpack_writes_files_below_read_only_directories(tmp_path: Path) -> None:
    take(packed((entry("d", tarfile.DIRTYPE, mode=0o555), b""), (entry("d/f", mode=0o400), b"x")), tmp_path)
    assert (tmp_path / "d/f").read_bytes() == b"x"
    assert ((tmp_path / "d").stat().st_mode & 0o777, (tmp_path / "d/f").stat().st_mode & 0o777) == (0o555, 0o400)


@pytest.mark.parametrize(
    "members",
    [
        [(entry("l", tarfile.SYMTYPE, "../outside"), b""), (entry("l/f"), b"x")],
        [(entry("../outside/f"), b"x")],
        [(entry("/outside/f"), b"x")],
        [(entry("l", tarfile.SYMTYPE, "{absolute}"), b""), (entry("l/f"), b"x")],
    ],
)
def test_unpack_never_leaves_its_directory(tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    for member, _ in members:
        member.linkname = member.linkname.replace("{absolute}", str(outside))
    with contextlib.suppress(CliError):
        take(packed(*members), inside)
    assert list(outside.iterdir()) == []


def test_unpack_does_not_put_a_file_in_a_directory_s_place(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(CliError, match='cannot overwrite directory "d" with non-directory'):
        take(packed((entry("d"), b"x")), tmp_path)


def test_unpack_of_a_damaged_archive_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="damaged"):
        take([packed((entry("f"), b"x" * 2000))[0][:1000]], tmp_path)


# --- cp's names ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("c:/x", Place("c", "/x")),
        ("web:C:\\app\\x", Place("web", "C:\\app\\x")),
        ("/c:/x", Place("", "/c:/x")),
        ("./c:x", Place("", "./c:x")),
        ("plain", Place("", "plain")),
    ],
)
def test_place_is_read(text: str, expected: Place) -> None:
    assert parse_place(text) == expected


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("C:\\app\\x", ("C:/app", "x")),
        ("C:\\x", ("C:/", "x")),
        ("C:/app/", ("C:/", "app")),
        ("/a/b/", ("/a", "b")),
        ("/a/.", ("/", "a")),
        ("a", ("/", "a")),
    ],
)
def test_container_path_is_split(path: str, parts: tuple[str, str]) -> None:
    assert Place("c", path).split() == parts


FILE, DIRECTORY = Found(False), Found(True)


@pytest.mark.parametrize(
    ("source", "kind", "target", "there", "expected"),
    [
        ("/d", DIRECTORY, "out", DIRECTORY, ("out", "d")),
        ("/d/.", DIRECTORY, "out", DIRECTORY, ("out", "")),
        ("/d", DIRECTORY, "a/new", None, ("a", "new")),
        ("/f", FILE, "a/new", None, ("a", "new")),
        ("/f", FILE, "a/old", FILE, ("a", "old")),
    ],
)
def test_destination_follows_docker_s_rules(
    source: str, kind: Found, target: str, there: Found | None, expected: tuple[str, str]
) -> None:
    assert _destination(Place("", target), kind, Place("c", source), there) == expected


@pytest.mark.parametrize(
    ("kind", "target", "there", "text"),
    [
        (DIRECTORY, "a/old", FILE, "cannot copy directory"),
        (FILE, "a/new/", None, "no such directory"),
        (FILE, "a/old/", FILE, "not a directory"),
    ],
)
def test_destination_that_does_not_fit_is_refused(kind: Found, target: str, there: Found | None, text: str) -> None:
    with pytest.raises(CliError, match=text):
        _destination(Place("", target), kind, Place("c", "/x"), there)


def test_archive_s_top_is_renamed() -> None:
    assert _renamed("d", "d", "new") == "new"
    assert _renamed("d/d/f", "d", "new") == "new/d/f"
    assert _renamed("d/f", "d", "") == "f"
    assert _renamed("./d/f", "d", "") == "d/f"


# --- detach keys ---


def test_keys_are_read() -> None:
    assert parse_keys("ctrl-p,ctrl-q") == b"\x10\x11"
    assert parse_keys("a,ctrl-@,ctrl-\\") == b"a\x00\x1c"
    with pytest.raises(CliError, match="Unknown character: 'ctrl'"):
        parse_keys("ctrl")


def test_sequence_detaches_and_its_beginning_alone_is_typed() -> None:
    typed = KeyFilter(b"\x10\x11")
    assert typed.feed(b"ab\x10") == b"ab"
    assert typed.feed(b"c") == b"\x10c"
    assert typed.feed(b"\x10\x10") == b"\x10"
    with pytest.raises(Detached):
        typed.feed(b"\x11")
