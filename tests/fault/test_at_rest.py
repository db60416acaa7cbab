"""What the engine holds at rest, and that two hundred containers later it is no more."""

import os
import time
from pathlib import Path

import docker
import pytest
from tests.support.engine import Engine
from tests.support.residue import Residue

pytestmark = [pytest.mark.root, pytest.mark.needs("crun", "conmon", "busybox"), pytest.mark.timeout(300)]

REST_MB = 60
GROWTH_MB = 6
RUNS = 200


def resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def held(pid: int) -> tuple[int, int]:
    """Return how many descriptors and threads a process has."""
    return len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir(f"/proc/{pid}/task"))


def many(engine: Engine, count: int) -> None:
    client = docker.DockerClient(base_url=f"unix://{engine.socket}")
    for number in range(count):
        container = client.containers.create(
            "busybox", ["echo", str(number)], network_mode="bridge" if number % 4 == 0 else "none"
        )
        container.start()
        assert container.wait()["StatusCode"] == 0
        assert container.logs() == f"{number}\n".encode()
        container.remove()
    client.close()


def test_many_runs_leave_the_engine_as_it_was(engine: Engine, residue: Residue) -> None:
    engine.kill()
    engine.start()
    assert resident_mb(engine.pid) < REST_MB
    many(engine, 20)  # threads and caches are made with the first ones
    descriptors, threads = settled(engine.pid)
    resident = resident_mb(engine.pid)

    many(engine, RUNS)

    assert residue.settle() == []
    after = settled(engine.pid)
    assert after[0] <= descriptors + 2, "descriptors are left open"
    assert after[1] <= max(threads, os.cpu_count() or 1) + 4
    assert resident_mb(engine.pid) < resident + GROWTH_MB


def settled(pid: int) -> tuple[int, int]:
    """Return what pid holds once that has stayed the same for a moment."""
    last = held(pid)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        time.sleep(0.2)
        now = held(pid)
        if now == last:
            return now
        last = now
    return last
