"""The progress that pull, push, load and build stream: moving bars on a terminal, plain lines elsewhere.

Source: Engine API, ImageCreate and ImageBuild (status, id, progressDetail, stream, errorDetail, aux).
"""

import shutil
import time
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from transom.cli.errors import CliError
from transom.cli.output.units import human_size

BAR = 50
WIDE = 110


def show(
    messages: Iterable[dict[str, Any]],
    out: TextIO,
    *,
    on_aux: Callable[[dict[str, Any]], None] | None = None,
    has_exit_codes: bool = False,
) -> None:
    """Print messages until they end.

    has_exit_codes: an error's code is that of the program that failed, as a build's is; elsewhere it is HTTP's.

    Raises:
        CliError: a message reports an error; its text is the engine's.
    """
    screen = _Screen(out) if out.isatty() else None
    said: dict[str, str] = {}
    try:
        for message in messages:
            _raise_error(message, has_exit_codes=has_exit_codes)
            if "aux" in message and on_aux is not None:
                on_aux(message["aux"])
            elif "aux" in message:
                continue
            elif message.get("id") and screen is not None and message.get("progressDetail") is not None:
                screen.put(str(message["id"]), _line(message, bar_width=screen.bar_width))
            elif screen is None and (message.get("progressDetail") or _is_repeated(message, said)):
                continue  # a bar that cannot move is noise in a log
            else:
                _plain(message, out, screen)
    finally:
        if screen is not None:
            screen.leave()
        out.flush()


def _is_repeated(message: dict[str, Any], said: dict[str, str]) -> bool:
    """Return whether message says of its id what was said of it last."""
    name, status = str(message.get("id") or ""), str(message.get("status") or "")
    if not name or said.get(name) == status:
        return bool(name)
    said[name] = status
    return False


def _raise_error(message: dict[str, Any], *, has_exit_codes: bool) -> None:
    detail = message.get("errorDetail")
    if not detail and not message.get("error"):
        return
    text = (detail or {}).get("message") or message.get("error") or "unknown error"
    code = int((detail or {}).get("code") or 1) if has_exit_codes else 1
    raise CliError(str(text), exit_code=code)


def _plain(message: dict[str, Any], out: TextIO, screen: "_Screen | None") -> None:
    if "stream" in message:
        if screen is not None:
            screen.leave()
        out.write(str(message["stream"]))
    elif message.get("status"):
        text = _line(message, bar_width=0)
        if screen is not None and message.get("id"):
            screen.put(str(message["id"]), text)
            return
        if screen is not None:
            screen.leave()
        out.write(text + "\n")
    out.flush()


def _line(message: dict[str, Any], *, bar_width: int) -> str:
    name = f"{message['id']}: " if message.get("id") else ""
    sender = f"(from {message['from']}) " if message.get("from") else ""
    bar = _bar(message.get("progressDetail") or {}, bar_width)
    return f"{name}{sender}{message.get('status', '')}{' ' + bar if bar else ''}"


def _bar(detail: dict[str, Any], width: int) -> str:
    current, total = int(detail.get("current") or 0), int(detail.get("total") or 0)
    if current <= 0 and total <= 0:
        return ""
    shown = _amount(current, detail)
    if total <= 0 or current > total:
        return f"{shown:>8}"
    bar = ""
    if width:
        filled = min(current * width // total, width)
        bar = f"[{'=' * filled}>{' ' * (width - filled)}] "
    return f"{bar}{shown:>8}/{_amount(total, detail)}{_left(detail, current, total)}"


def _amount(value: int, detail: dict[str, Any]) -> str:
    if detail.get("hidecounts"):
        return ""
    return f"{value} {detail['units']}" if detail.get("units") else human_size(value)


def _left(detail: dict[str, Any], current: int, total: int) -> str:
    start = int(detail.get("start") or 0)
    if not start or current <= 0 or current >= total:
        return ""
    spent = time.time() - start
    return f" {int(spent * (total - current) / current)}s" if spent > 1 else ""


class _Screen:
    """One line for each id, rewritten where it stands; everything else goes below."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._rows: dict[str, int] = {}
        columns = shutil.get_terminal_size().columns
        self._columns = columns
        self.bar_width = BAR if columns > WIDE else 0  # numbers alone fit everywhere

    def put(self, name: str, text: str) -> None:
        """Write the line of name."""
        text = text[: max(self._columns - 1, 1)]  # a line that wraps would put every later one in the wrong place
        if name not in self._rows:
            self._rows[name] = len(self._rows)
            self._out.write(f"{text}\n")
        else:
            up = len(self._rows) - self._rows[name]
            self._out.write(f"\x1b[{up}A\x1b[2K\r{text}\r\x1b[{up}B")
        self._out.flush()

    def leave(self) -> None:
        """Keep the lines as they are; later ones start below."""
        self._rows.clear()
