"""`(did you mean RUN?)`."""

from collections.abc import Iterable

_FARTHEST = 2


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """Return the hint to append to an error about word, empty if no option is near."""
    best, distance = "", _FARTHEST + 1
    for option in options:
        if option == word:
            return ""
        found = _distance(word, option)
        if found < distance:
            best, distance = option, found
    return f" (did you mean {best}?)" if best else ""


def _distance(one: str, other: str) -> int:
    """Count the letters to insert, delete or replace (Levenshtein)."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]
