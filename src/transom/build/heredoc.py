"""Here-documents: `RUN <<EOF`, `COPY <<-"a.txt" /dst`."""

import re
from dataclasses import dataclass, replace

from transom.build.expand import ExpandError, Lexer

_MARK = re.compile(r"(\d*)<<(-?)\s*([^<]*)")
_LEADING_TABS = re.compile(r"(?m)^\t+")


@dataclass(frozen=True, slots=True)
class Heredoc:
    """One here-document.

    expand: whether variables in content are replaced (the marker was not quoted).
    chomp: whether leading tabs are cut off (`<<-`).
    """

    name: str
    expand: bool = True
    chomp: bool = False
    content: str = ""

    def text(self) -> str:
        """Return the content as it is meant."""
        return _LEADING_TABS.sub("", self.content) if self.chomp else self.content

    def filled(self, content: str) -> "Heredoc":
        """Return this document with its content."""
        return replace(self, content=content)


def parse_heredoc(word: str) -> Heredoc | None:
    """Return the document that word opens, or None if it opens none."""
    match = _MARK.fullmatch(word)
    if match is None or not match[3]:
        return None
    plain = Lexer(keep_unset=True).words(match[3], {})
    if len(plain) != 1:
        return None
    raw = Lexer(keep_unset=True, raw_quotes=True).words(match[3], {})[0]
    return Heredoc(plain[0], expand=_quotes(plain[0]) == _quotes(raw), chomp=match[2] == "-")


def heredocs_of(line: str) -> list[Heredoc]:
    """Return the documents that a line opens, in order.

    Raises:
        ExpandError: a marker has an open quote.
    """
    try:
        words = Lexer(raw_quotes=True, raw_escapes=True, keep_unset=True).words(line, {})
    except ExpandError:
        return []  # an open quote elsewhere on the line: the shell may still understand it
    return [found for word in words if (found := parse_heredoc(word)) is not None]


def _quotes(text: str) -> int:
    return text.count("'") + text.count('"')
