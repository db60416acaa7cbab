"""Go's text/template, the part that `--format` is used with: parsing.

Actions: fields, variables, pipelines, if/else/with/range, `{{-` trimming, comments.
Source: pkg.go.dev/text/template (the language's documentation).
"""

import re
from dataclasses import dataclass, field

from transom.errors import InvalidParameter


class TemplateError(InvalidParameter):
    """The template is malformed, or does not fit what it is applied to."""


@dataclass(frozen=True, slots=True)
class Term:
    """An operand: kind is field, variable, string, number, word (function, true, false, nil), dot or group.

    fields are the names chained to it: `$x.A.B`, `(index .A 0).B`.
    """

    kind: str
    text: str = ""
    fields: tuple[str, ...] = ()
    group: "Pipeline | None" = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands joined by `|`, and the variables that take the result."""

    commands: tuple[tuple[Term, ...], ...]
    variables: tuple[str, ...] = ()
    assigns: bool = False


@dataclass(slots=True)
class Node:
    """A piece of a template: text, or an action with its bodies."""

    kind: str
    text: str = ""
    pipeline: Pipeline | None = None
    body: list["Node"] = field(default_factory=list)
    otherwise: list["Node"] = field(default_factory=list)


_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:\\.|[^"\\])*"|`[^`]*`|'(?:\\.|[^'\\])+')
    |(?P<number>[-+]?\d[\w.]*)
    |(?P<assign>:=|=)|(?P<sign>[|(),])
    |(?P<variable>\$\w*)|(?P<field>\.\w+)|(?P<dot>\.)|(?P<word>\w+))""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'", "0": "\0"}
BLOCKS = ("if", "range", "with")


def parse(source: str) -> list[Node]:
    """Return the nodes of a template.

    Raises:
        TemplateError: source is malformed.
    """
    return _Parser(source).parse()


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._pieces = self._split(source)

    def parse(self) -> list[Node]:
        nodes, end = self._nodes()
        if end:
            raise _malformed(f"unexpected {{{{{end}}}}}")
        return nodes

    def _split(self, source: str) -> list[tuple[str, str, int]]:
        pieces: list[tuple[str, str, int]] = []
        at = 0
        trim_next = False
        while at <= len(source):
            start = source.find("{{", at)
            text = source[at : start if start >= 0 else len(source)]
            if trim_next:
                text = text.lstrip()
            if start >= 0 and source.startswith("{{- ", start):
                text = text.rstrip()
            pieces.append(("text", text, at))
            if start < 0:
                break
            end = _action_end(source, start + 2)
            inner, inner_at = source[start + 2 : end], start + 2
            trim_next = inner.endswith(" -")
            inner = inner[:-2] if trim_next else inner
            if inner.startswith("- "):
                inner, inner_at = inner[2:], inner_at + 2
            if not inner.lstrip().startswith("/*"):
                pieces.append(("action", inner, inner_at))
            at = end + 2
        return pieces

    def _nodes(self) -> tuple[list[Node], str]:
        """Return nodes up to end, else, or the template's end, and the word that ended them."""
        nodes: list[Node] = []
        while self._pieces:
            kind, text, at = self._pieces.pop(0)
            if kind == "text":
                if text:
                    nodes.append(Node("text", text))
                continue
            word, _, rest = text.strip().partition(" ")
            if word in ("end", "else"):
                return nodes, text.strip()
            if word in BLOCKS:
                nodes.append(self._block(word, rest, at + text.index(word) + len(word) + 1))
            elif word in ("break", "continue", "define", "template", "block"):
                raise _malformed(f"{{{{{word}}}}} is not supported")
            else:
                nodes.append(Node("print", pipeline=_pipeline(text, at)))
        return nodes, ""

    def _block(self, word: str, rest: str, at: int) -> Node:
        node = Node(word, pipeline=_pipeline(rest, at))
        node.body, end = self._nodes()
        if end.startswith("else"):
            following = end[len("else") :].strip()
            nested, _, condition = following.partition(" ")
            if nested in ("if", "with"):
                node.otherwise = [self._block(nested, condition, at)]
                return node
            node.otherwise, end = self._nodes()
        if end != "end":
            raise _malformed("unexpected EOF" if not end else f"unexpected {{{{{end}}}}}")
        return node


def _action_end(source: str, at: int) -> int:
    """Return where the action's closing braces are; those inside a string do not count."""
    quote = ""
    while at < len(source):
        char = source[at]
        if quote:
            if char == "\\" and quote != "`":
                at += 1
            elif char == quote:
                quote = ""
        elif char in "\"'`":
            quote = char
        elif source.startswith("}}", at):
            return at
        at += 1
    raise _malformed("unclosed action")


def _malformed(text: str) -> TemplateError:
    return TemplateError(f"template: :1: {text}")


def _pipeline(text: str, base: int) -> Pipeline:
    tokens: list[tuple[str, str, int, bool]] = []
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise _malformed(f"unexpected {text[at:].strip()[0]!r} in command")
        kind = str(found.lastgroup)
        begin = found.start(kind)
        tokens.append((kind, found[kind], base + begin, begin == at))
        at = found.end()
    stream = _Tokens(tokens)
    pipeline = stream.pipeline()
    if not stream.done:
        raise _malformed(f"unexpected <{stream.peek()[1]}> in command")
    return pipeline


class _Tokens:
    def __init__(self, tokens: list[tuple[str, str, int, bool]]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def done(self) -> bool:
        return self._at >= len(self._tokens)

    def peek(self, ahead: int = 0) -> tuple[str, str, int, bool]:
        index = self._at + ahead
        return self._tokens[index] if index < len(self._tokens) else ("end", "", 0, False)

    def pipeline(self) -> Pipeline:
        variables: list[str] = []
        assigns = False
        if self.peek()[0] == "variable" and (self.peek(1)[0] == "assign" or self.peek(1)[1] == ","):
            while self.peek()[0] == "variable":
                variables.append(self._next()[1])
                if self.peek()[1] == ",":
                    self._next()
            assigns = self._next()[1] == "="
        commands = [self._command()]
        while self.peek()[1] == "|" and self.peek()[0] == "sign":
            self._next()
            commands.append(self._command())
        return Pipeline(tuple(commands), tuple(variables), assigns)

    def _next(self) -> tuple[str, str, int, bool]:
        token = self.peek()
        self._at += 1
        return token

    def _command(self) -> tuple[Term, ...]:
        terms: list[Term] = []
        while not self.done and self.peek()[1] not in ("|", ")"):
            terms.append(self._term())
        if not terms:
            raise _malformed("missing value for command")
        return tuple(terms)

    def _term(self) -> Term:
        kind, text, offset, _ = self._next()
        group: Pipeline | None = None
        fields: list[str] = []
        if kind == "sign" and text == "(":
            group = self.pipeline()
            if self._next()[1] != ")":
                raise _malformed("unclosed left paren")
            kind = "group"
        elif kind == "field":
            fields.append(text[1:])
        elif kind == "string":
            text = _unquote(text)
        elif kind in ("sign", "assign", "end"):
            raise _malformed(f"unexpected {text!r} in operand")
        if kind in ("field", "variable", "group"):
            while self.peek()[0] == "field" and self.peek()[3]:
                fields.append(self._next()[1][1:])
        return Term(kind, text, tuple(fields), group, offset)


def _unquote(text: str) -> str:
    if text[0] == "`":
        return text[1:-1]
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text[1:-1])
