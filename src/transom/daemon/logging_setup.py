"""The engine's log: one line a record, facts as `name=value`; trace shows every step of a start."""

import logging
import sys

from transom.aio.trace import TRACE

_LEVELS = {"trace": TRACE, "debug": 10, "info": 20, "warn": 30, "error": 40, "fatal": 50}
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class LineFormatter(logging.Formatter):
    """`2026-01-02T03:04:05.123 INFO transom.engine message container=…`."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03d"

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a value with spaces or line feeds is quoted."""
        facts = [f"{name}={_quoted(value)}" for name, value in record.__dict__.items() if name not in _STANDARD]
        text = f"{self.formatTime(record)} {record.levelname} {record.name} {record.getMessage()}"
        if facts:
            text += " " + " ".join(facts)
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return text


def _quoted(value: object) -> str:
    text = str(value)
    return repr(text) if not text or any(char.isspace() for char in text) else text


def set_up(level: str) -> None:
    """Log to stderr from level on."""
    logging.addLevelName(TRACE, "TRACE")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger("transom")
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[level])
    root.propagate = False
