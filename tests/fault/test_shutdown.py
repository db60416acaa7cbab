"""SIGTERM ends the engine soon, whoever is connected, and leaves containers running; one engine per set of roots."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fault.witness import Witness
from tests.support.engine import PROGRAMS, Engine, docker_environment
from tests.support.residue import Residue

pytestmark = [pytest.mark.root, pytest.mark.needs("crun", "conmon", "busybox"), pytest.mark.timeout(120)]

SOON_S = 5.0


@pytest.fixture
def second_directory() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="tt-"))
    yield directory
    shutil.rmtree(directory)


def test_ends_soon_with_clients_of_every_kind(engine: Engine, residue: Residue) -> None:
    witness = Witness.start(engine, "witness")
    engine.docker("run", "-d", "--name", "silent", "busybox", "sleep", "1000")
    commands = (
        ("attach", "witness"), ("attach", "--no-stdin", "silent"), ("logs", "-f", "witness"), ("logs", "-f", "silent"),
        ("events",), ("wait", "witness"), ("stats", "witness"), ("exec", "-i", "witness", "cat"),
        ("run", "-i", "--name", "reading", "busybox", "cat"),
    )  # fmt: skip
    clients = [
        subprocess.Popen(
            engine.docker_argv(*command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=docker_environment(),
        )
        for command in commands
    ]  # fmt: skip
    try:
        deadline = time.monotonic() + 20
        while engine.docker("ps", "-q").out.count("\n") < 3 or "cat" not in engine.docker("top", "witness").out:
            assert time.monotonic() < deadline
        started = time.monotonic()

        code = engine.stop()

        took_s = time.monotonic() - started
        for client, command in zip(clients, commands, strict=True):
            if command[0] != "stats":  # which goes on showing what it last saw
                client.communicate(timeout=10)
    finally:
        for client in clients:
            client.kill()
            client.communicate()
    assert code == 0
    assert took_s < SOON_S
    engine.start()
    witness.check()
    assert residue.settle() == []


def test_ends_soon_during_a_build_and_a_load(engine: Engine, residue: Residue, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN echo begun; sleep 1000\n")
    with subprocess.Popen(
        engine.docker_argv("build", str(tmp_path)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=docker_environment() | {"DOCKER_BUILDKIT": "0"},
    ) as build:  # fmt: skip
        assert build.stdout is not None
        while b"begun" not in build.stdout.readline():
            assert build.poll() is None
        with subprocess.Popen(
            engine.docker_argv("load"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=docker_environment(),
        ) as load:  # fmt: skip
            started = time.monotonic()

            engine.stop()

            assert time.monotonic() - started < SOON_S
            load.communicate(timeout=10)
        build.communicate(timeout=10)
    engine.start()
    assert residue.settle() == []


def test_engines_with_other_roots_live_side_by_side(engine: Engine, second_directory: Path, residue: Residue) -> None:
    witness = Witness.start(engine, "witness", "-p", "127.0.0.1::80")
    with Engine(second_directory) as second:
        second.load_busybox()
        theirs = Witness.start(second, "witness", "-p", "127.0.0.1::80")

        second.kill()
        second.start()

        assert residue.settle() == []
        assert Residue(second).settle() == []
        witness.check()
        theirs.check()
        theirs.stop()
    witness.check()
    assert residue.settle() == []


@pytest.mark.parametrize("shared", ["data", "exec"])
def test_second_engine_on_the_same_root_is_refused(engine: Engine, second_directory: Path, shared: str) -> None:
    witness = Witness.start(engine, "witness")
    roots = {"data": second_directory / "data", "exec": second_directory / "exec"}
    roots[shared] = engine.data if shared == "data" else engine.exec_root

    done = subprocess.run(
        [
            str(PROGRAMS / "transomd"), "-H", f"unix://{second_directory}/t.sock",
            "--data-root", str(roots["data"]), "--exec-root", str(roots["exec"]),
        ],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert str(roots[shared]) in done.stderr
    assert "in use by another engine" in done.stderr
    witness.check()
