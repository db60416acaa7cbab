"""What the layers below an upper directory show together, read without mounting them."""

import os
import posixpath
import stat
from collections.abc import Sequence

from transom.drivers.snapshot.unpack_posix import OPAQUE_XATTR, is_whiteout
from transom.host.rootfs import open_in_root

REDIRECT_XATTR = "trusted.overlay.redirect"


class LowerView:
    """Answers for paths in a stack of layer directories, topmost first; whiteouts and opaque directories count.

    Directories that a layer has renamed (redirects) are not followed into the layers below it: what they hold there
    looks absent. Callers only draw from that that more has changed than has.
    """

    def __init__(self, lowers: Sequence[int]) -> None:
        """Look into the directories behind the descriptors lowers; they stay the caller's."""
        self._lowers = lowers

    def stat(self, path: str) -> os.stat_result | None:
        """Return the status of path itself, or None if it is not there."""
        for lower in self._lowers:
            found = _stat(lower, path)
            if found is not None:
                return None if is_whiteout(found) else found
            if _hides(lower, path):
                return None
        return None

    def names(self, path: str) -> list[str]:
        """Return the names in directory path, sorted; none if it is no directory."""
        names: set[str] = set()
        gone: set[str] = set()
        for lower in self._lowers:
            found = _stat(lower, path)
            if found is not None and not stat.S_ISDIR(found.st_mode):
                break
            if found is not None:
                fd = open_in_root(lower, path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
                try:
                    for entry in os.listdir(fd):
                        if entry in names or entry in gone:
                            continue
                        whiteout = is_whiteout(os.stat(entry, dir_fd=fd, follow_symlinks=False))
                        (gone if whiteout else names).add(entry)
                    if is_opaque(fd):
                        break
                finally:
                    os.close(fd)
            elif _hides(lower, path):
                break
        return sorted(names)


def is_opaque(fd: int) -> bool:
    """Tell whether a layer's directory hides what is below it."""
    try:
        return os.getxattr(fd, OPAQUE_XATTR) == b"y"
    except OSError:
        return False


def redirect_of(fd: int) -> str:
    """Return where a layer's directory was renamed from, empty if it was not."""
    try:
        return os.fsdecode(os.getxattr(fd, REDIRECT_XATTR))
    except OSError:
        return ""


def _stat(lower: int, path: str) -> os.stat_result | None:
    try:
        fd = open_in_root(lower, path or ".", os.O_PATH | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        return os.fstat(fd)
    finally:
        os.close(fd)


def _hides(lower: int, path: str) -> bool:
    """Tell whether lower, which lacks path, hides it in the layers below: an ancestor is opaque or no directory."""
    while path:
        path = posixpath.dirname(path)
        try:
            fd = open_in_root(lower, path or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except NotADirectoryError:
            return True
        except OSError:
            found = _stat(lower, path)
            if found is not None:
                return True
            continue
        try:
            if is_opaque(fd) or redirect_of(fd):
                return True
        finally:
            os.close(fd)
    return False
