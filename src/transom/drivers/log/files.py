"""The log of a container: `container.log`, which its monitor writes, and `container.log.1` … put aside, newest first.

Rotation is a rename and a word to the monitor, which then makes the file anew under a temporary name and renames it: as
long as `container.log` is missing or is the file that a reader has open, the monitor may still write to the old one.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable

from transom.aio.complete import complete
from transom.drivers.log.spool import FileSpool
from transom.drivers.log.tail import tail_offset
from transom.host.inotify import DirectoryWatch
from transom.logs.store import Rotation

_BLOCK = 1 << 18


class LogFiles:
    """The LogStore of this host. path: container ID → its `container.log`; scratch: a directory for spools."""

    def __init__(self, path: Callable[[str], str], scratch: str) -> None:
        self._path = path
        self._scratch = scratch
        self._renaming = threading.Lock()

    async def open(
        self, container_id: str, *, tail: int = -1, streams: tuple[bool, bool] = (True, True)
    ) -> "FileReader":
        """Return a reader."""
        loop = asyncio.get_running_loop()
        # A client that goes away meanwhile cancels this: the reader, which holds files, must not get lost.
        return await complete(
            loop.run_in_executor(None, FileReader, self._path(container_id), self._renaming, tail, streams)
        )

    async def rotate(self, container_id: str, rotation: Rotation, *, resume: bool = False) -> bool:
        """Put the file aside if it is due."""
        path = self._path(container_id)
        try:
            size = os.stat(path).st_size
        except FileNotFoundError:
            # The monitor has yet to make the new one. It must not be told twice: it would begin with an empty file
            # again. Only where an engine died before it could tell is there nobody else who has.
            return resume
        aside = f"{path}.{max(1, rotation.max_files)}"
        if size < rotation.max_bytes:
            # With max-file=1 the file put aside goes as soon as the monitor has left it.
            with contextlib.suppress(FileNotFoundError):
                os.unlink(aside)
            return False
        await asyncio.to_thread(self._shift, path, rotation.max_files)
        return True

    def _shift(self, path: str, keep: int) -> None:
        with self._renaming:
            for number in range(max(1, keep), 0, -1):
                source = f"{path}.{number - 1}" if number > 1 else path
                with contextlib.suppress(FileNotFoundError):
                    os.rename(source, f"{path}.{number}")

    def spool(self) -> FileSpool:
        """Return an empty spool."""
        return FileSpool(self._scratch)


class FileReader:
    """A LogReader."""

    def __init__(self, path: str, renaming: threading.Lock, tail: int, streams: tuple[bool, bool]) -> None:
        self._path = path
        self._renaming = renaming
        self._watch: DirectoryWatch | None = None
        self._files: list[int] = []
        self._offset = 0
        self._rest = b""
        self._closed = False
        self._reading = threading.Lock()
        with renaming:
            self._files = [os.open(each, os.O_RDONLY | os.O_CLOEXEC) for each in _generations(path)]
        if tail >= 0:
            skipped, self._offset = tail_offset(self._files, tail, streams)
            for fd in self._files[:skipped]:
                os.close(fd)
            del self._files[:skipped]

    async def read(self) -> bytes:
        """Return whole lines."""
        while True:
            block = await asyncio.to_thread(self._read)
            if not block:
                return b""
            whole, newline, self._rest = (self._rest + block).rpartition(b"\n")
            if newline:
                return whole + newline

    def _read(self) -> bytes:
        """Read in a thread; whoever comes last, this or close, closes the files."""
        with self._reading:
            block = b"" if self._closed else self._next()
        if self._closed:
            self._close_files()
        return block

    def _next(self) -> bytes:
        while True:
            if not self._files and not self._follow(-1):
                return b""
            block = os.pread(self._files[0], _BLOCK, self._offset)
            if block:
                self._offset += len(block)
                return block
            last = len(self._files) == 1
            if last and not self._follow(self._files[0]):
                return b""
            # What the monitor wrote between our read and its change of files.
            block = os.pread(self._files[0], _BLOCK, self._offset) if last and len(self._files) > 1 else b""
            if block:
                self._offset += len(block)
                return block
            if len(self._files) > 1:
                os.close(self._files.pop(0))
                self._offset, self._rest = 0, b""

    def _follow(self, current: int) -> bool:
        """Open the files that came after descriptor current; return False while it is still the newest."""
        with self._renaming:
            try:
                newest = os.stat(self._path).st_ino
            except FileNotFoundError:
                return False
            mine = os.fstat(current).st_ino if current >= 0 else 0
            if newest == mine:
                return False
            names = _generations(self._path)
            inodes = [os.stat(each).st_ino for each in names]
            later = names[inodes.index(mine) + 1 :] if mine in inodes else names
            self._files += [os.open(each, os.O_RDONLY | os.O_CLOEXEC) for each in later]
        return bool(later)

    def changed(self) -> "asyncio.Future[None]":
        """Return a future of the next change."""
        if self._watch is None:
            self._watch = DirectoryWatch(os.path.dirname(self._path))
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            done.set_result(None)  # what came before the watch was there
            return done
        return self._watch.changed()

    def close(self) -> None:
        """Close everything; repeatable."""
        self._closed = True
        if self._watch is not None:
            self._watch.close()
        if self._reading.acquire(blocking=False):
            self._reading.release()
            self._close_files()

    def _close_files(self) -> None:
        while self._files:
            os.close(self._files.pop())


def _generations(path: str) -> list[str]:
    """Return the files of a log that exist, oldest first."""
    directory, name = os.path.split(path)
    numbers = []
    with contextlib.suppress(FileNotFoundError), os.scandir(directory) as entries:
        for entry in entries:
            suffix = entry.name.removeprefix(name + ".")
            if entry.name.startswith(name + ".") and suffix.isdecimal():
                numbers.append(int(suffix))
    found = [f"{path}.{number}" for number in sorted(numbers, reverse=True)]
    return [*found, path] if os.path.exists(path) else found
