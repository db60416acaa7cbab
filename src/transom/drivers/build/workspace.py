"""Workspaces on disk: `<data>/builds/<id>/` with the context, its records, and mount points for views.

They lie on the file system of the snapshots, so that a context's file can become a layer's by a link.
"""

import asyncio
import hashlib
import os
import stat
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

import msgspec

from transom.aio.complete import complete
from transom.build.workspace import Layer, Put, Source, Wanted
from transom.drivers.build.copy import Copy, Directory, copy_files, make_directory
from transom.drivers.build.digests import Record, file_digest, named_digest
from transom.drivers.build.look_up import Look, look_up
from transom.drivers.build.unpack import ContextLimits, unpack_context
from transom.errors import InvalidParameter, Unavailable
from transom.host.rootfs import Rootfs, remove_path
from transom.host.worker import Workers

P = ParamSpec("P")
T = TypeVar("T")

JOBS = ("transom.drivers.build.unpack", "transom.drivers.build.look_up", "transom.drivers.build.copy")
"""Modules that a worker should have loaded."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one context may hold at most."""

    context_bytes: int = 256 << 30
    context_entries: int = 8_000_000


async def _in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    def call() -> T:
        try:
            return work(*args, **kwargs)
        except OSError as exc:
            raise Unavailable(f"build directory: {os.strerror(exc.errno or 0)}") from exc

    return await complete(asyncio.get_running_loop().run_in_executor(None, call))


class DiskWorkspaces:
    """Makes workspaces below one directory."""

    def __init__(self, data_root: str, workers: Workers, limits: Limits | None = None) -> None:
        self._root = Path(data_root) / "builds"
        self._workers = workers
        self._limits = limits or Limits()

    async def open(self, build_id: str) -> "DiskWorkspace":
        """Make an empty workspace."""
        workspace = DiskWorkspace(self._root / build_id, self._workers, self._limits)
        await _in_thread(workspace.prepare)
        return workspace

    async def sweep(self) -> int:
        """Remove what builds of an earlier run left."""
        return await _in_thread(self._sweep)

    def _sweep(self) -> int:
        found = list(self._root.iterdir()) if self._root.is_dir() else []
        for left in found:
            remove_path(left)
        return len(found)


