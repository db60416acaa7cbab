"""kill -9 of the engine with containers running: they run on, and afterwards everything about them is right."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fault.actions import FROZEN
from tests.fault.witness import CODE, Witness
from tests.support.engine import WINDOWS, Engine, docker_environment
from tests.support.residue import Residue

pytestmark = [pytest.mark.root, pytest.mark.needs("crun", "conmon", "busybox"), pytest.mark.timeout(180)]


def state(engine: Engine, name: str, what: str = "{{.State.Status}} {{.State.ExitCode}}") -> str:
    return engine.docker("inspect", "-f", what, name).out.strip()


def pid_of(engine: Engine, name: str) -> int:
    return int(state(engine, name, "{{.State.Pid}}"))


def wait_until(condition: Callable[[], bool], *, timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def end(pid: int, number: int = signal.SIGTERM) -> None:
    """End a container's first process from outside and wait until it has."""
    os.kill(pid, number)
    wait_until(lambda: not Path(f"/proc/{pid}/cwd").exists())


def test_runs_on_and_stops_with_its_code(engine: Engine, residue: Residue) -> None:
    witness = Witness.start(engine, "witness")

    engine.kill()
    engine.start()

    witness.check()
    assert residue.settle() == []
    witness.stop()


def test_goes_on_where_a_commit_was_cut_off_and_stays_paused_where_it_was(engine: Engine, residue: Residue) -> None:
    witness = Witness.start(engine, "witness")
    engine.docker("run", "-d", "--name", "paused", "busybox", "sleep", "1000")
    engine.docker("pause", "paused")
    engine.kill()
    engine.start(faults=f"{FROZEN}=kill")

    assert engine.docker("commit", "witness", "cut:1", check=False).code != 0
    engine.wait_until_dead()
    engine.start()

    witness.check()
    assert state(engine, "paused", "{{.State.Status}}") == "paused"
    engine.docker("commit", "witness", "cut:1")
    witness.check()
    engine.docker("rmi", "cut:1")
    assert residue.settle() == []


def test_ended_meanwhile_has_its_code_and_last_words(engine: Engine) -> None:
    witness = Witness.start(engine, "witness")

    engine.kill()
    end(witness.pid)
    engine.start()

    assert state(engine, "witness") == f"exited {CODE}"
    assert engine.docker("logs", "witness").out.endswith("\nending\n")
    assert witness.lines() > 0
    engine.docker("start", "witness")
    assert state(engine, "witness") == "running 0"


def test_ended_meanwhile_with_rm_is_gone(engine: Engine, residue: Residue) -> None:
    engine.docker("run", "-d", "--rm", "--name", "brief", "-v", "/anonymous", "busybox", "sleep", "1000")
    pid = pid_of(engine, "brief")

    engine.kill()
    end(pid, signal.SIGKILL)
    engine.start()

    wait_until(lambda: not engine.docker("ps", "-aq").out)
    assert engine.docker("volume", "ls", "-q").out == ""
    assert residue.settle() == []


@pytest.mark.parametrize(
    ("policy", "script", "again"),
    [("always", "sleep 1000", True), ("on-failure:3", "sleep 1000", True), ("no", "sleep 1000", False)],
)
def test_ended_meanwhile_follows_its_restart_policy(engine: Engine, policy: str, script: str, again: bool) -> None:
    engine.docker("run", "-d", "--name", "policy", "--restart", policy, "busybox", "sh", "-c", script)
    pid = pid_of(engine, "policy")

    engine.kill()
    end(pid, signal.SIGKILL)
    engine.start()

    if again:
        wait_until(lambda: state(engine, "policy") == "running 0")
        assert pid_of(engine, "policy") != pid
    else:
        assert state(engine, "policy") == "exited 137"


def test_stopped_by_hand_is_not_started_again(engine: Engine) -> None:
    engine.docker("run", "-d", "--name", "rest", "--restart", "unless-stopped", "busybox", "sleep", "1000")
    engine.docker("stop", "-t", "0", "rest")

    engine.kill()
    engine.start()

    assert state(engine, "rest") == "exited 137"


