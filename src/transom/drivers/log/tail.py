"""Where the last lines of a log begin, found from its end."""

import os
from collections.abc import Sequence

_BLOCK = 1 << 18
_HEAD = 64
"""A record's time, stream and flag are within so many bytes."""


class _Counter:
    """Counts lines backwards; the pieces of a long line count once, an unfinished last line too."""

    def __init__(self, wanted: int, streams: tuple[bool, bool]) -> None:
        self._wanted = wanted
        self._streams = streams
        self._seen = 0

    def passes(self, record: bytes) -> bool:
        """Take the record before the last one; return True if the tail begins behind it."""
        head = record[:_HEAD].split(b" ", 3)
        if len(head) < 3 or not (self._streams[0] if head[1] == b"stdout" else self._streams[1]):
            return False
        if head[2] == b"F" or self._seen == 0:
            self._seen += 1
        return self._seen > self._wanted


def tail_offset(files: Sequence[int], lines: int, streams: tuple[bool, bool]) -> tuple[int, int]:
    """Return (files to skip, offset in the next) at which the last lines of the wanted streams begin.

    files: descriptors, oldest first.
    """
    counter = _Counter(lines, streams)
    for index in range(len(files) - 1, -1, -1):
        offset = _in_file(files[index], counter)
        if offset is not None:
            return index, offset
    return 0, 0


def _in_file(fd: int, counter: _Counter) -> int | None:
    """Return where the tail begins in a file, None if it begins earlier."""
    position, rest = os.fstat(fd).st_size, b""
    while position > 0:
        step = min(_BLOCK, position)
        position -= step
        data = os.pread(fd, step, position) + rest
        cut = data.find(b"\n") + 1 if position else 0
        end = len(data)
        while end > cut:
            begin = max(data.rfind(b"\n", 0, end - 1) + 1, cut)
            if counter.passes(data[begin : min(end, begin + _HEAD)]):
                return position + end
            end = begin
        rest = data[:cut]
    return None
