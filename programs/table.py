"""The table in docs/windows.md."""

import re
from dataclasses import dataclass

from programs.case import Case
from programs.cases import CASES
from programs.packages import ROOT

DOCUMENT = ROOT / "docs" / "windows.md"
BEGIN, END = "<!-- programs: begin (script/programs --write) -->", "<!-- programs: end -->"

ORDER = ("runtimes", "more_runtimes", "compiled", "servers", "installers", "tools", "more_tools")
"""The modules of the cases, as the table has them."""


def ordered() -> list[Case]:
    """Return every case in the order of the table."""
    return sorted(CASES.values(), key=lambda case: ORDER.index(case.act.__module__.rpartition(".")[2]))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    text: str

    @classmethod
    def of(cls, case: Case, failure: str, plain: str) -> "Row":
        """Return the row for a case and how it fared."""
        if not failure:
            verdict, why = "yes", case.note
        else:
            verdict = "no"
            alone = "works" if plain == "works" else "fails too" if plain.startswith("fails") else "was not tried"
            why = f"{case.limit or failure[:200]} Debian's Wine alone {alone}."
        cells = (case.program, case.version, case.task, verdict, why)
        return cls(case.name, "| " + " | ".join(_cell(each) for each in cells) + f" | `{case.name}` |")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def write(rows: list[Row]) -> None:
    """Put rows into the document's table; rows of cases that did not run stay as they are."""
    document = DOCUMENT.read_text(encoding="utf-8")
    head, rest = document.split(BEGIN)
    old, tail = rest.split(END)
    known = {match[1]: line for line in old.splitlines() if (match := re.search(r"\| `(\w+)` \|$", line))}
    known |= {row.name: row.text for row in rows}
    lines = ["| Program | Version | What it does | Works | Notes | Case |", "|---|---|---|---|---|---|"]
    lines += [known[name] for name in (case.name for case in ordered()) if name in known]
    DOCUMENT.write_text(f"{head}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{tail}", encoding="utf-8")
