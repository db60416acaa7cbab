"""Mounts whose files have other owners for the kernel than on disk, and acting as such an owner.

A user namespace that has no process left keeps a mapping; a mount takes it from there. Files stay on disk as they
are. The overlay file system cannot be mapped itself, its layers can (since Linux 5.19).
Source: man pages mount_setattr(2), user_namespaces(7), capset(2); Linux Documentation/filesystems/idmappings.rst.
"""

import ctypes
import errno
import os
import socket
import stat
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from transom.host.mount import MountError, mount_root, renew_volatile, unmount
from transom.host.rootfs import remove_path
from transom.model.mount import IdMap, Mount, MountKind

_SYS_CAPGET, _SYS_CAPSET, _SYS_SETFSUID, _SYS_SETFSGID = 125, 126, 122, 123
_SYS_OPEN_TREE, _SYS_MOVE_MOUNT, _SYS_MOUNT_SETATTR = 428, 429, 442
_OPEN_TREE_CLONE, _AT_RECURSIVE, _AT_EMPTY_PATH = 1, 0x8000, 0x1000
_MOUNT_ATTR_IDMAP, _MOUNT_ATTR_RDONLY = 0x100000, 0x1
_MOVE_MOUNT_F_EMPTY_PATH = 0x4
_CLONE_NEWUSER = 0x10000000
_CAPABILITY_VERSION_3 = 0x20080522
_AT_FDCWD = -100

_libc = ctypes.CDLL(None, use_errno=True)

Mapping = tuple[tuple[IdMap, ...], tuple[IdMap, ...]]
"""Of users, of groups."""


class IdMaps:
    """The mappings in use, each held by a descriptor of a user namespace. One for the life of an engine."""

    def __init__(self) -> None:
        self._namespaces: dict[Mapping, int] = {}
        self._takes_unseen = True

    def close(self) -> None:
        """Let go; what is mounted stays mapped."""
        while self._namespaces:
            os.close(self._namespaces.popitem()[1])

    def refusal(self, directory: Path, users: tuple[IdMap, ...]) -> str:
        """Return why an overlay of mapped layers cannot be used in directory, empty if it can; tried in fact."""
        top = directory / f"idmap-{os.getpid()}"
        places = [top / name for name in ("lower", "over/fs", "over/work", "on")]
        lower, upper, work, on = map(str, places)
        try:
            for place in places:
                place.mkdir(parents=True)
            mount = Mount(MountKind.OVERLAY, lowers=(lower,), upper=upper, work=work, idmap=users)
            self.overlay(mount, on, top / "layers")
            unmount(on)
        except (OSError, MountError) as exc:
            return str(exc)
        finally:
            remove_path(top)
        return ""

    def can_bind(self, mount: Mount) -> bool:
        """Tell whether the file systems at a bind's source, and below it, can be mapped."""
        try:
            os.close(self._mapped_tree(mount.source, _mapping(mount), _AT_RECURSIVE))
        except OSError:
            return False
        return True

    def bind(self, mount: Mount, target: str) -> None:
        """Mount a bind's source, with all that is mounted below it, on target, which is there already.

        Raises:
            MountError: the kernel refused: EINVAL where a file system cannot be mapped. Nothing is mounted.
        """
        self._attach(mount.source, target, _mapping(mount), _AT_RECURSIVE)

    def overlay(self, mount: Mount, target: str, scratch: Path) -> None:
        """Mount an overlay with mapped layers on target; scratch is a directory that may be made, gone afterwards.

        Raises:
            MountError: the kernel refused. Nothing is mounted.
        """
        if mount.work:
            renew_volatile(mount)  # by its path on disk, and as root
        try:
            if self._takes_unseen:
                self._overlay_of_unseen(mount, target)
                return
        except MountError as exc:
            if exc.errno != errno.EINVAL:
                raise
            self._takes_unseen = False  # before Linux 6.15 a layer has to be mounted somewhere
        self._overlay_of_seen(mount, target, scratch)

    def _overlay_of_unseen(self, mount: Mount, target: str) -> None:
        with ExitStack() as held:

            def mapped(path: str, attributes: int) -> str:
                try:
                    tree = self._mapped_tree(path, _mapping(mount), 0, attributes)
                except OSError as exc:
                    raise MountError(f"mount {path} with other owners", exc.errno or 0) from exc
                held.callback(os.close, tree)
                return f"/proc/self/fd/{tree}"

            _mount_as_owner(_of_mapped_layers(mount, mapped), target)

    def _overlay_of_seen(self, mount: Mount, target: str, scratch: Path) -> None:
        made: list[str] = []

        def mapped(path: str, attributes: int) -> str:
            place = str(scratch / str(len(made)))
            os.mkdir(place)
            made.append(place)
            self._attach(path, place, _mapping(mount), attributes=attributes)
            return place

        scratch.mkdir()
        try:
            _mount_as_owner(_of_mapped_layers(mount, mapped), target)
        finally:
            for place in made:  # the overlay has its own references
                unmount(place)
                os.rmdir(place)
            scratch.rmdir()

    def _attach(self, source: str, target: str, mapping: Mapping, flags: int = 0, attributes: int = 0) -> None:
        try:
            tree = self._mapped_tree(source, mapping, flags, attributes)
            try:
                _syscall(_SYS_MOVE_MOUNT, tree, b"", _AT_FDCWD, os.fsencode(target), _MOVE_MOUNT_F_EMPTY_PATH)
            finally:
                os.close(tree)
        except OSError as exc:
            raise MountError(f"mount {source} with other owners", exc.errno or 0) from exc

    def _mapped_tree(self, source: str, mapping: Mapping, flags: int, attributes: int = 0) -> int:
        """Return a descriptor of a copy of what is mounted at source, seen nowhere yet."""
        tree = _syscall(_SYS_OPEN_TREE, _AT_FDCWD, os.fsencode(source), _OPEN_TREE_CLONE | os.O_CLOEXEC | flags)
        try:
            wanted = struct.pack("QQQQ", _MOUNT_ATTR_IDMAP | attributes, 0, 0, self._namespace(mapping))
            _syscall(_SYS_MOUNT_SETATTR, tree, b"", _AT_EMPTY_PATH | flags, wanted, len(wanted))
        except BaseException:
            os.close(tree)
            raise
        return tree

    def _namespace(self, mapping: Mapping) -> int:
        if mapping not in self._namespaces:
            self._namespaces[mapping] = user_namespace(*mapping)
        return self._namespaces[mapping]


