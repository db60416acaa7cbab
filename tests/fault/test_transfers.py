"""kill -9 at every point that a pull or a push passes, for Linux images and for Windows ones: a second try works.

What a killed transfer leaves is what a second one can use; a prune takes it, and in the end nothing is there but what
the image consists of.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fault.actions import IN_TRANSFERS
from tests.support.image_store import ImageStore, image_store
from tests.support.image_transfer import killed, prepare, transfer
from tests.support.images import child_of, directory, file, layer, make
from tests.support.registry import LocalRegistry, local_registry, publish
from tests.support.windows import windows_base

pytestmark = [pytest.mark.root, pytest.mark.timeout(180)]

STORED = ("blob.written", "image.config.stored", "layer.apply.unpacked", "snapshot.commit.synced")
PULL = (
    "image.pull.chosen", "image.pull.documents", "image.pull.begun", "ingest.part_written", "image.pull.whole",
    "image.pull.fetched", "image.pull.extracted", "image.pull.layers", "image.pull.recorded", "image.pull.tagged",
    "image.pull.named", *STORED,
)  # fmt: skip
PUSH = (
    "image.push.held", "upload.begun", "upload.part", "upload.whole", "image.push.layer", "image.push.layers",
    "image.push.sent", "image.push.tagged", "image.push.recorded",
)  # fmt: skip
IMAGES = ("linux", "windows")
BASE = windows_base()
OWN = layer(directory("Files"), file("Files/app.exe", "app" * 9000), directory("Hives"))
LINUX = make(layer(file("a", "a" * 9000)), layer(file("b", "b" * 9000)), config={"Cmd": ["/a"]})


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRegistry]:
    """Return a registry that has the images, and the base that one of them is on."""
    with local_registry(tmp_path_factory.mktemp("source")) as registry:
        publish(registry, "windows/base", "1", BASE)
        publish(registry, "team/windows", "1", child_of(BASE, OWN))
        publish(registry, "team/linux", "1", LINUX)
        yield registry


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRegistry]:
    with local_registry(tmp_path_factory.mktemp("target")) as registry:
        yield registry


async def check(store: ImageStore, *, kept: bool) -> None:
    """Assert that everything on disk is recorded, and, unless some is kept for another try, an image's."""
    await store.collect()
    recorded = {str(record.number) for record in store.snapshots._records.all()}
    assert {name for name in os.listdir(store.root / "snapshots") if name != "empty"} == recorded
    images = store.images.all()
    blobs = {digest for each in images for digest in (each.id, each.manifest.digest, *(b.digest for b in each.layers))}
    missing = {digest for each in images for digest in each.missing}
    snapshots = {name for each in images for name in each.snapshots()}
    async with store.leases.collecting() as held:
        pass
    keys = {each.key for each in held}
    assert kept or not keys
    on_disk = {f"sha256:{name}" for name in os.listdir(store.root / "blobs/sha256")}
    assert blobs - missing <= on_disk <= (blobs - missing) | keys
    assert snapshots <= {record.key for record in store.snapshots._records.all()} <= snapshots | keys
    ingest = os.listdir(store.root / "ingest")
    assert all(name.endswith(".part") for name in ingest) if kept else ingest == []


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize(
    ("kind", "point"),
    [("pull", point) for point in PULL] + [("push", point) for point in PUSH],
)
def test_killed_transfer_is_done_again(
    tmp_path: Path, source: LocalRegistry, target: LocalRegistry, kind: str, point: str, image: str
) -> None:
    # A second try with what is left, and one after a prune, follow each other.
    prune = bool((number_of(point) + IMAGES.index(image)) % 2)
    repository = f"{point.replace('.', '-').replace('_', '-')}/{image}"
    names = f"{source.host}/team/{image}:1", f"{target.host}/{repository}:1"
    assert killed(tmp_path, point, kind, *names) == -signal.SIGKILL
    asyncio.run(again(tmp_path, target, kind, names, repository, prune=prune))


async def again(
    root: Path, target: LocalRegistry, kind: str, names: tuple[str, str], repository: str, *, prune: bool
) -> None:
    """Look at what a killed transfer left, and do it again, with that or after it was pruned."""
    async with image_store(root / "data") as store:
        await check(store, kept=True)
        if prune:
            await store.prune({})
            await check(store, kept=False)
        await prepare(store, kind, *names)
        await transfer(store, kind, *names)
        await check(store, kept=False)
        (found,) = store.images.all()
        assert found.base_layers == (1 if repository.endswith("windows") else 0)
        if kind == "push":
            assert target.get(f"{repository}/manifests/1")[1]["docker-content-digest"] == found.manifest.digest
            assert target.blobs(repository) == {found.id, *(each.digest for each in found.layers)}


def test_points_that_others_leave_to_these_tests_are_here() -> None:
    assert set(IN_TRANSFERS) <= {*PULL, *PUSH}


def number_of(point: str) -> int:
    return [*PULL, *PUSH].index(point)
