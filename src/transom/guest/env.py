"""Merging of `NAME=value` lists."""

from collections.abc import Callable, Sequence


def merge(base: Sequence[str], override: Sequence[str], *, key: Callable[[str], str]) -> tuple[str, ...]:
    """Put override's entries in base's places; names with equal keys are one variable.

    An entry without `=` removes the variable (`-e NAME` where the client has no NAME).
    """
    merged = {key(entry.partition("=")[0]): entry for entry in base}
    for entry in override:
        name, separator, _ = entry.partition("=")
        if separator:
            merged[key(name)] = entry
        else:
            merged.pop(key(name), None)
    return tuple(merged.values())
