"""A case: one program, what it has to do, and what is known where it fails."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from programs.box import Box, Failed, Ran
from programs.packages import Package

Task = Callable[[Box], None]


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table."""

    program: str
    packages: tuple[Package, ...]
    task: str
    act: Task
    """Makes the program work and raises Failed where it does not do what its documentation says."""
    limit: str = ""
    """Where the program is known to fail: why, in one sentence for the table."""
    parts: tuple[str, ...] = ()
    """Optional parts of the base that it needs."""
    note: str = ""
    """What a user must know though it works."""

    @property
    def name(self) -> str:
        """The word that names the case on the command line."""
        return self.act.__name__

    @property
    def version(self) -> str:
        """The version of its first package."""
        return self.packages[0].version


CASES: Final[dict[str, Case]] = {}
"""Every case, by name."""


def case(
    program: str, *packages: Package, task: str, limit: str = "", parts: tuple[str, ...] = (), note: str = ""
) -> Callable[[Task], Task]:
    """Register a function as the work of a case."""

    def register(act: Task) -> Task:
        made = Case(program, packages, task, act, limit, parts, note)
        CASES[made.name] = made
        return act

    return register


def expect(ran: Ran, *wanted: str) -> None:
    """Fail unless everything wanted is in what a program wrote."""
    for text in wanted:
        if text not in ran.out and text not in ran.err:
            raise Failed(f"{text!r} is missing in its output {' '.join(ran.out.split())[-300:]!r} ({ran.describe()})")


def equal(found: object, wanted: object, what: str) -> None:
    """Fail unless found is wanted."""
    if found != wanted:
        raise Failed(f"{what} is {found!r}, not {wanted!r}")
