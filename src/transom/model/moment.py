"""Times as other programs write them."""

import re
from datetime import UTC, datetime

_FORM = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|z|[+-]\d\d:\d\d)?")


def parse_moment(text: str) -> float:
    """Return an RFC 3339 time, of any precision, in seconds since 1970; 0 for anything else.

    An image's `created` is whatever its builder wrote, and no reason to refuse the image.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        return 0.0
    day, time, fraction, zone = match.groups()
    try:
        whole = datetime.fromisoformat(f"{day}T{time}" + ("+00:00" if zone in {None, "Z", "z"} else zone))
    except ValueError:
        return 0.0
    if not 1 < whole.year < 9999:
        return 0.0  # Go's zero time, and what a zone may take beyond the last year
    return whole.astimezone(UTC).timestamp() + float(f"0.{fraction or 0}")


def print_moment_ns(value_ns: int) -> str:
    """Return nanoseconds since 1970 as RFC 3339 in UTC, the fraction without trailing zeros."""
    seconds, fraction = divmod(value_ns, 1_000_000_000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return text + (f".{fraction:09d}".rstrip("0") if fraction else "") + "Z"


def human_duration(seconds: float) -> str:
    """Return a rough length of time, as Docker does: "About a minute", "3 weeks".

    Source: docker/go-units, HumanDuration.
    """
    whole = int(seconds)
    if whole < 1:
        return "Less than a second"
    if whole == 1:
        return "1 second"
    if whole < 60:
        return f"{whole} seconds"
    minutes = whole // 60
    if minutes == 1:
        return "About a minute"
    if minutes < 60:
        return f"{minutes} minutes"
    hours = int(seconds / 3600 + 0.5)
    if hours == 1:
        return "About an hour"
    if hours < 48:
        return f"{hours} hours"
    if hours < 24 * 7 * 2:
        return f"{hours // 24} days"
    if hours < 24 * 30 * 2:
        return f"{hours // 24 // 7} weeks"
    if hours < 24 * 365 * 2:
        return f"{hours // 24 // 30} months"
    return f"{int(seconds / 3600) // 24 // 365} years"
