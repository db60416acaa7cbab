"""What a command is: its usage line, flags, rule for arguments and the function that runs it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transom.cli.errors import CliError
from transom.cli.flags import Flag, Values

if TYPE_CHECKING:
    from transom.cli.session import Session

PROGRAM = "transom"
NO_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Arity:
    """How many arguments a command takes."""

    least: int
    most: int = NO_LIMIT

    def complaint(self, count: int) -> str | None:
        """Return what is wrong with count arguments, in Docker's words, or None."""
        if self.least <= count <= self.most:
            return None
        if self.most == 0:
            return "accepts no arguments"
        if self.least == self.most:
            return f"requires {self.least} {_plural(self.least)}"
        if self.most == NO_LIMIT:
            return f"requires at least {self.least} {_plural(self.least)}"
        if self.least == 0:
            return f"requires at most {self.most} {_plural(self.most)}"
        return f"requires at least {self.least} and at most {self.most} arguments"


def _plural(count: int) -> str:
    return "argument" if count == 1 else "arguments"


NONE = Arity(0, 0)
ANY = Arity(0)
ONE = Arity(1, 1)
TWO = Arity(2, 2)
SOME = Arity(1)


@dataclass(frozen=True, slots=True)
class Command:
    """One command, for every path that leads to it (`ps`, `container ls`).

    usage is what follows the command's name in its usage line.
    """

    usage: str
    short: str
    run: Callable[["Session", Values, list[str]], int | None]
    flags: Sequence[Flag] = ()
    arity: Arity = NONE
    long: str = ""
    interspersed: bool = True


def for_each(names: Sequence[str], act: Callable[[str], object]) -> int:
    """Call act for every name; go on after an error, print each, and return 1 if there was one."""
    import sys

    from transom.errors import TransomError

    failed = 0
    for name in names:
        try:
            act(name)
        except TransomError as exc:
            if isinstance(exc, CliError) and not str(exc):
                raise
            sys.stdout.flush()
            print(exc, file=sys.stderr)
            failed = 1
    return failed
