"""Compares what a cmd printed with what Wine's own test scripts expect of Windows. Pure.

In an expectation, `@pwd@` and the like stand for the directory of the test, `@or_broken@` separates what older versions
of Windows print, and `@todo_wine@` marks what Wine is known to miss; for the score that mark counts for nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

DIRECTORY = b"C:\\t"
RESYNC = b"---"
_TODO = b"@todo_wine@"
_MARK = re.compile(rb"@(?:pwd|drive|path|shortpath|spaces|space|tab|formfeed)@")
_MEANINGS = {
    b"@pwd@": b"(?i:" + re.escape(DIRECTORY) + b")",
    b"@drive@": b"(?i:" + DIRECTORY[:2] + b")",
    b"@path@": b"(?i:" + re.escape(DIRECTORY[2:] + b"\\") + b")",
    b"@shortpath@": b"(?i:" + re.escape(DIRECTORY[2:] + b"\\") + b")",
    b"@spaces@": b" +",
    b"@space@": b" ",
    b"@tab@": b"\t",
    b"@formfeed@": b"\f",
}


@dataclass(frozen=True, slots=True)
class Score:
    """How many lines were expected, and those that differ: number, expected, printed (None where nothing came)."""

    expected: int
    missed: Sequence[tuple[int, bytes, bytes | None]]


def script_of(source: bytes) -> bytes:
    """Return a test script as it is run: spaces and tabs spelled out, lines ended as Windows does."""
    spelled = source.replace(b"@space@", b" ").replace(b"@tab@", b"\t")
    return re.sub(rb"(?<!\r)\n", b"\r\n", spelled)


def compare(printed: bytes, expectation: bytes) -> Score:
    """Walk through both; after a difference, lines that begin with `---` bring them together again."""
    shown, wanted = _lines(printed), _lines(expectation)
    missed: list[tuple[int, bytes, bytes | None]] = []
    i = j = 0
    while i < len(shown) and j < len(wanted):
        line = wanted[j].removeprefix(_TODO)
        if _meets(shown[i], line):
            i, j = i + 1, j + 1
            continue
        wanted_mark, shown_mark = line.startswith(RESYNC), shown[i].startswith(RESYNC)
        if wanted_mark and not shown_mark:
            i += 1
            continue
        missed.append((j + 1, wanted[j], shown[i]))
        j += 1
        i += wanted_mark or not shown_mark
    missed += [(number + 1, wanted[number], None) for number in range(j, len(wanted))]
    return Score(len(wanted), missed)


def _lines(text: bytes) -> list[bytes]:
    lines = re.split(rb"\r\n|\r|\n", text)
    return lines if lines[-1] else lines[:-1]


def _meets(shown: bytes, wanted: bytes) -> bool:
    return any(re.fullmatch(_pattern(one), shown, re.DOTALL) for one in wanted.split(b"@or_broken@"))


def _pattern(wanted: bytes) -> bytes:
    pattern, at = b"", 0
    for mark in _MARK.finditer(wanted):
        pattern += re.escape(wanted[at : mark.start()]) + _MEANINGS[mark[0]]
        at = mark.end()
    return pattern + re.escape(wanted[at:])
