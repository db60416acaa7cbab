"""An archive unpacked into a tree that is there already: `docker cp` into a container.

Runs in a worker that has chrooted into the container's root. Whatever links the container's programs put in the way
meanwhile, they lead nowhere but into that root.
"""

import os
import stat

from transom.drivers.snapshot.spelling import Spelling
from transom.drivers.snapshot.unpack_posix import REFUSED, PosixLayer
from transom.errors import InvalidParameter
from transom.images.layer import clean_name
from transom.images.tar import DIR, LINK, SYMLINK, Entry, Reader
from transom.images.windows_layer import check_read
from transom.snapshots.files import PutOptions


class TreePut(PosixLayer):
    """Applies entries below the present directory; a name that begins with `.wh.` is a name like any other.

    sole_owner: of everything, in a tree of Windows', which has no owners of Linux'; None for a tree of Linux'.
    """

    def __init__(self, options: PutOptions, *, sole_owner: tuple[int, int] | None) -> None:
        super().__init__(())
        self._options = options
        self._owner = sole_owner or (0, 0)
        self._spelling = None
        if sole_owner is not None:
            self._spelling = Spelling((os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC),))

    def apply(self, entry: Entry, reader: Reader) -> None:
        """Make entry.

        Raises:
            InvalidParameter: it leads out of the directory, or replaces what it must not.
        """
        name = clean_name(entry.name)
        if self._spelling is not None:
            name = self._as_windows(name, entry)
        if self._options.owner is not None:
            entry.uid, entry.gid = self._options.owner
        try:
            if not name:
                return  # the directory itself is the container's
            if self._options.keep_kind:
                self._check_kind(name, entry)
            self._ensure_directory(name.rpartition("/")[0])
            self._make(name, entry, reader)
        except OSError as exc:
            if exc.errno in REFUSED:
                raise InvalidParameter(f'cannot write "{entry.name}": {exc.strerror}') from exc
            raise

    def _as_windows(self, name: str, entry: Entry) -> str:
        """Return name in the spelling that the tree has; nothing inside knows Linux owners and modes."""
        assert self._spelling is not None
        whole, name = name, _without_drive(name)
        check_read(name)
        if entry.kind not in {"0", "1", "2", "5"}:
            raise InvalidParameter(f'"{entry.name}" is a device, which a Windows container cannot hold')
        directory, _, base = name.rpartition("/")
        spelled = self._spelling.spell(directory) if directory else ""
        if name != whole and spelled and not os.path.isdir(spelled):
            raise InvalidParameter(f"Could not find the directory of {whole}")
        entry.uid, entry.gid = self._owner
        if entry.kind == DIR or not entry.mode & 0o222:
            entry.mode = 0o755 if entry.kind == DIR else 0o555
        else:
            entry.mode = 0o755
        entry.pax = {}
        if entry.kind == SYMLINK:
            entry.link = entry.link.replace("\\", "/")
        elif entry.kind == LINK:
            entry.link = self._spelling.spell(clean_name(entry.link))
        base = self._spelling.add(spelled, base) if base else base
        return f"{spelled}/{base}" if spelled else base

    def _check_kind(self, name: str, entry: Entry) -> None:
        try:
            found = os.lstat(name)
        except FileNotFoundError:
            return
        is_directory = stat.S_ISDIR(found.st_mode)
        if is_directory and entry.kind != DIR:
            raise InvalidParameter(f'cannot overwrite directory "/{name}" with non-directory "/{name}"')
        if not is_directory and entry.kind == DIR:
            raise InvalidParameter(f'cannot overwrite non-directory "/{name}" with directory "/{name}"')


def _without_drive(name: str) -> str:
    """Return `C:\\dir\\file` as `dir/file`.

    docker on Linux takes a Windows path that is not there yet for one name without directories, and sends it as such.
    """
    if name[:2].upper() == "C:" and name[2:3] in {"\\", "/"}:
        return clean_name(name[2:].replace("\\", "/"))
    return name
