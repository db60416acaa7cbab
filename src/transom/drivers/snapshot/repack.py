"""The job that makes a layer of a plain file system's tar (`docker import`)."""

import base64
import posixpath
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from transom.drivers.snapshot.layer_writer import LayerWriter
from transom.drivers.snapshot.streams import CHUNK, HashedStream
from transom.errors import InvalidParameter
from transom.host.job import Report
from transom.images.layer import clean_name
from transom.images.security import default_security
from transom.images.tar import DIR, LINK, REG, SYMLINK, Entry, Reader
from transom.images.tar_writer import print_pax_time
from transom.images.windows_layer import (
    ARCHIVE,
    CREATION_TIME,
    DIRECTORY,
    FILE_ATTRIBUTES,
    FILES,
    HIVES,
    REPARSE,
    SECURITY,
    check_written,
    fold,
)
from transom.snapshots.layers import LayerForm

MAX_BYTES = 1 << 40


@dataclass(frozen=True, slots=True)
class Repack:
    """Arguments of `repack`."""

    form: LayerForm
    max_bytes: int = MAX_BYTES


@dataclass(frozen=True, slots=True)
class Repacked:
    """The layer that was written."""

    diff_id: str
    digest: str
    size_bytes: int


def repack(arguments: Repack, fds: Sequence[int], report: Report) -> Repacked:
    """Write the tar behind fds[0], of whatever compression, to fds[1] as a layer, gzip-compressed. A job.

    Raises:
        InvalidParameter: it is broken, or holds what the form cannot.
    """
    raw = open(fds[0], "rb", buffering=0)  # noqa: SIM115 - read until this process ends
    stream = HashedStream(raw, max_bytes=arguments.max_bytes)
    writer = LayerWriter(fds[1])
    if arguments.form is LayerForm.WINDOWS:
        _WindowsRepack(writer).run(Reader(stream))
        stream.finish()
        done = writer.finish()
    else:
        while data := stream.read(CHUNK):
            writer.raw(data)
        if not stream.size:
            raise InvalidParameter("invalid archive: unexpected EOF")
        done = writer.finish(end=False)  # the archive brought its own
    return Repacked(done.diff_id, done.digest, done.size_bytes)


class _WindowsRepack:
    """Writes a plain tar's entries as a Windows layer; links come last, when it is known what they lead to."""

    def __init__(self, writer: LayerWriter) -> None:
        self._writer = writer
        self._spelled = {"": ""}
        """Folded path → the path as it was written first: to Windows they are one."""
        self._directories = {""}
        self._links: list[Entry] = []

    def run(self, reader: Reader) -> None:
        """Write everything that reader has.

        Raises:
            InvalidParameter: an entry is nothing that a Windows image can hold.
        """
        for name in (HIVES, FILES):
            self._put(Entry(name, DIR), DIRECTORY)
        for entry in reader:
            path = clean_name(entry.name)
            if not path:
                continue
            check_written(path)
            self._one(path, entry, reader)
        for entry in self._links:
            target = posixpath.normpath(posixpath.join("/", posixpath.dirname(entry.name), entry.link))
            below = fold(target.strip("/")) in self._directories
            entry.link, entry.name = entry.link.replace("/", "\\"), f"{FILES}/{entry.name}"
            self._put(entry, REPARSE | (DIRECTORY if below else ARCHIVE))

    def _one(self, path: str, entry: Entry, reader: Reader) -> None:
        directory, _, base = path.rpartition("/")
        parent = self._ensure_directory(directory)
        path = f"{parent}/{base}" if parent else base
        known = self._spelled.get(fold(path))
        if known is not None:
            if entry.kind == DIR and fold(path) in self._directories:
                return
            raise InvalidParameter(f'"{path}" and "{known}" are one file to Windows: rename one of them')
        self._spelled[fold(path)] = path
        entry.name, entry.pax = f"{FILES}/{path}", {}
        match entry.kind:
            case "5":
                self._directories.add(fold(path))
                self._put(entry, DIRECTORY)
            case "0":
                _describe(entry, ARCHIVE)
                self._writer.streamed(entry, reader)
            case "2":
                entry.name, entry.link = path, entry.link.replace("\\", "/")
                self._links.append(entry)
            case "1":
                target = clean_name(entry.link)
                entry.link = f"{FILES}/{self._spelled.get(fold(target), target)}"
                self._put(entry, 0)
            case _:
                raise InvalidParameter(f'"{path}" is a device, which a Windows image cannot hold')

    def _ensure_directory(self, path: str) -> str:
        """Write the directories that the tar only implies: Windows' importers make none. Return path's spelling."""
        spelled = ""
        for part in filter(None, path.split("/")):
            whole = f"{spelled}/{part}" if spelled else part
            key = fold(whole)
            spelled = self._spelled.setdefault(key, whole)
            if key not in self._directories:
                if spelled != whole:
                    raise InvalidParameter(f'"{whole}" is a file and a directory at once to Windows')
                self._directories.add(key)
                self._put(Entry(f"{FILES}/{spelled}", DIR), DIRECTORY)
        return spelled

    def _put(self, entry: Entry, attributes: int) -> None:
        _describe(entry, attributes)
        entry.size = 0
        self._writer.entry(entry)


_MODES = {DIR: stat.S_IFDIR | 0o755, REG: stat.S_IFREG | 0o644, SYMLINK: stat.S_IFLNK | 0o777, LINK: 0o644}
_SECURITY = {directory: base64.b64encode(default_security(directory=directory)).decode() for directory in (True, False)}


def _describe(entry: Entry, attributes: int) -> None:
    entry.mode = _MODES[entry.kind]
    entry.uid = entry.gid = 0
    entry.atime_ns = entry.ctime_ns = entry.mtime_ns
    entry.pax[CREATION_TIME] = print_pax_time(entry.mtime_ns)
    if attributes:
        entry.pax[FILE_ATTRIBUTES] = str(attributes)
        entry.pax[SECURITY] = _SECURITY[bool(attributes & DIRECTORY)]
