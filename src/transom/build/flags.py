"""`--name=value` flags of instructions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from transom.build.suggest import did_you_mean
from transom.errors import InvalidParameter


class Kind(Enum):
    """What a flag takes."""

    BOOL = "bool"
    TEXT = "text"
    TEXTS = "texts"


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags that a line has, by name without dashes."""

    values: Mapping[str, tuple[str, ...]]

    def text(self, name: str) -> str:
        """Return a flag's value, empty if it is not there."""
        return self.values.get(name, ("",))[-1]

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the values of a flag that may come several times."""
        return self.values.get(name, ())

    def is_set(self, name: str) -> bool:
        """Tell whether a yes/no flag is there and says yes."""
        return self.text(name) == "true"


def parse_flags(words: Iterable[str], known: Mapping[str, Kind]) -> Flags:
    """Return words as flags.

    Raises:
        InvalidParameter: a flag is unknown, double, or lacks its value.
    """
    values: dict[str, tuple[str, ...]] = {}
    for word in words:
        flag, equals, value = word.partition("=")
        name = flag[2:]
        kind = known.get(name)
        if kind is None:
            raise InvalidParameter(f"unknown flag: {flag}" + did_you_mean(name, known))
        if name in values and kind is not Kind.TEXTS:
            raise InvalidParameter(f"duplicate flag specified: {flag}")
        if kind is Kind.BOOL:
            value = _boolean(flag, value, given=bool(equals))
        elif not equals:
            raise InvalidParameter(f"missing a value on flag: {flag}")
        values[name] = (*values.get(name, ()), value)
    return Flags(values)


def _boolean(flag: str, value: str, *, given: bool) -> str:
    if given and not value:
        raise InvalidParameter(f"missing a value on flag: {flag}")
    if value.lower() not in {"", "true", "false"}:
        raise InvalidParameter(f"expecting boolean value for flag {flag}, not: {value}")
    return value.lower() or "true"
