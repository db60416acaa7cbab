"""apply(diff(a, b), a) = b, on real overlay mounts: whatever a program does to a tree, its layer says."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.component.images.test_diff import describe, mounted
from tests.support.image_store import ImageStore, image_store
from tests.support.images import directory, file, layer, make, symlink, write_archive

from transom.snapshots.layers import LayerForm

pytestmark = pytest.mark.root

NAMES = ("a", "b", "c")
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
steps = st.lists(
    st.tuples(st.sampled_from(["write", "mkdir", "delete", "rename", "symlink", "link", "chmod"]), paths, paths),
    min_size=1,
    max_size=12,
)


def do(root: Path, step: tuple[str, str, str]) -> None:
    """Do one step as far as the tree allows."""
    kind, first, second = step
    with contextlib.suppress(OSError):
        match kind:
            case "write":
                (root / first).write_text(second)
            case "mkdir":
                (root / first).mkdir()
            case "delete":
                if (root / first).is_dir() and not (root / first).is_symlink():
                    shutil.rmtree(root / first)
                else:
                    (root / first).unlink()
            case "rename":
                os.rename(root / first, root / second)
            case "symlink":
                (root / first).symlink_to(second)
            case "link":
                os.link(root / first, root / second, follow_symlinks=False)
            case "chmod":
                os.chmod(root / first, 0o711 if len(second) > 1 else 0o640)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[tuple[ImageStore, asyncio.Runner]]:
    with asyncio.Runner() as runner:
        opened = image_store(tmp_path / "data")
        yield runner.run(opened.__aenter__()), runner
        runner.run(opened.__aexit__(None, None, None))


BASE = (
    layer(directory("a"), file("a/a", "1"), directory("a/b"), file("a/b/c", "2"), directory("b"), file("c", "3")),
    layer(directory("a"), file("a/.wh.a"), file("a/c", "4"), directory("b/c"), file("b/c/a"), symlink("b/a", "../c")),
)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(steps, min_size=1, max_size=3))
def test_layers_of_changes_give_the_tree_again(
    store: tuple[ImageStore, asyncio.Runner], tmp_path: Path, rounds: list[list[tuple[str, str, str]]]
) -> None:
    images, runner = store

    async def run() -> None:
        for number in range(3):  # of an example that failed
            await images.snapshots.remove(f"key{number}")
        write_archive(str(tmp_path / "base.tar"), make(*BASE, names=["base"]))
        loaded, _ = await images.load(tmp_path / "base.tar")
        below, parent = list(loaded[0].config.diff_ids), loaded[0].snapshot
        async with images.leases.lease("test") as lease:
            for number, steps_ in enumerate(rounds):
                key = f"key{number}"
                await images.snapshots.prepare(key, parent)
                with mounted(await images.snapshots.mounts(key), tmp_path) as root:
                    for step in steps_:
                        do(root, step)
                    wanted = describe(root)
                made = await images.commit_layer(key, below, LayerForm.POSIX, lease, consume=number % 2 == 0)
                if number % 2 or made is None:
                    await images.snapshots.remove(key)
                if made is not None:
                    below, parent = [*below, made.diff_id], made.snapshot
                with mounted(await images.snapshots.view(parent), tmp_path) as root:
                    assert describe(root) == wanted

    runner.run(run())
