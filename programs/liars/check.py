"""A check: what one program of the base is asked to do, and how it is told that it has done it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a program turned out to be."""

    WORKS = "works"
    LOUD = "fails loudly"
    PART = "part of Windows"
    WINDOW = "opens a window"
    SILENT = "SILENT"
    """It reports success and has done nothing, or does not end: no such program may be in a base."""


@dataclass(frozen=True, slots=True)
class Check:
    """script is a batch file in an empty directory; {x} stands for the program.

    What the script prints has to match proof: the effect, not the program's own word for it. For a program that is
    run by others (part) or waits for somebody at a screen (window) the text says of what use it is, and nothing runs.
    """

    task: str
    script: str = ""
    proof: str = ""
    code: int = 0
    loud: str = ""
    """Where the program refuses whatever it is asked: why."""
    part: str = ""
    window: str = ""
    as_windows: bool = False
    """To an option that it does not know it says nothing, or shows a box to a person, as on Windows."""

    @property
    def runs(self) -> bool:
        return not self.part and not self.window


@dataclass(frozen=True, slots=True)
class Said:
    """How a program ended; code None: not in time."""

    code: int | None
    text: str


NONSENSE = '{x} /no-such-option "no such file" <nul'
"""Nobody knows this option: who says nothing to it and reports success would do so to a wrong one of a script, too."""


def judge(check: Check, said: Said, nonsense: Said) -> tuple[Verdict, str]:
    """Return what a program is, and why it is thought so where that is no good news."""
    if not check.runs:
        return (Verdict.PART if check.part else Verdict.WINDOW), ""
    if said.code is None or nonsense.code is None:
        return Verdict.SILENT, "does not end"
    if nonsense.code == 0 and not nonsense.text.strip():
        return Verdict.SILENT, "says nothing of an option that it does not know"
    if check.loud:
        loud = said.code != 0 and re.search(check.proof, said.text, re.S)
        return (Verdict.LOUD, "") if loud else (Verdict.SILENT, describe(said))
    if said.code == check.code and re.search(check.proof, said.text, re.S):
        return Verdict.WORKS, ""
    return Verdict.SILENT, describe(said)


def describe(said: Said) -> str:
    """Return in one line how a program ended."""
    return f"ended with {said.code} and said {' '.join(said.text.split())[-300:]!r}"


def missing(programs: set[str], checks: Mapping[str, Check]) -> set[str]:
    """Return the programs that nothing is known of; names are below C:\\Windows, in small letters."""
    return {name for name in programs if key_of(name) not in checks}


def key_of(path: str) -> str:
    """Return the name under which a program is looked up: the 32-bit one is what the 64-bit one is."""
    return path.lower().replace("\\", "/").removeprefix("system32/").removeprefix("syswow64/")
