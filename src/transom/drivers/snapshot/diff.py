"""The jobs that compare an active snapshot with what is below it."""

import contextlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from transom.drivers.snapshot.diff_posix import PosixDiff
from transom.drivers.snapshot.diff_windows import WindowsDiff
from transom.drivers.snapshot.layer_writer import LayerWriter
from transom.drivers.snapshot.lower_view import LowerView, is_opaque, redirect_of
from transom.drivers.snapshot.unpack_posix import is_whiteout
from transom.host.job import Report
from transom.host.mount import mount_root, private_namespace
from transom.host.rootfs import open_in_root
from transom.model.mount import Mount, MountKind
from transom.snapshots.layers import ChangeKind, LayerForm

_DIR = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Diff:
    """Arguments of `diff` and `changes`: host directories (lowers topmost first), and where a view may be mounted."""

    form: LayerForm
    upper: str
    lowers: tuple[str, ...]
    mount_on: str
    registry: bytes = b""
    mount_points: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Diffed:
    """The layer that was written."""

    diff_id: str
    digest: str
    size_bytes: int
    entries: int
    unpacked_bytes: int
    renamed: bool


def diff(arguments: Diff, fds: Sequence[int], report: Report) -> Diffed:
    """Write the changes in upper as a layer, gzip-compressed, to fds[0]. A job.

    Raises:
        InvalidParameter: a file cannot be written in this form.
    """
    upper = os.open(arguments.upper, _DIR)
    view = LowerView([os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) for path in arguments.lowers])
    writer = LayerWriter(fds[0])
    merged = _Merged(arguments)
    walk = (
        WindowsDiff(writer, view, merged, arguments.mount_points, registry=arguments.registry)
        if arguments.form is LayerForm.WINDOWS
        else PosixDiff(writer, view, merged, arguments.mount_points)
    )
    walk.run(upper)
    done = writer.finish()
    return Diffed(done.diff_id, done.digest, done.size_bytes, walk.entries, walk.unpacked_bytes, walk.renamed)


class _Merged:
    """Opens directories in the view of upper and lowers together; mounted when it is first asked.

    The mount is in a namespace of this process, and gone with it.
    """

    def __init__(self, arguments: Diff) -> None:
        self._arguments = arguments
        self._root = -1

    def __call__(self, path: str) -> int:
        if self._root < 0:
            stack = (self._arguments.upper, *self._arguments.lowers)
            if len(stack) == 1:
                self._root = os.open(stack[0], _DIR)
            else:
                private_namespace()
                options = ("redirect_dir=follow", "metacopy=off", "index=off")
                view = Mount(MountKind.OVERLAY, lowers=stack, readonly=True, options=options)
                mount_root(view, self._arguments.mount_on)
                self._root = os.open(self._arguments.mount_on, _DIR)
        return open_in_root(self._root, path or ".", os.O_RDONLY | os.O_DIRECTORY)


def changes(arguments: Diff, fds: Sequence[int], report: Report) -> list[tuple[str, int]]:
    """Return (path, kind) of what upper changes, parents before children. A job."""
    found: dict[str, ChangeKind] = {}
    view = LowerView([os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) for path in arguments.lowers])
    upper = os.open(arguments.upper, _DIR)
    for path, kind in _changes(upper, "", view, _Merged(arguments), frozenset(arguments.mount_points)):
        found[path] = kind
        while (path := path.rpartition("/")[0]) and path not in found:
            found[path] = ChangeKind.MODIFIED
    return [(path, int(found[path])) for path in sorted(found)]


def _changes(
    directory: int, path: str, view: LowerView, merged: Callable[[str], int], mount_points: frozenset[str]
) -> Iterator[tuple[str, ChangeKind]]:
    for name in sorted(os.listdir(directory)):
        child = f"{path}/{name}" if path else name
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        below = view.stat(child)
        if is_whiteout(status):
            if below is not None:
                yield child, ChangeKind.DELETED
            continue
        if not stat.S_ISDIR(status.st_mode):
            stub = child in mount_points and below is None and status.st_size == 0
            if not stub:
                yield child, ChangeKind.ADDED if below is None else ChangeKind.MODIFIED
            continue
        fd = os.open(name, _DIR | os.O_NOFOLLOW, dir_fd=directory)
        with contextlib.ExitStack() as stack:
            stack.callback(os.close, fd)
            if below is None or not stat.S_ISDIR(below.st_mode):
                if child in mount_points and below is None and not os.listdir(fd):
                    continue
                yield child, ChangeKind.ADDED if below is None else ChangeKind.MODIFIED
            elif status.st_mode != below.st_mode or (
                status.st_mtime_ns != below.st_mtime_ns and not _holds_stubs_only(fd, child, view, mount_points)
            ):
                yield child, ChangeKind.MODIFIED
            moved = bool(redirect_of(fd))
            if below is not None and (moved or is_opaque(fd)):
                kept = set(os.listdir(fd))
                for gone in view.names(child):
                    if gone not in kept:
                        yield f"{child}/{gone}", ChangeKind.DELETED
            if moved:
                fd = merged(child)
                stack.callback(os.close, fd)
            yield from _changes(fd, child, view, merged, mount_points)


def _holds_stubs_only(fd: int, path: str, view: LowerView, mount_points: frozenset[str]) -> bool:
    """Tell whether a directory differs only by what a runtime made in it to mount on."""
    names = os.listdir(fd)
    return bool(names) and all(
        f"{path}/{name}" in mount_points and view.stat(f"{path}/{name}") is None for name in names
    )
