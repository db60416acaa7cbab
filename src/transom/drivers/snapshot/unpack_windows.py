"""A Windows layer's tar made into an overlayfs layer directory of drive C:. Runs in a worker that has chrooted into it.

`Files/` becomes the tree, what `Hives/` changes in the registry goes beside it, `UtilityVM/` (the virtual machine of
Hyper-V) stays in the blob.
What Windows knows of a file and Linux does not is kept in extended attributes: `user.DOSATTRIB` (hidden and system, as
Wine reads and writes it), `user.transom.attributes` (others, for Windows hosts), `user.transom.sd` (a security
descriptor that is not the usual one).

Source: reference in images/windows_layer.py; overlayfs.rst for whiteouts.
"""

import errno
import os
import posixpath
import stat
from collections.abc import Callable, Sequence
from functools import partial

from transom.drivers.exec.wine.hives import changes_of
from transom.drivers.snapshot.spelling import Spelling
from transom.drivers.snapshot.unpack_posix import OPAQUE_XATTR, REFUSED, copy_file, is_whiteout, remove, write_file
from transom.errors import InvalidParameter
from transom.host.rootfs import open_in_root
from transom.images.layer import clean_name, split_whiteout
from transom.images.regf import MAX_HIVE
from transom.images.security import default_security
from transom.images.tar import DIR, REG, Entry, Reader
from transom.images.windows_layer import (
    DELTA_HIVES,
    DIRECTORY,
    FOR_WINDOWS,
    HIDDEN,
    READ_ONLY,
    REGISTRY,
    SYSTEM,
    Route,
    attributes_of,
    check_read,
    fold,
    is_elsewhere,
    link_target,
    read_registry,
    route,
    security_of,
    stream_of,
)
from transom.images.windows_link import MOUNT_POINT, LinkKind, WindowsLink

DOS_XATTR = "user.DOSATTRIB"
SECURITY_XATTR = "user.transom.sd"
ATTRIBUTES_XATTR = "user.transom.attributes"
_HIVES = {fold(name): name for name in DELTA_HIVES}


