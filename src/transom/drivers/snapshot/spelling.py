"""Names without case on a file system with it: which spelling a path has in a stack of directories."""

import os
from collections.abc import Sequence

from transom.host.rootfs import open_in_root
from transom.images.windows_layer import SPELLING, fold


class Spelling:
    """Finds and remembers how names are spelled in lowers (topmost first) and in what is added to them.

    Of two spellings the one that was there first stands: layers and the base below must agree, since overlayfs joins
    directories of equal spelling only.
    """

    def __init__(self, lowers: Sequence[int]) -> None:
        """Look into the directories behind the descriptors lowers; they stay the caller's."""
        self._lowers = lowers
        self._listings: dict[str, dict[str, str]] = {}
        self._below: dict[str, dict[str, str]] = {}

    def find(self, directory: str, name: str) -> str | None:
        """Return name as it is spelled in directory (itself spelled right), or None if it is not there."""
        return self._listing(directory).get(fold(name))

    def find_below(self, directory: str, name: str) -> str | None:
        """Return name as the lowers spell it, or None if no lower has it."""
        self._listing(directory)
        return self._below[directory].get(fold(name))

    def add(self, directory: str, name: str) -> str:
        """Return the spelling for name in directory: the one there is, else that of the base, else name's own."""
        listing = self._listing(directory)
        key = fold(name)
        found = listing.get(key)
        if found is None:
            path = f"{directory}/{name}" if directory else name
            found = listing[key] = SPELLING.get(fold(path), name).rpartition("/")[2]
        return found

    def spell(self, path: str) -> str:
        """Return path with each part as it is spelled; parts that are not there stay as they are."""
        done = ""
        for part in path.split("/"):
            name = self.find(done, part) or part
            done = f"{done}/{name}" if done else name
        return done

    def forget(self, path: str) -> None:
        """Forget what was learnt of a directory that is no more."""
        prefix = path + "/"
        for known in [known for known in self._listings if known == path or known.startswith(prefix)]:
            del self._listings[known]
            del self._below[known]

    def _listing(self, directory: str) -> dict[str, str]:
        listing = self._listings.get(directory)
        if listing is None:
            below: dict[str, str] = {}
            for lower in self._lowers:
                for name in _names(lower, directory):
                    below.setdefault(fold(name), name)
            self._below[directory] = below
            listing = self._listings[directory] = dict(below)
        return listing


def _names(root: int, directory: str) -> list[str]:
    try:
        fd = open_in_root(root, directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return []
    try:
        return os.listdir(fd)
    finally:
        os.close(fd)
