"""Runs Wine's tests of cmd in Windows containers, with our cmd and with Wine's; `script/cmd-score --help`."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.support.engine import WINDOWS, Engine

from bench.cmd_compare import Score, compare, script_of
from bench.wine_source import TESTS, wine_cmd, wine_tests

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


def show(engine: Engine, label: str, cmd: Path | None, *, details: bool) -> int:
    """Run all tests with one cmd, say how it fares, return how many lines it misses."""
    missed = expected = 0
    for name in TESTS:
        with tempfile.TemporaryDirectory(prefix="tt-") as work:
            score = run_test(engine, name, Path(work), cmd)
        print(f"    {label:<10} {name:<18} {len(score.missed):>5} of {score.expected} lines differ", flush=True)
        for number, wanted, got in score.missed if details else ():
            print(f"        line {number}: expected {wanted!r}, got {got!r}")
        missed += len(score.missed)
        expected += score.expected
    print(f"    {label:<10} {'all':<18} {missed:>5} of {expected} lines differ", flush=True)
    return missed


def main() -> int:
    """Print the scores; 1 if ours differs in more lines than Wine's."""
    parser = argparse.ArgumentParser(prog="script/cmd-score", description=__doc__)
    parser.add_argument("--details", action="store_true", help="show each line that differs")
    parser.add_argument("--only-ours", action="store_true", help="leave Wine's cmd out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tt-") as directory, Engine(Path(directory)) as engine:
        engine.ensure_base()
        ours = show(engine, "ours", None, details=options.details)
        if options.only_ours:
            return 0
        return int(ours > show(engine, "Wine's", wine_cmd(), details=options.details))


if __name__ == "__main__":
    sys.exit(main())
