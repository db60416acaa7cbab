"""Go's text/template, the part that `--format` is used with: applying a template to JSON."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from transom.cli.output.template import Node, Pipeline, TemplateError, Term, parse

MAPS = frozenset({"Labels", "Networks", "Ports", "ExposedPorts", "Options", "Annotations", "Sysctls", "Tmpfs", "Data"})
"""Members that are maps in Docker's own types: an absent key prints `<no value>` there, elsewhere it is an error."""


class Missing:
    """A field that is not there: false in a condition, an error where it is printed."""

    def __init__(self, term: Term, place: int, *, in_map: bool) -> None:
        self.term, self.place, self.in_map = term, place, in_map

    def __bool__(self) -> bool:
        return False


class Template:
    """A parsed template; render applies it to one value.

    functions are added to Go's and Docker's own; wording is how the command begins its complaints.
    """

    def __init__(
        self,
        source: str,
        *,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        wording: "Wording | None" = None,
    ) -> None:
        self._wording = wording or INSPECT
        try:
            self._nodes = parse(source)
        except TemplateError as exc:
            raise TemplateError(f"{self._wording.malformed}{exc}") from None
        self._functions = {**FUNCTIONS, **(functions or {})}

    def render(self, value: Any) -> str:
        """Return the text that the template makes of value.

        Raises:
            TemplateError: the template does not fit value.
        """
        out: list[str] = []
        try:
            self._walk(self._nodes, value, {"$": value}, out)
        except TemplateError as exc:
            raise TemplateError(f"{self._wording.unfit}{exc}") from None
        return "".join(out)

    def _walk(self, nodes: Iterable[Node], dot: Any, names: dict[str, Any], out: list[str]) -> None:
        for node in nodes:
            if node.kind == "text":
                out.append(node.text)
                continue
            assert node.pipeline is not None
            value = self._pipeline(node.pipeline, dot, names, bind=node.kind != "range")
            if node.kind == "print":
                if not node.pipeline.variables:
                    out.append(self._printed(value))
            elif node.kind == "range":
                self._range(node, value, dot, names, out)
            elif truth(value):
                self._walk(node.body, value if node.kind == "with" else dot, dict(names), out)
            else:
                self._walk(node.otherwise, dot, dict(names), out)

    def _range(self, node: Node, value: Any, dot: Any, names: dict[str, Any], out: list[str]) -> None:
        assert node.pipeline is not None
        if isinstance(value, Mapping):
            pairs: list[tuple[Any, Any]] = sorted(value.items())
        elif isinstance(value, (list, tuple)):
            pairs = list(enumerate(value))
        elif value is None or isinstance(value, Missing):
            pairs = []
        else:
            term = node.pipeline.commands[-1][0]
            raise TemplateError(f"{_at(term)} range can't iterate over {go_text(value)}")
        for key, item in pairs:
            scope = dict(names)
            match node.pipeline.variables:
                case (one,):
                    scope[one] = item
                case (first, second):
                    scope[first], scope[second] = key, item
            self._walk(node.body, item, scope, out)
        if not pairs:
            self._walk(node.otherwise, dot, names, out)

    def _pipeline(self, pipeline: Pipeline, dot: Any, names: dict[str, Any], *, bind: bool = True) -> Any:
        value: Any = None
        for index, command in enumerate(pipeline.commands):
            value = self._command(command, dot, names, [value] if index else [])
        if bind and pipeline.variables:
            names[pipeline.variables[0]] = value
        return value

    def _command(self, command: tuple[Term, ...], dot: Any, names: dict[str, Any], piped: list[Any]) -> Any:
        first, rest = command[0], command[1:]
        if first.kind == "word" and first.text not in CONSTANTS:
            function = self._functions.get(first.text)
            if function is None:
                raise TemplateError(f'template: :1: function "{first.text}" not defined')
            if first.text in ("and", "or"):
                return self._shortcut(first.text, rest, dot, names)
            return self._call(first, function, [self._term(term, dot, names) for term in rest] + piped)
        value = self._term(first, dot, names, keep_callable=True)
        arguments = [self._term(term, dot, names) for term in rest] + piped
        if callable(value):
            return self._call(first, value, arguments)
        if arguments:
            raise TemplateError(f"{_at(first)} {_shown(first)} has arguments but cannot be invoked as function")
        return value

    def _shortcut(self, name: str, terms: tuple[Term, ...], dot: Any, names: dict[str, Any]) -> Any:
        value: Any = None
        for term in terms:
            value = self._term(term, dot, names)
            if truth(value) != (name == "and"):
                break
        return value

    def _call(self, term: Term, function: Callable[..., Any], arguments: list[Any]) -> Any:
        values = [self._present(argument) for argument in arguments]
        try:
            return function(*values)
        except (TypeError, ValueError, IndexError, KeyError, AttributeError) as exc:
            raise TemplateError(f"{_at(term)} error calling {term.text or _shown(term)}: {exc}") from None

    def _term(self, term: Term, dot: Any, names: dict[str, Any], *, keep_callable: bool = False) -> Any:
        match term.kind:
            case "string":
                return term.text
            case "number":
                return _number(term.text)
            case "word" if term.text in CONSTANTS:
                return CONSTANTS[term.text]
            case "word":
                return self._command((term,), dot, names, [])
            case "variable" if term.text not in names:
                raise TemplateError(f'template: :1: undefined variable "{term.text}"')
            case "variable":
                start = names[term.text]
            case "group":
                assert term.group is not None
                start = self._pipeline(term.group, dot, names)
            case _:
                start = dot
        value = self._chain(start, term)
        return value() if callable(value) and not keep_callable else value

    def _chain(self, value: Any, term: Term) -> Any:
        owner = ""
        for place, name in enumerate(term.fields):
            if isinstance(value, Missing) or value is None:
                if owner in MAPS or (isinstance(value, Missing) and value.in_map):
                    return Missing(term, place, in_map=True)
                raise TemplateError(self._absent(term, value.place if isinstance(value, Missing) else place))
            if not isinstance(value, Mapping):
                raise TemplateError(f"{_at(term, place)} can't evaluate field {name} in type {_go_type(value)}")
            value = _member(value, term, place, owner)
            owner = name
        return value

    def _absent(self, term: Term, place: int) -> str:
        return f"{_at(term, place)} {self._wording.absent.format(term.fields[place])}"

    def _present(self, value: Any) -> Any:
        """Return value for use; a missing struct field is an error, a missing map entry is nil."""
        if isinstance(value, Missing):
            if not value.in_map:
                raise TemplateError(self._absent(value.term, value.place))
            return None
        return value

    def _printed(self, value: Any) -> str:
        present = self._present(value)
        return "<no value>" if present is None else go_text(present)


