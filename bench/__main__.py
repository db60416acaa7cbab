"""The benchmark's command line; `script/bench --help`."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from tests.support.images import busybox_archive

from bench import beside, cases, machine, registries, report
from bench.measure import CommandFailed
from bench.targets import PEERS, Target, docker, podman, transom

ALL = ("start", "burst", "exec", "ps", "build", "registry", "beside", "memory")


def progress(text: str) -> None:
    """Show what happens now, on a terminal only, in one line that is written over."""
    if sys.stderr.isatty():
        print(f"\r\033[K    {text}", end="", file=sys.stderr, flush=True)


def say(text: str) -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    print(text, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/bench",
        description="Measure Transom, beside Docker and Podman where they are installed or bench/peers has put them.",
    )
    parser.add_argument("--runs", type=int, default=25, help="measurements of each start (25)")
    parser.add_argument("--rounds", type=int, help="pulls and pushes of each kind (an eighth of --runs, at least 3)")
    parser.add_argument("--only", default=",".join(ALL), help=f"some of {','.join(ALL)}")
    parser.add_argument("--engines", default="transom,docker,podman", help="some of transom,docker,podman")
    parser.add_argument("--containers", type=int, default=100, help="containers that `docker ps` lists (100)")
    parser.add_argument("--no-windows", action="store_true", help="leave Windows containers out")
    parser.add_argument("--save", action="store_true", help="write the result to bench/results/, to be committed")
    return parser.parse_args()


def start_engines(names: list[str], work: Path, stack: ExitStack) -> list[Target]:
    started: list[Target] = []
    makers: dict[str, Callable[[Path], Target | None]] = {"transom": transom, "docker": docker, "podman": podman}
    for name in names:
        target = makers[name](work)
        if target is None:
            say(f"    {name} is not installed, nor in {PEERS.relative_to(Path.cwd())} (bench/peers): left out")
            continue
        stack.callback(target.close)
        stack.callback(cases.clean, target)
        started.append(target)
        say(f"    {name} {target.version}")
    return started


def measure(options: argparse.Namespace, work: Path) -> dict[str, object]:
    wanted, rounds = options.only.split(","), options.rounds or max(3, options.runs // 8)
    facts = machine.facts()
    archive = work / "busybox.tar"
    busybox_archive(archive)
    samples, figures = [], []
    with ExitStack() as stack:
        say("==> starting the engines")
        targets = start_engines(options.engines.split(","), work, stack)
        figures += cases.engine_figures(targets, "rest") if "memory" in wanted else []
        for target in targets:
            target.runs_windows = target.runs_windows and not options.no_windows
            say(f"==> preparing {target.name}")
            cases.prepare(target, archive)
        if "memory" in wanted:
            say("==> memory")
            figures += cases.memory_figures(targets, count=5, progress=progress)
        if "start" in wanted:
            say("==> run --rm")
            samples += cases.start_latency(targets, runs=options.runs, progress=progress)
        if "burst" in wanted:
            say("==> many at once")
            samples += cases.burst_latency(targets, count=50, runs=max(3, options.runs // 5), progress=progress)
        if "exec" in wanted:
            say("==> exec")
            samples += cases.exec_latency(targets, runs=options.runs, progress=progress)
        if "build" in wanted:
            say("==> build")
            samples += cases.build_latency(targets, runs=max(3, options.runs // 5), progress=progress)
        if "registry" in wanted:
            say("==> pull and push")
            more, peaks = registries.latency(targets, work, runs=rounds, progress=progress)
            samples += more
            figures += peaks
        if "beside" in wanted:
            say("==> run beside a pull")
            able = [target for target in targets if target.socket is not None]
            samples += beside.latency(able, work, runs=rounds, progress=progress)
        if "ps" in wanted:
            say("==> ps")
            samples += cases.list_latency(targets, count=options.containers, runs=options.runs, progress=progress)
        if "memory" in wanted:
            figures += cases.engine_figures(targets, "worked")
        engines = {target.name: target.version for target in targets}
    say("")
    for text in (
        report.times_table(samples) if samples else "",
        report.figures_table(figures) if figures else "",
        report.verdicts_table(report.verdicts(samples, figures)),
    ):
        if text:
            print(text, end="\n\n")
    return report.document(facts, engines, samples, figures)


def main() -> int:
    options = arguments()
    if os.geteuid() != 0:
        print("script/bench needs root: it starts engines", file=sys.stderr)
        return 1
    # Classic builds on every engine; no plugin is started, and no configuration of this user's is read.
    os.environ |= {"DOCKER_BUILDKIT": "0", "DOCKER_CONFIG": "/nonexistent", "DOCKER_CLI_HINTS": "false"}
    os.environ["PODMAN_IGNORE_CGROUPSV1_WARNING"] = "1"
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        os.environ.pop(name, None)
    work = Path(tempfile.mkdtemp(prefix="transom-bench-"))
    if (busy := machine.load()) > 1:
        say(f"==> note: the machine is busy (load {busy:.1f}); ratios stand, single times do not")
    try:
        result = measure(options, work)
    except CommandFailed as exc:
        say(f"script/bench: {exc}")
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if compared := report.against_last(result):
        print(compared, end="\n\n")
    if options.save:
        now = datetime.now(UTC)
        result["taken_at"] = now.isoformat(timespec="seconds")
        path = report.write(result, f"{now:%Y-%m-%d}-{machine.commit().rstrip('+')}")
        say(f"==> written to {path.relative_to(Path.cwd())}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
