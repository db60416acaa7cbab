"""`docker run` while an image of many files is pulled, against the same without."""

import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench.cases import C_PROGRAM, LINUX, Progress
from bench.measure import CommandFailed, Sample
from bench.registries import PULL_PORT, Server, content, forget, image_name, insecure
from bench.targets import Target

_ALONE = 6
"""Runs of each kind before each pull."""
IMAGE = "many"


def latency(targets: Sequence[Target], work: Path, *, runs: int, progress: Progress) -> list[Sample]:
    """Runs alone and runs beside a pull by turns, so that what else the machine does falls on both."""
    stored, samples = content(progress), []
    with ExitStack() as stack:
        taken: list[tuple[Target, dict[str, Callable[[], object]], dict[str, list[float]]]] = []
        for target in targets:
            forget(target)
            server = Server(target, stored, PULL_PORT, work)
            stack.callback(server.stop)
            server.start()
            programs: dict[str, Callable[[], object]] = {"run": partial(target, "run", "--rm", LINUX, "true")}
            if target.runs_windows:
                programs["c"] = partial(target, "run", "--rm", *C_PROGRAM)
            taken.append((target, programs, {f"{name}-{how}": [] for name in programs for how in ("alone", "pull")}))
        for turn in range(runs):
            for target, programs, seconds in taken:
                progress(f"round {turn + 1} of {runs}: {target.name}")
                for name, run in programs.items():
                    seconds[f"{name}-alone"] += [_timed(run) for _ in range(_ALONE)]
                _beside(target, programs, seconds)
                forget(target)
        for target, _, seconds in taken:
            samples += [Sample(job, target.name, tuple(each)) for job, each in seconds.items()]
    return samples


def _beside(target: Target, programs: dict[str, Callable[[], object]], seconds: dict[str, list[float]]) -> None:
    """Run the programs by turns until the pull has ended."""
    argv = (*target.client, "pull", *insecure(target), "-q", image_name(IMAGE, PULL_PORT))
    pull = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while pull.poll() is None:
        for name, run in programs.items():
            took = _timed(run)
            if pull.poll() is None:  # else it was alone for a part
                seconds[f"{name}-pull"].append(took)
    _, said = pull.communicate()
    if pull.returncode:
        raise CommandFailed(f"{target.name}: {said.decode(errors='replace')}")


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
