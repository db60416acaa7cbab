"""mount(2), umount2(2), unshare(2) and the newer mount API, by ctypes.

Source: man pages mount(2), fsopen(2), fsconfig(2), fsmount(2), move_mount(2), mount_setattr(2).
"""

import contextlib
import ctypes
import errno
import os

from transom.errors import TransomError
from transom.model.mount import Mount, MountKind

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE, MS_SLAVE = 4096, 16384, 1 << 18, 1 << 19
MNT_DETACH = 2
CLONE_NEWNS = 0x00020000

_SYS_MOVE_MOUNT, _SYS_FSOPEN, _SYS_FSCONFIG, _SYS_FSMOUNT = 429, 430, 431, 432
_FSCONFIG_SET_FLAG, _FSCONFIG_SET_STRING, _FSCONFIG_CMD_CREATE = 0, 1, 6
_MOVE_MOUNT_F_EMPTY_PATH = 0x4
_PAGE = 4096
_VOLATILE = "volatile"
"""Since Linux 5.10. Without it the end of an overlay writes out all that its file system has in memory."""

_libc = ctypes.CDLL(None, use_errno=True)


class MountError(TransomError):
    """The kernel refused a mount; errno tells why."""

    def __init__(self, text: str, number: int) -> None:
        super().__init__(f"{text}: {os.strerror(number)}")
        self.errno = number


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Call mount(2).

    Raises:
        MountError: the kernel refused.
    """
    done = _libc.mount(
        source.encode(), os.fsencode(target), kind.encode() or None, ctypes.c_ulong(flags), data.encode() or None
    )
    if done != 0:
        raise MountError(f"mount {source} on {target}", ctypes.get_errno())


def unmount(target: str, *, missing_ok: bool = True) -> None:
    """Detach target; nothing mounted there is no error if missing_ok."""
    if _libc.umount2(os.fsencode(target), MNT_DETACH) != 0:
        number = ctypes.get_errno()
        if not (missing_ok and number in {errno.EINVAL, errno.ENOENT}):
            raise MountError(f"unmount {target}", number)


def bind(source: str, target: str, *, readonly: bool = False, recursive: bool = True) -> None:
    """Bind source on target; a read-only one takes a second call, as the first ignores the flag."""
    mount(source, target, flags=MS_BIND | (MS_REC if recursive else 0))
    if readonly:
        mount("", target, flags=MS_BIND | MS_REMOUNT | MS_RDONLY | (MS_REC if recursive else 0))


def private_namespace() -> None:
    """Move this process into a mount namespace of its own, which still receives what the host mounts later."""
    if _libc.unshare(CLONE_NEWNS) != 0:
        raise MountError("unshare mount namespace", ctypes.get_errno())
    mount("", "/", flags=MS_REC | MS_SLAVE)


def renew_volatile(overlay: Mount) -> None:
    """Let an overlay be mounted again after a volatile mount, whose mark says no more than that nobody has synced it.

    Raises:
        OSError: the mark cannot be removed.
    """
    mark = os.path.join(overlay.work, "work", "incompat", "volatile")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(mark, "dirty"))
        os.rmdir(mark)
        os.rmdir(os.path.dirname(mark))


def overlay_options(root: Mount) -> list[tuple[str, str]]:
    """Return overlayfs' options for root, lowers one by one in the newer API's form."""
    options = [("lowerdir+", lower) for lower in root.lowers]
    if root.upper:
        options += [("upperdir", root.upper), ("workdir", root.work)]
    options += [(name, value) for name, _, value in (option.partition("=") for option in root.options)]
    return options


def mount_root(root: Mount, target: str) -> None:
    """Mount a snapshot's root (overlay or bind) on target.

    Raises:
        MountError: the kernel refused; nothing is mounted.
    """
    if root.kind is MountKind.BIND:
        bind(root.source, target, readonly=root.readonly)
        return
    if root.work:
        renew_volatile(root)
    plain = overlay_data(root)
    if plain is not None:
        mount("transom", target, "overlay", MS_RDONLY if root.readonly else 0, plain)
    else:
        _mount_overlay_long(root, target)


def overlay_data(root: Mount) -> str | None:
    """Return mount(2)'s data text for root, or None if it does not fit into a page or a path needs the newer API."""
    paths = (*root.lowers, root.upper, root.work)
    if any(char in path for path in paths for char in ":,\\"):
        return None
    parts = ["lowerdir=" + ":".join(root.lowers)]
    if root.upper:
        parts += [f"upperdir={root.upper}", f"workdir={root.work}"]
    if root.volatile:
        parts.append(_VOLATILE)
    data = ",".join([*parts, *root.options])
    return data if len(data) < _PAGE else None


def _syscall(number: int, *args: object) -> int:
    result = int(_libc.syscall(ctypes.c_long(number), *args))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _mount_overlay_long(root: Mount, target: str) -> None:
    """Mount an overlay whose options exceed a page.

    `lowerdir+` came with Linux 6.8; before, a chain that long is mounted with relative names from a short directory.
    """
    try:
        fd = _syscall(_SYS_FSOPEN, b"overlay", 1)
    except OSError as exc:
        raise MountError("fsopen overlay", exc.errno or 0) from exc
    try:
        for name, value in overlay_options(root):
            _syscall(_SYS_FSCONFIG, fd, _FSCONFIG_SET_STRING, name.encode(), os.fsencode(value), 0)
        for flag in (*(("ro",) if root.readonly else ()), *((_VOLATILE,) if root.volatile else ())):
            _syscall(_SYS_FSCONFIG, fd, _FSCONFIG_SET_FLAG, flag.encode(), None, 0)
        _syscall(_SYS_FSCONFIG, fd, _FSCONFIG_CMD_CREATE, None, None, 0)
        mount_fd = _syscall(_SYS_FSMOUNT, fd, 1, 0)
        try:
            _syscall(_SYS_MOVE_MOUNT, mount_fd, b"", -100, os.fsencode(target), _MOVE_MOUNT_F_EMPTY_PATH)
        finally:
            os.close(mount_fd)
    except OSError as exc:
        if exc.errno == errno.EINVAL:
            _mount_overlay_relative(root, target)
            return
        raise MountError(f"mount overlay on {target}", exc.errno or 0) from exc
    finally:
        os.close(fd)


def _mount_overlay_relative(root: Mount, target: str) -> None:
    """Mount with lower directories named by descriptor (`/proc/self/fd/N`), which fits 128 layers into a page."""
    fds: list[int] = []
    try:
        for lower in root.lowers:
            fds.append(os.open(lower, os.O_PATH | os.O_DIRECTORY))
        short = Mount(
            root.kind,
            lowers=tuple(f"/proc/self/fd/{fd}" for fd in fds),
            upper=root.upper,
            work=root.work,
            options=root.options,
            readonly=root.readonly,
            volatile=root.volatile,
        )
        data = overlay_data(short)
        if data is None:
            raise MountError(f"mount overlay on {target}: {len(root.lowers)} layers", errno.E2BIG)
        mount("transom", target, "overlay", MS_RDONLY if root.readonly else 0, data)
    except OSError as exc:
        raise MountError(f"mount overlay on {target}", exc.errno or 0) from exc
    finally:
        for fd in fds:
            os.close(fd)
