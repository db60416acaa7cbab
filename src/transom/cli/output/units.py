"""Sizes, durations and moments in Docker's words. Source: github.com/docker/go-units (behaviour)."""

import re
from datetime import UTC, datetime

from transom.model.moment import human_duration

DECIMAL = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")
BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")
_SIZE = re.compile(r"^(\d+(?:\.\d+)?) ?([kKmMgGtTpP])?(?:[iI]?[bB])?$")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_NANOSECONDS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


def _scaled(size: float, base: float, units: tuple[str, ...], precision: int) -> str:
    step = 0
    while size >= base and step < len(units) - 1:
        size /= base
        step += 1
    return f"{size:.{precision}g}{units[step]}"


def human_size(size: float, precision: int = 4) -> str:
    """Return size in powers of 1000: 1.23MB."""
    return _scaled(size, 1000.0, DECIMAL, precision)


def bytes_size(size: float) -> str:
    """Return size in powers of 1024: 1.23MiB."""
    return _scaled(size, 1024.0, BINARY, 4)


def parse_bytes(text: str) -> int:
    """Return the bytes that `512m`, `1.5GB` or `1024` means, in powers of 1024.

    Raises:
        ValueError: text is no size.
    """
    found = _SIZE.match(text)
    if found is None:
        if suffix := re.fullmatch(r"\d+(?:\.\d+)?\s*(\D+)", text):
            raise ValueError(f"invalid suffix: '{suffix[1].lower()}'")
        raise ValueError(f"invalid size: '{text}'")
    return int(float(found[1]) * 1024 ** _POWERS[(found[2] or "").lower()])


def parse_duration(text: str) -> int:
    """Return the nanoseconds that Go's notation means: 1m30s, 500ms.

    Raises:
        ValueError: text is no duration.
    """
    body = text.lstrip("+-")
    if body == "0":
        return 0
    total, end = 0.0, 0
    for found in _DURATION.finditer(body):
        if found.start() != end:
            break
        total += float(found[1]) * _NANOSECONDS[found[2]]
        end = found.end()
    if not body or end != len(body):
        reason = "missing unit in duration" if body.replace(".", "", 1).isdigit() else "invalid duration"
        raise ValueError(f'time: {reason} "{text}"')
    return -int(total) if text.startswith("-") else int(total)


def ago(moment: datetime) -> str:
    """Return how long ago moment was: "2 hours ago"."""
    return f"{human_duration((datetime.now(UTC) - moment).total_seconds())} ago"


def parse_moment(text: str) -> datetime:
    """Return an RFC 3339 time as the engine writes it, nanoseconds cut to microseconds.

    Raises:
        ValueError: text is no such time.
    """
    head, dot, tail = text.partition(".")
    if dot:
        digits = re.match(r"\d+", tail)
        count = len(digits[0]) if digits else 0
        text = f"{head}.{tail[: min(count, 6)]:0<6}{tail[count:]}"
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def local_time(moment: datetime) -> str:
    """Return moment as Go prints a local time without fraction: 2026-01-02 15:04:05 +0000 UTC."""
    local = moment.astimezone()
    return f"{local:%Y-%m-%d %H:%M:%S %z} {local.tzname()}"


def shortened(text: str, width: int) -> str:
    """Return text cut to width characters, the last of them an ellipsis."""
    if len(text) <= width:
        return text
    return text[: width - 1] + "…" if width > 1 else text[:width]


def short_id(identifier: str) -> str:
    """Return the first twelve characters of an ID, without its algorithm."""
    return identifier.partition(":")[2][:12] if ":" in identifier else identifier[:12]