def test_paused_stays_paused(engine: Engine) -> None:
    engine.docker("run", "-d", "--name", "frozen", "busybox", "sleep", "1000")
    engine.docker("pause", "frozen")

    engine.kill()
    engine.start()

    assert state(engine, "frozen") == "paused 0"
    engine.docker("unpause", "frozen")
    assert engine.docker("exec", "frozen", "echo", "thawed").out == "thawed\n"
    engine.docker("pause", "frozen")
    engine.docker("rm", "-f", "frozen")


def test_published_port_answers_again(engine: Engine) -> None:
    page = "mkdir /www; echo hello > /www/index.html; exec httpd -f -p 80 -h /www"
    engine.docker("run", "-d", "--name", "web", "-p", "127.0.0.1::80", "busybox", "sh", "-c", page)
    address = engine.docker("port", "web", "80").out.splitlines()[0]

    engine.kill()
    engine.start()

    wait_until(lambda: _answers(f"http://{address}/"))
    assert engine.docker("port", "web", "80").out.splitlines()[0] == address
    host, _, port = address.rpartition(":")
    engine.docker("rm", "-f", "web")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=5).close()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.read() == b"hello\n")
    except OSError:
        return False


@pytest.mark.parametrize("command", [("attach", "--no-stdin"), ("logs", "-f"), ("wait",)], ids=lambda each: each[0])
def test_client_of_a_killed_engine_gets_an_end(engine: Engine, command: tuple[str, ...]) -> None:
    Witness.start(engine, "witness")
    with subprocess.Popen(
        engine.docker_argv(*command, "witness"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=docker_environment(),
    ) as client:  # fmt: skip
        if command[0] != "wait":
            assert client.stdout is not None
            client.stdout.readline()

        engine.kill()

        client.communicate(timeout=10)
    engine.start()
    assert state(engine, "witness") == "running 0"


def test_followed_log_goes_on_after_restart(engine: Engine) -> None:
    witness = Witness.start(engine, "witness")
    engine.kill()
    engine.start()

    with subprocess.Popen(
        engine.docker_argv("logs", "-f", "witness"), stdout=subprocess.PIPE, env=docker_environment()
    ) as client:
        wait_until(lambda: witness.lines() > 40)
        engine.docker("stop", "witness")
        out, _ = client.communicate(timeout=10)

    assert out.decode() == engine.docker("logs", "witness").out
    assert out.endswith(b"\nending\n")


def test_exec_that_was_running_ends_in_peace(engine: Engine, residue: Residue) -> None:
    witness = Witness.start(engine, "witness")
    engine.docker("exec", "-d", "witness", "sleep", "1000")

    engine.kill()
    engine.start()

    assert "sleep 1000" in engine.docker("top", "witness").out
    witness.stop()
    assert residue.settle() == []


@pytest.mark.wine
def test_windows_runs_on_and_stops_with_its_code(engine: Engine, residue: Residue) -> None:
    engine.ensure_base()
    count = "for /L %i in (1,0,2) do @(echo tick & ping -n 2 127.0.0.1 >nul)"
    engine.docker("run", "-d", "--name", "win", WINDOWS, "cmd", "/c", count, timeout_s=90)
    wait_until(lambda: "tick" in engine.docker("logs", "win").out)
    pid = pid_of(engine, "win")

    engine.kill()
    engine.start()

    assert state(engine, "win", "{{.State.Status}} {{.State.Pid}}") == f"running {pid}"
    assert engine.docker("exec", "win", "cmd", "/c", "echo inside", timeout_s=90).out.strip() == "inside"
    before = engine.docker("logs", "win").out.count("tick")
    wait_until(lambda: engine.docker("logs", "win").out.count("tick") > before)
    assert residue.settle() == []
    engine.docker("stop", "-t", "5", "win", timeout_s=90)
    assert state(engine, "win", "{{.State.Status}}") == "exited"
    engine.docker("rm", "win")


@pytest.mark.wine
def test_windows_ended_meanwhile_has_all_of_its_code(engine: Engine) -> None:
    engine.ensure_base()
    script = "ping -n 4 127.0.0.1 >nul & echo done & exit 300"
    engine.docker("run", "-d", "--name", "win", WINDOWS, "cmd", "/c", script, timeout_s=90)
    pid = pid_of(engine, "win")

    engine.kill()
    wait_until(lambda: not Path(f"/proc/{pid}/cwd").exists(), timeout_s=30)
    engine.start()

    assert state(engine, "win") == "exited 300"
    assert engine.docker("logs", "win").out.split() == ["done"]
