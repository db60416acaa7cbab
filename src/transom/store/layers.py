"""Which blob holds which layer, in SQLite, mirrored in memory."""

import sqlite3
from collections.abc import Sequence
from typing import Self

from transom.model.ids import Digest
from transom.model.oci import Descriptor
from transom.store.database import Database


class LayerTable:
    """The LayerIndex of one engine."""

    def __init__(self, database: Database, layers: dict[str, Descriptor]) -> None:
        self._database = database
        self._layers = layers

    @classmethod
    async def load(cls, database: Database) -> Self:
        """Read everything."""

        def read(connection: sqlite3.Connection) -> dict[str, Descriptor]:
            rows = connection.execute("SELECT diff_id, media_type, digest, size_bytes FROM layers")
            return {diff_id: Descriptor(media_type, Digest(digest), size) for diff_id, media_type, digest, size in rows}

        return cls(database, await database.run(read, durable=False))

    def find_layer(self, diff_id: str) -> Descriptor | None:
        """Return the blob that a layer is stored in."""
        return self._layers.get(diff_id)

    async def add_layer(self, diff_id: Digest, blob: Descriptor) -> None:
        """Record a layer's blob; an earlier one of the same layer is forgotten."""
        if self._layers.get(diff_id) == blob:
            return
        row = (diff_id, blob.media_type, blob.digest, blob.size)
        await self._database.run(
            lambda connection: connection.execute("INSERT OR REPLACE INTO layers VALUES (?, ?, ?, ?)", row).rowcount,
            durable=False,
        )
        self._layers[diff_id] = Descriptor(blob.media_type, blob.digest, blob.size)

    async def forget_blobs(self, digests: Sequence[Digest]) -> None:
        """Forget the layers in blobs that are no more."""
        if not digests:
            return

        def delete(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM layers WHERE digest = ?", [(digest,) for digest in digests])

        await self._database.run(delete, durable=False)
        gone = set(digests)
        self._layers = {diff_id: blob for diff_id, blob in self._layers.items() if blob.digest not in gone}
