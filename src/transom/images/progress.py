"""What a long operation tells while it runs, in the form that the docker CLI draws bars from.

Source: moby pkg/jsonmessage; Engine API, ImageCreate.
"""

from collections.abc import Callable, Mapping
from typing import Any

Emit = Callable[[Mapping[str, Any]], None]
"""Takes one message; it never waits."""


def status(text: str, item: str = "") -> Mapping[str, Any]:
    """Return a status line, about item if one is named."""
    return {"status": text, "id": item} if item else {"status": text}


def bar(text: str, item: str, current: int, total: int) -> Mapping[str, Any]:
    """Return how far item is; total 0 means unknown."""
    detail = {"current": current, "total": total} if total else {"current": current}
    return {"status": text, "progressDetail": detail, "progress": _draw(current, total), "id": item}


def stream(text: str) -> Mapping[str, Any]:
    """Return text that the client prints as it is."""
    return {"stream": text}


def size_text(count: int) -> str:
    """Return bytes as Docker prints them: four digits, decimal units."""
    value, units = float(count), iter(("B", "kB", "MB", "GB", "TB", "PB"))
    unit = next(units)
    while value >= 1000 and unit != "PB":
        value /= 1000
        unit = next(units)
    return f"{value:.4g}{unit}"


def _draw(current: int, total: int) -> str:
    if not total:
        return size_text(current)
    done = min(50, current * 50 // total)
    bar_text = "=" * done + ">" + " " * (49 - done) if done < 50 else "=" * 50 + ">"
    return f"[{bar_text}]  {size_text(current)}/{size_text(total)}"
