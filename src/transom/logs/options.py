"""`--log-driver` and `--log-opt`; pure.

Source: Docker documentation, "JSON File logging driver".
"""

import re

from transom.errors import InvalidParameter, NotSupported
from transom.logs.store import Rotation
from transom.wire.containers import LogConfig

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_ATTRIBUTES = frozenset({"labels", "labels-regex", "env", "env-regex", "tag"})


def check_log(config: LogConfig) -> None:
    """Refuse what cannot be.

    Raises:
        InvalidParameter, NotSupported: the driver, an option or its value; the texts are Docker's where it has one.
    """
    kind = config.type or "json-file"
    if kind not in {"json-file", "local", "none"}:
        raise InvalidParameter(f'error looking up logging plugin {kind}: plugin "{kind}" not found')
    for name, value in config.config.items():
        if name in _ATTRIBUTES:
            raise NotSupported(f"--log-opt {name} is not supported: a log keeps the program's output alone")
        if name == "compress":
            if value not in {"false", "0", ""}:
                raise NotSupported("--log-opt compress is not supported: rotated logs are kept as they are")
        elif name == "mode":
            if value not in {"", "blocking", "non-blocking"}:
                raise InvalidParameter(f"logger: logging mode not supported: {value}")
        elif name not in {"max-size", "max-file", "max-buffer-size"} or kind == "none":
            raise InvalidParameter(f"unknown log opt '{name}' for {kind} log driver")
    rotation_of(config)


def rotation_of(config: LogConfig) -> Rotation | None:
    """Return the log's limits, None where it has none.

    Raises:
        InvalidParameter: a value is no size or no number.
    """
    size, files = config.config.get("max-size", ""), config.config.get("max-file", "")
    if files and (not files.isdecimal() or int(files) < 1):
        raise InvalidParameter(f"max-file cannot be less than 1: {files}" if files.isdecimal() else _bad_number(files))
    max_bytes = 0
    if size and size != "-1":
        match = _SIZE.fullmatch(size)
        if match is None:
            raise InvalidParameter(f"invalid size: '{size}'")
        max_bytes = int(float(match[1]) * _UNITS[match[2].lower()])
        if max_bytes <= 0:
            raise InvalidParameter(f"invalid size: '{size}': max-size must be a positive number")
    if not max_bytes:
        if files and int(files) > 1:
            raise InvalidParameter("max-file can only be used together with max-size")
        return None
    return Rotation(max_bytes, int(files or 1))


def _bad_number(text: str) -> str:
    return f'strconv.Atoi: parsing "{text}": invalid syntax'