def _member(value: Mapping[str, Any], term: Term, place: int, owner: str) -> Any:
    name = term.fields[place]
    if name in value:
        return value[name]
    lower = name.lower()  # Go's names differ from JSON's in case alone: ID and Id, NanoCPUs and NanoCpus
    for key in value:
        if key.lower() == lower and owner not in MAPS:
            return value[key]
    return Missing(term, place, in_map=owner in MAPS)


def _at(term: Term, place: int = 0) -> str:
    before = len(term.text) if term.kind == "variable" else 0
    offset = term.offset + before + sum(len(name) + 1 for name in term.fields[:place])
    return f'template: :1:{offset}: executing "" at <{_shown(term)}>:'


def _shown(term: Term) -> str:
    start = term.text if term.kind in ("variable", "word") else "(...)" if term.kind == "group" else ""
    return start + "".join(f".{name}" for name in term.fields) or "."


@dataclass(frozen=True, slots=True)
class Wording:
    """What a command says before the template's own complaint, and of a field that is not there."""

    malformed: str
    unfit: str
    absent: str


INSPECT = Wording("template parsing error: ", "template parsing error: ", 'map has no entry for key "{}"')
LIST = Wording("failed to parse template: ", "failed to execute template: ", "can't evaluate field {} in this list")


def _number(text: str) -> int | float:
    try:
        return int(text, 0)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise TemplateError(f'template: :1: bad number syntax: "{text}"') from None


