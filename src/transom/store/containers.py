"""ContainerRepository in SQLite, every record also in memory: reads never wait for the disk."""

import sqlite3
from bisect import bisect_left
from collections.abc import Sequence
from typing import Self

import msgspec

from transom.containers.container import Container
from transom.containers.names import name_taken
from transom.errors import InvalidParameter, NoSuchContainer
from transom.store.database import Database

VERSION = 1


class SqliteContainers:
    """The one owner of the containers table."""

    def __init__(self, database: Database) -> None:
        """Use `open`."""
        self._database = database
        self._by_id: dict[str, Container] = {}
        self._by_name: dict[str, str] = {}
        self._sorted: list[str] = []

    @classmethod
    async def open(cls, database: Database) -> Self:
        """Read every record."""

        def read(connection: sqlite3.Connection) -> list[str]:
            return [text for (text,) in connection.execute("SELECT document FROM containers")]

        repository = cls(database)
        for text in await database.run(read, durable=False):
            repository._remember(msgspec.json.decode(text, type=_Document).container)
        return repository

    def get(self, ref: str) -> Container:
        """Return the container with this name, ID or unambiguous ID prefix."""
        ref = ref.removeprefix("/")
        found = self._by_id.get(ref) or self._by_id.get(self._by_name.get(ref, ""))
        if found is not None:
            return found
        if ref:
            at = bisect_left(self._sorted, ref)
            fits = [each for each in self._sorted[at : at + 2] if each.startswith(ref)]
            if len(fits) > 1:
                raise InvalidParameter(f"Multiple IDs found with provided prefix: {ref}")
            if fits:
                return self._by_id[fits[0]]
        raise NoSuchContainer(ref)

    def find(self, container_id: str) -> Container | None:
        """Return the container with exactly this ID."""
        return self._by_id.get(container_id)

    def named(self, name: str) -> Container | None:
        """Return the container with exactly this name."""
        return self._by_id.get(self._by_name.get(name, ""))

    def all(self) -> Sequence[Container]:
        """Return every container, newest first."""
        return sorted(self._by_id.values(), key=lambda each: each.created_at, reverse=True)

    async def add(self, container: Container) -> None:
        """Record a new container; its name is held from the first moment on."""
        owner = self._by_name.get(container.name)
        if owner is not None:
            raise name_taken(container.name, owner)
        self._remember(container)
        try:
            await self._database.run(lambda c: _write(c, container), durable=container.durable)
        except BaseException:
            self._forget(container)
            raise

    def note(self, container: Container) -> None:
        """Take a change into memory alone: one that the next save, or recovery from the driver, makes good."""
        if container.id in self._by_id:
            self._remember(container)

    async def save(self, container: Container, *, durable: bool = True) -> None:
        """Record a change. One that was removed meanwhile stays removed."""
        before = self._by_id.get(container.id)
        if before is None:
            return
        self._remember(container)
        try:
            await self._database.run(lambda c: _write(c, container), durable=durable and container.durable)
        except BaseException:
            self._remember(before)
            raise

    async def rename(self, container: Container, name: str) -> Container:
        """Give it another name."""
        owner = self._by_name.get(name)
        if owner is not None:
            raise name_taken(name, owner)
        renamed = container.changed(name=name)
        self._remember(renamed)
        try:
            await self._database.run(lambda c: _write(c, renamed), durable=container.durable)
        except BaseException:
            self._remember(container)
            self._by_name.pop(name, None)
            raise
        self._by_name.pop(container.name, None)
        return renamed

    async def remove(self, container_id: str) -> None:
        """Forget it."""
        container = self._by_id.get(container_id)
        if container is None:
            return
        await self._database.run(lambda c: _delete(c, container_id), durable=container.durable)
        self._forget(container)

    def _remember(self, container: Container) -> None:
        if container.id not in self._by_id:
            self._sorted.insert(bisect_left(self._sorted, container.id), container.id)
        self._by_id[container.id] = container
        self._by_name[container.name] = container.id

    def _forget(self, container: Container) -> None:
        current = self._by_id.pop(container.id, None)
        if current is not None:
            del self._sorted[bisect_left(self._sorted, container.id)]
            self._by_name.pop(current.name, None)


class _Document(msgspec.Struct):
    version: int
    container: Container


def _write(connection: sqlite3.Connection, container: Container) -> None:
    text = msgspec.json.encode(_Document(VERSION, container)).decode()
    connection.execute(
        "INSERT INTO containers VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
        "name = excluded.name, document = excluded.document",
        (container.id, container.name, container.image_id, text),
    )


def _delete(connection: sqlite3.Connection, container_id: str) -> None:
    connection.execute("DELETE FROM containers WHERE id = ?", (container_id,))
