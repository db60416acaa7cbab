"""Variables and quotes in Dockerfile words: `$v`, `${v}`, `${v:-word}`, `${v#pattern}`, `${v/pattern/word}`.

Source: Dockerfile reference, "Environment replacement"; POSIX sh 2.6.2 for the meaning of the modifiers.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from transom.errors import InvalidParameter

_SPECIAL = frozenset("@*#?-$!0")
"""Names of one character that the shell knows; here they are merely unset."""


class ExpandError(InvalidParameter):
    """A word cannot be expanded; the text says why."""


@dataclass(frozen=True, slots=True)
class Lexer:
    """Expands words with an escape character.

    raw_quotes, raw_escapes: keep quotes and escapes in the result (here-document markers are read this way).
    keep_unset: leave references to unset variables as they are.
    """

    escape: str = "\\"
    raw_quotes: bool = False
    raw_escapes: bool = False
    keep_unset: bool = False
    quotes: bool = True
    fold: Callable[[str], str] = str
    """Key under which names are looked up; a guest that ignores case passes str.upper."""

    def word(self, text: str, variables: Mapping[str, str]) -> str:
        """Return text as one word: variables put in, quotes taken off, spaces kept.

        Raises:
            ExpandError: a quote or brace is left open, a modifier is unknown, `${v:?text}` has no value.
        """
        return _Scan(self, text, variables).run()[0]

    def words(self, text: str, variables: Mapping[str, str]) -> list[str]:
        """Return text split at spaces outside quotes, after variables were put in."""
        return _Scan(self, text, variables).run()[1]


class _Words:
    """Collects the same characters a second time, split at unquoted spaces."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self._open: list[str] = []

    def split(self, text: str) -> None:
        for char in text:
            if not char.isspace():
                self._open.append(char)
            else:
                self.end()

    def keep(self, text: str) -> None:
        self._open.append(text)

    def end(self) -> None:
        word = "".join(self._open)
        if word:
            self.done.append(word)
        self._open = []


