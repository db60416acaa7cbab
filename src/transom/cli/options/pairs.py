"""Options that are names with values: environment, labels, files of either."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from transom.cli.errors import CliError


def environment(given: Iterable[str], files: Iterable[str], environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the container's variables: the files' first, then the flags', which win.

    A name alone takes its value from our own environment.

    Raises:
        CliError: a file is unreadable or malformed.
    """
    found: list[str] = []
    for path in files:
        for line in _lines(path):
            name, equals, _ = line.partition("=")
            if any(char.isspace() for char in name):
                raise CliError(f"invalid env file ({path}): variable '{name}' contains whitespaces")
            if not name:
                raise CliError(f"invalid env file ({path}): no variable name on line '{line}'")
            if equals:
                found.append(line)
            elif name in environ:
                found.append(f"{name}={environ[name]}")
    for item in given:
        name, equals, _ = item.partition("=")
        found.append(item if equals or name not in environ else f"{name}={environ[name]}")
    return found


def valid_variable(item: str) -> str:
    """Return item, `NAME=value` or `NAME`.

    Raises:
        ValueError: it has no name.
    """
    if not item.partition("=")[0]:
        raise ValueError(f"invalid environment variable: {item}")
    return item


def key_values(items: Iterable[str]) -> dict[str, str]:
    """Return `a=b` pairs as a mapping; a name alone has an empty value."""
    return {name: value for name, _, value in (item.partition("=") for item in items)}


def labels(given: Iterable[str], files: Iterable[str]) -> dict[str, str]:
    """Return labels: the files' first, then the flags'."""
    lines = [line for path in files for line in _lines(path)]
    return key_values([*lines, *given])


def _lines(path: str) -> list[str]:
    try:
        data = Path(path).read_bytes()
    except OSError as exc:
        raise CliError(f"open {path}: {(exc.strerror or '').lower()}") from exc
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        number = data[: exc.start].count(b"\n") + 1
        raise CliError(f"invalid env file ({path}): invalid utf8 bytes at line {number}") from exc
    # Docker keeps blanks at the end of a value, and ignores those before a name.
    stripped = (line.rstrip("\r").lstrip() for line in text.split("\n"))
    return [line for line in stripped if line and not line.startswith("#")]
