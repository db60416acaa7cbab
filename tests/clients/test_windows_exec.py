"""`docker exec` in Windows containers: started by the container's first process, and right all the same."""

import random
import subprocess
import time

import pytest
from tests.support.engine import Engine, docker_environment
from tests.support.windows import COMPILER, PROBE

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", COMPILER),
    pytest.mark.timeout(600),
]


@pytest.fixture
def idle(probed: Engine) -> Engine:
    """The engine with a container that waits, and whose programs begin in a directory of its own."""
    options = ("--network", "none", "-w", "C:\\own dir", "-e", "OF=container")
    probed.docker("run", "-d", "--name", "idle", *options, PROBE, "probe", "wait")
    return probed


def top(engine: Engine, name: str = "idle") -> list[str]:
    """Return the names of the programs that run in the container."""
    return [line.split("  ")[0].strip() for line in engine.docker("top", name).out.splitlines()[1:]]


def wait_for(engine: Engine, wanted: list[str], *, timeout_s: float = 30) -> None:
    """Wait until these programs run."""
    deadline = time.monotonic() + timeout_s
    while (found := sorted(top(engine))) != wanted:
        assert time.monotonic() < deadline, f"{found} run, not {wanted}"
        time.sleep(0.05)


def test_many_at_once_have_each_its_own(idle: Engine) -> None:
    before = top(idle)
    sent = [random.Random(seed).randbytes(300_000) for seed in range(6)]
    running = [
        subprocess.Popen(
            idle.docker_argv("exec", "-i", "-e", f"N={n}", "-w", f"C:\\in {n}", "idle", "cmd", "/c",
                             f">&2 echo %N% %OF% %CD%& probe cat & exit {n}"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=docker_environment(),
        )
        for n in range(6)
    ]  # fmt: skip
    for n, process in enumerate(running):
        out, err = process.communicate(sent[n], timeout=120)
        assert (process.returncode, err.strip().decode()) == (n, f"{n} container C:\\in {n}")
        assert out == sent[n], f"{n}: {len(out)} bytes"
    assert idle.docker("exec", "idle", "cmd", "/c", "echo %CD%%N%").out.strip() == "C:\\own dir%N%"
    assert top(idle) == before


def test_is_started_by_the_process_that_is_there(idle: Engine) -> None:
    before = top(idle)
    with subprocess.Popen(
        idle.docker_argv("exec", "-i", "idle", "probe", "cat"), stdin=subprocess.PIPE, env=docker_environment()
    ) as one:
        wait_for(idle, sorted([*before, "probe"]))
        assert top(idle).count("transom-init.exe") == 1
        one.communicate(b"", timeout=60)
    assert one.returncode == 0


def test_sees_variables_that_were_set_meanwhile(idle: Engine) -> None:
    assert idle.docker("exec", "idle", "cmd", "/c", "echo %LATE%").out.strip() == "%LATE%"
    idle.docker("exec", "idle", "setx", "/M", "LATE", "set")
    assert idle.docker("exec", "idle", "cmd", "/c", "echo %LATE%").out.strip() == "set"
    assert idle.docker("exec", "idle", "cmd", "/c", "exit 9", check=False).code == 9


def test_goes_on_when_the_engine_is_killed_and_is_forgotten_after_its_end(idle: Engine) -> None:
    control = next((idle.data / "wine").glob("*/main")).parent
    before = top(idle)
    client = subprocess.Popen(
        idle.docker_argv("exec", "-i", "idle", "cmd", "/c", "probe cat & ping -n 3 127.0.0.1 >nul & echo x> C:\\x.txt"),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=docker_environment(),
    )
    wait_for(idle, sorted([*before, "cmd", "probe"]))
    idle.kill()
    client.communicate(timeout=60)
    idle.start()
    deadline = time.monotonic() + 60
    while "C:\\x.txt" not in idle.docker("diff", "idle").out or list(control.glob("exec-*")):
        assert time.monotonic() < deadline, f"{idle.docker('diff', 'idle').out} {list(control.glob('exec-*'))}"
        time.sleep(0.1)
    assert top(idle) == before
    assert idle.docker("exec", "idle", "cmd", "/c", "exit 8", check=False).code == 8


def test_beside_a_program_on_a_terminal_has_no_part_in_it(probed: Engine) -> None:
    probed.docker("run", "-dit", "--name", "idle", "--network", "none", PROBE, "cmd")
    assert probed.docker("exec", "idle", "probe", "console").out == "other other other\n"
    assert probed.docker("exec", "idle", "probe", "apart").err == "err\n"


def test_check_that_takes_too_long_is_ended(probed: Engine) -> None:
    options = ("--health-interval", "100ms", "--health-timeout", "1s", "--health-retries", "1")
    probed.docker(
        "run",
        "-d",
        "--name",
        "idle",
        "--network",
        "none",
        *options,
        "--health-cmd",
        "probe wait",
        PROBE,
        "probe",
        "wait",
    )
    deadline = time.monotonic() + 60
    while probed.docker("inspect", "-f", "{{.State.Health.Status}}", "idle").out.strip() != "unhealthy":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert top(probed).count("probe") <= 4  # the container's, and a check's with its end under way
