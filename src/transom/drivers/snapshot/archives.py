"""Archives of images, taken apart and put together by jobs in a worker."""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from transom.drivers.snapshot.disk import free_bytes, sync_file_system
from transom.drivers.snapshot.repack import Repack, repack
from transom.drivers.snapshot.streams import HashedStream
from transom.errors import InvalidParameter
from transom.host.job import Report
from transom.host.worker import Workers
from transom.images.archive import Extracted, Member
from transom.images.layer import clean_name
from transom.images.tar import DIR, REG, Entry, Reader
from transom.images.tar_writer import END, header, padding
from transom.model.digest import hex_of
from transom.model.ids import Digest
from transom.snapshots.layers import LayerForm, Written

MAX_MEMBERS = 65_536
MAX_BYTES = 1 << 40
_PIECE = 1 << 20
_REPORT_EVERY = 8 << 20


@dataclass(frozen=True, slots=True)
class Take:
    """Arguments of `take_apart`."""

    max_bytes: int = MAX_BYTES
    max_members: int = MAX_MEMBERS


@dataclass(frozen=True, slots=True)
class Taken:
    """What an archive held: (name, size, digest) of each file, by its number, and the links."""

    files: list[tuple[str, int, str]]
    links: dict[str, str]


def take_apart(arguments: Take, fds: Sequence[int], report: Report) -> Taken:
    """Write the files of archive fds[0] into directory fds[1], named by their numbers. A job."""
    archive, target = fds
    raw = open(archive, "rb", buffering=0)  # noqa: SIM115 - read until this process ends
    stream = HashedStream(raw, max_bytes=arguments.max_bytes, hashed=False, room=free_bytes(target))
    reader = Reader(stream)
    files: list[tuple[str, int, str]] = []
    links: dict[str, str] = {}
    reported = 0
    for entry in reader:
        if len(files) + len(links) > arguments.max_members:
            raise InvalidParameter(f"invalid archive: it holds more than {arguments.max_members} files")
        name = clean_name(entry.name)
        match entry.kind:
            case "0":
                files.append((name, entry.size, _take(reader, target, len(files))))
            case "2":
                links[name] = entry.link
            case "1":
                # Seen from the archive's root, where a symbolic link is seen from its own place.
                links[name] = "/" + clean_name(entry.link)
            case "5":
                pass
            case _:
                raise InvalidParameter(f'invalid archive: "{entry.name}" is a device')
        if stream.position - reported >= _REPORT_EVERY:
            reported = stream.position
            report(reported)
    stream.finish()
    sync_file_system(f"/proc/self/fd/{target}")
    return Taken(files, links)


def _take(reader: Reader, target: int, number: int) -> str:
    found = hashlib.sha256()
    fd = os.open(str(number), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=target)
    with open(fd, "wb", buffering=0) as file:
        while data := reader.read(_PIECE):
            found.update(data)
            file.write(data)
    return "sha256:" + found.hexdigest()


@dataclass(frozen=True, slots=True)
class Put:
    """Arguments of `put_together`: documents by name, and the hex names of blobs."""

    documents: dict[str, bytes]
    blobs: list[str]


def put_together(arguments: Put, fds: Sequence[int], report: Report) -> None:
    """Write a tar to fds[0]: documents, and blobs out of directory fds[1]. A job."""
    out, store = fds
    if arguments.blobs:
        _write(out, header(Entry("blobs/", DIR, 0o755)) + header(Entry("blobs/sha256/", DIR, 0o755)))
    for name in sorted(arguments.blobs):
        blob = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=store)
        size = os.fstat(blob).st_size
        _write(out, header(Entry(f"blobs/sha256/{name}", REG, 0o644, size=size)))
        _copy(blob, out, size)
        _write(out, padding(size))
        os.close(blob)
    for name in sorted(arguments.documents):
        data = arguments.documents[name]
        _write(out, header(Entry(name, REG, 0o644, size=len(data))) + data + padding(len(data)))
    _write(out, END)


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _copy(source: int, target: int, size: int) -> None:
    """Move size bytes without bringing them here where the kernel can."""
    at = 0
    while at < size:
        moved = os.sendfile(target, source, at, size - at)
        if not moved:
            raise InvalidParameter("a blob has become shorter while it was read")
        at += moved


@dataclass(frozen=True, slots=True)
class Peek:
    """Arguments of `peek`."""

    limit: int


def peek(arguments: Peek, fds: Sequence[int], report: Report) -> list[str]:
    """Return the names of the first entries of layer fds[0]. A job."""
    raw = open(fds[0], "rb", buffering=0)  # noqa: SIM115 - read until this process ends
    names = []
    for entry in Reader(HashedStream(raw, max_bytes=MAX_BYTES)):
        names.append(entry.name)
        if len(names) >= arguments.limit:
            break
    return names


def digest(arguments: Take, fds: Sequence[int], report: Report) -> str:
    """Return the digest of what fds[0] holds, uncompressed. A job."""
    raw = open(fds[0], "rb", buffering=0)  # noqa: SIM115 - read until this process ends
    return HashedStream(raw, max_bytes=arguments.max_bytes).finish()


class WorkerArchives:
    """The Archives of an engine. store: the directory `blobs/sha256` of the content store."""

    def __init__(self, workers: Workers, store: str) -> None:
        self._workers = workers
        self._store = store

    async def extract(self, source: int, target: int, on_progress: Callable[[int], None] | None = None) -> Extracted:
        """Write each file of the archive behind source into directory target."""
        taken = await self._workers.run(take_apart, Take(), (source, target), on_progress)
        members = [
            Member(name, number, size, Digest(digest)) for number, (name, size, digest) in enumerate(taken.files)
        ]
        return Extracted(members, taken.links)

    async def write(self, target: int, documents: Mapping[str, bytes], blobs: Sequence[Digest]) -> None:
        """Write a tar to target."""
        store = os.open(self._store, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            put = Put(dict(documents), sorted({hex_of(digest) for digest in blobs}))
            await self._workers.run(put_together, put, (target, store))
        finally:
            os.close(store)

    async def store_layer(self, source: int, target: int, form: LayerForm) -> Written:
        """Write the plain file system behind source to target as a layer of form."""
        done = await self._workers.run(repack, Repack(form), (source, target))
        return Written(Digest(done.diff_id), Digest(done.digest), done.size_bytes, 1)

    async def diff_id(self, source: int) -> Digest:
        """Return the digest of the uncompressed tar behind source."""
        return Digest(await self._workers.run(digest, Take(), (source,)))

    async def names(self, source: int, limit: int) -> Sequence[str]:
        """Return the names of a layer's first entries."""
        return await self._workers.run(peek, Peek(limit), (source,))
