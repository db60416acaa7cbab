"""The Snapshotter on overlayfs.

`<data>/snapshots/<number>/` holds `fs` (the layer in overlayfs' form), `work` while the snapshot is active, and for
Windows `registry` or `registry.hives`. The record is written before the directory is made and deleted after it is
gone, so a directory without a record, or a record without a directory, is what a crash left; `recover` removes either.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from transom import faults
from transom.aio.complete import complete
from transom.aio.finish import UndoStack
from transom.aio.locks import KeyedLock
from transom.drivers.snapshot.disk import RemoveTree, Tree, measure, remove_little, remove_trees, sync_file_system
from transom.errors import Conflict, NotFound, Unavailable
from transom.host.disk import spread_below
from transom.host.worker import Workers
from transom.model.mount import Mount, MountKind
from transom.snapshots.layers import LayerRegistry
from transom.snapshots.records import SnapshotRecord, SnapshotRecords, SnapshotState
from transom.snapshots.snapshotter import Usage

P = ParamSpec("P")
T = TypeVar("T")

_RECORDED = faults.declare("snapshot.prepare.recorded", "an active snapshot is recorded, its directory not made")
_MADE = faults.declare("snapshot.prepare.made", "an active snapshot's directory is made")
_SYNCED = faults.declare("snapshot.commit.synced", "a snapshot's files are synced, the commit not recorded")
_REMOVING = faults.declare("snapshot.remove.recorded", "a snapshot's removal is recorded, its files are there")
_GONE = faults.declare("snapshot.remove.gone", "a snapshot's files are gone, its record is there")

EXTRACT = "extract-"
"""Prefix of the keys under which layers are unpacked; none of them outlives a restart."""

OPTIONS = ("redirect_dir=on", "metacopy=off", "index=off")
"""Windows programs rename directories of lower layers and expect no EXDEV; the diff reads redirects."""


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run work in a thread to its end; what the file system refuses becomes Unavailable."""

    def call() -> T:
        try:
            return work(*args, **kwargs)
        except OSError as exc:
            raise Unavailable(f"snapshots: {os.strerror(exc.errno or 0)}: {exc.filename or ''}") from exc

    return await complete(asyncio.get_running_loop().run_in_executor(None, call))


