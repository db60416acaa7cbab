"""Layers on overlay snapshots: each job runs in a worker on the directories that the snapshotter names."""

import os
from collections.abc import Callable, Collection, Sequence

from transom import faults
from transom.aio.finish import UndoStack
from transom.aio.locks import KeyedLock
from transom.drivers.snapshot.diff import Diff, changes, diff
from transom.drivers.snapshot.overlay import EXTRACT, OverlaySnapshotter, in_thread
from transom.drivers.snapshot.unpack import Unpack, unpack
from transom.errors import InvalidParameter
from transom.host.worker import Workers
from transom.model.ids import Digest
from transom.snapshots.layers import Applied, Change, ChangeKind, LayerForm, LayerRegistry, Written
from transom.snapshots.snapshotter import Usage

_UNPACKED = faults.declare("layer.apply.unpacked", "a layer is unpacked, its snapshot not committed")

MODULES = (
    "transom.drivers.snapshot.unpack",
    "transom.drivers.snapshot.diff",
    "transom.drivers.snapshot.disk",
    "transom.drivers.snapshot.archives",
    "transom.drivers.snapshot.files",
)
"""What a worker loads before it forks."""


class OverlayLayers:
    """The Layers of an OverlaySnapshotter.

    windows_drive: returns the host directory of a Windows base's drive C:, by the base's digest, empty for the
    preferred one; empty where there is none. A Windows layer takes over the spelling of what the base has.
    """

    def __init__(
        self, snapshots: OverlaySnapshotter, workers: Workers, windows_drive: Callable[[str], str] = lambda _: ""
    ) -> None:
        self._snapshots = snapshots
        self._workers = workers
        self._windows_drive = windows_drive
        self._locks = KeyedLock()

    async def apply(
        self,
        name: str,
        parent: str,
        layer: int,
        form: LayerForm,
        *,
        diff_id: str = "",
        base: str = "",
        news: int = -1,
        on_progress: Callable[[int], None] | None = None,
    ) -> Applied:
        """Make committed snapshot name of parent and the tar behind descriptor layer."""
        async with self._locks(name), UndoStack() as undo:
            if await self._snapshots.exists(name):
                usage = await self._snapshots.usage(name)
                return Applied(Digest(diff_id), usage.size_bytes, usage.inodes)
            key = EXTRACT + name
            await self._snapshots.prepare(key, parent)
            undo.push(self._snapshots.remove, key)
            lowers = await in_thread(self._lowers, parent, form, base)
            side = self._snapshots.side_dir(key)
            target_fd, side_fd = await in_thread(_open_pair, side)
            try:
                fds = (layer, target_fd, side_fd, *([news] if news >= 0 else []))
                found = await self._workers.run(unpack, Unpack(form, lowers), fds, on_progress)
            finally:
                os.close(target_fd)
                os.close(side_fd)
            if diff_id and found.diff_id != diff_id:
                raise InvalidParameter(f"invalid diffID for layer: expected {diff_id!r}, got {found.diff_id!r}")
            faults.point(_UNPACKED)
            await self._snapshots.commit_measured(name, key, Usage(found.size_bytes, found.inodes))
            undo.keep()
        return Applied(Digest(found.diff_id), found.size_bytes, found.inodes, found.warnings)

    async def diff(
        self,
        key: str,
        form: LayerForm,
        target: int,
        registry: bytes = b"",
        mount_points: Collection[str] = (),
        base: str = "",
    ) -> Written:
        """Write the changes of active key into descriptor target as a layer."""
        arguments = await self._compared(key, form, mount_points, base, registry)
        found = await self._workers.run(diff, arguments, (target,))
        return Written(
            Digest(found.diff_id),
            Digest(found.digest),
            found.size_bytes,
            found.entries,
            found.unpacked_bytes,
            found.renamed,
        )

    async def changes(
        self, key: str, form: LayerForm, mount_points: Collection[str] = (), base: str = ""
    ) -> Sequence[Change]:
        """Return what active key adds, changes and deletes, in order of the paths."""
        found = await self._workers.run(changes, await self._compared(key, form, mount_points, base))
        return [Change("/" + path, ChangeKind(kind)) for path, kind in found]

    async def commit(self, name: str, key: str, written: Written, registry: bytes = b"") -> None:
        """Turn active key, written as a layer, into committed name with registry beside it."""
        if registry:
            await in_thread(write_file, os.path.join(self._snapshots.side_dir(key), "registry"), registry)
        await self._snapshots.commit_measured(name, key, Usage(written.unpacked_bytes, written.entries))

    async def registry(self, name: str) -> Sequence[LayerRegistry]:
        """Return the registry parts of committed name's chain, lowest first."""
        return await self._snapshots.registry(name)

    async def _compared(
        self, key: str, form: LayerForm, mount_points: Collection[str], base: str, registry: bytes = b""
    ) -> Diff:
        upper = await self._snapshots.upper_dir(key)
        lowers = await in_thread(self._lowers, await self._snapshots.parent(key), form, base)
        points = tuple(sorted(point.strip("/") for point in mount_points))
        return Diff(form, upper, lowers, self._snapshots.empty_dir, registry, points)

    def _lowers(self, parent: str, form: LayerForm, base: str) -> tuple[str, ...]:
        below = self._snapshots.lowers(parent)
        drive = self._windows_drive(base) if form is LayerForm.WINDOWS else ""
        return (*below, drive) if drive else below


def write_file(path: str, data: bytes) -> None:
    """Write a file that nobody reads before its snapshot is committed, which syncs it."""
    with open(path, "wb") as file:
        file.write(data)


def _open_pair(side: str) -> tuple[int, int]:
    """Return descriptors of a snapshot's tree and of the directory around it."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    side_fd = os.open(side, flags)
    try:
        return os.open("fs", flags, dir_fd=side_fd), side_fd
    except BaseException:
        os.close(side_fd)
        raise
