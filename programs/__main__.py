"""The command line; `script/programs --help`."""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.engine import Engine, docker_environment
from tests.support.engine import _base_sources as sources_of_a_base

from programs import table
from programs.box import IMAGE, Container, Failed
from programs.case import Case
from programs.cases import CASES
from programs.packages import CACHE, Unavailable
from programs.plain_wine import PlainWine


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one case fared."""

    case: Case
    failure: str
    """What it did not do; empty where it works."""
    seconds: float
    plain: str = ""
    """How a program that fails fares under Debian's Wine as it is."""

    @property
    def is_expected(self) -> bool:
        return bool(self.failure) == bool(self.case.limit)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/programs",
        description="Let real Windows programs do real work in containers, and write the table of docs/windows.md.",
        epilog="Where a program fails, the same is tried under Debian's Wine without Transom.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="cases to run (all); --list shows them")
    parser.add_argument("--list", action="store_true", help="list the cases")
    parser.add_argument("--write", action="store_true", help="write the outcomes into docs/windows.md")
    parser.add_argument(
        "--plain", action="store_true", help="run under Debian's Wine alone, whatever would happen here"
    )
    parser.add_argument("--image", default=IMAGE, help="the image to run them in (%(default)s)")
    parser.add_argument("--socket", help="use the engine at this socket, not one of this checkout's own")
    parser.add_argument("--keep", action="store_true", help="leave each case's files, and say where")
    return parser.parse_args()


@contextmanager
def engine(socket: str) -> Iterator[list[str]]:
    """Give the docker CLI's command for the engine at socket, or for one of this checkout with a base of its code."""
    if socket:
        yield ["docker", "-H", f"unix://{socket.removeprefix('unix://')}"]
        return
    directory = Path(tempfile.mkdtemp(prefix="transom-programs-"))
    try:
        with Engine(directory, data_root=CACHE / "data") as started:
            built = CACHE / "base"
            now = sources_of_a_base()
            if not built.exists() or built.read_text() != now:
                print("==> building the Windows base", flush=True)
                started.transom("base", "build", "-q", "--part", "wow64", "--part", "icu", timeout_s=900)
                built.write_text(now)
            yield started.docker_argv()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def attempt(case: Case, docker: list[str], *, image: str, plain: bool, keep: bool) -> tuple[str, float]:
    """Run a case; return what it failed with, "" if it works, and how long it took.

    Raises:
        Unavailable: a program cannot be had on this machine.
    """
    packages = {package.name: package.directory() for package in case.packages}
    work = Path(tempfile.mkdtemp(prefix=f"transom-programs-{case.name}-"))
    work.chmod(0o777)  # a case may run as a user who is not an administrator
    began = time.monotonic()
    try:
        if plain:
            with PlainWine(packages, work) as wine:
                case.act(wine)
        else:
            case.act(Container(docker, image, packages, work, docker_environment()))
        return "", time.monotonic() - began
    except Failed as exc:
        return str(exc), time.monotonic() - began
    finally:
        if keep:
            print(f"    {case.name}: files in {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)


def judge(case: Case, docker: list[str], options: argparse.Namespace) -> Outcome:
    failure, seconds = attempt(case, docker, image=options.image, plain=options.plain, keep=options.keep)
    plain = ""
    if failure and not options.plain:
        try:
            same, _ = attempt(case, docker, image=options.image, plain=True, keep=False)
            plain = f"fails: {same}" if same else "works"
        except Unavailable as exc:
            plain = f"not tried: {exc}"
    return Outcome(case, failure, seconds, plain)


def main() -> int:
    options = arguments()
    if options.list:
        for case in table.ordered():
            print(f"{case.name:16} {case.program} {case.version}: {case.task}")
        return 0
    if os.geteuid() != 0:
        print("script/programs needs root: it starts an engine", file=sys.stderr)
        return 1
    if unknown := set(options.names) - set(CASES):
        print(f"script/programs: there is no {', '.join(sorted(unknown))}; see --list", file=sys.stderr)
        return 2
    outcomes, unavailable = [], 0
    with engine(options.socket or "") as docker:
        for name in options.names or [case.name for case in table.ordered()]:
            try:
                outcome = judge(CASES[name], docker, options)
            except Unavailable as exc:
                print(f"--  {name:16} not to be had here: {exc}", flush=True)
                unavailable += 1
                continue
            outcomes.append(outcome)
            print(
                f"{'ok' if not outcome.failure else 'NO'}  {name:16} {outcome.seconds:5.1f} s  {outcome.failure}",
                flush=True,
            )
            if outcome.plain:
                print(f"    under plain Wine: {outcome.plain}", flush=True)
    if options.write:
        table.write([table.Row.of(each.case, each.failure, each.plain) for each in outcomes])
    works = sum(not outcome.failure for outcome in outcomes)
    print(f"==> {works} of {len(outcomes)} work" + (f", {unavailable} not to be had here" if unavailable else ""))
    surprises = [outcome.case.name for outcome in outcomes if not outcome.is_expected]
    if surprises:
        print(f"==> not as recorded: {', '.join(surprises)}")
    return 1 if surprises else 0


if __name__ == "__main__":
    raise SystemExit(main())
