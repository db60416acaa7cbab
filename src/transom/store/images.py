"""Images and names in SQLite, mirrored in memory."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Self

import msgspec

from transom.images.document import read_config, read_descriptor, write_descriptor
from transom.images.image import Image, Name
from transom.model.clock import Clock, rfc3339nano
from transom.model.digest import parse_digest
from transom.model.ids import Digest, ImageId
from transom.model.oci import Descriptor
from transom.model.platform import Platform
from transom.store.database import Database
from transom.wire.oci import DescriptorJson

_VERSION = 1


class _Document(msgspec.Struct, kw_only=True):
    """The images.document column."""

    v: int
    config: str
    manifest: DescriptorJson
    layers: list[DescriptorJson]
    size: int
    base_layers: int = 0
    missing: list[str] = []
    base: str = ""


class ImageTable:
    """The ImageRepository of one engine."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Begin empty; `load` reads."""
        self._database = database
        self._clock = clock
        self._images: dict[str, Image] = {}
        self._names: dict[str, Name] = {}
        self._digests: set[tuple[str, Digest, ImageId]] = set()
        self._children: defaultdict[str, set[ImageId]] = defaultdict(set)

    @classmethod
    async def load(cls, database: Database, clock: Clock) -> Self:
        """Read everything."""
        table = cls(database, clock)

        def read(connection: sqlite3.Connection) -> tuple[list[Image], list[Name], list[tuple[str, str, str]]]:
            images = [_read_image(*row) for row in connection.execute("SELECT id, parent, document FROM images")]
            names = _read_names(connection)
            digests = connection.execute("SELECT repository, digest, image_id FROM repository_digests").fetchall()
            return images, names, digests

        images, names, digests = await database.run(read, durable=False)
        for image in images:
            table._remember(image)
        table._names = {name.name: name for name in names}
        table._digests = {(repository, Digest(digest), ImageId(image)) for repository, digest, image in digests}
        return table

    def all(self) -> Sequence[Image]:
        """Return every image."""
        return list(self._images.values())

    def find(self, image_id: str) -> Image | None:
        """Return the image with this ID."""
        return self._images.get(image_id)

    def children(self, image_id: str) -> Sequence[ImageId]:
        """Return the images that were committed on this one."""
        return sorted(self._children.get(image_id, ()))

    def names(self) -> Sequence[Name]:
        """Return every name."""
        return list(self._names.values())

    def find_name(self, name: str) -> Name | None:
        """Return a tag by its full form."""
        return self._names.get(name)

    def names_of(self, image_id: str) -> Sequence[str]:
        """Return the tags that lead to an image, sorted."""
        return sorted(name.name for name in self._names.values() if image_id in name.variants.values())

    def digests_of(self, image_id: str) -> Sequence[tuple[str, Digest]]:
        """Return (repository, digest) of where an image was pulled from or pushed to, sorted."""
        return sorted((repository, digest) for repository, digest, found in self._digests if found == image_id)

    def find_digest(self, repository: str, digest: str) -> Sequence[ImageId]:
        """Return the images known by `repository@digest`."""
        return sorted(found for name, known, found in self._digests if (name, known) == (repository, digest))

    async def add(self, image: Image) -> None:
        """Record an image; one that is there already is replaced, its names stay."""
        row = _write_image(image)
        await self._change(
            lambda connection: connection.execute(
                "INSERT INTO images VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
                " parent = excluded.parent, document = excluded.document",
                row,
            )
        )
        self._forget(image.id)
        self._remember(image)

    async def remove(self, image_id: ImageId) -> None:
        """Forget an image, its names' variants and its repository digests; unknown is no error."""

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM name_variants WHERE image_id = ?", (image_id,))
            connection.execute("DELETE FROM names WHERE name NOT IN (SELECT name FROM name_variants)")
            connection.execute("DELETE FROM repository_digests WHERE image_id = ?", (image_id,))
            connection.execute("DELETE FROM images WHERE id = ?", (image_id,))

        await self._change(delete)
        for name in self.names_of(image_id):
            self._without_variant(name, image_id)
        self._digests = {entry for entry in self._digests if entry[2] != image_id}
        self._forget(image_id)

    async def tag(self, name: str, target: Descriptor, image: Image) -> None:
        """Let name lead to image."""
        now = rfc3339nano(self._clock.now())
        known = self._names.get(name, Name(name, target, now))
        record = known.with_variant(target, image, now)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM names WHERE name = ?", (name,))
            connection.execute(
                "INSERT INTO names VALUES (?, ?, ?, ?, ?)", (name, target.digest, target.media_type, target.size, now)
            )
            connection.executemany("INSERT INTO name_variants VALUES (?, ?, ?, ?, ?, ?)", _variant_rows(record))

        await self._change(write)
        self._names[name] = record

    async def untag(self, name: str, image_id: ImageId) -> None:
        """Take image from name; a name without variants is gone."""

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM name_variants WHERE name = ? AND image_id = ?", (name, image_id))
            connection.execute(
                "DELETE FROM names WHERE name = ?1 AND name NOT IN (SELECT name FROM name_variants WHERE name = ?1)",
                (name,),
            )

        await self._change(delete)
        self._without_variant(name, image_id)

    async def add_digest(self, repository: str, digest: Digest, image_id: ImageId) -> None:
        """Record that image is known by `repository@digest`."""
        await self._change(
            lambda connection: connection.execute(
                "INSERT OR IGNORE INTO repository_digests VALUES (?, ?, ?)", (repository, digest, image_id)
            )
        )
        self._digests.add((repository, digest, image_id))

    async def remove_digest(self, repository: str, digest: Digest, image_id: ImageId) -> None:
        """Forget that; unknown is no error."""
        await self._change(
            lambda connection: connection.execute(
                "DELETE FROM repository_digests WHERE repository = ? AND digest = ? AND image_id = ?",
                (repository, digest, image_id),
            )
        )
        self._digests.discard((repository, digest, image_id))

    async def _change(self, work: Callable[[sqlite3.Connection], object]) -> None:
        def run(connection: sqlite3.Connection) -> None:
            work(connection)

        await self._database.run(run, durable=True)

    def _remember(self, image: Image) -> None:
        self._images[image.id] = image
        if image.parent:
            self._children[image.parent].add(image.id)

    def _forget(self, image_id: ImageId) -> None:
        image = self._images.pop(image_id, None)
        if image is not None and image.parent:
            self._children[image.parent].discard(image_id)
            if not self._children[image.parent]:
                del self._children[image.parent]

    def _without_variant(self, name: str, image_id: ImageId) -> None:
        record = self._names.get(name)
        if record is None:
            return
        variants = {platform: found for platform, found in record.variants.items() if found != image_id}
        if variants:
            self._names[name] = Name(name, record.target, record.tagged_at, variants)
        else:
            del self._names[name]


