"""Files by jobs in a worker that has chrooted into the root, and the root mounted for that worker alone if need be."""

import errno
import os
import posixpath
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from transom.drivers.snapshot.layer_writer import LayerWriter
from transom.drivers.snapshot.put_tree import TreePut
from transom.drivers.snapshot.read_tree import TreeRead, own_mounts
from transom.drivers.snapshot.spelling import Spelling
from transom.drivers.snapshot.streams import HashedStream
from transom.errors import InvalidParameter, NotFound
from transom.host.idmap import acting_as
from transom.host.job import Report
from transom.host.mount import mount_root, private_namespace
from transom.host.rootfs import Rootfs
from transom.host.worker import Workers
from transom.images.tar import Reader
from transom.model.mount import MountKind
from transom.snapshots.files import PathStat, PutOptions, Root

MAX_BYTES = 1 << 40
_GO_TYPES = {
    stat.S_IFDIR: 1 << 31,
    stat.S_IFLNK: 1 << 27,
    stat.S_IFBLK: 1 << 26,
    stat.S_IFIFO: 1 << 25,
    stat.S_IFSOCK: 1 << 24,
    stat.S_IFCHR: 1 << 26 | 1 << 21,
}
_GO_BITS = {stat.S_ISUID: 1 << 23, stat.S_ISGID: 1 << 22, stat.S_ISVTX: 1 << 20}


@dataclass(frozen=True, slots=True)
class At:
    """Arguments of the jobs: a path in a root, and a directory to mount the root on."""

    root: Root
    path: str
    mount_on: str
    options: PutOptions = field(default_factory=PutOptions)


def stat_path(arguments: At, fds: Sequence[int], report: Report) -> PathStat:
    """Return what is at a path. A job."""
    root = _open(arguments)
    path, follow = _spelled(root, arguments), _follows(arguments.path)
    try:
        found = root.stat(path) if follow else root.lstat(path)
        link = "/" + root.resolve(path) if stat.S_ISLNK(found.st_mode) else ""
    except OSError as exc:
        if follow:
            raise _explained(exc, arguments.path) from exc
        found, link = _dangling(root, path, arguments.path)
    name = posixpath.basename(posixpath.normpath("/" + arguments.path)) or "/"
    return PathStat(name, found.st_size, go_mode(found.st_mode), found.st_mtime_ns, link)


def _dangling(root: Rootfs, path: str, asked: str) -> tuple[os.stat_result, str]:
    """Return a link that leads nowhere, and what it says."""
    try:
        found = root.lstat(path)
    except OSError as exc:
        raise _explained(exc, asked) from exc
    if not stat.S_ISLNK(found.st_mode):
        raise NotFound(asked)
    target = root.readlink(path)
    return found, posixpath.normpath(posixpath.join("/", posixpath.dirname(path), target))


def get_tree(arguments: At, fds: Sequence[int], report: Report) -> None:
    """Write a tar of a path to fds[0]. A job."""
    root = _open(arguments)
    path = _spelled(root, arguments)
    name = posixpath.basename(posixpath.normpath("/" + arguments.path))
    if arguments.path.endswith("/."):
        name = "."  # the names say that contents are meant: clients look for `./`
    writer = LayerWriter(fds[0], compress=False)
    try:
        TreeRead(writer, without_owners=arguments.root.folds_case).run(
            root, path, name, follow=_follows(arguments.path)
        )
    except OSError as exc:
        raise _explained(exc, arguments.path) from exc
    writer.finish()


def put_tree(arguments: At, fds: Sequence[int], report: Report) -> None:
    """Unpack the tar behind fds[0] into a directory. A job."""
    root = _open(arguments)
    path = _spelled(root, arguments)
    try:
        directory = root.open(path, os.O_PATH)
    except OSError as exc:
        raise _explained(exc, arguments.path) from exc
    if not stat.S_ISDIR(os.fstat(directory).st_mode):
        raise InvalidParameter("extraction point is not a directory")
    stream = HashedStream(open(fds[0], "rb", buffering=0), max_bytes=MAX_BYTES)  # noqa: SIM115 - until this process ends
    os.umask(0)
    os.fchdir(root.fd)
    os.chroot(".")
    os.fchdir(directory)
    owner = _sole_owner(root) if arguments.root.folds_case else (0, 0)
    with acting_as(*owner):
        writer = TreePut(arguments.options, sole_owner=owner if arguments.root.folds_case else None)
        reader = Reader(stream)
        for entry in reader:
            writer.apply(entry, reader)
        stream.finish()
        writer.close()


def _sole_owner(root: Rootfs) -> tuple[int, int]:
    """Return whose everything is in a root where owners mean nothing: a mapped mount takes no file from another."""
    status = os.fstat(root.fd)
    return status.st_uid, status.st_gid


def export_tree(arguments: At, fds: Sequence[int], report: Report) -> None:
    """Write a tar of the whole root to fds[0]. A job."""
    root = _open(arguments)
    writer = LayerWriter(fds[0], compress=False)
    reader = TreeRead(writer, own_mounts(arguments.root.path), without_owners=arguments.root.folds_case)
    reader.run(root, "", "", follow=False, with_top=False)
    writer.finish()


def go_mode(mode: int) -> int:
    """Return a file's mode as Go's os.FileMode has it."""
    bits = sum(go for unix, go in _GO_BITS.items() if mode & unix)
    return mode & 0o777 | bits | _GO_TYPES.get(stat.S_IFMT(mode), 0)


def _open(arguments: At) -> Rootfs:
    mount = arguments.root.mount
    if mount is None:
        try:
            return Rootfs.at(arguments.root.path)
        except OSError as exc:
            raise NotFound(arguments.path) from exc
    if mount.kind is MountKind.BIND:
        return Rootfs.at(mount.source)
    private_namespace()
    mount_root(replace(mount, target=""), arguments.mount_on)
    return Rootfs.at(arguments.mount_on)


def _spelled(root: Rootfs, arguments: At) -> str:
    plain = posixpath.normpath("/" + arguments.path).strip("/")
    return Spelling((root.fd,)).spell(plain) if arguments.root.folds_case and plain else plain


def _follows(path: str) -> bool:
    return path.endswith(("/", "/."))


def _explained(exc: OSError, path: str) -> Exception:
    if exc.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
        return NotFound(path)
    return InvalidParameter(f"{path}: {exc.strerror}")


class WorkerFiles:
    """The Files of an engine. mount_on: an empty directory that roots are mounted on, out of everybody's sight."""

    def __init__(self, workers: Workers, mount_on: str) -> None:
        self._workers = workers
        self._mount_on = mount_on

    async def stat(self, root: Root, path: str) -> PathStat:
        """Return what is at path."""
        return await self._workers.run(stat_path, At(root, path, self._mount_on))

    async def get(self, root: Root, path: str, target: int) -> None:
        """Write a tar of path to descriptor target."""
        await self._workers.run(get_tree, At(root, path, self._mount_on), (target,))

    async def put(self, root: Root, path: str, source: int, options: PutOptions) -> None:
        """Unpack the tar behind descriptor source into directory path."""
        await self._workers.run(put_tree, At(root, path, self._mount_on, options), (source,))

    async def export(self, root: Root, target: int) -> None:
        """Write a tar of the whole root to descriptor target."""
        await self._workers.run(export_tree, At(root, "", self._mount_on), (target,))
