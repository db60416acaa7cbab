"""Disk space set aside, so that on a full disk records can still be changed: else nothing could be removed either."""

import contextlib
import os
import time


class Reserve:
    """A file that is given up when the disk is full, and taken again when there is room. For one thread."""

    def __init__(self, path: str, size_bytes: int, *, again_s: float = 30.0) -> None:
        """Touch nothing yet. again_s: how often to try to have it back."""
        self._path = path
        self._size_bytes = size_bytes
        self._again_s = again_s
        self._held = False
        self._tried_at = float("-inf")

    def take(self) -> None:
        """Hold the space, if it is not held and can be had; cheap to call often."""
        if self._held or time.monotonic() - self._tried_at < self._again_s:
            return
        self._tried_at = time.monotonic()
        try:
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return
        try:
            os.posix_fallocate(fd, 0, self._size_bytes)
            self._held = True
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(self._path)
        finally:
            os.close(fd)

    def release(self) -> bool:
        """Give the space up, also what an earlier engine took; return False if there was none."""
        self._held = False
        self._tried_at = time.monotonic()
        try:
            os.unlink(self._path)
        except OSError:
            return False
        return True
