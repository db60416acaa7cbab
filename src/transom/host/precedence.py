"""Who goes first where somebody waits for a container while many files are unpacked.

The engine writes a time into a page that it shares with its workers; until then they stand still, though never for
long, so that what they do gets done however many containers start. Priorities of processes would not do: what they
count for depends on sessions and control groups, and with nothing to do but a little of everything, work of low
priority starves.

Source: man pages memfd_create(2), sched(7).
"""

import mmap
import os
import struct
import time
from typing import Final

_HURRY_S: Final = 0.25
"""A start takes a tenth of a second or two."""
_MAX_PAUSE_S: Final = 0.4
_PART_AT_WORK: Final = 0.5
"""Who stood still for a time works on for half of it before the next pause."""
_FREE_S: Final = 0.5
"""Work that is soon done is not held up: a build's next step follows upon the start of its last."""
_LOOK_EVERY_S: Final = 0.003
_TIME: Final = struct.Struct("@d")


class Precedence:
    """The engine's side."""

    def __init__(self) -> None:
        self.fd = os.memfd_create("precedence")
        os.ftruncate(self.fd, mmap.PAGESIZE)
        self._page = mmap.mmap(self.fd, mmap.PAGESIZE)

    def close(self) -> None:
        """Let go of the page; repeatable."""
        if not self._page.closed:
            self._page.close()
            os.close(self.fd)

    def ask(self) -> None:
        """Have the workers stand still for a moment: somebody waits."""
        _TIME.pack_into(self._page, 0, time.monotonic() + _HURRY_S)


class Courtesy:
    """A worker's side, one for each thread that works."""

    def __init__(self) -> None:
        self._works_until = time.monotonic() + _FREE_S

    def give_way(self) -> None:
        """Stand still while somebody is in a hurry; cheap enough to be asked for each of many files."""
        if _page is None:
            return
        started = now = time.monotonic()
        if now < self._works_until:
            return
        while now - started < _MAX_PAUSE_S and now < _TIME.unpack_from(_page)[0]:
            time.sleep(_LOOK_EVERY_S)
            now = time.monotonic()
        if now > started:
            self._works_until = now + (now - started) * _PART_AT_WORK


_page: mmap.mmap | None = None


def share(fd: int) -> None:
    """Have this process and those that it forks look at the page behind fd."""
    global _page
    _page = mmap.mmap(fd, mmap.PAGESIZE, prot=mmap.PROT_READ)
