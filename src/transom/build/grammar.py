"""Nodes to instructions: each instruction's own rules for arguments and flags.

Source: Dockerfile reference; error texts are Docker's, clients show and match them.
"""

import re
from collections.abc import Callable

from transom.build import instructions as it
from transom.build.duration import parse_duration
from transom.build.flags import Flags, Kind, parse_flags
from transom.build.heredoc import Heredoc, parse_heredoc
from transom.build.parser import NAMES, Node
from transom.build.suggest import did_you_mean
from transom.errors import InvalidParameter, NotSupported

_STAGE_NAME = re.compile(r"[a-z][a-z0-9-_.]*")
_ONBUILD = re.compile(r"(?i)^\s*ONBUILD\s*")
_RUN_FLAGS = {"mount": Kind.TEXTS, "network": Kind.TEXT, "security": Kind.TEXT, "device": Kind.TEXTS}
_COPY_FLAGS = {
    "chown": Kind.TEXT,
    "from": Kind.TEXT,
    "chmod": Kind.TEXT,
    "link": Kind.BOOL,
    "exclude": Kind.TEXTS,
    "parents": Kind.BOOL,
}
_ADD_FLAGS = {
    "chown": Kind.TEXT,
    "chmod": Kind.TEXT,
    "link": Kind.BOOL,
    "keep-git-dir": Kind.BOOL,
    "checksum": Kind.TEXT,
    "unpack": Kind.BOOL,
    "exclude": Kind.TEXTS,
}
_HEALTH_FLAGS = dict.fromkeys(("interval", "timeout", "start-period", "start-interval", "retries"), Kind.TEXT)


def instruction(node: Node) -> "it.From | it.Step":
    """Return node as an instruction.

    Raises:
        InvalidParameter: the instruction is unknown or its arguments break its rules.
    """
    rule = _RULES.get(node.name.lower())
    if rule is None:
        names = [name.upper() if node.name.isupper() else name for name in NAMES]
        raise InvalidParameter(f"unknown instruction: {node.name}{did_you_mean(node.name, names)}")
    return rule(node)


def _common(node: Node) -> tuple[str, str, int]:
    return node.original.strip(), node.name, node.line


def _no_flags(node: Node) -> None:
    parse_flags(node.flags, {})


def _at_least_one(node: Node, name: str) -> tuple[str, ...]:
    if not node.args:
        raise InvalidParameter(f"{name} requires at least one argument")
    return node.args


def _exactly_one(node: Node, name: str) -> str:
    if len(node.args) != 1:
        raise InvalidParameter(f"{name} requires exactly one argument")
    _no_flags(node)
    return node.args[0]


def _from(node: Node) -> it.From:
    args = node.args
    name = ""
    if len(args) == 3 and args[1].lower() == "as":
        name = args[2].lower()
        if not _STAGE_NAME.fullmatch(name):
            raise InvalidParameter(
                f'invalid name for build stage: "{args[2]}", name can\'t start with a number or contain symbols'
            )
    elif len(args) != 1:
        raise InvalidParameter("FROM requires either one or three arguments")
    flags = parse_flags(node.flags, {"platform": Kind.TEXT})
    return it.From(*_common(node), args[0], name, flags.text("platform"))


def _pairs(node: Node, name: str) -> tuple[it.Pair, ...]:
    _no_flags(node)
    args = _at_least_one(node, name)
    pairs = tuple(it.Pair(args[i], args[i + 1]) for i in range(0, len(args), 3))
    if not all(pair.name for pair in pairs):
        raise InvalidParameter(f"{name} names can not be blank")
    return pairs


def _env(node: Node) -> it.Env:
    return it.Env(*_common(node), _pairs(node, "ENV"))


def _label(node: Node) -> it.Label:
    return it.Label(*_common(node), _pairs(node, "LABEL"))


def _arg(node: Node) -> it.Arg:
    pairs: list[it.Pair] = []
    for word in _at_least_one(node, "ARG"):
        name, equals, value = word.partition("=")
        if equals and not name:
            raise InvalidParameter("ARG names can not be blank")
        pairs.append(it.Pair(name, value if equals else None))
    return it.Arg(*_common(node), tuple(pairs))


def _transfer(node: Node, name: str, known: dict[str, Kind]) -> it.Transfer:
    if len(node.args) < 2:
        raise InvalidParameter(
            f"{name} requires at least two arguments, but only one was provided. Destination could not be determined"
        )
    flags = parse_flags(node.flags, known)
    if flags.is_set("keep-git-dir"):
        raise NotSupported(f"{name} --keep-git-dir is for git repositories, which this builder does not fetch: drop it")
    *sources, target = node.args
    if parse_heredoc(target) is not None:
        raise InvalidParameter(f"{name} cannot accept a heredoc as a destination")
    opened = {document.name: document for document in node.heredocs}
    plain: list[str] = []
    documents: list[Heredoc] = []
    for source in sources:
        found = None if node.json else parse_heredoc(source)
        if found is not None and found.name in opened:
            documents.append(opened[found.name])
        else:
            plain.append(source)
    return it.Transfer(
        *_common(node),
        tuple(plain),
        tuple(documents),
        target,
        chown=flags.text("chown"),
        chmod=flags.text("chmod"),
        origin=flags.text("from"),
        checksum=flags.text("checksum"),
        unpack=flags.is_set("unpack") if flags.text("unpack") else None,
        excludes=flags.texts("exclude"),
        parents=flags.is_set("parents"),
        adds="from" not in known,
    )


