"""kill -9 and a full disk at every fault point of images: nothing is left without a record, and the change works."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.image_operation import OPERATIONS, operate, prepare
from tests.support.image_store import ImageStore, image_store
from tests.support.images import file, layer, make, write_archive

from transom import faults
from transom.errors import Unavailable

pytestmark = pytest.mark.root

NEED_A_REGISTRY = ("image.pull.", "image.push.", "image.rebase.")
"""Points that no operation here passes; test_every_point.py has them."""
POINTS = sorted(
    name
    for name in faults.POINTS
    if name.startswith(("blob.", "snapshot.", "layer.", "image.")) and not name.startswith(NEED_A_REGISTRY)
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_archive(str(tmp_path / "image.tar"), make(layer(file("a", "a")), layer(file("b", "b")), names=["base"]))
    (tmp_path / "plain.tar").write_bytes(layer(file("p", "p")))
    return tmp_path


async def check(store: ImageStore) -> None:
    """Assert that what is on disk is what is recorded."""
    await store.snapshots.remove("container")  # as the engine does with a container that has no record
    await store.collect()
    recorded = {str(record.number) for record in store.snapshots._records.all()}
    on_disk = {name for name in os.listdir(store.root / "snapshots") if name != "empty"}
    assert on_disk == recorded
    wanted = {
        digest.removeprefix("sha256:")
        for image in store.images.all()
        for digest in (image.id, image.manifest.digest, *(blob.digest for blob in image.layers))
    }
    assert set(os.listdir(store.root / "blobs/sha256")) == wanted
    assert os.listdir(store.root / "ingest") == []
    for image in store.images.all():
        for name in image.snapshots():
            assert await store.snapshots.exists(name)
    assert not [record for record in store.snapshots._records.all() if record.key.startswith(("extract", "removing"))]


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_killed_at_every_point_then_done_again(root: Path, operation: str) -> None:
    reached = 0
    for point in POINTS:
        for term in ("kill", "1*off->kill") if operation == "load" else ("kill",):
            ended = subprocess.run(
                [sys.executable, "-m", "tests.support.image_operation", str(root), operation],
                env={**os.environ, "TRANSOM_FAULTS": f"{point}={term}", "PYTHONPATH": os.pathsep.join(sys.path)},
                check=False,
                capture_output=True,
                text=True,
            )
            if ended.returncode == 0:
                break  # this operation does not pass the point that often
            assert ended.returncode == -signal.SIGKILL, ended.stderr
            reached += 1
            async with image_store(root / "data") as store:
                await check(store)
                await prepare(store, root, operation)
                await operate(store, root, operation)
                await check(store)
    assert reached


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_full_disk_at_every_point_leaves_nothing(root: Path, operation: str) -> None:
    for point in POINTS:
        async with image_store(root / "data") as store:
            await prepare(store, root, operation)
            faults.arm(f"{point}=error(ENOSPC)")
            try:
                await operate(store, root, operation)
            except (Unavailable, OSError):
                pass
            finally:
                faults._armed.clear()
            await store.snapshots.recover()
            await check(store)
            await operate(store, root, operation)
            await check(store)