class DiskWorkspace:
    """One build's directory."""

    def __init__(self, path: Path, workers: Workers, limits: Limits) -> None:
        self._path = path
        self._context = path / "context"
        self._records = path / "records"
        self._own = path / "files"
        self._workers = workers
        self._limits = limits

    def prepare(self) -> None:
        """Make the directories; a context that never comes is empty."""
        for directory in (self._context, self._own, self._path / "view", self._path / "origin"):
            directory.mkdir(mode=0o700, parents=True)
        self._records.write_bytes(b"\x90")

    async def unpack(self, archive: int) -> None:
        """Make the archive the context."""
        directory = os.open(self._context, os.O_RDONLY | os.O_DIRECTORY)
        records = os.open(self._records, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            limits = ContextLimits(self._limits.context_bytes, self._limits.context_entries)
            await self._workers.run(unpack_context, limits, [archive, directory, records])
        finally:
            os.close(directory)
            os.close(records)

    async def read(self, path: str, *, limit: int) -> bytes | None:
        """Return a file of the context, None if there is none."""
        return await _in_thread(self._read, path, limit)

    def _read(self, path: str, limit: int) -> bytes | None:
        with Rootfs.at(str(self._context)) as root:
            try:
                fd = root.open(path, os.O_RDONLY | os.O_NONBLOCK)
            except (FileNotFoundError, NotADirectoryError):
                return None
        try:
            mode = os.fstat(fd).st_mode
            if not stat.S_ISREG(mode):
                raise InvalidParameter(f"read {path}: is {'a directory' if stat.S_ISDIR(mode) else 'not a file'}")
            data = os.pread(fd, limit + 1, 0)
        finally:
            os.close(fd)
        if len(data) > limit:
            raise InvalidParameter(f"{path} is longer than {limit} bytes")
        return data

    async def exclude(self, paths: Sequence[str]) -> None:
        """Take files out of the context."""
        await _in_thread(self._exclude, paths)

    def _exclude(self, paths: Sequence[str]) -> None:
        records = msgspec.msgpack.decode(self._records.read_bytes(), type=list[Record])
        with Rootfs.at(str(self._context)) as root:
            for path in paths:
                root.remove(path)
        self._records.write_bytes(msgspec.msgpack.encode([each for each in records if each.path not in paths]))

    async def write(self, name: str, data: bytes, *, mode: int = 0o644) -> Source:
        """Make a file of the workspace's own and return it as a source."""
        return await _in_thread(self._write, name, data, mode)

    def _write(self, name: str, data: bytes, mode: int) -> Source:
        path = self._new(name)
        path.write_bytes(data)
        return self._dressed(path, mode, 0, hashlib.sha256(data).hexdigest())

    def _new(self, name: str) -> Path:
        """Return a path for a file called name; each has a directory to itself."""
        directory = self._own / str(len(os.listdir(self._own)))
        directory.mkdir()
        return directory / name

    def host_path(self, source: Source) -> str:
        """Return where a file of the workspace's own lies on the host."""
        return str(self._own / source.path)

    async def save(self, name: str, pieces: AsyncIterator[bytes], *, mode: int, mtime: float) -> tuple[Source, str]:
        """Make a file of the workspace's own from pieces; return it as a source, and its content's sha256."""
        path = await _in_thread(self._new, name)
        content = hashlib.sha256()
        fd = await _in_thread(os.open, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            async for data in pieces:
                content.update(data)
                await _in_thread(_write_all, fd, data)
        finally:
            os.close(fd)
        return await _in_thread(self._dressed, path, mode, mtime, content.hexdigest()), content.hexdigest()

    def _dressed(self, path: Path, mode: int, mtime: float, content: str) -> Source:
        os.chown(path, 0, 0)
        os.chmod(path, mode)
        os.utime(path, (mtime, mtime))
        digest = "file:" + named_digest(path.name, file_digest(mode, content))
        return Source(str(path.relative_to(self._own)), path.name, False, digest)

    async def look_up(self, wanted: Wanted) -> tuple[Source, ...]:
        """Return the sources in order."""
        look = Look(
            keyword=wanted.keyword,
            sources=list(wanted.sources),
            context=str(self._context) if wanted.in_context else "",
            records=str(self._records),
            view=wanted.origin,
            mountpoint=str(self._path / "origin"),
            excludes=wanted.excludes,
            folds=wanted.folds,
        )
        return tuple(await self._workers.run(look_up, look))

    async def copy(self, layer: Layer, put: Put) -> None:
        """Copy sources into the layer."""
        root = "" if put.origin is not None else str(self._own if put.own_files else self._context)
        copy = Copy(
            upper=layer.upper,
            view=layer.view,
            mountpoint=str(self._path / "view"),
            sources=await self._listed(put.sources),
            target=put.target,
            root=root,
            origin=put.origin,
            origin_mountpoint=str(self._path / "origin"),
            owner=put.owner,
            keep_owners=put.keep_owners,
            mode=put.mode,
            unpack=put.unpack,
            links=bool(root),
            excludes=put.excludes,
            folds=put.folds,
            archive_bytes=self._limits.context_bytes,
        )
        await self._workers.run(copy_files, copy)

    async def _listed(self, sources: Sequence[Source]) -> str:
        """Write sources to a file for the worker: a pattern can mean more of them than a message carries."""
        path = self._path / "sources"
        await _in_thread(path.write_bytes, msgspec.msgpack.encode(list(sources)))
        return str(path)

    async def make_directory(self, layer: Layer, path: str, *, folds: bool) -> bool:
        """Make a directory in the layer; return False if it was there."""
        wanted = Directory(layer.upper, layer.view, str(self._path / "view"), path, folds)
        return await self._workers.run(make_directory, wanted)

    async def close(self) -> None:
        """Remove everything; repeatable."""
        await _in_thread(remove_path, self._path)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
