"""Dockerfile text to nodes: directives, comments, continuations, here-documents.

Source: Dockerfile reference, "Format", "Parser directives", "Here-Documents".
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from transom.build.heredoc import Heredoc, heredocs_of
from transom.build.words import BLANKS, json_array, split_line, words_of
from transom.errors import InvalidParameter

DEFAULT_ESCAPE = "\\"
_MAX_LINE = 65535
_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_DIRECTIVES = frozenset({"syntax", "escape", "check"})
_TAKES_HEREDOCS = frozenset({"add", "copy", "run"})


@dataclass(frozen=True, slots=True)
class Node:
    """One logical line.

    args: the arguments as the instruction's own grammar splits them; ENV and LABEL give triples name, value, `=`.
    json: whether the arguments were a JSON array.
    original: the joined line as written.
    """

    name: str
    args: tuple[str, ...]
    flags: tuple[str, ...] = ()
    json: bool = False
    original: str = ""
    heredocs: tuple[Heredoc, ...] = ()
    line: int = 0
    end_line: int = 0


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A parsed file; syntax and check are what the directives of that name say."""

    nodes: tuple[Node, ...]
    escape: str = DEFAULT_ESCAPE
    warnings: tuple[str, ...] = ()
    syntax: str = ""
    check: str = ""


def parse(text: str) -> Dockerfile:
    """Return the file's nodes.

    Raises:
        InvalidParameter: the text is not a Dockerfile, with Docker's words for why.
    """
    return _Parser(text.removeprefix("\ufeff")).run()


class _Parser:
    def __init__(self, text: str) -> None:
        self.lines: Iterator[str] = iter(text.split("\n"))
        self.directives: dict[str, str] = {}
        self.in_directives = True
        self.escape = DEFAULT_ESCAPE
        self.warnings: list[str] = []
        self.number = 0

    def run(self) -> Dockerfile:
        nodes: list[Node] = []
        while (line := self._next()) is not None:
            node = self._logical_line(line.lstrip())
            if node is not None:
                nodes.append(node)
        if not nodes:
            raise InvalidParameter("file with no instructions")
        return Dockerfile(
            tuple(nodes),
            self.escape,
            tuple(self.warnings),
            self.directives.get("syntax", ""),
            self.directives.get("check", ""),
        )

    def _next(self) -> str | None:
        line = next(self.lines, None)
        if line is None:
            return None
        if len(line) > _MAX_LINE:
            raise InvalidParameter(f"dockerfile line greater than max allowed size of {_MAX_LINE}")
        self.number += 1
        return line.rstrip("\r")

    def _logical_line(self, first: str) -> Node | None:
        start = self.number
        self._directive(first)
        if first.startswith("#"):
            return None
        part, ended = self._continued(first)
        if ended and not part:
            return None
        parts = [part]
        empty_seen = False
        while not ended:
            line = self._next()
            if line is None:
                break
            stripped = line.lstrip()
            if stripped.startswith("#"):
                continue
            if not stripped:
                empty_seen = True
                continue
            part, ended = self._continued(line)
            parts.append(part)
        joined = "".join(parts)
        if empty_seen:
            self.warnings.append(f"Empty continuation line found in: {joined}")
        node = parse_line(joined, self.escape)
        return replace(node, heredocs=self._heredocs(node, joined), line=start, end_line=self.number)

    def _directive(self, line: str) -> None:
        """Take line as a directive if it is one and nothing else came before it."""
        if not self.in_directives:
            return
        match = _DIRECTIVE.fullmatch(line)
        name = match[1].lower() if match else ""
        if match is None or name not in _DIRECTIVES:
            self.in_directives = False
            return
        if name in self.directives:
            raise InvalidParameter(f"only one {name} parser directive can be used")
        self.directives[name] = match[2]
        if name == "escape":
            if match[2] not in {"\\", "`"}:
                raise InvalidParameter(f"invalid escape token '{match[2]}' does not match ` or \\")
            self.escape = match[2]

    def _continued(self, line: str) -> tuple[str, bool]:
        """Cut a continuation mark off; one that is itself escaped is none."""
        cut = line.rstrip(" \t")
        if not cut.endswith(self.escape) or cut.endswith(self.escape * 2):
            return line, True
        return cut[:-1], False

    def _heredocs(self, node: Node, line: str) -> tuple[Heredoc, ...]:
        name = node.args[0] if node.name.lower() == "onbuild" and node.args else node.name
        if name.lower() not in _TAKES_HEREDOCS or node.json or "<<" not in line:
            return ()
        return tuple(self._document(found) for found in heredocs_of(line))

    def _document(self, opened: Heredoc) -> Heredoc:
        content: list[str] = []
        for line in self.lines:
            self.number += 1
            bare = line.rstrip("\r")
            if (bare.lstrip("\t") if opened.chomp else bare) == opened.name:
                return opened.filled("".join(content))
            content.append(line + "\n")
        raise InvalidParameter("unterminated heredoc")