def _write_image(image: Image) -> tuple[str, str, str, str, str, str, str]:
    document = _Document(
        v=_VERSION,
        config=image.raw_config.decode(),
        manifest=write_descriptor(image.manifest),
        layers=[write_descriptor(layer) for layer in image.layers],
        size=image.size_bytes,
        base_layers=image.base_layers,
        missing=[str(digest) for digest in image.missing],
        base=image.base,
    )
    platform = image.platform
    text = msgspec.json.encode(document).decode()
    return (
        image.id,
        platform.os,
        platform.architecture,
        platform.variant,
        platform.os_version,
        image.parent,
        text,
    )


def _read_image(image_id: str, parent: str, text: str) -> Image:
    document = msgspec.json.decode(text, type=_Document)
    raw = document.config.encode()
    return Image(
        ImageId(image_id),
        raw,
        read_config(raw),
        read_descriptor(document.manifest),
        tuple(read_descriptor(layer) for layer in document.layers),
        document.size,
        document.base_layers,
        tuple(parse_digest(digest) for digest in document.missing),
        parent,
        document.base,
    )


def _read_names(connection: sqlite3.Connection) -> list[Name]:
    variants: defaultdict[str, dict[Platform, ImageId]] = defaultdict(dict)
    rows = connection.execute("SELECT name, os, architecture, variant, os_version, image_id FROM name_variants")
    for name, os, architecture, variant, os_version, image_id in rows:
        variants[name][Platform(os, architecture, variant, os_version)] = ImageId(image_id)
    rows = connection.execute("SELECT name, media_type, target, size_bytes, tagged_at FROM names")
    return [
        Name(name, Descriptor(media_type, Digest(target), size), tagged_at, variants[name])
        for name, media_type, target, size, tagged_at in rows
    ]


def _variant_rows(record: Name) -> Iterable[tuple[str, str, str, str, str, str]]:
    for platform, image_id in record.variants.items():
        yield record.name, platform.os, platform.architecture, platform.variant, platform.os_version, image_id
