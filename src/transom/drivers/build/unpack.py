"""A build context's tar made into a directory. Runs in a worker that has chrooted into it.

Files get the owner root; what they hold is digested on the way in, so that no step has to read them for the cache.
"""

import hashlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from transom.drivers.build.digests import XATTRS, Record, file_digest, other_digest
from transom.drivers.build.walk import walk
from transom.drivers.snapshot.streams import HashedStream
from transom.drivers.snapshot.unpack_posix import REFUSED
from transom.errors import InvalidParameter
from transom.host.job import Report
from transom.host.rootfs import Rootfs, remove_tree
from transom.images.layer import clean_name
from transom.images.tar import DIR, FIFO, LINK, REG, SYMLINK, Entry, Reader

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PIECE = 1 << 20
_XATTR = "SCHILY.xattr."


@dataclass(frozen=True)
class ContextLimits:
    """What a context may hold at most."""

    max_bytes: int
    max_entries: int


@dataclass(frozen=True)
class ContextSummary:
    """What it holds."""

    entries: int
    size_bytes: int


def unpack_context(arguments: ContextLimits, fds: Sequence[int], report: Report) -> ContextSummary:
    """Unpack the archive read from fds[0] into the directory fds[1], and write its records to fds[2].

    Raises:
        InvalidParameter: the archive is damaged, hostile or beyond the limits.
    """
    archive, directory, manifest = fds
    with os.fdopen(os.dup(archive), "rb", buffering=0) as raw:
        stream = HashedStream(raw, max_bytes=arguments.max_bytes)
        os.fchdir(directory)
        os.chroot(".")
        os.umask(0)
        context = _Context(arguments.max_entries)
        context.fill(Reader(stream))
        stream.finish()
    records = list(context.records.values()) if context.regular else _walked()
    with os.fdopen(os.dup(manifest), "wb") as out:
        out.write(msgspec.msgpack.encode(records))
    return ContextSummary(len(records), stream.size)


def _walked() -> list[Record]:
    with Rootfs.at("/") as root:
        return list(walk(root, ""))


