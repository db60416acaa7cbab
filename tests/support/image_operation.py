"""One change of an image store in a process of its own, which a fault point may kill: `image_operation.py ROOT NAME`.

ROOT holds `data` (the store) and `image.tar`; TRANSOM_FAULTS arms points before the change begins, not before the
store has been opened and prepared.
"""

import asyncio
import os
import sys
from pathlib import Path

from tests.support.image_store import ImageStore, image_store

from transom import faults
from transom.engine.images.commit import ContainerState

OPERATIONS = ("load", "commit", "consume", "remove", "stand_in", "import")


async def operate(store: ImageStore, root: Path, name: str) -> None:
    """Do one change; each can be done again after it was cut off."""
    match name:
        case "load":
            await store.load(root / "image.tar")
        case "commit" | "consume":
            await _commit(store, consume=name == "consume")
        case "remove":
            if store.images.find_name("docker.io/library/base:latest") is not None:
                await store.remove("base")
        case "stand_in":
            await store.stand_in("mcr.microsoft.com/windows/server:ltsc2022")
        case "import":
            await store.import_(root / "plain.tar", repository="imported")


async def prepare(store: ImageStore, root: Path, name: str) -> None:
    """Bring the store to where the change begins."""
    if name in {"commit", "consume", "remove"} and store.images.find_name("docker.io/library/base:latest") is None:
        await store.load(root / "image.tar")


async def _commit(store: ImageStore, *, consume: bool) -> None:
    image = store.lookup("base").image
    await store.snapshots.remove("container")
    await store.snapshots.prepare("container", image.snapshot)
    Path(await store.snapshots.upper_dir("container"), "new").write_text("new")
    if not consume:
        await store.commit(ContainerState("container", image.id, image.config.config, ["x"]), repository="new")
        return
    from dataclasses import replace

    from transom.snapshots.layers import LayerForm

    async with store.leases.lease("test") as lease:
        made = await store.commit_layer("container", image.config.diff_ids, LayerForm.POSIX, lease, consume=True)
        assert made is not None
        config = replace(image.config, diff_ids=(*image.config.diff_ids, made.diff_id))
        recorded = await store.record(config, lease, parent=image)
        await store.images.tag("docker.io/library/new:latest", recorded.manifest, recorded)


async def main(root: Path, name: str) -> None:
    """Open, prepare, arm, change."""
    async with image_store(root / "data") as store:
        await prepare(store, root, name)
        faults.arm(os.environ.get("TRANSOM_FAULTS", ""))
        await operate(store, root, name)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
