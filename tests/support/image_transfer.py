"""One pull or push of an image store, also in a process of its own, which a fault point kills.

source is what is pulled; target the name that it is pushed by.
"""

import asyncio
import os
import traceback
import warnings
from pathlib import Path

from tests.support.image_store import ImageStore, image_store

from transom import faults
from transom.engine.images.announce import AnnounceImage
from transom.engine.images.push import PushImage
from transom.engine.images.send import SendImage
from transom.images.registry import Credentials
from transom.model.reference import parse_reference


async def transfer(store: ImageStore, kind: str, source: str, target: str) -> None:
    """Do it; it can be done again after it was cut off."""
    if kind == "pull":
        reference = parse_reference(source)
        await store.pull(reference.repository, reference.tag, lambda _: None)
        return
    reference = parse_reference(target)
    announce = AnnounceImage(store.bus, store.images)
    send = SendImage(store.content, store.images, store.registries, 3)
    push = PushImage(send, store.images, store.layers, store.leases, announce)
    await push(reference.repository, reference.tag, lambda _: None, platform=None, credentials=lambda _: Credentials())


async def prepare(store: ImageStore, kind: str, source: str, target: str) -> None:
    """Bring the store to where the transfer begins."""
    if kind == "push" and store.images.find_name(target) is None:
        await transfer(store, "pull", source, "")
        reference = parse_reference(target)
        await store.tag(source, reference.repository, reference.tag)


async def _main(root: Path, point: str, kind: str, source: str, target: str) -> None:
    async with image_store(root / "data") as store:
        await prepare(store, kind, source, target)
        faults.arm(f"{point}=kill")
        await transfer(store, kind, source, target)


def killed(root: Path, point: str, kind: str, source: str, target: str) -> int:
    """Prepare and transfer in a process of its own, with the store ROOT/data; return the status that it ended with.

    A fork of this process, whose threads only read what other programs say: an interpreter costs more than a transfer.
    """
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    try:
        asyncio.run(_main(root, point, kind, source, target))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)
