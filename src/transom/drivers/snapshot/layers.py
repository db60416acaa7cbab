"""Layers on overlay snapshots: each job runs in a worker on the directories that the snapshotter names."""

import os
from collections.abc import Callable, Sequence

from transom import faults
from transom.aio.finish import UndoStack
from transom.aio.locks import KeyedLock
from transom.drivers.snapshot.overlay import EXTRACT, OverlaySnapshotter, in_thread
from transom.drivers.snapshot.unpack import Unpack, unpack
from transom.host.worker import Workers
from transom.model.ids import Digest
from transom.snapshots.layers import Applied, LayerForm, LayerRegistry
from transom.snapshots.snapshotter import Usage

_UNPACKED = faults.declare("layer.apply.unpacked", "a layer is unpacked, its snapshot not committed")

MODULES = (
    "transom.drivers.snapshot.unpack",
    "transom.drivers.snapshot.disk",
)
"""What a worker loads before it forks."""


class OverlayLayers:
    """The Layers of an OverlaySnapshotter.

    windows_bases: returns the host directories of drive C: of the Windows bases at hand, the preferred one first; a
    Windows layer takes over the spelling of what the base has.
    """

    def __init__(
        self, snapshots: OverlaySnapshotter, workers: Workers, windows_bases: Callable[[], Sequence[str]] = tuple
    ) -> None:
        self._snapshots = snapshots
        self._workers = workers
        self._windows_bases = windows_bases
        self._locks = KeyedLock()

    async def apply(
        self,
        name: str,
        parent: str,
        layer: int,
        form: LayerForm,
        on_progress: Callable[[int], None] | None = None,
    ) -> Applied:
        """Make committed snapshot name of parent and the tar behind descriptor layer."""
        async with self._locks(name), UndoStack() as undo:
            if await self._snapshots.exists(name):
                usage = await self._snapshots.usage(name)
                return Applied(Digest(""), usage.size_bytes, usage.inodes)
            key = EXTRACT + name
            await self._snapshots.prepare(key, parent)
            undo.push(self._snapshots.remove, key)
            lowers = self._lowers(parent, form)
            side = self._snapshots.side_dir(key)
            target_fd, side_fd = await in_thread(_open_pair, side)
            try:
                found = await self._workers.run(unpack, Unpack(form, lowers), (layer, target_fd, side_fd), on_progress)
            finally:
                os.close(target_fd)
                os.close(side_fd)
            faults.point(_UNPACKED)
            await self._snapshots.commit_measured(name, key, Usage(found.size_bytes, found.inodes))
            undo.keep()
        return Applied(Digest(found.diff_id), found.size_bytes, found.inodes, found.warnings)

    async def registry(self, name: str) -> Sequence[LayerRegistry]:
        """Return the registry parts of committed name's chain, lowest first."""
        return await self._snapshots.registry(name)

    def _lowers(self, parent: str, form: LayerForm) -> tuple[str, ...]:
        below = self._snapshots.lowers(parent)
        return (*below, *self._windows_bases()[:1]) if form is LayerForm.WINDOWS else below


def _open_pair(side: str) -> tuple[int, int]:
    """Return descriptors of a snapshot's tree and of the directory around it."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    side_fd = os.open(side, flags)
    try:
        return os.open("fs", flags, dir_fd=side_fd), side_fd
    except BaseException:
        os.close(side_fd)
        raise
