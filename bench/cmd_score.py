"""Runs Wine's tests of cmd in Windows containers, with our cmd and with Wine's; `script/cmd-score --help`."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from programs.table import DOCUMENT
from tests.support.engine import WINDOWS, Engine

from bench.cmd_compare import Score, compare, script_of
from bench.wine_source import TESTS, wine_cmd, wine_tests

BEGIN, END = "<!-- cmd: begin (script/cmd-score --write) -->", "<!-- cmd: end -->"

# `for /f` ends at a NUL; the tests expect to find this file.
NUL_FILE = b"a b c\nd e\0f\ng h i\0"


def run_test(engine: Engine, name: str, work: Path, cmd: Path | None) -> Score:
    """Run one script in a container of its own, with cmd as its cmd.exe, or the base's."""
    directory = work / "t"
    directory.mkdir()
    script = "test" + Path(name).suffix
    (directory / script).write_bytes(script_of((wine_tests() / name).read_bytes()))
    (directory / "nul_test_file").write_bytes(NUL_FILE)
    engine.docker("run", "-di", "--name", "score", "--network", "none", WINDOWS, "findstr", "x", timeout_s=120)
    try:
        if cmd:
            engine.docker("cp", str(cmd), "score:/windows/system32/cmd.exe")
        engine.docker("cp", str(directory), "score:/t")
        line = f"{script} >C:\\out.txt 2>C:\\err.txt"
        engine.docker("exec", "-w", "C:\\t", "score", "cmd", "/c", line, check=False, timeout_s=300)
        engine.docker("cp", "score:/out.txt", str(work / "out.txt"))
        return compare((work / "out.txt").read_bytes(), (wine_tests() / f"{name}.exp").read_bytes())
    finally:
        engine.docker("rm", "-f", "score")
        shutil.rmtree(directory)


@dataclass(frozen=True, slots=True)
class Total:
    """How one cmd fares in one test, or in all."""

    expected: int
    missed: int


def show(engine: Engine, label: str, cmd: Path | None, *, details: bool) -> dict[str, Total]:
    """Run all tests with one cmd and say how it fares; test → how, the sum under `all`."""
    found: dict[str, Total] = {}
    for name in TESTS:
        with tempfile.TemporaryDirectory(prefix="tt-") as work:
            score = run_test(engine, name, Path(work), cmd)
        found[name] = Total(score.expected, len(score.missed))
        say(label, name, found[name])
        for number, wanted, got in score.missed if details else ():
            print(f"        line {number}: expected {wanted!r}, got {got!r}")
    found["all"] = Total(sum(each.expected for each in found.values()), sum(each.missed for each in found.values()))
    say(label, "all", found["all"])
    return found


def say(label: str, name: str, total: Total) -> None:
    """Print a line."""
    print(f"    {label:<10} {name:<18} {total.missed:>5} of {total.expected} lines differ", flush=True)


def write(ours: Mapping[str, Total], wines: Mapping[str, Total]) -> None:
    """Put the scores into docs/windows.md."""
    lines = [
        "| Script of Wine's tests | Lines that Windows prints | Ours differs in | Wine's differs in |",
        "|---|---|---|---|",
    ]
    lines += [f"| {name} | {each.expected:,} | {each.missed} | {wines[name].missed} |" for name, each in ours.items()]
    head, rest = DOCUMENT.read_text(encoding="utf-8").split(BEGIN)
    _, tail = rest.split(END)
    DOCUMENT.write_text(f"{head}{BEGIN}\n{chr(10).join(lines)}\n{END}{tail}", encoding="utf-8")


def main() -> int:
    """Print the scores; 1 if ours differs in more lines than Wine's."""
    parser = argparse.ArgumentParser(prog="script/cmd-score", description=__doc__)
    parser.add_argument("--details", action="store_true", help="show each line that differs")
    parser.add_argument("--only-ours", action="store_true", help="leave Wine's cmd out")
    parser.add_argument("--write", action="store_true", help="write the scores into docs/windows.md")
    options = parser.parse_args()
    if options.write and options.only_ours:
        parser.error("--write needs both scores")
    with tempfile.TemporaryDirectory(prefix="tt-") as directory, Engine(Path(directory)) as engine:
        engine.ensure_base()
        ours = show(engine, "ours", None, details=options.details)
        if options.only_ours:
            return 0
        wines = show(engine, "Wine's", wine_cmd(), details=options.details)
    if options.write:
        write(ours, wines)
    return int(ours["all"].missed > wines["all"].missed)


if __name__ == "__main__":
    sys.exit(main())