def parse_line(line: str, escape: str = DEFAULT_ESCAPE) -> Node:
    """Return one joined line as a node; an unknown instruction gets no arguments."""
    split = split_line(line, escape)
    grammar = _GRAMMARS.get(split.name.lower())
    args, is_json = grammar(split.rest, escape) if grammar else ((), False)
    return Node(split.name, args, split.flags, is_json, line)


_Parsed = tuple[tuple[str, ...], bool]


def _one(text: str, escape: str) -> _Parsed:
    return ((text,) if text else ()), False


def _spaced(text: str, escape: str) -> _Parsed:
    return (tuple(BLANKS.split(text)) if text else ()), False


def _maybe_json(text: str, escape: str) -> _Parsed:
    found = json_array(text)
    return _one(text, escape) if found is None else (found, True)


def _maybe_json_list(text: str, escape: str) -> _Parsed:
    found = json_array(text)
    return _spaced(text, escape) if found is None else (found, True)


def _names(text: str, escape: str) -> _Parsed:
    return tuple(words_of(text, escape)), False


def _pairs(keyword: str) -> Callable[[str, str], _Parsed]:
    """Return the grammar of `KEY name=value …` and of the old `KEY name value`."""

    def grammar(text: str, escape: str) -> _Parsed:
        words = words_of(text, escape)
        if not words:
            return (), False
        if "=" not in words[0]:
            parts = BLANKS.split(text, maxsplit=1)
            if len(parts) < 2:
                raise InvalidParameter(f"{keyword} must have two arguments")
            return (parts[0], parts[1], ""), False
        args: list[str] = []
        for word in words:
            name, equals, value = word.partition("=")
            if not equals:
                shown = word.replace("\\", "\\\\").replace('"', '\\"')
                raise InvalidParameter(f'Syntax error - can\'t find = in "{shown}". Must be of the form: name=value')
            args += [name, value, "="]
        return tuple(args), False

    return grammar


def _health(text: str, escape: str) -> _Parsed:
    kind, *rest = text.split(maxsplit=1)[:2] or [""]
    if not kind:
        return (), False
    args, is_json = _maybe_json(rest[0].strip() if rest else "", escape)
    return (kind, *args), is_json


def _sub_command(text: str, escape: str) -> _Parsed:
    if not text:
        return (), False
    inner = parse_line(text, escape)
    return (inner.name, *inner.args), inner.json


_GRAMMARS: dict[str, Callable[[str, str], _Parsed]] = {
    "add": _maybe_json_list,
    "arg": _names,
    "cmd": _maybe_json,
    "copy": _maybe_json_list,
    "entrypoint": _maybe_json,
    "env": _pairs("ENV"),
    "expose": _spaced,
    "from": _spaced,
    "healthcheck": _health,
    "label": _pairs("LABEL"),
    "maintainer": _one,
    "onbuild": _sub_command,
    "run": _maybe_json,
    "shell": _maybe_json,
    "stopsignal": _one,
    "user": _one,
    "volume": _maybe_json_list,
    "workdir": _one,
}
NAMES = tuple(sorted(_GRAMMARS))
"""Every instruction, in lower case."""
