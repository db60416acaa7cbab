"""Bases on disk: `<data root>/bases/<digest's hex>/{manifest.json,linux/,c/,registry/}`.

A directory whose name starts with a dot is one that is being made or removed; sweep clears what a killed engine left.
"""

import asyncio
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from transom import faults
from transom.drivers.exec.wine.base import manifest
from transom.drivers.exec.wine.base.digest import tree_digest
from transom.drivers.exec.wine.base.packing import MANIFEST, read_archive, write_archive
from transom.drivers.exec.wine.base.tree import normalise
from transom.errors import InvalidParameter, NotFound
from transom.execution.bases import BaseInfo, BaseProgress, Progress
from transom.host.disk import sync_directory, sync_filesystem
from transom.model.digest import hex_of
from transom.model.ids import Digest

NO_BASE = "there is no Windows base yet: `transom base build` makes one in about a minute"
_MADE = faults.declare("base_store.made", "a base is complete in a directory that no one looks into")
_MOVED = faults.declare("base_store.moved", "a base is in its place")
_HIDDEN = faults.declare("base_remove.hidden", "a base is out of its place, its files are still there")


@dataclass(frozen=True, slots=True)
class DiskBaseStore:
    """Implements BaseStore below one directory."""

    directory: Path

    @property
    def cache(self) -> Path:
        """Where downloaded packages are kept."""
        return self.directory / "cache"

    def path(self, digest: str) -> Path:
        """Return a base's directory, there or not."""
        return self.directory / hex_of(digest)

    def _all(self) -> list[BaseInfo]:
        found = []
        for path in self.directory.glob("[0-9a-f]*/" + MANIFEST):
            with suppress(InvalidParameter, FileNotFoundError):
                found.append(manifest.load(path.read_bytes()))
        return sorted(found, key=lambda info: (info.created_at, info.digest), reverse=True)

    async def get(self, ref: str) -> BaseInfo:
        """Return the base that ref names."""
        return await asyncio.to_thread(self.find, ref)

    def find(self, ref: str) -> BaseInfo:
        """Do get without a loop."""
        if len(hex_of(ref)) == 64:
            with suppress(FileNotFoundError):
                return manifest.load((self.path(ref) / MANIFEST).read_bytes())
        bases = self._all()
        found = [info for info in bases if hex_of(info.digest).startswith(hex_of(ref))] if ref else bases[:1]
        if not found:
            raise NotFound(f"No such Windows base: {ref}" if ref else NO_BASE)
        if len(found) > 1:
            raise InvalidParameter(f"{ref} is the start of more than one Windows base's digest")
        return found[0]

    async def remove(self, digest: Digest) -> None:
        """Take a base out of its place, then remove its files."""
        hidden = self.directory / f".removed-{secrets.token_hex(8)}"
        try:
            self.path(digest).rename(hidden)
        except FileNotFoundError:
            raise NotFound(f"No such Windows base: {digest}") from None
        faults.point(_HIDDEN)
        await asyncio.to_thread(shutil.rmtree, hidden)

    @asynccontextmanager
    async def workspace(self) -> AsyncIterator[Path]:
        """Yield an empty directory on the store's file system that is gone afterwards, unless adopted."""
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self.directory / f".making-{secrets.token_hex(8)}"
        path.mkdir(0o755)
        try:
            yield path
        finally:
            await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)

    def adopt(self, made: Path, info: BaseInfo) -> BaseInfo:
        """Move a finished tree (linux/, c/, registry/ in made) to its place; blocks.

        One that is there already stays, and is what is returned.
        """
        target = self.path(info.digest)
        if target.exists():
            return self.find(info.digest)
        (made / MANIFEST).write_bytes(manifest.dump(info))
        sync_filesystem(str(made))
        faults.point(_MADE)
        made.rename(target)
        sync_directory(str(self.directory))
        faults.point(_MOVED)
        return info

    async def export(self, digest: Digest, path: str, progress: Progress) -> None:
        """Write a base to path as tar.zst, under another name until it is complete."""
        info = await self.get(digest)
        await asyncio.to_thread(self._export, info, path, progress)

    def _export(self, info: BaseInfo, path: str, progress: Progress) -> None:
        done = 0

        def count(size: int) -> None:
            nonlocal done
            done += size
            progress(BaseProgress("export", done, info.size_bytes))

        part = f"{path}.part-{secrets.token_hex(4)}"
        try:
            with open(part, "xb") as file:
                write_archive(self.path(info.digest), manifest.dump(info), file, count)
                file.flush()
                os.fsync(file.fileno())
            os.rename(part, path)
        except OSError as exc:
            raise InvalidParameter(f"cannot write {path}: {os.strerror(exc.errno or 0)}") from exc
        finally:
            with suppress(FileNotFoundError):
                os.unlink(part)

    async def import_(self, path: str, progress: Progress) -> BaseInfo:
        """Unpack, check the digest, adopt."""
        async with self.workspace() as work:
            return await asyncio.to_thread(self._import, path, work, progress)

    def _import(self, path: str, work: Path, progress: Progress) -> BaseInfo:
        made = work / "base"
        made.mkdir()
        done = 0

        def count(size: int) -> None:
            nonlocal done
            done += size
            progress(BaseProgress("import", done))

        try:
            with open(path, "rb") as file:
                info = manifest.load(read_archive(file, made, count))
        except OSError as exc:
            raise InvalidParameter(f"cannot read {path}: {os.strerror(exc.errno or 0)}") from exc
        normalise(made)
        digest, size = tree_digest(made)
        if digest != info.digest:
            raise InvalidParameter(f"{path} is damaged: its content is not what its digest {info.digest} says")
        return self.adopt(made, replace(info, size_bytes=size))

    async def sweep(self) -> None:
        """Remove what a killed engine left half made or half removed; at boot, before anything is built."""
        for path in [
            *self.directory.glob(".making-*"),
            *self.directory.glob(".removed-*"),
            *self.cache.glob("*.part*"),
        ]:
            remove = shutil.rmtree if path.is_dir() else os.unlink
            await asyncio.to_thread(remove, path)

    async def list(self) -> Sequence[BaseInfo]:
        """Return every base, the newest first."""
        return await asyncio.to_thread(self._all)