def closed_to_others(directory: Path) -> str:
    """Say which directory nobody but root can pass through on the way to a path, empty if there is none.

    Runtimes make the mounts of a container as its user, by their paths.
    """
    closed = [each for each in (directory, *directory.parents) if not each.stat().st_mode & stat.S_IXOTH]
    return f"{closed[0]} is closed to other users (chmod o+x)" if closed else ""


def _mapping(mount: Mount) -> Mapping:
    return mount.idmap, mount.gidmap or mount.idmap


def _of_mapped_layers(mount: Mount, mapped: Callable[[str, int], str]) -> Mount:
    """Return an overlay over what mapped makes of its layers, given a directory and a mount's attributes."""
    lowers = tuple(mapped(each, _MOUNT_ATTR_RDONLY) for each in mount.lowers)
    if not mount.upper:
        return replace(mount, lowers=lowers)
    # Both from one mount: the kernel demands it.
    home, upper = os.path.split(mount.upper)
    top = mapped(home, 0)
    return replace(mount, lowers=lowers, upper=f"{top}/{upper}", work=f"{top}/{os.path.relpath(mount.work, home)}")


def _mount_as_owner(mount: Mount, target: str) -> None:
    users, groups = _mapping(mount)
    with acting_as(users[0].outside, groups[0].outside):
        mount_root(mount, target)


def user_namespace(users: Sequence[IdMap], groups: Sequence[IdMap]) -> int:
    """Return a descriptor of a new user namespace that maps so; the caller closes it.

    Raises:
        OSError: the kernel makes none.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        pid = os.fork()
        if pid == 0:  # only system calls from here on: other threads' locks may be held for ever
            failed = _libc.unshare(_CLONE_NEWUSER) and ctypes.get_errno()
            os.write(theirs.fileno(), bytes([failed]))
            os.read(theirs.fileno(), 1)
            os._exit(0)
        try:
            failed = ours.recv(1)[0]
            if failed:
                raise OSError(failed, os.strerror(failed))
            for name, extents in (("uid_map", users), ("gid_map", groups)):
                lines = "".join(f"{each.inside} {each.outside} {each.length}\n" for each in extents)
                Path(f"/proc/{pid}/{name}").write_text(lines, encoding="ascii")
            return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            ours.send(b"x")
            os.waitpid(pid, 0)


@contextmanager
def acting_as(uid: int, gid: int) -> Iterator[None]:
    """Have this thread make files as uid and gid, with every capability that it has; no await inside.

    A mapped mount takes no file from an owner that it does not map, root included.
    """
    _libc.syscall(ctypes.c_long(_SYS_SETFSGID), gid)
    _libc.syscall(ctypes.c_long(_SYS_SETFSUID), uid)
    try:
        _raise_capabilities()  # the change of fsuid took those of the file system away
        yield
    finally:
        _libc.syscall(ctypes.c_long(_SYS_SETFSUID), 0)
        _libc.syscall(ctypes.c_long(_SYS_SETFSGID), 0)


def _raise_capabilities() -> None:
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    sets = ctypes.create_string_buffer(24)
    _syscall(_SYS_CAPGET, header, sets)
    low, high = struct.unpack("III", sets.raw[:12]), struct.unpack("III", sets.raw[12:])
    _syscall(_SYS_CAPSET, header, struct.pack("IIIIII", low[1], low[1], low[2], high[1], high[1], high[2]))


def _syscall(number: int, *args: object) -> int:
    result = int(_libc.syscall(ctypes.c_long(number), *args))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
