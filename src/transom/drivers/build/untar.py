"""ADD of a local archive: its members put below the target, owners and modes as the archive has them."""

import contextlib
import os
import posixpath
import stat

from transom.drivers.build.target import Target
from transom.drivers.snapshot.streams import HashedStream
from transom.drivers.snapshot.unpack_posix import REFUSED
from transom.errors import InvalidParameter, NotSupported, TransomError
from transom.host.rootfs import Rootfs
from transom.images.compression import compression_of
from transom.images.layer import OVERLAY_XATTRS, clean_name
from transom.images.tar import BLK, BLOCK, CHAR, DIR, FIFO, LINK, REG, SYMLINK, Entry, Reader, Source

_TYPES = {CHAR: stat.S_IFCHR, BLK: stat.S_IFBLK, FIFO: stat.S_IFIFO}
_PIECE = 1 << 20
_XATTR = "SCHILY.xattr."


def is_archive(root: Rootfs, path: str) -> bool:
    """Tell whether a file starts as a tar does, whatever it is compressed with."""
    with os.fdopen(root.open(path, os.O_RDONLY), "rb", buffering=0) as raw:
        start = raw.read(BLOCK)
        if not compression_of(start):
            return _has_member(_Start(start))
        raw.seek(0)
        return _has_member(HashedStream(raw, max_bytes=1 << 62))


class _Start:
    """A tar's first block as a source."""

    def __init__(self, block: bytes) -> None:
        self._block = block

    def read(self, size: int) -> bytes:
        block, self._block = self._block[:size], b""
        return block

    def skip(self, size: int) -> int:
        return 0


def _has_member(source: Source) -> bool:
    try:
        return next(iter(Reader(source)), None) is not None
    except NotSupported:
        return True  # a tar all right: the error comes when it is unpacked
    except TransomError:
        return False


def untar(root: Rootfs, path: str, target: Target, into: str, *, max_bytes: int) -> None:
    """Unpack the archive path below the directory into.

    Raises:
        InvalidParameter: it is damaged, a member leads outside, or it holds more than max_bytes.
    """
    with os.fdopen(root.open(path, os.O_RDONLY), "rb", buffering=0) as raw:
        stream = HashedStream(raw, max_bytes=max_bytes)
        reader = Reader(stream)
        for entry in reader:
            name = clean_name(entry.name)
            if not name:
                continue
            try:
                _put(target, into, name, entry, reader)
            except OSError as exc:
                if exc.errno not in REFUSED:
                    raise
                text = os.strerror(exc.errno).lower()
                raise InvalidParameter(f'invalid tar archive: "{entry.name}": {text}') from exc
        stream.finish()


def _put(target: Target, into: str, name: str, entry: Entry, reader: Reader) -> None:
    directory, _, base = name.rpartition("/")
    parent = target.follow(posixpath.join(into, directory))
    target.ensure(parent, (0, 0))
    place = posixpath.join(parent, target.spelling(parent, base))
    if entry.kind == DIR:
        target.directory(place, (entry.uid, entry.gid))
        target.dress(place, (entry.uid, entry.gid), entry.mode, entry.mtime_ns)
        return
    if entry.kind == LINK:
        _link(target, into, place, entry)
        return
    with target.slot(place) as (fd, base):
        if entry.kind == REG:
            _file(fd, base, entry, reader)
            return
        if entry.kind == SYMLINK:
            os.symlink(entry.link, base, dir_fd=fd)
        else:
            if entry.kind == CHAR and entry.device == (0, 0):
                raise InvalidParameter(f'invalid tar archive: "{entry.name}" is a character device 0:0')
            os.mknod(base, _TYPES[entry.kind] | entry.mode, os.makedev(*entry.device), dir_fd=fd)
        os.chown(base, entry.uid, entry.gid, dir_fd=fd, follow_symlinks=False)
        os.utime(base, ns=(entry.mtime_ns, entry.mtime_ns), dir_fd=fd, follow_symlinks=False)


def _link(target: Target, into: str, place: str, entry: Entry) -> None:
    found = clean_name(entry.link)
    directory, _, base = found.rpartition("/")
    parent = target.follow(posixpath.join(into, directory))
    source = posixpath.join(parent, target.spelling(parent, base))
    if source == place:
        return
    if not target.copy_up(source):
        raise InvalidParameter(f'invalid tar archive: "{entry.name}" is a link to "{entry.link}", which is not there')
    with target.slot(place) as (fd, name):
        os.link(source, name, src_dir_fd=target.upper, dst_dir_fd=fd, follow_symlinks=False)


def _file(directory: int, name: str, entry: Entry, reader: Reader) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(name, flags, entry.mode & 0o777, dir_fd=directory)
    try:
        while data := reader.read(_PIECE):
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
        os.fchown(fd, entry.uid, entry.gid)
        os.fchmod(fd, entry.mode)
        for key, value in entry.pax.items():
            attribute = key.removeprefix(_XATTR)
            if attribute == key:
                continue
            if attribute.startswith(OVERLAY_XATTRS):
                raise InvalidParameter(f'invalid tar archive: "{entry.name}" carries the attribute {attribute}')
            with contextlib.suppress(OSError):
                os.setxattr(fd, attribute, value.encode("utf-8", "surrogateescape"))
        os.utime(fd, ns=(entry.mtime_ns, entry.mtime_ns))
    finally:
        os.close(fd)
