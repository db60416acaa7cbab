"""`transom check`: what an image's Windows programs need and would not find."""

import sys
from collections.abc import Mapping
from typing import Any

from transom.cli.command import Arity, Command
from transom.cli.flags import Values
from transom.cli.options.filters import FORMAT
from transom.cli.output.listing import Column, listing
from transom.cli.session import Session
from transom.client.engine import segment

TABLE = "{{.Program}}\t{{.Needs}}\t{{.When}}\t{{.Why}}"
COLUMNS: Mapping[str, Column] = {
    "Program": lambda lack: lack["Program"],
    "Needs": lambda lack: lack["Needs"],
    "When": lambda lack: "when used" if lack.get("Late") else "at start",
    "Why": lambda lack: lack["Why"],
}


def _check(session: Session, values: Values, names: list[str]) -> int:
    program = names[1] if len(names) > 1 else None
    report: dict[str, Any] = session.client.get(f"/transom/images/{segment(names[0])}/check", {"program": program})
    lacks, count = report.get("Lacks") or [], len(report.get("Programs") or [])
    if lacks:
        print(listing(lacks, columns=COLUMNS, headers={}, table=TABLE, format_text=values.text("format")), end="")
    programs = "1 program" if count == 1 else f"{count} programs"
    print(f"{programs} checked, {len(lacks) or 'nothing'} missing", file=sys.stderr)
    return 1 if lacks else 0


CHECK = Command(
    "[OPTIONS] IMAGE [PROGRAM]",
    "Tell what Windows programs of an image need and would not find",
    _check,
    (FORMAT,),
    Arity(1, 2),
    long=(
        "Tell what Windows programs of an image need and would not find, without running them.\n\n"
        "Reads the imports of PROGRAM (a path, or a name to be looked for on the image's PATH; every program in\n"
        "the image's own layers where not given) and of the libraries that it brings along, and looks for them in\n"
        "the image and in the Windows base. Exits with 1 if something is missing."
    ),
)
