"""The monitor's log format: `<time> stdout|stderr F|P <bytes>`, P where the line's end is yet to come; pure.

Source: Kubernetes CRI logging format, as conmon writes it for `k8s-file`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from transom.execution.stdio import STDERR, STDOUT

_NUMBERS = {STDOUT.name.encode(): STDOUT.number, STDERR.name.encode(): STDERR.number}


class LogRecord(NamedTuple):
    """One piece of output: stream is 1 or 2; data is what the program wrote, its line feed included."""

    time: bytes
    stream: int
    data: bytes


def parse_line(line: bytes) -> LogRecord | None:
    """Return the record of one line of the file (without its line feed), None where it is none."""
    parts = line.split(b" ", 3)
    if len(parts) != 4 or parts[1] not in _NUMBERS:
        return None
    time, stream, flag, data = parts
    return LogRecord(time, _NUMBERS[stream], data + b"\n" if flag == b"F" else data)


def parse_lines(block: bytes) -> Iterator[LogRecord]:
    """Yield the records of whole lines."""
    for line in block.split(b"\n"):
        record = parse_line(line)
        if record is not None:
            yield record


def nanoseconds_of(time: bytes) -> int:
    """Return a record's time in nanoseconds since 1970."""
    text = time.decode("ascii", "replace")
    head, _, rest = text.partition(".")
    digits = len(rest) - len(rest.lstrip("0123456789"))
    whole = datetime.fromisoformat(head + rest[digits:]) if rest else datetime.fromisoformat(text)
    return int(whole.timestamp()) * 10**9 + int(f"{rest[:digits][:9]:0<9}")


def utc_time(time: bytes) -> bytes:
    """Return a record's time as Docker prints it: in UTC, nine digits of a second, `Z`."""
    if time.endswith(b"+00:00"):
        return time[:-6] + b"Z"
    text = time.decode("ascii", "replace")
    head, _, rest = text.partition(".")
    digits = len(rest) - len(rest.lstrip("0123456789"))
    moment = datetime.fromisoformat(head + rest[digits:]).astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest[:digits]:0<9}Z".encode()
