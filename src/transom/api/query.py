"""Query parameters, as Docker reads them."""

from collections.abc import Mapping
from datetime import datetime

from transom.errors import InvalidParameter

_FALSE = frozenset({"", "0", "no", "false", "none"})


def flag(query: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    """Return a boolean: anything but `0`, `no`, `false`, `none` and nothing is true."""
    value = query.get(name)
    return default if value is None else value.strip().lower() not in _FALSE


def number(query: Mapping[str, str], name: str, *, default: int = 0) -> int:
    """Return an integer.

    Raises:
        InvalidParameter: it is none.
    """
    value = query.get(name, "")
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        raise InvalidParameter(f'strconv.Atoi: parsing "{value}": invalid syntax') from None


def moment(query: Mapping[str, str], name: str) -> float:
    """Return a time in seconds since 1970 from `1700000000`, `1700000000.5` or RFC 3339; 0 where it is absent.

    Raises:
        InvalidParameter: it is none of these.
    """
    value = query.get(name, "")
    if value in {"", "0"}:
        return 0
    try:
        return float(value)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(value).timestamp()
    except ValueError:
        raise InvalidParameter(f'invalid value for "{name}": "{value}" is no timestamp') from None
