"""Wait for changes in a directory.

Source: man page inotify(7).
"""

import asyncio
import ctypes
import os

IN_MODIFY, IN_MOVED_TO, IN_CREATE = 0x02, 0x80, 0x100
_IN_CLOEXEC, _IN_NONBLOCK = 0o2000000, 0o4000
_libc = ctypes.CDLL(None, use_errno=True)


class DirectoryWatch:
    """Tells when files in a directory are made, written or renamed. Close it."""

    def __init__(self, path: str) -> None:
        """Begin to watch path.

        Raises:
            OSError: there is no such directory, or the user has no watch left.
        """
        self._fd = _libc.inotify_init1(_IN_CLOEXEC | _IN_NONBLOCK)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        mask = ctypes.c_uint32(IN_MODIFY | IN_MOVED_TO | IN_CREATE)
        if _libc.inotify_add_watch(self._fd, os.fsencode(path), mask) < 0:
            number = ctypes.get_errno()
            os.close(self._fd)
            self._fd = -1
            raise OSError(number, os.strerror(number), path)
        self._waiting: asyncio.Future[None] | None = None

    def changed(self) -> "asyncio.Future[None]":
        """Return a future that is done at the next change, or at once if one came since the last time."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        if self._drained():
            future.set_result(None)
            return future
        self._waiting = future
        loop.add_reader(self._fd, self._on_change)
        return future

    def close(self) -> None:
        """Stop watching; repeatable."""
        if self._fd >= 0:
            if self._waiting is not None:
                asyncio.get_running_loop().remove_reader(self._fd)
                self._waiting.cancel()
            os.close(self._fd)
            self._fd = -1

    def _on_change(self) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        self._drained()
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def _drained(self) -> bool:
        """Read what has been told; return whether there was anything."""
        try:
            return bool(os.read(self._fd, 1 << 16))
        except BlockingIOError:
            return False