@dataclass
class _Context:
    """The directory being filled.

    regular: each entry lies where its name says and replaced nothing, so the records are what a walk would find.
    """

    max_entries: int
    records: dict[str, Record] = field(default_factory=dict)
    regular: bool = True
    _links: set[str] = field(default_factory=set)
    _directories: dict[str, int] = field(default_factory=dict)
    _known: set[str] = field(default_factory=lambda: {""})
    _seen: int = 0

    def fill(self, reader: Reader) -> None:
        for entry in reader:
            self._seen += 1
            if self._seen > self.max_entries:
                raise InvalidParameter(f"the build context holds more than {self.max_entries} files")
            name = clean_name(entry.name)
            _check_text(entry.name, entry.link)
            if name:
                self._put(name, entry, reader)
        for name, moment in reversed(self._directories.items()):
            if os.path.isdir(name) and not os.path.islink(name):
                os.utime(name, ns=(moment, moment))

    def _put(self, name: str, entry: Entry, reader: Reader) -> None:
        if entry.kind not in {REG, LINK, SYMLINK, DIR, FIFO}:
            raise InvalidParameter(f'the build context holds the device "{entry.name}": leave it out by .dockerignore')
        try:
            self._parents(name)
            self._make(name, entry, reader)
        except OSError as exc:
            if exc.errno not in REFUSED:
                raise
            raise InvalidParameter(f'invalid tar archive: "{entry.name}": {(exc.strerror or "").lower()}') from exc

    def _parents(self, name: str) -> None:
        parent = name.rpartition("/")[0]
        missing = []
        while parent not in self._known:
            missing.append(parent)
            parent = parent.rpartition("/")[0]
        for each in reversed(missing):
            behind_link = any(each == link or each.startswith(link + "/") for link in self._links)
            if behind_link:
                self.regular = False
            else:
                self._known.add(each)
            try:
                os.mkdir(each, 0o755)
            except FileExistsError:
                continue
            if not behind_link:
                self.records[each] = Record(each, "d", other_digest("d", 0o755))

    def _make(self, name: str, entry: Entry, reader: Reader) -> None:
        mode = entry.mode & 0o7777
        match entry.kind:
            case "0":
                self.records[name] = Record(name, "f", self._file(name, entry, reader))
                return
            case "5":
                self._directory(name, mode, entry.mtime_ns)
                return
            case "1":
                self._link(name, clean_name(entry.link), entry)
                return
            case "2":
                self._free(name)
                os.symlink(entry.link, name)
                self._links.add(name)
                self.records[name] = Record(name, "l", other_digest("l", mode, entry.link))
            case _:
                self._free(name)
                os.mkfifo(name, mode)
                self.records[name] = Record(name, "p", other_digest(f"{stat.S_IFIFO:o}", mode, "0"))
        os.utime(name, ns=(entry.mtime_ns, entry.mtime_ns), follow_symlinks=False)

    def _file(self, name: str, entry: Entry, reader: Reader) -> str:
        mode = entry.mode & 0o7777
        try:
            fd = os.open(name, _CREATE, mode)
        except FileExistsError:
            self._free(name)
            fd = os.open(name, _CREATE, mode)
        try:
            content = hashlib.sha256()
            left = entry.size
            while left:
                data = reader.read(min(left, _PIECE))
                content.update(data)
                left -= len(data)
                view = memoryview(data)
                while view:
                    view = view[os.write(fd, view) :]
            xattrs = _xattrs(entry)
            for key, value in xattrs:
                os.setxattr(fd, key, value)
            if mode & 0o7000:
                os.fchmod(fd, mode)
            os.utime(fd, ns=(entry.mtime_ns, entry.mtime_ns))
        finally:
            os.close(fd)
        return file_digest(mode, content.hexdigest(), xattrs)

    def _directory(self, name: str, mode: int, mtime_ns: int) -> None:
        try:
            os.mkdir(name, mode)
        except FileExistsError:
            if not stat.S_ISDIR(os.lstat(name).st_mode):
                self._free(name)
                os.mkdir(name, mode)
        os.chmod(name, mode)
        self._known.add(name)
        self._directories[name] = mtime_ns
        self.records[name] = Record(name, "d", other_digest("d", mode))

    def _link(self, name: str, target: str, entry: Entry) -> None:
        if name == target:
            return
        if not os.path.lexists(target):
            raise InvalidParameter(
                f'invalid tar archive: "{entry.name}" is a link to "{entry.link}", which is not there'
            )
        self._free(name)
        os.link(target, name, follow_symlinks=False)
        found = self.records.get(target)
        if found is None:
            self.regular = False
        else:
            self.records[name] = found._replace(path=name)
            if found.kind == "l":
                self._links.add(name)

    def _free(self, name: str) -> None:
        """Remove what stands where an entry goes; the last entry of a name counts."""
        if not os.path.lexists(name):
            return
        self.regular = False
        self._links.discard(name)
        directory, _, base = name.rpartition("/")
        fd = os.open(directory or "/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            remove_tree(fd, base)
        finally:
            os.close(fd)
        for known in [known for known in self._known if known == name or known.startswith(name + "/")]:
            self._known.discard(known)
            self._directories.pop(known, None)


def _check_text(*texts: str) -> None:
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError:
            shown = text.encode("utf-8", "surrogateescape").decode(errors="replace")
            raise InvalidParameter(f'the build context holds a name that is no UTF-8: "{shown}"') from None


def _xattrs(entry: Entry) -> list[tuple[str, bytes]]:
    if not entry.pax:
        return []
    named = ((key.removeprefix(_XATTR), value) for key, value in entry.pax.items() if key.startswith(_XATTR))
    return [(name, value.encode("utf-8", "surrogateescape")) for name, value in named if name.startswith(XATTRS)]
