"""No layer, whatever its members are called and lead to, touches anything but its own directory."""

import asyncio
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from tests.support.image_store import ImageStore, image_store
from tests.support.images import Member, layer, make, write_archive

from transom.errors import TransomError

pytestmark = pytest.mark.root

KINDS = (tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE)
OUTSIDE = "{outside}"
"""Stands for the path of what must not change."""
parts = st.sampled_from(["a", "b", "..", ".", "", ".wh.a", ".wh..wh..opq", ".wh...", "A", "C:", "a:b", "\\..", "con"])
paths = st.lists(parts, min_size=1, max_size=4).map("/".join)
targets = paths | st.sampled_from(
    ["/", "..", "../../../../../../..", OUTSIDE, f"{OUTSIDE}/kept", "C:\\..\\..", "\\\\?\\unix\\etc", "/proc/self/root",
     "/proc/self/fd/3", "Files/../../kept", "UtilityVM/../../kept"]
)  # fmt: skip
names = paths | st.sampled_from([OUTSIDE, f"{OUTSIDE}/new", "/", "/a", "//a", "./a", "a/", "a\n", "ä/ß"])
members = st.builds(
    Member,
    name=names,
    data=st.just(b""),
    kind=st.sampled_from(KINDS),
    mode=st.sampled_from([0o644, 0o4777, 0]),
    link=targets,
    device=st.sampled_from([(0, 0), (1, 3), (8, 0)]),
)
layers = st.lists(members, min_size=1, max_size=8)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[ImageStore, asyncio.Runner]]:
    with asyncio.Runner() as runner:
        store = image_store(tmp_path / "data")
        yield runner.run(store.__aenter__()), runner
        runner.run(store.__aexit__(None, None, None))


def described(root: Path) -> list[tuple[object, ...]]:
    """Return everything of what must not change, its times among it."""
    found = []
    for path in sorted([root, *root.rglob("*")]):
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        facts = (status.st_ino, status.st_mode, status.st_nlink, status.st_mtime_ns, status.st_ctime_ns)
        found.append((str(path), *facts, content, tuple(os.listxattr(path, follow_symlinks=False))))
    return found


def placed(member: Member, outside: Path, prefix: str) -> Member:
    """Return member with the real path in it, below prefix, as Windows layers have it, unless it is absolute."""
    name, link = (text.replace(OUTSIDE, str(outside)) for text in (member.name, member.link))
    if prefix:
        name = name if name.startswith("/") else f"{prefix}/{name}"
        link = f"{prefix}/{link}" if member.kind == tarfile.LNKTYPE else link
    return Member(name, b"evil" if member.kind == tarfile.REGTYPE else b"", member.kind, member.mode, link=link,
                  device=member.device)  # fmt: skip


@pytest.mark.parametrize("os_", ["linux", "windows"])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(stack=st.lists(layers, min_size=1, max_size=2))
def test_layers_stay_inside(
    opened: tuple[ImageStore, asyncio.Runner], tmp_path: Path, os_: str, stack: list[list[Member]]
) -> None:
    store, runner = opened
    outside = tmp_path / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "kept").write_text("untouched")
    prefix = "Files" if os_ == "windows" else ""
    made = make(*(layer(*(placed(each, outside, prefix) for each in one)) for one in stack), names=["evil"], os=os_)
    write_archive(str(tmp_path / "x.tar"), made)
    before, beside = described(outside), sorted(os.listdir(tmp_path))
    slash = sorted(os.listdir("/"))

    async def load() -> None:
        try:
            await store.load(tmp_path / "x.tar")
        except TransomError as exc:
            event(type(exc).__name__)
            assert store.images.all() == []
        else:
            event("unpacked")
            await store.remove("evil", force=True)
        await store.collect()
        assert store.leftovers() == []

    runner.run(load())
    assert described(outside) == before
    assert sorted(os.listdir(tmp_path)) == beside
    assert sorted(os.listdir("/")) == slash
