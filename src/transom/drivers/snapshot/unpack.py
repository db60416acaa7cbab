"""The job that unpacks a layer, and what calls it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from transom.drivers.snapshot.disk import free_bytes
from transom.drivers.snapshot.streams import ComingFile, HashedStream
from transom.drivers.snapshot.unpack_posix import PosixLayer
from transom.drivers.snapshot.unpack_windows import WindowsLayer
from transom.errors import InvalidParameter
from transom.host.job import Report
from transom.host.precedence import Courtesy
from transom.images.tar import Reader
from transom.snapshots.layers import LayerForm

MAX_ENTRIES = 10_000_000
MAX_BYTES = 1 << 40
_REPORT_EVERY = 4 << 20


@dataclass(frozen=True, slots=True)
class Unpack:
    """Arguments of `unpack`; lowers are host directories, topmost first."""

    form: LayerForm
    lowers: tuple[str, ...] = ()
    max_bytes: int = MAX_BYTES
    max_entries: int = MAX_ENTRIES


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What a layer's tar turned out to be."""

    diff_id: str
    warnings: tuple[str, ...]
    size_bytes: int
    inodes: int


def unpack(arguments: Unpack, fds: Sequence[int], report: Report) -> Unpacked:
    """Unpack a layer. A job.

    fds: the archive; the layer's directory; the directory for what is no file of the layer; the pipe that tells how
    much of the archive is there, if it still comes in.

    Raises:
        InvalidParameter: the archive is broken or hostile.
    """
    archive, target, side = fds[:3]
    courtesy = Courtesy()
    coming = ComingFile(archive, *fds[3:])
    lowers = [os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) for path in arguments.lowers]
    stream = HashedStream(coming, max_bytes=arguments.max_bytes, room=free_bytes(target))
    os.umask(0)
    os.fchdir(target)
    os.chroot(".")
    windows = WindowsLayer(lowers, side) if arguments.form is LayerForm.WINDOWS else None
    layer = windows or PosixLayer(lowers)
    reader = Reader(stream)
    size = count = reported = 0
    for entry in reader:
        count += 1
        if count > arguments.max_entries:
            raise InvalidParameter(f"the archive holds more than {arguments.max_entries} entries")
        size += entry.size
        courtesy.give_way()
        layer.apply(entry, reader)
        if stream.position - reported >= _REPORT_EVERY:
            reported = stream.position
            report(coming.position)
    diff_id = stream.finish()
    layer.close()
    if windows is not None and windows.wanted:
        again = Reader(HashedStream(ComingFile(archive), max_bytes=arguments.max_bytes))
        for entry in again:
            windows.apply_wanted(entry, again)
    layer.check_satisfied()
    return Unpacked(diff_id, tuple(layer.warnings), size, count)
