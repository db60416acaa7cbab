"""The table of the base's programs in docs/windows.md."""

from collections.abc import Mapping

from programs.liars.check import Check, Verdict
from programs.table import DOCUMENT

BEGIN, END = "<!-- userland: begin (script/liars --write) -->", "<!-- userland: end -->"


def write(found: Mapping[str, tuple[Verdict, Check]]) -> None:
    """Put a line for each program that people call, and one sentence for the others, into the document."""
    document = DOCUMENT.read_text(encoding="utf-8")
    head, rest = document.split(BEGIN)
    _, tail = rest.split(END)
    DOCUMENT.write_text(f"{head}{BEGIN}\n{text(found)}{END}{tail}", encoding="utf-8")


def text(found: Mapping[str, tuple[Verdict, Check]]) -> str:
    """Return the table."""
    lines = ["| Program | Asked to | Outcome |", "|---|---|---|"]
    for name, (verdict, check) in sorted(found.items()):
        if check.runs:
            lines.append(f"| `{name}` | {check.task} | {verdict}{': ' + check.loud if check.loud else ''} |")
        elif check.window:
            lines.append(f"| `{name}` | {check.window} | {verdict} |")
    others = ", ".join(f"`{name}`" for name, (_, check) in sorted(found.items()) if check.part)
    lines += ["", f"Not for people, but for Windows, and not asked: {others}."]
    return "\n".join(lines) + "\n"
