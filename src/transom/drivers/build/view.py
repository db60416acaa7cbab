"""A snapshot's files, mounted for the length of one job in the job's own mount namespace."""

import os
import posixpath
from collections.abc import Callable

from transom.errors import InvalidParameter
from transom.host.mount import mount_root, private_namespace
from transom.host.rootfs import Rootfs
from transom.model.mount import Mount

_MAX_LINKS = 40


class Views:
    """Mounts views; the job's end takes them away."""

    def __init__(self) -> None:
        self._private = False

    def mount(self, view: Mount, target: str) -> Rootfs:
        """Mount view on the directory target, seen by this process alone, and return it as a root."""
        if not self._private:
            private_namespace()
            self._private = True
        os.makedirs(target, exist_ok=True)
        mount_root(view, target)
        return Rootfs.at(target)


def follow(path: str, readlink: Callable[[str], str | None], spelling: Callable[[str, str], str]) -> str:
    """Return where path leads below a root, links in it followed; what is not there is kept as it is.

    readlink: a path's target, or None if it is no link. spelling: (directory, name) → the name as it is written there.

    Raises:
        InvalidParameter: the links go round in circles.
    """
    done: list[str] = []
    todo = path.split("/")[::-1]
    links = 0
    while todo:
        part = todo.pop()
        if part in {"", "."}:
            continue
        if part == "..":
            del done[-1:]
            continue
        name = spelling("/".join(done), part)
        target = readlink("/".join([*done, name]))
        if target is None:
            done.append(name)
            continue
        links += 1
        if links > _MAX_LINKS:
            raise InvalidParameter(f"{path}: too many levels of symbolic links")
        if target.startswith("/"):
            done = []
        todo += target.split("/")[::-1]
    return "/".join(done)


class Spelling:
    """Names as a directory spells them, for a guest that ignores case; others keep theirs."""

    def __init__(self, roots: list[Rootfs], *, folds: bool) -> None:
        self._roots = roots
        self._folds = folds
        self._known: dict[str, dict[str, str]] = {}

    def __call__(self, directory: str, name: str) -> str:
        """Return name as directory has it, else as it is."""
        if not self._folds:
            return name
        known = self._known.get(directory)
        if known is None:
            known = self._known[directory] = self._read(directory)
        return known.setdefault(name.upper(), name)

    def _read(self, directory: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for root in self._roots:
            try:
                found |= {name.upper(): name for name in root.listdir(directory)}
            except (FileNotFoundError, NotADirectoryError):
                continue
        return found

    def path(self, path: str) -> str:
        """Return a whole path as the directories on the way spell it."""
        done = ""
        for part in path.split("/"):
            if part:
                done = posixpath.join(done, self(done, part))
        return done