def _copy(node: Node) -> it.Transfer:
    return _transfer(node, "COPY", _COPY_FLAGS)


def _add(node: Node) -> it.Transfer:
    return _transfer(node, "ADD", _ADD_FLAGS)


def _command(node: Node) -> it.CommandLine:
    return it.CommandLine(node.args, not node.json, node.heredocs)


def _run(node: Node) -> it.Run:
    flags: Flags = parse_flags(node.flags, _RUN_FLAGS)
    return it.Run(*_common(node), _command(node), tuple(flags.values))


def _cmd(node: Node) -> it.Cmd:
    _no_flags(node)
    return it.Cmd(*_common(node), _command(node))


def _entrypoint(node: Node) -> it.Entrypoint:
    _no_flags(node)
    return it.Entrypoint(*_common(node), _command(node))


def _healthcheck(node: Node) -> it.Healthcheck:
    kind, *args = _at_least_one(node, "HEALTHCHECK")
    kind = kind.upper()
    if kind == "NONE":
        if args:
            raise InvalidParameter("HEALTHCHECK NONE takes no arguments")
        return it.Healthcheck(*_common(node), (kind,))
    flags = parse_flags(node.flags, _HEALTH_FLAGS)
    if kind != "CMD":
        raise InvalidParameter(f'Unknown type "{kind}" in HEALTHCHECK (try CMD)')
    if not args:
        raise InvalidParameter("Missing command after HEALTHCHECK CMD")
    return it.Healthcheck(
        *_common(node),
        (kind if node.json else "CMD-SHELL", *args),
        _interval(flags, "interval"),
        _interval(flags, "timeout"),
        _interval(flags, "start-period"),
        _interval(flags, "start-interval"),
        _retries(flags.text("retries")),
    )


def _interval(flags: Flags, name: str) -> int:
    text = flags.text(name)
    value = parse_duration(text) if text else 0
    if value != 0 and value < 1_000_000:
        raise InvalidParameter(f'Interval "{name}" cannot be less than 1ms')
    return value


def _retries(text: str) -> int:
    try:
        value = int(text or "0", 10)
    except ValueError:
        raise InvalidParameter(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
    if value < 0:
        raise InvalidParameter(f"--retries cannot be negative ({value})")
    return value


def _expose(node: Node) -> it.Expose:
    ports = _at_least_one(node, "EXPOSE")
    _no_flags(node)
    return it.Expose(*_common(node), tuple(sorted(ports)))


def _user(node: Node) -> it.User:
    return it.User(*_common(node), _exactly_one(node, "USER"))


def _workdir(node: Node) -> it.Workdir:
    return it.Workdir(*_common(node), _exactly_one(node, "WORKDIR"))


def _maintainer(node: Node) -> it.Maintainer:
    return it.Maintainer(*_common(node), _exactly_one(node, "MAINTAINER"))


def _stop_signal(node: Node) -> it.StopSignal:
    return it.StopSignal(*_common(node), _exactly_one(node, "STOPSIGNAL"))


def _volume(node: Node) -> it.Volume:
    paths = tuple(path.strip() for path in _at_least_one(node, "VOLUME"))
    _no_flags(node)
    if not all(paths):
        raise InvalidParameter("VOLUME specified can not be an empty string")
    return it.Volume(*_common(node), paths)


def _shell(node: Node) -> it.Shell:
    _no_flags(node)
    shell = _at_least_one(node, "SHELL")
    if not node.json:
        raise InvalidParameter("SHELL requires the arguments to be in JSON form")
    return it.Shell(*_common(node), shell)


def _onbuild(node: Node) -> it.Onbuild:
    trigger = _at_least_one(node, "ONBUILD")[0].strip().upper()
    _no_flags(node)
    if trigger == "ONBUILD":
        raise InvalidParameter("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    if trigger in {"MAINTAINER", "FROM"}:
        raise InvalidParameter(f"{trigger} isn't allowed as an ONBUILD trigger")
    expression = _ONBUILD.sub("", node.original)
    for document in node.heredocs:
        expression += f"\n{document.content}{document.name}"
    return it.Onbuild(*_common(node), expression)


_RULES: dict[str, Callable[[Node], "it.From | it.Step"]] = {
    "add": _add,
    "arg": _arg,
    "cmd": _cmd,
    "copy": _copy,
    "entrypoint": _entrypoint,
    "env": _env,
    "expose": _expose,
    "from": _from,
    "healthcheck": _healthcheck,
    "label": _label,
    "maintainer": _maintainer,
    "onbuild": _onbuild,
    "run": _run,
    "shell": _shell,
    "stopsignal": _stop_signal,
    "user": _user,
    "volume": _volume,
    "workdir": _workdir,
}
