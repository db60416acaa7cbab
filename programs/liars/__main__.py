"""The command line; `script/liars --help`."""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.support.engine import docker_environment

from programs.__main__ import engine
from programs.liars import table
from programs.liars.ask import asked, key
from programs.liars.check import Check, Verdict
from programs.liars.checks import CHECKS


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/liars",
        description="Ask every program of the Windows base to do something, and see whether it has done it. Ends with "
        "1 if one reports success and has done nothing, does not end, or is not known.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="programs to ask, as xcopy.exe (all)")
    parser.add_argument("--write", action="store_true", help="write the outcomes into docs/windows.md")
    parser.add_argument("--socket", help="use the engine at this socket, not one of this checkout's own")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if os.geteuid() != 0:
        print("script/liars needs root: it starts an engine", file=sys.stderr)
        return 1
    shared = Path(tempfile.mkdtemp(prefix="transom-liars-"))
    shared.chmod(0o755)
    bad, found = 0, dict[str, tuple[Verdict, Check]]()
    try:
        with engine(options.socket or "") as docker, asked(docker, docker_environment(), shared) as container:
            for program in sorted(container.programs()):
                name = key(program)
                if options.names and name not in options.names:
                    continue
                check = CHECKS.get(name)
                if check is None:
                    print(f"??  {program:28} nothing is known of it", flush=True)
                    bad += 1
                    continue
                verdict, why = container.verdict(program, check)
                bad += verdict is Verdict.SILENT
                if found.get(name, (None,))[0] is not Verdict.SILENT:
                    found[name] = verdict, check
                print(f"{'NO' if verdict is Verdict.SILENT else 'ok'}  {program:28} {verdict}  {why}", flush=True)
    finally:
        shutil.rmtree(shared, ignore_errors=True)
    if options.write and not options.names:
        table.write(found)
    print(f"==> {len(found)} programs, {bad} that a base may not have")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
