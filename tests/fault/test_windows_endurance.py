"""Windows containers started and stopped many times: no hang, no byte lost, no wrong code, nothing left."""

import os
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.engine import Engine, docker_environment
from tests.support.residue import Residue
from tests.support.windows import COMPILER, PROBE, ensure_probe_image

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", "busybox", COMPILER),
    pytest.mark.timeout(1800),
]

RUNS = int(os.environ.get("TRANSOM_TEST_WINDOWS_RUNS", "200"))
SEED = int(os.environ.get("TRANSOM_TEST_SEED", str(random.SystemRandom().randrange(1 << 32))))
PARALLEL = 4
SIZES = (0, 1, 4096, 65_536, 65_537, 300_000)
CODES = (0, 1, 255, 256, 70_000, 0x7FFFFFFF)


@dataclass(frozen=True, slots=True)
class Job:
    """A container that gives its input back and ends with code."""

    name: str
    data: bytes
    code: int

    def run(self, engine: Engine) -> str:
        """Return what went wrong, "" for nothing."""
        command = ("cmd", "/c", f"probe cat & exit {self.code}")
        argv = engine.docker_argv("run", "--rm", "-i", "--network", "none", "--name", self.name, PROBE, *command)
        done = subprocess.run(
            argv, input=self.data, capture_output=True, check=False, timeout=120, env=docker_environment()
        )
        if done.returncode != self.code & 0xFF or done.stdout != self.data or done.stderr:
            return (
                f"{self.name}: {done.returncode}, {len(done.stdout)} of {len(self.data)} bytes, {done.stderr[:200]!r}"
            )
        return ""


def test_many_starts_and_stops_are_each_as_they_should_be(engine: Engine, residue: Residue, tmp_path: Path) -> None:
    """TRANSOM_TEST_WINDOWS_RUNS says how many; TRANSOM_TEST_SEED repeats a run that failed."""
    ensure_probe_image(engine, tmp_path)
    chance = random.Random(SEED)
    jobs = [
        Job(f"endures-{number}", chance.randbytes(chance.choice(SIZES)), chance.choice(CODES)) for number in range(RUNS)
    ]
    form = "{{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}"
    argv = engine.docker_argv("events", "--filter", "event=die", "--since", "0", "--format", form)
    events = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=docker_environment())
    try:
        with ThreadPoolExecutor(PARALLEL) as pool:
            wrong = [said for said in pool.map(lambda job: job.run(engine), jobs) if said]
        wanted = {f"{job.name} {job.code}" for job in jobs}
        assert wrong == [], f"seed {SEED}"
        assert events.stdout is not None
        told: set[str] = set()
        while wanted - told:
            told.add(events.stdout.readline().strip())
    finally:
        events.kill()
        events.communicate()

    assert residue.settle() == []
    assert engine.docker("ps", "-aq").out == ""


def test_twenty_at_once_carry_ten_megabytes_each_both_ways(engine: Engine, residue: Residue, tmp_path: Path) -> None:
    ensure_probe_image(engine, tmp_path)
    data = random.Random(SEED).randbytes(10 << 20)
    jobs = [Job(f"carries-{number}", data, number) for number in range(20)]
    with ThreadPoolExecutor(len(jobs)) as pool:
        wrong = [said for said in pool.map(lambda job: job.run(engine), jobs) if said]

    assert wrong == []
    assert residue.settle() == []
