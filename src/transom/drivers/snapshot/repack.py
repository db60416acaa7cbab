"""The job that makes a layer of a plain file system's tar (`docker import`)."""

import stat
from collections.abc import Sequence
from dataclasses import dataclass

from transom.drivers.snapshot.layer_writer import LayerWriter
from transom.drivers.snapshot.streams import CHUNK, HashedStream
from transom.errors import InvalidParameter
from transom.host.job import Report
from transom.images.layer import clean_name
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
    check_written,
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
        _as_windows(Reader(stream), writer)
        stream.finish()
        done = writer.finish()
    else:
        while data := stream.read(CHUNK):
            writer.raw(data)
        if not stream.size:
            raise InvalidParameter("invalid archive: unexpected EOF")
        done = writer.finish(end=False)  # the archive brought its own
    return Repacked(done.diff_id, done.digest, done.size_bytes)


def _as_windows(reader: Reader, writer: LayerWriter) -> None:
    made = {""}
    for name in (HIVES, FILES):
        _put(writer, Entry(name, DIR), DIRECTORY)
    for entry in reader:
        path = clean_name(entry.name)
        if not path:
            continue
        check_written(path)
        _ancestors(path, made, writer)
        entry.name = f"{FILES}/{path}"
        entry.pax = {}
        match entry.kind:
            case "5":
                if path not in made:
                    made.add(path)
                    _put(writer, entry, DIRECTORY)
            case "0":
                _describe(entry, ARCHIVE)
                writer.streamed(entry, reader)
            case "2":
                entry.link = entry.link.replace("/", "\\")
                _put(writer, entry, ARCHIVE | REPARSE)
            case "1":
                entry.link = f"{FILES}/{clean_name(entry.link)}"
                _put(writer, entry, 0)
            case _:
                raise InvalidParameter(f'"{path}" is a device, which a Windows image cannot hold')


def _ancestors(path: str, made: set[str], writer: LayerWriter) -> None:
    """Write the directories that the tar only implies: Windows' importers make none by themselves."""
    at = path.find("/")
    while at >= 0:
        directory = path[:at]
        if directory not in made:
            made.add(directory)
            _put(writer, Entry(f"{FILES}/{directory}", DIR), DIRECTORY)
        at = path.find("/", at + 1)


def _put(writer: LayerWriter, entry: Entry, attributes: int) -> None:
    _describe(entry, attributes)
    entry.size = 0
    writer.entry(entry)


_MODES = {DIR: stat.S_IFDIR | 0o755, REG: stat.S_IFREG | 0o644, SYMLINK: stat.S_IFLNK | 0o777, LINK: 0o644}


def _describe(entry: Entry, attributes: int) -> None:
    entry.mode = _MODES[entry.kind]
    entry.uid = entry.gid = 0
    entry.atime_ns = entry.ctime_ns = entry.mtime_ns
    entry.pax[CREATION_TIME] = print_pax_time(entry.mtime_ns)
    if attributes:
        entry.pax[FILE_ATTRIBUTES] = str(attributes)
