"""What an image has at a volume's target, copied into the new volume by a job that mounts the image for itself."""

import errno
import os
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace

from transom.errors import InvalidParameter
from transom.host.job import Report
from transom.host.mount import mount_root, private_namespace
from transom.host.rootfs import Rootfs
from transom.host.worker import Workers
from transom.model.mount import Mount, MountKind

_PIECE = 8 << 20
_DEPTH = 400
_OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Fill:
    """Arguments of `fill`: the image's root, a path in it, a directory to mount the root on, the volume's directory.

    in_use: whether a container has the directory mounted, so that it cannot be exchanged for a filled one.
    """

    root: Mount
    path: str
    mount_on: str
    volume: str
    in_use: bool


def fill(arguments: Fill, fds: Sequence[int], report: Report) -> bool:
    """Copy the tree with owners, modes, times and attributes; return False where there is nothing to copy. A job.

    A volume that is not empty is left as it is: what is in it is somebody's.
    """
    if os.listdir(arguments.volume):
        return False
    with _image(arguments) as image:
        try:
            source = image.open(arguments.path, _OPEN_DIRECTORY & ~os.O_NOFOLLOW)
        except (FileNotFoundError, NotADirectoryError):
            return False
        if arguments.in_use:
            _copy(source, arguments.volume)
            return True
        # A crash half-way must not leave a volume that looks filled.
        aside = arguments.volume + ".new"
        shutil.rmtree(aside, ignore_errors=True)
        os.mkdir(aside, 0o700)
        try:
            _copy(source, aside)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        os.rename(aside, arguments.volume)
    return True


def _copy(source: int, path: str) -> None:
    target = os.open(path, _OPEN_DIRECTORY)
    _Copier(os.dup(target)).run(source, target)


def _image(arguments: Fill) -> Rootfs:
    if arguments.root.kind is MountKind.BIND:
        return Rootfs.at(arguments.root.source)
    private_namespace()
    mount_root(replace(arguments.root, target=""), arguments.mount_on)
    return Rootfs.at(arguments.mount_on)


class _Copier:
    """Copies one tree; files that are one stay one. Nobody else writes to the target meanwhile."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._linked: dict[int, str] = {}

    def run(self, source: int, target: int, path: str = "", depth: int = 0) -> None:
        """Copy what is in directory source into target, then source's owner, mode and times; closes both."""
        if depth > _DEPTH:
            raise InvalidParameter(f"the image's directories are nested more than {_DEPTH} deep: {path[:80]}...")
        with os.scandir(source) as found:
            names = [entry.name for entry in found]
        for name in names:
            info = os.stat(name, dir_fd=source, follow_symlinks=False)
            below = f"{path}/{name}" if path else name
            if stat.S_ISDIR(info.st_mode):
                os.mkdir(name, 0o700, dir_fd=target)
                inner = os.open(name, _OPEN_DIRECTORY, dir_fd=source)
                self.run(inner, os.open(name, _OPEN_DIRECTORY, dir_fd=target), below, depth + 1)
            elif info.st_nlink > 1 and self._linked.setdefault(info.st_ino, below) != below:
                known = self._linked[info.st_ino]
                os.link(known, name, src_dir_fd=self._top, dst_dir_fd=target, follow_symlinks=False)
            else:
                self._entry(source, target, name, info)
        _attributes(source, target, os.fstat(source))
        os.close(source)
        os.close(target)

    def _entry(self, source: int, target: int, name: str, info: os.stat_result) -> None:
        if stat.S_ISREG(info.st_mode):
            self._file(source, target, name, info)
        elif stat.S_ISLNK(info.st_mode):
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
            os.chown(name, info.st_uid, info.st_gid, dir_fd=target, follow_symlinks=False)
            os.utime(name, ns=(info.st_atime_ns, info.st_mtime_ns), dir_fd=target, follow_symlinks=False)
        elif not stat.S_ISSOCK(info.st_mode):
            os.mknod(name, info.st_mode, info.st_rdev, dir_fd=target)
            os.chown(name, info.st_uid, info.st_gid, dir_fd=target, follow_symlinks=False)

    def _file(self, source: int, target: int, name: str, info: os.stat_result) -> None:
        flags = os.O_NOFOLLOW | os.O_CLOEXEC
        reader = os.open(name, os.O_RDONLY | flags, dir_fd=source)
        writer = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | flags, 0o600, dir_fd=target)
        while os.sendfile(writer, reader, None, _PIECE):  # None: from where it is
            pass
        _attributes(reader, writer, info)
        os.close(reader)
        os.close(writer)


def _attributes(source: int, target: int, info: os.stat_result) -> None:
    os.fchown(target, info.st_uid, info.st_gid)
    os.fchmod(target, stat.S_IMODE(info.st_mode))
    for name in os.listxattr(source):
        if name.startswith("trusted.overlay."):
            continue
        try:
            os.setxattr(target, name, os.getxattr(source, name))
        except OSError as exc:
            if exc.errno not in {errno.ENOTSUP, errno.EPERM}:
                raise
    os.utime(target, ns=(info.st_atime_ns, info.st_mtime_ns))


class WorkerVolumeFiller:
    """Fills volumes by that job. mount_on: an empty directory."""

    def __init__(self, workers: Workers, mount_on: str) -> None:
        self._workers = workers
        self._mount_on = mount_on

    async def fill(self, root: Mount, path: str, volume: str, *, in_use: bool) -> bool:
        """Copy path of the image's root into the empty directory volume; False where nothing was to be copied."""
        return await self._workers.run(fill, Fill(root, path, self._mount_on, volume, in_use))