class OverlaySnapshotter:
    """Snapshots as stacks of directories that overlayfs joins."""

    def __init__(self, data_root: str, records: SnapshotRecords, workers: Workers) -> None:
        """Use snapshots/ below data_root; it is made if missing."""
        self._root = os.path.join(data_root, "snapshots")
        self.empty_dir = os.path.join(self._root, "empty")
        self._records = records
        self._workers = workers
        self._commits = KeyedLock()
        self._unfinished: list[SnapshotRecord] = []
        os.makedirs(self.empty_dir, mode=0o755, exist_ok=True)
        os.chmod(self._root, 0o711)

    async def recover(self) -> int:
        """Remove what a crash left half-made; return how many snapshots that were. For the boot."""
        found = await in_thread(self._directories)
        records = self._records.all()
        by_number = {record.number: record for record in records}
        strays = [number for number in found if number not in by_number]
        await self._remove_directories(strays)
        broken = [
            record
            for record in records
            if record.state is SnapshotState.REMOVING or record.number not in found or record.key.startswith(EXTRACT)
        ]
        for record in broken:
            await self._remove(record)
        return len(strays) + len(broken)

    async def prepare(self, key: str, parent: str) -> None:
        """Make a writable snapshot on top of parent."""
        if parent:
            self._committed(parent)
        record = await self._records.add(key, parent)
        async with UndoStack() as undo:
            undo.push(self._remove, record)
            faults.point(_RECORDED)
            await in_thread(self._make, record.number, spread=key.startswith(EXTRACT))
            faults.point(_MADE)
            undo.keep()

    async def mounts(self, key: str) -> Mount:
        """Return key's root as a Mount. A bind carries upper and work too, for a driver that adds layers below."""
        record = self._find(key)
        if record.state is not SnapshotState.ACTIVE:
            raise Conflict(f"snapshot {key} is not active")
        upper, work = self._path(record, "fs"), self._path(record, "work")
        lowers = self.lowers(record.parent)
        if not lowers:
            return Mount(MountKind.BIND, source=upper, upper=upper, work=work)
        return Mount(MountKind.OVERLAY, lowers=lowers, upper=upper, work=work, options=OPTIONS)

    async def view(self, parent: str) -> Mount:
        """Return a read-only root of a committed snapshot; empty names the empty one."""
        lowers = self.lowers(parent) or (self.empty_dir,)
        if len(lowers) == 1:
            return Mount(MountKind.BIND, source=lowers[0], lowers=lowers, readonly=True)
        return Mount(MountKind.OVERLAY, lowers=lowers, readonly=True, options=OPTIONS)

    async def upper_dir(self, key: str) -> str:
        """Return the host directory that receives key's changes."""
        return self._path(self._find(key), "fs")

    async def commit(self, name: str, key: str) -> None:
        """Turn active key into committed name."""
        record = self._find(key)
        tree = await self._workers.run(measure, Tree(self._path(record, "fs")))
        await self.commit_measured(name, key, Usage(tree.size_bytes, tree.inodes))

    async def commit_measured(self, name: str, key: str, usage: Usage) -> None:
        """Commit as `commit` does, without counting again what the caller has counted."""
        async with self._commits(name):  # two builds may make the same layer at the same time
            await self._commit_measured(name, key, usage)

    async def _commit_measured(self, name: str, key: str, usage: Usage) -> None:
        record = self._find(key)
        if record.state is not SnapshotState.ACTIVE:
            raise Conflict(f"snapshot {key} is not active")
        if await self.exists(name):
            await self._remove(record)
            return
        await in_thread(sync_file_system, self._path(record, "fs"))
        faults.point(_SYNCED)
        await self._records.commit(record, name, usage.size_bytes, usage.inodes)
        await in_thread(_drop_work, self._path(record, "work"))

    async def exists(self, name: str) -> bool:
        """Tell whether a committed snapshot has this name."""
        record = self._records.find(name)
        return record is not None and record.state is SnapshotState.COMMITTED

    async def usage(self, key: str) -> Usage:
        """Return what key occupies, without its parents; an active one is counted anew."""
        record = self._find(key)
        if record.size_bytes >= 0:
            return Usage(record.size_bytes, record.inodes)
        tree = await self._workers.run(measure, Tree(self._path(record, "fs")))
        return Usage(tree.size_bytes, tree.inodes)

    async def remove(self, key: str) -> None:
        """Remove a snapshot; one that is not there is no error, one with children a Conflict."""
        unfinished, self._unfinished = self._unfinished, []
        for earlier in unfinished:
            with contextlib.suppress(Unavailable, OSError):
                await self._remove(earlier)
        record = self._records.find(key)
        if record is None:
            return
        if self._records.has_children(key):
            raise Conflict(f"cannot remove snapshot {key}: it has children")
        await self._remove(record)

    async def chain_usage(self, name: str) -> Usage:
        """Return what a committed snapshot and all its parents occupy."""
        usages = [await self.usage(record.key) for record in self._chain(name)]
        return Usage(sum(each.size_bytes for each in usages), sum(each.inodes for each in usages))

    async def list(self) -> Sequence[str]:
        """Return every key and name."""
        return [record.key for record in self._records.all()]

    async def registry(self, name: str) -> Sequence[LayerRegistry]:
        """Return the registry parts of name's chain, lowest first."""
        chain = self._chain(name)
        return await in_thread(self._registry, chain)

    def side_dir(self, key: str) -> str:
        """Return the host directory that holds a snapshot's fs and registry."""
        return self._path(self._find(key), "")

    def lowers(self, name: str) -> tuple[str, ...]:
        """Return the host directories of committed name's chain, topmost first."""
        return tuple(self._path(record, "fs") for record in self._chain(name))

    async def parent(self, key: str) -> str:
        """Return the name of key's parent, empty for none."""
        return self._find(key).parent

    def _chain(self, name: str) -> Sequence[SnapshotRecord]:
        chain = []
        while name:
            record = self._committed(name)
            chain.append(record)
            name = record.parent
        return chain

    def _find(self, key: str) -> SnapshotRecord:
        record = self._records.find(key)
        if record is None or record.state is SnapshotState.REMOVING:
            raise NotFound(f"snapshot {key} does not exist")
        return record

    def _committed(self, name: str) -> SnapshotRecord:
        record = self._find(name)
        if record.state is not SnapshotState.COMMITTED:
            raise NotFound(f"snapshot {name} is not committed")
        return record

    def _path(self, record: SnapshotRecord, part: str) -> str:
        return os.path.join(self._root, str(record.number), part)

    def _make(self, number: int, *, spread: bool) -> None:
        """Make a snapshot's directories; spread: for a layer, which may hold many files."""
        directory = os.path.join(self._root, str(number))
        os.mkdir(directory, 0o711)
        if spread:
            spread_below(directory)
        for part, mode in (("fs", 0o755), ("work", 0o711)):
            os.mkdir(os.path.join(directory, part), mode)
        os.chmod(os.path.join(directory, "fs"), 0o755)  # whatever the umask is: it becomes the container's root

    def _directories(self) -> set[int]:
        return {int(name) for name in os.listdir(self._root) if name.isdecimal()}

    def _registry(self, chain: Sequence[SnapshotRecord]) -> Sequence[LayerRegistry]:
        found = []
        for record in reversed(chain):
            for name, from_hives in (("registry", False), ("registry.hives", True)):
                delta = self._path(record, name)
                if os.path.exists(delta):
                    found.append(LayerRegistry(delta, from_hives))
        return found

    async def _remove(self, record: SnapshotRecord) -> None:
        """Record the removal, then remove the files, then forget the record; a crash between is taken up at boot."""
        if record.state is not SnapshotState.REMOVING:
            record = await self._records.mark_removing(record)
        try:
            faults.point(_REMOVING)
            await self._remove_directories([record.number])
            faults.point(_GONE)
            await self._records.delete(record)
        except BaseException:
            self._unfinished.append(record)  # taken up again with the next removal, at the latest at boot
            raise

    async def _remove_directories(self, numbers: Sequence[int]) -> None:
        many = [str(number) for number in numbers if not await in_thread(remove_little, self._root, str(number))]
        if many:
            await self._workers.run(remove_trees, RemoveTree(self._root, tuple(many)))


def _drop_work(path: str) -> None:
    """Remove overlayfs' work directory; it is of no use any more, so a failure is none."""
    with contextlib.suppress(OSError):
        remove_little(os.path.dirname(path), os.path.basename(path))
