"""Whether programs of an image find what they need, told before they run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that a program needs and does not find.

    program, path: `/`-separated paths below the root. needs: a library, or `library!function`. late: the program
    starts without it, and fails when it comes to use it.
    """

    program: str
    needs: str
    why: str
    late: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """What was looked at, and what they lack."""

    programs: tuple[str, ...]
    lacks: tuple[Lack, ...]


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """What to look at.

    layers: the image's layer directories, topmost first. base: the digest of the base below them. names: programs,
    `/`-separated below the root, or a bare name to be looked for on path; none for every program of the image.
    path: directories below the root, in the order in which programs and libraries are looked for.
    """

    layers: tuple[str, ...]
    base: str
    names: tuple[str, ...]
    path: tuple[str, ...]


class ProgramChecker(Protocol):
    """Reads programs without running them."""

    async def check(self, spec: CheckSpec) -> Checked:
        """Return what the programs lack.

        Raises:
            NotFound: there is no such program, or no such base.
            InvalidParameter: what was named is no program of that system.
        """
        ...


def lasting(lacks: Sequence[Lack]) -> tuple[Lack, ...]:
    """Return lacks without repetitions, those first that keep a program from starting."""
    return tuple(sorted(dict.fromkeys(lacks), key=lambda each: (each.program.lower(), each.late)))
