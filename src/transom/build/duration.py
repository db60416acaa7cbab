"""Durations as Go writes them: `1m30s`, `500ms`."""

import re
from fractions import Fraction

from transom.errors import InvalidParameter

_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")


def parse_duration(text: str) -> int:
    """Return nanoseconds.

    Raises:
        InvalidParameter: text is no duration.
    """
    body = text[1:] if text[:1] in {"+", "-"} else text
    if body == "0":
        return 0
    parts = list(_PART.finditer(body))
    if not body or "".join(part[0] for part in parts) != body:
        raise InvalidParameter(f'time: invalid duration "{text}"')
    value = sum(Fraction(part[1].rstrip(".")) * _UNITS[part[2]] for part in parts)
    return int(-value if text.startswith("-") else value)


def print_duration(value_ns: int) -> str:
    """Return nanoseconds the way Go prints them: `1m30s`, `1.5s`, `0s`."""
    if value_ns < 0:
        return "-" + print_duration(-value_ns)
    if value_ns < 10**9:
        for unit in ("ms", "µs", "ns"):
            if value_ns >= _UNITS[unit]:
                return _decimal(Fraction(value_ns, _UNITS[unit])) + unit
        return "0s"
    minutes, rest = divmod(value_ns, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    out = f"{hours}h" if hours else ""
    out += f"{minutes}m" if hours or minutes else ""
    return out + _decimal(Fraction(rest, 10**9)) + "s"


def _decimal(value: Fraction) -> str:
    whole, part = divmod(value, 1)
    digits = f"{int(part * 10**9):09d}".rstrip("0")
    return f"{int(whole)}.{digits}" if digits else str(int(whole))
