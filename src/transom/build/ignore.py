"""Patterns of `.dockerignore`, and of wildcards in COPY.

`.dockerignore`: Go's filepath.Match per path element, plus `**`; `!` takes paths back; the last match wins; a
pattern that matches a directory matches what is below.

Source: docker build reference, ".dockerignore files"; Go path/filepath#Match.
"""

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from transom.errors import InvalidParameter


@dataclass(frozen=True, slots=True)
class _Pattern:
    form: re.Pattern[str]
    takes_back: bool


class IgnoreFile:
    """Patterns ready to be asked."""

    def __init__(self, patterns: Iterable[str]) -> None:
        """Compile patterns, one per line of the file.

        Raises:
            InvalidParameter: a pattern is malformed.
        """
        self._patterns = [_compile(pattern) for pattern in patterns]
        self.has_exceptions = any(pattern.takes_back for pattern in self._patterns)

    def ignores(self, path: str) -> bool:
        """Tell whether path (relative, `/`-separated) is left out."""
        parts = path.split("/")
        parents = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
        ignored = False
        for pattern in self._patterns:
            if pattern.takes_back == ignored and any(pattern.form.fullmatch(parent) for parent in parents):
                ignored = not pattern.takes_back
        return ignored


def read_ignore_file(text: str) -> list[str]:
    """Return the patterns of a `.dockerignore`: without comments and blank lines, cleaned."""
    patterns: list[str] = []
    for line in text.removeprefix("\ufeff").split("\n"):
        pattern = "" if line.startswith("#") else line.strip()
        if not pattern:
            continue
        back = "!" if pattern.startswith("!") else ""
        pattern = pattern.removeprefix("!").strip() if back else pattern
        if pattern:
            pattern = clean(pattern)
            if len(pattern) > 1:
                pattern = pattern.removeprefix("/")
        patterns.append(back + pattern)
    return patterns


def clean(path: str) -> str:
    """Return the shortest form of a path, with `/` once where POSIX would keep two."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def _compile(text: str) -> _Pattern:
    pattern = text.strip()
    back = pattern.startswith("!")
    if back:
        pattern = pattern[1:]
        if not pattern:
            raise InvalidParameter('illegal exclusion pattern: "!"')
    pattern = clean(pattern)
    if pattern.startswith("**") and not re.search(r"[*?\\\[\]]", pattern[2:]) and pattern[2:3] != "/":
        return _Pattern(re.compile(".*" + re.escape(pattern[2:]), re.DOTALL), back)  # `**.log` crosses directories
    return _Pattern(re.compile(glob_regex(pattern, double_star=True), re.DOTALL), back)


def has_wildcard(path: str) -> bool:
    """Tell whether a COPY source is a pattern."""
    return re.search(r"[*?\[]", re.sub(r"\\.", "", path)) is not None


def matcher(pattern: str) -> re.Pattern[str]:
    """Return a COPY source's pattern as one that matches whole paths."""
    return re.compile(glob_regex(clean(pattern), double_star=False), re.DOTALL)


def glob_regex(pattern: str, *, double_star: bool) -> str:
    """Return filepath.Match's pattern as a regular expression.

    Raises:
        InvalidParameter: a bracket or an escape is left open.
    """
    out: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*" and double_star and pattern.startswith("*", at):
            at += 1
            if pattern.startswith("/", at):
                at += 1
            out.append("(?:.*/)?" if at < len(pattern) else ".*")
        elif char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "[":
            piece, at = _bracket(pattern, at)
            out.append(piece)
        elif char == "\\":
            if at == len(pattern):
                raise InvalidParameter("syntax error in pattern")
            out.append(re.escape(pattern[at]))
            at += 1
        else:
            out.append(re.escape(char))
    return "".join(out)


def _bracket(pattern: str, at: int) -> tuple[str, int]:
    """Read `[^a-z]` from after its `[`; return the expression and where it ends."""
    negated = pattern.startswith("^", at)
    at += negated
    ranges: list[str] = []
    while not (pattern.startswith("]", at) and ranges):
        low, at = _bracket_char(pattern, at)
        high = low
        if pattern.startswith("-", at):
            high, at = _bracket_char(pattern, at + 1)
        if low <= high:
            ranges.append(f"{re.escape(low)}-{re.escape(high)}")
        elif not ranges:
            ranges.append("")  # an empty range matches nothing and still counts as one
    inside = "".join(ranges)
    if negated:
        return f"(?!/)[^{inside}]" if inside else "[^/]", at + 1
    return f"(?!/)[{inside}]" if inside else r"(?!)", at + 1


def _bracket_char(pattern: str, at: int) -> tuple[str, int]:
    if at >= len(pattern) or pattern[at] in {"-", "]"}:
        raise InvalidParameter("syntax error in pattern")
    if pattern[at] == "\\":
        at += 1
    if at >= len(pattern):
        raise InvalidParameter("syntax error in pattern")
    return pattern[at], at + 1


def select(pattern: str, paths: Sequence[str]) -> list[str]:
    """Return the paths that a COPY source with wildcards means, in their order."""
    form = matcher(pattern)
    return [path for path in paths if form.fullmatch(path)]
