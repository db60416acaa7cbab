"""Flags as Docker's CLI takes them: `--name=x`, `--name x`, `-n x`, `-nx`, `-it`, `--` and no more.

Values that a flag accepts are checked while parsing, so that the message names the flag.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transom.cli.errors import UsageError

TRUE_WORDS = ("1", "t", "T", "true", "TRUE", "True")
FALSE_WORDS = ("0", "f", "F", "false", "FALSE", "False")


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag: its names, what it takes and what it is without being given.

    parse turns the text into a value and raises ValueError with what is wrong.
    A flag that repeats gathers a list; a boolean one needs no value.
    """

    name: str
    help: str
    kind: str = "string"
    short: str = ""
    default: Any = ""
    parse: Callable[[str], Any] = str
    repeats: bool = False
    split: bool = False
    boolean: bool = False
    hidden: bool = False
    default_text: str = ""

    @property
    def label(self) -> str:
        """Return the flag as messages name it: -m, --memory."""
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"


def _parse_bool(text: str) -> bool:
    if text in TRUE_WORDS:
        return True
    if text in FALSE_WORDS:
        return False
    raise ValueError(f'strconv.ParseBool: parsing "{text}": invalid syntax')


def _parse_int(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise ValueError(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def switch(name: str, text: str, *, short: str = "", default: bool = False, hidden: bool = False) -> Flag:
    """Return a flag that is on or off."""
    shown = "true" if default else ""
    return Flag(name, text, "", short, default, _parse_bool, boolean=True, hidden=hidden, default_text=shown)


def text(
    name: str, text: str, *, short: str = "", kind: str = "string", default: str = "", hidden: bool = False
) -> Flag:
    """Return a flag that takes any text."""
    return Flag(name, text, kind, short, default, hidden=hidden, default_text=f'"{default}"' if default else "")


def number(name: str, text: str, *, short: str = "", default: int | None = None, shown: str = "") -> Flag:
    """Return a flag that takes a whole number; None where it is not given and has no default."""
    return Flag(name, text, "int", short, default, _parse_int, default_text=shown)


def many(
    name: str,
    text: str,
    *,
    short: str = "",
    kind: str = "list",
    parse: Callable[[str], Any] = str,
    split: bool = False,
    default_text: str = "",
    hidden: bool = False,
) -> Flag:
    """Return a flag that may be given again and again; split also takes several, comma-separated."""
    return Flag(name, text, kind, short, (), parse, True, split, hidden=hidden, default_text=default_text)


def checked(
    name: str,
    text: str,
    parse: Callable[[str], Any],
    *,
    short: str = "",
    kind: str,
    default: Any = None,
    shown: str = "",
) -> Flag:
    """Return a flag whose value is parsed by a function of its own."""
    return Flag(name, text, kind, short, default, parse, default_text=shown)


class Values:
    """What the command line gave for a command's flags; typed access by the flag's long name."""

    def __init__(self, flags: Sequence[Flag]) -> None:
        self._flags: Mapping[str, Flag] = {flag.name: flag for flag in flags}
        self._values: dict[str, Any] = {}

    def store(self, flag: Flag, text: str) -> None:
        """Take one more value for flag.

        Raises:
            UsageError: the flag does not accept text.
        """
        parts = text.split(",") if flag.split else [text]
        try:
            parsed = [flag.parse(part) for part in parts]
        except ValueError as exc:
            raise UsageError(f'invalid argument "{text}" for "{flag.label}" flag: {exc}') from None
        if flag.repeats:
            self._values.setdefault(flag.name, []).extend(parsed)
        else:
            self._values[flag.name] = parsed[-1]

    def given(self, name: str) -> bool:
        """Return whether the command line has the flag."""
        return name in self._values

    def value(self, name: str) -> Any:
        """Return the flag's value, or its default; for flags with a parse function of their own."""
        return self._values.get(name, self._flags[name].default)

    def on(self, name: str) -> bool:
        """Return whether a switch is on."""
        return bool(self.value(name))

    def text(self, name: str) -> str:
        """Return a text flag's value."""
        return str(self.value(name))

    def number(self, name: str) -> int | None:
        """Return a number flag's value, or None where neither it nor a default is given."""
        value = self.value(name)
        return None if value is None else int(value)

    def many(self, name: str) -> list[Any]:
        """Return what a repeating flag gathered, in order."""
        return list(self.value(name))


def parse(flags: Sequence[Flag], argv: Sequence[str], *, interspersed: bool = True) -> tuple[Values, list[str]]:
    """Return the flags' values and the arguments that are left.

    Without interspersed, the first argument ends the flags: the rest belongs to the container.

    Raises:
        UsageError: a flag is unknown, lacks its value, or refuses it.
    """
    long = {flag.name: flag for flag in flags}
    short = {flag.short: flag for flag in flags if flag.short}
    values = Values(flags)
    rest: list[str] = []
    queue = list(argv)
    while queue:
        word = queue.pop(0)
        if word == "--":
            rest += queue
            break
        if word.startswith("--"):
            _take_long(word, queue, long, values)
        elif word.startswith("-") and word != "-":
            _take_short(word, queue, short, values)
        else:
            rest.append(word)
            if not interspersed:
                rest += queue
                break
    return values, rest


def _take_long(word: str, queue: list[str], known: Mapping[str, Flag], values: Values) -> None:
    name, equals, value = word[2:].partition("=")
    flag = known.get(name)
    if not name or name.startswith("-"):
        raise UsageError(f"bad flag syntax: {word}")
    if flag is None:
        raise UsageError(f"unknown flag: --{name}")
    if equals:
        values.store(flag, value)
    elif flag.boolean:
        values.store(flag, "true")
    elif queue:
        values.store(flag, queue.pop(0))
    else:
        raise UsageError(f"flag needs an argument: --{name}")


def _take_short(word: str, queue: list[str], known: Mapping[str, Flag], values: Values) -> None:
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        flag = known.get(letter)
        if flag is None:
            raise UsageError(f"unknown shorthand flag: '{letter}' in -{letter}{letters}")
        if letters.startswith("="):
            values.store(flag, letters[1:])
            return
        if flag.boolean:
            values.store(flag, "true")
            continue
        if letters:
            values.store(flag, letters)
        elif queue:
            values.store(flag, queue.pop(0))
        else:
            raise UsageError(f"flag needs an argument: '{letter}' in -{letter}")
        return
