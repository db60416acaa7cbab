"""Many clients at once: nothing is counted twice, nothing hangs, record and reality agree in the end."""

import random
import subprocess
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import docker
import pytest
import requests
from tests.support.engine import Done, Engine, docker_environment
from tests.support.residue import Residue

pytestmark = [pytest.mark.root, pytest.mark.needs("crun", "conmon", "busybox"), pytest.mark.timeout(180)]

PARALLEL = 20
STEPS = 40
LEGAL_REFUSALS = {304, 404, 409}


def all_at_once(*works: Callable[[], Done]) -> Sequence[Done]:
    with ThreadPoolExecutor(len(works)) as pool:
        return [each.result() for each in [pool.submit(work) for work in works]]


def test_runs_at_once_each_have_their_own_output(engine: Engine, residue: Residue) -> None:
    ended = all_at_once(
        *(
            lambda number=number: engine.docker(
                "run", "--rm", "-v", "/anonymous", "busybox", "sh", "-c", f"echo {number}; exit {number}", check=False
            )
            for number in range(PARALLEL)
        )
    )

    assert [(done.out, done.code) for done in ended] == [(f"{number}\n", number) for number in range(PARALLEL)]
    assert residue.settle() == []
    assert engine.docker("ps", "-aq").out == ""
    assert engine.docker("volume", "ls", "-q").out == ""


def test_one_name_for_many_goes_to_one(engine: Engine, residue: Residue) -> None:
    ended = all_at_once(
        *(lambda: engine.docker("create", "--name", "wanted", "busybox", check=False) for _ in range(10))
    )

    assert sorted(done.code for done in ended) == [0] + [1] * 9
    assert all('The container name "/wanted" is already in use' in done.err for done in ended if done.code)
    assert residue.settle() == []


def test_renamed_to_one_name_by_many_is_one(engine: Engine) -> None:
    for number in range(6):
        engine.docker("create", "--name", f"before-{number}", "busybox")

    ended = all_at_once(
        *(
            lambda number=number: engine.docker("rename", f"before-{number}", "after", check=False)
            for number in range(6)
        )
    )

    assert sorted(done.code for done in ended) == [0] + [1] * 5
    names = engine.docker("ps", "-a", "--format", "{{.Names}}").out.split()
    assert sorted(name.partition("-")[0] for name in names) == ["after"] + ["before"] * 5


def test_started_at_once_runs_once(engine: Engine, residue: Residue) -> None:
    engine.docker("create", "--name", "one", "busybox", "sh", "-c", "echo started; sleep 1000")

    ended = all_at_once(*(lambda: engine.docker("start", "one", check=False) for _ in range(10)))

    assert [done.code for done in ended] == [0] * 10
    assert residue.settle() == []
    assert engine.docker("logs", "one").out == "started\n"


def test_removed_at_once_is_gone(engine: Engine, residue: Residue) -> None:
    engine.docker("run", "-d", "--name", "one", "busybox", "sleep", "1000")

    ended = all_at_once(*(lambda: engine.docker("rm", "-f", "one", check=False) for _ in range(10)))

    assert any(done.code == 0 for done in ended)
    assert engine.docker("ps", "-aq").out == ""
    assert residue.settle() == []


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_calls_keeps_record_and_reality_together(engine: Engine, residue: Residue, seed: int) -> None:
    """Three clients do what comes to their minds to two containers."""
    client = engine.client()
    for name in ("a1", "b1"):
        client.containers.create("busybox", "sleep 1000", name=name)
    refused: list[str] = []

    def act(choices: random.Random) -> None:
        for _ in range(STEPS):
            name = choices.choice(("a1", "b1"))
            verb = choices.choice(("start", "stop", "restart", "kill", "pause", "unpause", "create", "remove", "exec"))
            try:
                if verb == "create":
                    client.api.create_container("busybox", "sleep 1000", name=name)
                elif verb == "remove":
                    client.api.remove_container(name, force=choices.random() < 0.7)
                elif verb == "exec":
                    created = client.api.exec_create(name, ["echo", "inside"])
                    client.api.exec_start(created["Id"])
                elif verb in ("stop", "restart"):
                    getattr(client.api, verb)(name, timeout=0)
                else:
                    getattr(client.api, verb)(name)
            except docker.errors.APIError as exc:
                code = exc.response.status_code if exc.response is not None else 0
                # A program that is ended while its exec begins is what runc calls an error of its own (400, 500).
                if code not in LEGAL_REFUSALS and verb != "exec":
                    refused.append(f"{verb} {name}: {code} {exc.explanation}")
            except requests.exceptions.RequestException as exc:
                refused.append(f"{verb} {name}: {exc!r}")

    threads = [threading.Thread(target=act, args=(random.Random(seed * 10 + each),)) for each in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert not any(thread.is_alive() for thread in threads)
    assert refused == []
    assert residue.settle() == []


def test_client_that_is_killed_in_the_middle_of_run_leaves_a_container_in_order(
    engine: Engine, residue: Residue
) -> None:
    for _ in range(8):
        with subprocess.Popen(
            engine.docker_argv("run", "--rm", "busybox", "sleep", "0.2"), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=docker_environment(),
        ) as client:  # fmt: skip
            try:
                client.wait(random.uniform(0.01, 0.2))
            except subprocess.TimeoutExpired:
                client.kill()

    assert residue.settle() == []
