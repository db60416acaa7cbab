"""VolumeRepository: records in SQLite, contents in `<data root>/volumes/<name>/_data`."""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import msgspec

from transom.errors import Unavailable
from transom.host.rootfs import remove_path
from transom.model.clock import Clock
from transom.store.database import Database
from transom.volumes.volume import Volume

VERSION = 1


class SqliteVolumes:
    """The one owner of the volumes table and directory."""

    def __init__(self, database: Database, root: Path, clock: Clock) -> None:
        """Use `open`."""
        self._database = database
        self._root = root
        self._clock = clock
        self._volumes: dict[str, Volume] = {}

    @classmethod
    async def open(cls, database: Database, root: Path, clock: Clock) -> Self:
        """Read every record and finish removals that a crash cut short."""

        def read(connection: sqlite3.Connection) -> list[str]:
            return [text for (text,) in connection.execute("SELECT document FROM volumes")]

        repository = cls(database, root, clock)
        for text in await database.run(read, durable=False):
            volume = msgspec.json.decode(text, type=_Document).volume
            repository._volumes[volume.name] = volume
        await asyncio.to_thread(repository._sweep)
        return repository

    def find(self, name: str) -> Volume | None:
        """Return the volume, if there is one."""
        return self._volumes.get(name)

    def all(self) -> Sequence[Volume]:
        """Return every volume, by name."""
        return [self._volumes[name] for name in sorted(self._volumes)]

    async def ensure(self, name: str, *, labels: dict[str, str], options: dict[str, str], anonymous: bool) -> Volume:
        """Return the volume; record first, so that a directory without a record is never anybody's data."""
        known = self._volumes.get(name)
        if known is not None:
            return known
        path = self._root / name / "_data"
        volume = Volume(
            name=name, path=str(path), created_at=self._clock.now(), labels=labels, options=options, anonymous=anonymous
        )
        self._volumes[name] = volume
        text = msgspec.json.encode(_Document(VERSION, volume)).decode()
        try:
            # The directory may be left over from a volume whose removal was cut short.
            await asyncio.to_thread(_fresh, path)
            await self._database.run(
                lambda c: c.execute("INSERT INTO volumes VALUES (?, ?)", (name, text)).rowcount, durable=True
            )
        except OSError as exc:
            del self._volumes[name]
            raise Unavailable(f"cannot create volume {name}: {os.strerror(exc.errno or 0)}") from exc
        except BaseException:
            del self._volumes[name]
            raise
        return volume

    async def remove(self, name: str) -> None:
        """Forget the volume, then remove its directory."""
        if self._volumes.pop(name, None) is None:
            return
        await self._database.run(
            lambda c: c.execute("DELETE FROM volumes WHERE name = ?", (name,)).rowcount, durable=True
        )
        await asyncio.to_thread(_discard, self._root / name)

    def _sweep(self) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        for directory in self._root.iterdir():
            if directory.name not in self._volumes:
                _discard(directory)
        for volume in self._volumes.values():
            Path(volume.path).mkdir(parents=True, exist_ok=True)


def _discard(path: Path) -> None:
    """Remove a directory that no record names; what cannot go is tried again at the next boot."""
    with contextlib.suppress(OSError):
        remove_path(path)


def _fresh(path: Path) -> None:
    _discard(path.parent)
    path.mkdir(parents=True)


class _Document(msgspec.Struct):
    version: int
    volume: Volume
