"""Time commands of several engines in turn, so that a noisy minute falls on all of them alike."""

import math
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


class CommandFailed(Exception):
    """A command that is measured must work."""


def run(argv: Sequence[str], *, timeout_s: float = 300, stdin: bytes | None = None) -> str:
    """Run argv and return what it wrote.

    Raises:
        CommandFailed: it ended with another code than 0, or not within timeout_s.
    """
    try:
        done = subprocess.run(
            argv, input=stdin if stdin is not None else b"", capture_output=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as exc:
        raise CommandFailed(f"{' '.join(argv)}: no end after {timeout_s:.0f} s") from exc
    if done.returncode:
        text = done.stderr.decode(errors="replace").strip()
        raise CommandFailed(f"{' '.join(argv)}: exit code {done.returncode}: {text[-500:]}")
    return done.stdout.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to time: act is called for each measurement, after is not timed."""

    name: str
    target: str
    act: Callable[[], object]
    after: Callable[[], object] = lambda: None


@dataclass(frozen=True, slots=True)
class Sample:
    """The times of one job, in seconds, in the order they were taken."""

    job: str
    target: str
    seconds: tuple[float, ...]

    @property
    def median_s(self) -> float:
        return statistics.median(self.seconds)

    def percentile_s(self, percent: float) -> float:
        """Return the smallest time that percent of all do not exceed."""
        return sorted(self.seconds)[max(0, math.ceil(len(self.seconds) * percent / 100) - 1)]


def interleave(jobs: Sequence[Job], *, runs: int, warm_ups: int = 2, progress: Callable[[str], None]) -> list[Sample]:
    """Time every job runs times: one of each, then the next round, starting with another job each time."""
    taken: dict[int, list[float]] = {number: [] for number in range(len(jobs))}
    for turn in range(-warm_ups, runs):
        progress(f"round {max(turn + 1, 0)} of {runs}")
        for offset in range(len(jobs)):
            number = (turn + offset) % len(jobs)
            job = jobs[number]
            started = time.perf_counter()
            job.act()
            seconds = time.perf_counter() - started
            job.after()
            if turn >= 0:
                taken[number].append(seconds)
    return [Sample(job.name, job.target, tuple(taken[number])) for number, job in enumerate(jobs)]