def truth(value: Any) -> bool:
    """Return Go's truth: empty, zero, nil and false are false."""
    return bool(value)


def go_text(value: Any) -> str:
    """Return value as fmt.Print shows it."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case float():
            return f"{value:g}" if not value.is_integer() or abs(value) >= 1e21 else str(int(value))
        case Mapping():
            return "map[" + " ".join(f"{key}:{go_text(item)}" for key, item in sorted(value.items())) + "]"
        case list() | tuple():
            return "[" + " ".join(go_text(item) for item in value) + "]"
        case _:
            return str(value)


def _go_type(value: Any) -> str:
    kinds = {str: "string", bool: "bool", int: "int", float: "float64", list: "[]interface {}"}
    return kinds.get(type(value), "interface {}")


def to_json(value: Any) -> str:
    """Return value as compact JSON; a row of a list has all its columns."""
    if isinstance(value, Row):
        return value.to_json()
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=dict)


class Row(dict[str, Any]):
    """One row of a list: its columns, and functions for those that take an argument (.Label "x")."""

    def to_json(self) -> str:
        """Return the columns as JSON, sorted, with <, > and & written as Go's encoder writes them."""
        plain = {key: item for key, item in sorted(self.items()) if not callable(item)}
        text = json.dumps(plain, separators=(",", ":"), ensure_ascii=False)
        return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if value is None:
            raise ValueError("index of nil pointer" if not isinstance(key, str) else "index of untyped nil")
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, (list, tuple, str)):
            if not isinstance(key, int) or not 0 <= key < len(value):
                raise IndexError(f"index out of range: {key}")
            value = value[key]
        else:
            raise TypeError(f"can't index item of type {_go_type(value)}")
    return value


_VERB = re.compile(r"%([-+# 0]*)(\d*)(?:\.(\d+))?([a-zA-Z%])")


def _printf(pattern: str, *values: Any) -> str:
    queue = list(values)

    def one(found: re.Match[str]) -> str:
        flags, width, precision, verb = found.groups()
        if verb == "%":
            return "%"
        if not queue:
            return f"%!{verb}(MISSING)"
        value = queue.pop(0)
        if verb in "dxXobc" and isinstance(value, (int, float)) and not isinstance(value, bool):
            text = f"{int(value):{verb}}"
        elif verb in "feEgG" and isinstance(value, (int, float)):
            text = f"{value:.{precision or 6}{verb}}"
        elif verb == "q":
            text = json.dumps(go_text(value), ensure_ascii=False)
        else:
            text = go_text(value)[: int(precision) if precision else None]
        if not width:
            return text
        return text.ljust(int(width)) if "-" in flags else text.rjust(int(width), "0" if "0" in flags else " ")

    return _VERB.sub(one, pattern)


def _slice(value: Any, *bounds: int) -> Any:
    return value[bounds[0] if bounds else 0 : bounds[1] if len(bounds) > 1 else None]


def _print(*values: Any) -> str:
    """Join values as fmt.Sprint does: a space only between two that are not text."""
    out = ""
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            out += " "
        out += go_text(value)
    return out


CONSTANTS: dict[str, Any] = {"true": True, "false": False, "nil": None}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "and": lambda *values: values,
    "or": lambda *values: values,
    "not": lambda value: not truth(value),
    "len": lambda value: len(value if value is not None else ()),
    "index": _index,
    "slice": _slice,
    "print": _print,
    "println": lambda *values: " ".join(go_text(value) for value in values) + "\n",
    "printf": _printf,
    "eq": lambda first, *others: any(first == other for other in others),
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "json": to_json,
    "split": lambda text, separator: text.split(separator),
    "join": lambda items, separator: separator.join(go_text(item) for item in items or ()),
    "title": lambda text: re.sub(r"(^|\s)(\w)", lambda found: found[1] + found[2].upper(), text),
    "lower": lambda text: text.lower(),
    "upper": lambda text: text.upper(),
    "pad": lambda text, before, after: " " * before + text + " " * after if text else text,
    "truncate": lambda text, length: text[:length],
}
