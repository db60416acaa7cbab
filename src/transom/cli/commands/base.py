"""`transom base`: the Wine systems under Windows containers, built and kept by the engine."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from transom.cli import flags as flag
from transom.cli.command import NONE, ONE, SOME, TWO, Arity, Command, for_each
from transom.cli.commands.archives import OUTPUT, receive, sender, source
from transom.cli.commands.inspect import show_each
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.options.filters import FORMAT, INSPECT_FORMAT, NO_TRUNC
from transom.cli.output import progress
from transom.cli.output.listing import Column, listing
from transom.cli.output.units import ago, human_size, short_id
from transom.cli.session import Session
from transom.cli.terminal import STDIN, STDOUT, is_terminal
from transom.client.engine import segment
from transom.model.reference import Reference, parse_reference

BASES = "/transom/bases"
TABLE = "{{.Digest}}\t{{.Release}}\t{{.Wine}}\t{{.Parts}}\t{{.CreatedSince}}\t{{.Size}}\t{{.InUse}}\t{{.Default}}"
HEADERS = {"CreatedSince": "CREATED", "CreatedAt": "CREATED AT", "InUse": "USED BY", "CompressedSize": "COMPRESSED"}


def _columns(*, truncate: bool) -> Mapping[str, Column]:
    def used(base: dict[str, Any]) -> str:
        counts = ((base.get("Containers", 0), "container"), (base.get("Images", 0), "image"))
        return ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts if count) or "-"

    return {
        "Architecture": lambda base: base.get("Architecture", ""),
        "CompressedSize": lambda base: human_size(base.get("CompressedSize", 0), 3),
        "CreatedAt": lambda base: datetime.fromtimestamp(base.get("Created", 0), UTC).isoformat(),
        "CreatedSince": lambda base: ago(datetime.fromtimestamp(base.get("Created", 0), UTC)),
        "Default": lambda base: "*" if base.get("Default") else "",
        "Digest": lambda base: short_id(base["Digest"]) if truncate else base["Digest"],
        "InUse": used,
        "Parts": lambda base: ",".join(base.get("Parts") or ()) or "-",
        "Release": lambda base: base.get("Release", ""),
        "Size": lambda base: human_size(base.get("Size", 0), 3),
        "Wine": lambda base: base.get("WineVersion", ""),
    }


def _show(messages: Any, *, quiet: bool) -> str:
    digests: list[str] = []
    # Progress goes to standard error, so that `digest=$(transom base build)` has the digest alone.
    with open("/dev/null", "w", encoding="utf-8") as nowhere:
        progress.show(
            messages, nowhere if quiet else sys.stderr, on_aux=lambda aux: digests.append(str(aux.get("Digest", "")))
        )
    if not digests:
        raise CliError("the engine did not say which base it made")
    return digests[-1]


def _build(session: Session, values: Values, _: list[str]) -> None:
    body = {"Release": values.text("release"), "Mirror": values.text("mirror"), "Parts": values.many("part")}
    messages = session.client.events("POST", f"{BASES}/build", body=body)
    print(_show(messages, quiet=values.on("quiet")))


def _ls(session: Session, values: Values, _: list[str]) -> None:
    bases = session.client.get(BASES) or []
    form = "{{.Digest}}" if values.on("quiet") else values.text("format")
    columns = _columns(truncate=not values.on("no-trunc"))
    print(listing(bases, columns=columns, headers=HEADERS, table=TABLE, format_text=form), end="")


def _inspect(session: Session, values: Values, names: list[str]) -> int:
    return show_each(names, lambda name: session.client.get(f"{BASES}/{segment(name)}"), values.text("format"))


def _export(session: Session, values: Values, names: list[str]) -> None:
    output = values.text("output")
    if not output and is_terminal(STDOUT):
        raise CliError("cowardly refusing to save to a terminal. Use the -o flag or redirect")
    receive(session.client.request("GET", f"{BASES}/{segment(names[0])}/export").stream(), output)


def _import(session: Session, values: Values, arguments: list[str]) -> None:
    path = arguments[0] if arguments else "-"
    if path == "-" and is_terminal(STDIN):
        raise CliError("requested import from stdin, but stdin is empty")
    with source(path) as stream:
        messages = session.client.events(
            "POST",
            f"{BASES}/import",
            raw_body=sender(stream, "" if values.on("quiet") else "Sending base"),
            headers={"Content-Type": "application/zstd"},
        )
        print(_show(messages, quiet=values.on("quiet")))


def _reference(text: str) -> tuple[Reference, dict[str, str]]:
    reference = parse_reference(text).with_default_tag()
    return reference, {"reference": str(reference)}


def _push(session: Session, values: Values, names: list[str]) -> None:
    reference, query = _reference(names[1])
    headers = {"X-Registry-Auth": session.config.registry_auth(reference.domain)}
    messages = session.client.events("POST", f"{BASES}/{segment(names[0])}/push", query, headers=headers)
    print(_show(messages, quiet=values.on("quiet")))


def _pull(session: Session, values: Values, names: list[str]) -> None:
    reference, query = _reference(names[0])
    headers = {"X-Registry-Auth": session.config.registry_auth(reference.domain)}
    messages = session.client.events("POST", f"{BASES}/pull", query, headers=headers)
    print(_show(messages, quiet=values.on("quiet")))


def _rm(session: Session, values: Values, names: list[str]) -> int:
    query = {"force": values.on("force")}

    def remove(name: str) -> None:
        session.client.delete(f"{BASES}/{segment(name)}", query)
        print(name, flush=True)

    return for_each(names, remove)


QUIET = flag.switch("quiet", "Print the digest alone", short="q")
BUILD = Command(
    "[OPTIONS]",
    "Build a base from Debian's Wine packages",
    _build,
    (
        flag.text("release", "Debian release to take Wine from (the engine's default where not given)"),
        flag.text("mirror", "Package mirror (found in the host's apt configuration where not given)"),
        flag.many(
            "part",
            'Optional part to add: "wow64" for 32-bit programs, "icu" for icuuc.dll',
            kind="strings",
            split=True,
        ),
        QUIET,
    ),
    NONE,
    long=(
        "Build a base from Debian's Wine packages: the system that stands under Windows containers.\n\n"
        "The packages come from a Debian mirror; their signatures are checked against Debian's archive\n"
        "keys. Equal packages give an equal base, with the same digest."
    ),
)
LS = Command(
    "[OPTIONS]",
    "List bases",
    _ls,
    (FORMAT, NO_TRUNC, flag.switch("quiet", "Only show digests", short="q")),
    NONE,
)
INSPECT = Command(
    "[OPTIONS] BASE [BASE...]", "Display detailed information on one or more bases", _inspect, (INSPECT_FORMAT,), SOME
)
EXPORT = Command("[OPTIONS] BASE", "Write a base as an archive that `base import` takes", _export, (OUTPUT,), ONE)
IMPORT = Command("[OPTIONS] [FILE|-]", "Take a base from an archive", _import, (QUIET,), Arity(0, 1))
PUSH = Command("[OPTIONS] BASE REFERENCE", "Store a base in a registry", _push, (QUIET,), TWO)
PULL = Command("[OPTIONS] REFERENCE", "Take a base from a registry", _pull, (QUIET,), ONE)
RM = Command(
    "[OPTIONS] BASE [BASE...]",
    "Remove one or more bases that nothing uses",
    _rm,
    (flag.switch("force", "Remove the default base, too", short="f"),),
    SOME,
)