class _Scan:
    def __init__(self, lexer: Lexer, text: str, variables: Mapping[str, str]) -> None:
        self.lexer, self.text, self.variables = lexer, text, variables
        self.at = 0

    def run(self) -> tuple[str, list[str]]:
        try:
            return self._until("", self.lexer.raw_escapes)
        except ExpandError as exc:
            raise ExpandError(f'failed to process "{_quoted(self.text)}": {exc}') from None

    def _peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def _next(self) -> str:
        char = self._peek()
        self.at += 1
        return char

    def _until(self, stop: str, raw_escapes: bool) -> tuple[str, list[str]]:
        """Read up to the stop character (consumed) or, where stop is empty, to the end."""
        out: list[str] = []
        words = _Words()
        while (char := self._peek()) != "":
            if stop and char == stop:
                self.at += 1
                words.end()
                return "".join(out), words.done
            if char == "$":
                piece = self._dollar()
                words.split(piece)
            elif char == "<":
                piece = self._angle()
                words.keep(piece)
            elif char in "'\"" and self.lexer.quotes:
                piece = self._single() if char == "'" else self._double(raw_escapes)
                words.keep(piece)
            elif char == self.lexer.escape:
                piece = self._escaped(raw_escapes)
                words.keep(piece)
            else:
                piece = self._next()
                words.split(piece)
            out.append(piece)
        if stop:
            raise ExpandError(f"unexpected end of statement while looking for matching {stop}")
        words.end()
        return "".join(out), words.done

    def _escaped(self, raw: bool) -> str:
        escape, char = self._next(), self._next()
        return (escape if raw else "") + char

    def _angle(self) -> str:
        """Keep `<<` and the blanks after it together, so that `<< EOF` stays one word."""
        self.at += 1
        if self._peek() != "<":
            return "<"
        start = self.at - 1
        self.at += 1
        while self._peek() in {"\t", "\r", " "}:
            self.at += 1
        return self.text[start : self.at]

    def _single(self) -> str:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            self.at = len(self.text)
            raise ExpandError("unexpected end of statement while looking for matching single-quote")
        start, self.at = self.at, end + 1
        return self.text[start : end + 1] if self.lexer.raw_quotes else self.text[start + 1 : end]

    def _double(self, raw_escapes: bool) -> str:
        quote = self._next()
        out = [quote] if self.lexer.raw_quotes else []
        while True:
            char = self._peek()
            if char == "":
                raise ExpandError("unexpected end of statement while looking for matching double-quote")
            if char == '"':
                self.at += 1
                return "".join([*out, char] if self.lexer.raw_quotes else out)
            out.append(self._dollar() if char == "$" else self._in_double(raw_escapes))

    def _in_double(self, raw_escapes: bool) -> str:
        """Between double quotes only the quote, `$` and the escape itself can be escaped."""
        char = self._next()
        if char != self.lexer.escape:
            return char
        kept = char if raw_escapes else ""
        following = self._peek()
        if following == "":
            return kept
        if following in {'"', "$", self.lexer.escape}:
            return kept + self._next()
        return kept + char

    def _dollar(self) -> str:
        self.at += 1
        if self._peek() != "{":
            name = self._name()
            if not name:
                return "$"
            value = self._value(name)
            return f"${name}" if value is None and self.lexer.keep_unset else value or ""
        self.at += 1
        return self._braced()

    def _braced(self) -> str:
        if self._peek() == "":
            raise ExpandError("syntax error: missing '}'")
        if self._peek() in {"{", "}", ":"}:
            raise ExpandError("syntax error: bad substitution")
        name = self._name()
        modifier = self._next()
        value = self._value(name)
        if modifier == "}":
            return f"${{{name}}}" if value is None and self.lexer.keep_unset else value or ""
        if modifier == "/":
            return self._replace(name, value)
        colon = modifier == ":"
        if colon:
            modifier = self._next()
        shown = (":" if colon else "") + modifier
        if modifier not in {"+", "-", "?", "#", "%"} or (colon and modifier in {"#", "%"}) or not modifier:
            raise ExpandError(f"unsupported modifier ({shown}) in substitution")
        word = self._argument("}", "}", raw=modifier in {"#", "%"})
        if value is None and self.lexer.keep_unset:
            return f"${{{name}{shown}{word}}}"
        return _modified(name, value, modifier, word, colon=colon)

    def _argument(self, stop: str, missing: str, *, raw: bool) -> str:
        try:
            return self._until(stop, raw)[0]
        except ExpandError:
            if self._peek() == "":
                where = " in ${}" if missing == "/" else ""
                raise ExpandError(f"syntax error: missing '{missing}'{where}") from None
            raise

    def _replace(self, name: str, value: str | None) -> str:
        every = self._peek() == "/"
        if every:
            self.at += 1
        pattern = self._argument("/", "/", raw=True)
        replacement = self._argument("}", "}", raw=True)
        if value is None and self.lexer.keep_unset:
            return f"${{{name}/{pattern}/{replacement}}}"
        found = re.compile(_regex(pattern, greedy=True))
        return found.sub(lambda _: replacement, value or "", count=0 if every else 1)

    def _name(self) -> str:
        """Read letters, digits and `_`; a name that starts with a digit is digits only."""
        rest = self.text[self.at :]
        if rest[:1].isdigit():
            length = len(rest) - len(rest.lstrip("0123456789")) or 1
        elif rest[:1] and rest[0] in _SPECIAL:
            length = 1
        else:
            length = next((i for i, c in enumerate(rest) if not (c.isalpha() or c.isdigit() or c == "_")), len(rest))
        self.at += length
        return rest[:length]

    def _value(self, name: str) -> str | None:
        return self.variables.get(self.lexer.fold(name))


def _modified(name: str, value: str | None, modifier: str, word: str, *, colon: bool) -> str:
    missing = value is None or (colon and value == "")
    known = value or ""
    match modifier:
        case "-":
            return word if missing else known
        case "+":
            return "" if missing else word
        case "?":
            if missing:
                state = "unset" if value is None else "empty"
                raise ExpandError(f"{name}: {word or f'is not allowed to be {state}'}")
            return known
        case _:
            greedy = word[:1] == modifier
            return _trimmed(known, word[1:] if greedy else word, at_end=modifier == "%", greedy=greedy)


def _trimmed(value: str, pattern: str, *, at_end: bool, greedy: bool) -> str:
    """Cut the shortest (greedy: longest) match of pattern off one end of value."""
    found = re.compile(_regex(pattern, greedy=True), re.DOTALL)
    if at_end:
        starts = range(len(value) + 1) if greedy else range(len(value), -1, -1)
        return next((value[:start] for start in starts if found.fullmatch(value, start)), value)
    ends = range(len(value), -1, -1) if greedy else range(len(value) + 1)
    return next((value[end:] for end in ends if found.fullmatch(value, 0, end)), value)


def _regex(pattern: str, *, greedy: bool) -> str:
    """Return a shell pattern (`*`, `?`, no brackets) as a regular expression."""
    out: list[str] = []
    chars = iter(range(len(pattern)))
    for i in chars:
        char = pattern[i]
        following = pattern[i + 1 : i + 2]
        if char == "*":
            out.append(".*" if greedy else ".*?")
        elif char == "?":
            out.append(".")
        elif char == "\\" and following in {"}", "/"}:
            continue
        elif char == "\\":
            if following not in {"*", "?", "\\"}:
                raise ExpandError(f"invalid pattern ({pattern}) in substitution: invalid escape '\\{following}'")
            out.append(re.escape(following))
            next(chars)
        else:
            out.append(re.escape(char))
    return "".join(out)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
