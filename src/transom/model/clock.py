"""Time as an argument."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; tests bring their own."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class SystemClock:
    """The host's clock."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)


def rfc3339nano(moment: datetime) -> str:
    """Print a moment the way Docker's JSON does: `2026-01-02T03:04:05.123456Z`, fraction without trailing zeros."""
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".")
    return text + "Z"


ZERO_TIME = "0001-01-01T00:00:00Z"
"""Go's zero time, which Docker prints for `never`."""
