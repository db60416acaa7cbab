"""Splitting of one logical line: its flags, its words, its JSON array."""

import json
import re
from typing import NamedTuple

from transom.errors import InvalidParameter

BLANKS = re.compile(r"[\t\v\f\r ]+")


class Split(NamedTuple):
    """`COPY --chown=1 a b` → name, flags, rest."""

    name: str
    flags: tuple[str, ...]
    rest: str


def split_line(line: str, escape: str) -> Split:
    """Return a line's instruction name, its leading `--flags` and what follows."""
    name, *rest = BLANKS.split(line.strip(), maxsplit=1)
    if not rest:
        return Split(name, (), "")
    flags, left = _flags(rest[0], escape)
    return Split(name, tuple(flags), left.strip())


def _flags(text: str, escape: str) -> tuple[list[str], str]:
    """Take words that start with `--` off the front; quotes and escapes in them are resolved."""
    flags: list[str] = []
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if not text.startswith("--", at):
            return flags, text[at:]
        word, at, blank_ok = _flag_word(text, at, escape)
        if word == "--":
            return flags, text[at:]
        if word or blank_ok:
            flags.append(word)


def _flag_word(text: str, at: int, escape: str) -> tuple[str, int, bool]:
    word: list[str] = []
    quote = ""
    quoted = False
    while at < len(text):
        char = text[at]
        at += 1
        if not quote and char.isspace():
            return "".join(word), at - 1, quoted
        if char == quote:
            quote = ""
        elif not quote and char in {"'", '"'}:
            quote, quoted = char, True
        elif char == escape:
            word.append(text[at : at + 1])
            at += 1
        else:
            word.append(char)
    return "".join(word), at, quoted


def words_of(text: str, escape: str) -> list[str]:
    """Split at spaces outside quotes; quotes and escapes stay in the words for the expansion."""
    words: list[str] = []
    word: list[str] = []
    quote = ""
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if not quote and char.isspace():
            if word:
                words.append("".join(word))
            word = []
        elif char == escape and quote != "'":
            if at == len(text):
                quote = ""  # an escape at the very end escapes nothing and is dropped
                continue
            word += [char, text[at]]
            at += 1
        else:
            if char == quote:
                quote = ""
            elif not quote and char in {"'", '"'}:
                quote = char
            word.append(char)
    if word:
        words.append("".join(word))
    return words


def json_array(text: str) -> tuple[str, ...] | None:
    """Return text as a JSON array of strings, or None if it is no JSON array.

    Raises:
        InvalidParameter: it is an array with something else than strings in it.
    """
    text = text.lstrip()
    if not text.startswith("["):
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if not all(isinstance(item, str) for item in found):
        raise InvalidParameter("when using JSON array syntax, arrays must be comprised of strings only")
    return tuple(found)
