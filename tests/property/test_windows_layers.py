"""Whatever changes on drive C:, its layer is one that a Windows host imports, and means the same to it as here."""

import asyncio
import gzip
import io
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.component.images.test_diff import mounted
from tests.property.test_layers import do, steps
from tests.support.image_store import ImageStore, image_store
from tests.support.images import directory, file, layer, make, write_archive
from tests.support.windows_form import check_layer

from transom.snapshots.layers import LayerForm

pytestmark = pytest.mark.root

BASE = (
    layer(
        directory("Hives"), directory("Files"), directory("Files/a"), file("Files/a/a", "1"), directory("Files/a/b"),
        file("Files/a/b/c", "2"), directory("Files/b"), file("Files/c", "3"),
    ),
    layer(directory("Hives"), directory("Files"), directory("Files/A"), file("Files/A/.wh.a"), file("Files/A/c", "4")),
)  # fmt: skip
Tree = dict[str, tuple[str, bytes]]
"""Kind and content by path."""


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[ImageStore, asyncio.Runner]]:
    with asyncio.Runner() as runner:
        store = image_store(tmp_path / "data")
        yield runner.run(store.__aenter__()), runner
        runner.run(store.__aexit__(None, None, None))


def seen(root: Path) -> Tree:
    """Return what a program on Linux sees, by names as Windows compares them."""
    found: Tree = {}
    for path in root.rglob("*"):
        mode = path.lstat().st_mode
        kind = "link" if stat.S_ISLNK(mode) else "directory" if stat.S_ISDIR(mode) else "file"
        found[path.relative_to(root).as_posix().lower()] = (kind, path.read_bytes() if kind == "file" else b"")
    return found


def imported(below: Tree, data: bytes) -> Tree:
    """Return the tree that a Windows host shows: what the layer adds hides what is below, what it deletes is gone.

    Source: hcsshim pkg/ociwclayer/import.go, internal/wclayer/legacy.go (tombstones and pending links come last).
    """
    view, pending = dict(below), []
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = [member for member in archive if member.name.startswith("Files/")]
        for member in members:
            path, _, base = member.name.removeprefix("Files/").lower().rpartition("/")
            if base.startswith(".wh."):
                drop(view, f"{path}/{base.removeprefix('.wh.')}".lstrip("/"))
        for member in members:
            name = member.name.removeprefix("Files/").lower()
            if name.rpartition("/")[2].startswith(".wh."):
                continue
            if member.islnk():
                pending.append((name, member.linkname.removeprefix("Files/").lower()))
                continue
            if not (member.isdir() and view.get(name, ("", b""))[0] == "directory"):
                drop(view, name)
            kind = "directory" if member.isdir() else "link" if member.issym() else "file"
            content = archive.extractfile(member) if member.isreg() else None
            view[name] = (kind, content.read() if content is not None else b"")
    for name, target in pending:
        drop(view, name)
        view[name] = view[target]
    return view


def drop(view: Tree, name: str) -> None:
    for each in [each for each in view if each == name or each.startswith(name + "/")]:
        del view[each]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(rounds=st.lists(steps, min_size=1, max_size=2))
def test_layers_of_changes_mean_the_same_to_windows(
    opened: tuple[ImageStore, asyncio.Runner], tmp_path: Path, rounds: list[list[tuple[str, str, str]]]
) -> None:
    store, runner = opened

    async def run() -> None:
        for number in range(2):  # of an example that failed
            await store.snapshots.remove(f"key{number}")
        write_archive(str(tmp_path / "base.tar"), make(*BASE, names=["base"], os="windows"))
        loaded, _ = await store.load(tmp_path / "base.tar")
        below, parent = list(loaded[0].config.diff_ids), loaded[0].snapshot
        with mounted(await store.snapshots.view(parent), tmp_path) as root:
            tree = seen(root)
        async with store.leases.lease("test") as lease:
            for number, steps_ in enumerate(rounds):
                key = f"key{number}"
                await store.snapshots.prepare(key, parent)
                with mounted(await store.snapshots.mounts(key), tmp_path) as root:
                    for step in steps_:
                        do(root, step)
                    wanted = seen(root)
                made = await store.commit_layer(key, below, LayerForm.WINDOWS, lease, consume=number % 2 == 0)
                if number % 2 or made is None:
                    await store.snapshots.remove(key)
                if made is not None:
                    data = gzip.decompress(await store.content.read(made.blob.digest, limit=1 << 24))
                    check_layer(data, {f"files/{name}" for name in tree})
                    assert imported(tree, data) == wanted
                    below, parent = [*below, made.diff_id], made.snapshot
                tree = wanted
                with mounted(await store.snapshots.view(parent), tmp_path) as root:
                    assert seen(root) == wanted

    runner.run(run())