class WindowsLayer:
    """Applies entries below the present root directory; links are made by close(), when all their targets are there.

    lowers: descriptors of the directories below, topmost first, the Windows base's drive last.
    side: descriptor of the directory for `registry` or `registry.hives`.
    """

    def __init__(self, lowers: Sequence[int], side: int) -> None:
        self._lowers = lowers
        self._side = side
        self._spelling = Spelling(lowers)
        self._directories: dict[str, int | None] = {"": None}
        self._links: list[tuple[str, Entry]] = []
        self._hard_links: list[tuple[str, Entry]] = []
        self._registry: dict[str, str] = {}
        self._kept_hives: dict[str, bytes] = {}
        self._streams = self._elsewhere = 0
        self.warnings: list[str] = []
        self.wanted: dict[str, list[str]] = {}
        """Files of the utility VM that hard links name, folded, and the paths that want them: for a second reading."""

    def apply(self, entry: Entry, reader: Reader) -> None:
        """Make entry.

        Raises:
            InvalidParameter: it means something that a layer must not mean.
        """
        if is_elsewhere(entry.name):
            self._leave_out(entry)
            return
        check_read(entry.name)
        where, rest = route(clean_name(entry.name))
        if entry.kind == DIR and not rest:
            self._registry |= {key: value for key, value in entry.pax.items() if key.startswith(REGISTRY)}
        try:
            match where:
                case Route.FILES:
                    self._apply_file(rest, entry, reader)
                case Route.HIVES:
                    self._keep_hive(rest, entry, reader)
        except OSError as exc:
            if exc.errno in REFUSED:
                raise InvalidParameter(f'invalid Windows layer: entry "{entry.name}": {exc.strerror}') from exc
            raise

    def apply_wanted(self, entry: Entry, reader: Reader) -> None:
        """Make the links that want a file of the utility VM; for the second reading."""
        paths = self.wanted.pop(fold(clean_name(entry.name)), None)
        if paths and entry.kind == REG:
            self._write(paths[0], entry, reader)
            for path in paths[1:]:
                os.link(paths[0], path)

    def close(self) -> None:
        """Make the links, write the registry down, set the times of directories."""
        for path, entry in self._hard_links:
            self._hard_link(path, entry)
        for path, entry in self._links:
            self._replacing(path, partial(os.symlink, self._link_text(path, entry), path))
            os.utime(path, ns=(entry.mtime_ns, entry.mtime_ns), follow_symlinks=False)
        name, data = self._changed_registry()
        if data:
            fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600, dir_fd=self._side)
            with open(fd, "wb") as file:
                file.write(data)
        if self._streams:
            self.warnings.append(f"{self._streams} members with names that no file can have are not unpacked")
        if self._elsewhere:
            self.warnings.append(f"{self._elsewhere} directories are not in Files, where Windows has its drive")
        for name, mtime_ns in reversed(self._directories.items()):
            if mtime_ns is not None and os.path.lexists(name or "."):
                os.utime(name or ".", ns=(mtime_ns, mtime_ns), follow_symlinks=False)

    def check_satisfied(self) -> None:
        """Refuse a layer whose links name what is nowhere."""
        for paths in self.wanted.values():
            raise InvalidParameter(f'invalid Windows layer: the target of the hard link "{paths[0]}" is not there')

    def _leave_out(self, entry: Entry) -> None:
        """Pass over a directory that no container sees; builders that know Linux alone write it for WORKDIR.

        Raises:
            InvalidParameter: it is no directory: who put a file there wants it in the container.
        """
        if entry.kind != DIR:
            raise InvalidParameter(
                f'invalid Windows layer: "{entry.name}" is neither in Files nor in Hives, so no container could see '
                "it: a builder that knows Windows writes C:\\app as Files/app; with one that does not (buildah), copy "
                "to /Files/app"
            )
        self._elsewhere += 1

    def _apply_file(self, rest: str, entry: Entry, reader: Reader) -> None:
        if not rest:
            if entry.kind == DIR:
                self._directories[""] = entry.mtime_ns
            return
        directory, _, name = rest.rpartition("/")
        if ":" in rest and (entry.kind != REG or stream_of(rest) is None):
            self._streams += 1
            return
        whiteout = split_whiteout(rest)
        if whiteout is not None:
            self._delete(self._ensure_directory(whiteout[0]), whiteout[1])
            return
        parent = self._ensure_directory(directory)
        spelled = self._spelling.add(parent, name)
        path = f"{parent}/{spelled}" if parent else spelled
        match entry.kind:
            case "0":
                self._write(path, entry, reader)
            case "5":
                self._directory(path, entry)
            case "2":
                self._links.append((path, entry))
            case "1":
                self._hard_links.append((path, entry))
            case _:
                raise InvalidParameter(f'invalid Windows layer: "{entry.name}" is a device')

    def _write(self, path: str, entry: Entry, reader: Reader) -> None:
        attributes = attributes_of(entry.pax, directory=False)
        # Windows runs what a list allows, not what has a bit: every file may be run as far as Linux is concerned.
        mode = 0o555 if attributes & READ_ONLY else 0o755
        fd = write_file(path, mode, entry.size, reader, replace=self._remove)
        try:
            self._metadata(fd, attributes, entry)
            os.utime(fd, ns=(entry.mtime_ns, entry.mtime_ns))
        finally:
            os.close(fd)

    def _directory(self, path: str, entry: Entry) -> None:
        try:
            os.mkdir(path, 0o755)
        except FileExistsError:
            found = os.lstat(path)
            if not stat.S_ISDIR(found.st_mode):
                self._remove(path)
                os.mkdir(path, 0o755)
                if is_whiteout(found):
                    os.setxattr(path, OPAQUE_XATTR, b"y")
        self._metadata(path, attributes_of(entry.pax, directory=True), entry)
        self._directories.pop(path, None)
        self._directories[path] = entry.mtime_ns

    def _metadata(self, target: str | int, attributes: int, entry: Entry) -> None:
        marked = attributes & (HIDDEN | SYSTEM)
        if marked:
            os.setxattr(target, DOS_XATTR, f"0x{marked:x}".encode())
        if attributes & FOR_WINDOWS:
            os.setxattr(target, ATTRIBUTES_XATTR, f"0x{attributes & FOR_WINDOWS:x}".encode())
        if not entry.pax:
            return
        security = security_of(entry.pax, entry.name)
        if security and security != default_security(directory=entry.kind == DIR):
            try:
                os.setxattr(target, SECURITY_XATTR, security)
            except OSError as exc:
                if exc.errno not in {errno.ENOSPC, errno.E2BIG, errno.ERANGE, errno.ENOTSUP}:
                    raise
                self.warnings.append(f'the security descriptor of "{entry.name}" is kept in the blob only')

    def _ensure_directory(self, path: str) -> str:
        """Return path as it is spelled, made if it is only implied."""
        spelled = ""
        for part in filter(None, path.split("/")):
            name = self._spelling.add(spelled, part)
            spelled = f"{spelled}/{name}" if spelled else name
            if spelled in self._directories:
                continue
            try:
                os.mkdir(spelled, 0o755)
            except FileExistsError:
                if is_whiteout(os.lstat(spelled)):
                    os.unlink(spelled)
                    os.mkdir(spelled, 0o755)
                    os.setxattr(spelled, OPAQUE_XATTR, b"y")
            self._directories[spelled] = None
        return spelled

    def _delete(self, directory: str, name: str) -> None:
        if not name:
            if self._lowers:
                os.setxattr(directory or ".", OPAQUE_XATTR, b"y")
            return
        spelled = self._spelling.find_below(directory, name)
        if spelled is None:
            return  # nothing below to delete
        path = f"{directory}/{spelled}" if directory else spelled
        try:
            os.mknod(path, stat.S_IFCHR, 0)
        except FileExistsError:
            if stat.S_ISDIR(os.lstat(path).st_mode):
                os.setxattr(path, OPAQUE_XATTR, b"y")

    def _hard_link(self, path: str, entry: Entry) -> None:
        where, rest = route(clean_name(entry.link))
        if where is Route.UTILITY_VM:
            self.wanted.setdefault(fold(clean_name(entry.link)), []).append(path)
            return
        if where is not Route.FILES or not rest:
            raise InvalidParameter(f'invalid Windows layer: hard link "{entry.name}" to "{entry.link}"')
        target = self._spelling.spell(rest)
        try:
            self._replacing(path, lambda: os.link(target, path, follow_symlinks=False))
        except FileNotFoundError:
            if not self._copy_up(target, path):
                raise InvalidParameter(
                    f'invalid Windows layer: "{entry.name}" is a link to "{entry.link}", which is not there'
                ) from None
        except OSError as exc:
            raise InvalidParameter(f'invalid Windows layer: link "{entry.name}": {exc.strerror}') from exc

    def _copy_up(self, target: str, path: str) -> bool:
        for lower in self._lowers:
            try:
                source = open_in_root(lower, target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError:
                continue
            try:
                status = os.fstat(source)
                if not stat.S_ISREG(status.st_mode):
                    return False
                self._replacing(path, partial(copy_file, source, path, status))
                return True
            finally:
                os.close(source)
        return False

    def _link_text(self, path: str, entry: Entry) -> str:
        """Return what the link on disk says: a relative Linux path that stays on the drive, and our marks."""
        found = link_target(entry.link)
        kind = LinkKind.ABSOLUTE if found is not None and found[0] else LinkKind.RELATIVE
        if entry.pax.get(MOUNT_POINT) == "1":
            kind = LinkKind.JUNCTION
        directory = bool(attributes_of(entry.pax, directory=False) & DIRECTORY)
        return WindowsLink(kind, self._target(path, entry), directory).text()

    def _target(self, path: str, entry: Entry) -> str:
        found = link_target(entry.link)
        if found is None:
            return entry.link.replace("\\", "/").strip("/") or "."  # another drive or a share: it leads nowhere here
        absolute, target = found
        directory = posixpath.dirname(path)
        whole = posixpath.normpath("/" + (target if absolute else f"{directory}/{target}")).strip("/")
        return posixpath.relpath(self._spelling.spell(whole) if whole else ".", directory or ".")

    def _keep_hive(self, name: str, entry: Entry, reader: Reader) -> None:
        known = _HIVES.get(fold(name))
        if known is None or entry.kind != REG:
            return
        if entry.size + sum(map(len, self._kept_hives.values())) > MAX_HIVE:
            raise InvalidParameter(f'invalid Windows layer: "{entry.name}" has {entry.size} bytes')
        pieces = []
        while data := reader.read(1 << 20):
            pieces.append(data)
        self._kept_hives[known] = b"".join(pieces)

    def _changed_registry(self) -> tuple[str, bytes]:
        """Return the layer's changes in our form and the name of their file.

        Its own record has the say, since whoever wrote it wrote no hives.
        """
        data = read_registry(self._registry)
        if data:
            return "registry", data
        data, warnings = changes_of({name: hive for name, hive in self._kept_hives.items() if hive})
        self._kept_hives.clear()
        self.warnings += warnings
        return "registry.hives", data

    def _replacing(self, path: str, make: Callable[[], None]) -> None:
        try:
            make()
        except FileExistsError:
            self._remove(path)
            make()

    def _remove(self, path: str) -> None:
        remove(path)
        self._spelling.forget(path)
        prefix = path + "/"
        for known in [known for known in self._directories if known == path or known.startswith(prefix)]:
            del self._directories[known]
