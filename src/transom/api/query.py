"""Query parameters, as Docker reads them."""

import re
from collections.abc import Mapping
from datetime import datetime

from transom.errors import InvalidParameter

SIDE_MAX = 0xFFFF
_DIGITS = 20
_INTEGER = re.compile(r"[+-]?[0-9]+")
_UNIX = re.compile(r"([0-9]{1,15})(?:\.([0-9]*))?")
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)?")
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
    if not _INTEGER.fullmatch(value):
        raise InvalidParameter(f'strconv.Atoi: parsing "{value}": invalid syntax')
    if len(value) > _DIGITS or not -(1 << 63) <= int(value) < 1 << 63:
        raise InvalidParameter(f'strconv.Atoi: parsing "{value}": value out of range')
    return int(value)


def side(query: Mapping[str, str], name: str) -> int:
    """Return a terminal's height or width.

    Raises:
        InvalidParameter: it is none.
    """
    value = number(query, name)
    if not 0 <= value <= SIDE_MAX:
        raise InvalidParameter(f"invalid size of a terminal: {name}={value} is not between 0 and {SIDE_MAX}")
    return value


def moment_ns(query: Mapping[str, str], name: str) -> int:
    """Return a time in nanoseconds since 1970 from `1700000000`, `1700000000.123456789` or RFC 3339; 0 if absent.

    Raises:
        InvalidParameter: it is none of these.
    """
    value = query.get(name, "")
    if value in {"", "0"}:
        return 0
    if match := _UNIX.fullmatch(value):
        return int(match[1]) * 10**9 + int(f"{(match[2] or '')[:9]:0<9}")
    if match := _RFC3339.fullmatch(value):
        try:
            whole = datetime.fromisoformat(match[1] + (match[3] or "+00:00").upper().replace("Z", "+00:00"))
        except ValueError:
            pass
        else:
            return int(whole.timestamp()) * 10**9 + int(f"{(match[2] or '')[:9]:0<9}")
    raise InvalidParameter(f'invalid value for "{name}": "{value}" is no timestamp')


def moment(query: Mapping[str, str], name: str) -> float:
    """Return a time in seconds since 1970, as moment_ns reads it."""
    return moment_ns(query, name) / 10**9
