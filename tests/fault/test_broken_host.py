"""What an engine lives through: a monitor or a program killed from outside, a runtime that is gone, a full disk."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fault.test_running_containers import end, state, wait_until
from tests.fault.witness import Witness
from tests.support.engine import Engine
from tests.support.images import file, layer, make, write_archive
from tests.support.residue import Residue

pytestmark = [pytest.mark.root, pytest.mark.needs("crun", "conmon", "busybox"), pytest.mark.timeout(180)]

DISK_MB = 24


def monitor_of(engine: Engine, name: str) -> int:
    container_id = state(engine, name, "{{.Id}}")
    return int((engine.exec_root / "containers" / container_id / "conmon.pid").read_text())


def test_killed_monitor_ends_its_container(engine: Engine, residue: Residue) -> None:
    witness = Witness.start(engine, "witness")

    os.kill(monitor_of(engine, "witness"), signal.SIGKILL)

    wait_until(lambda: state(engine, "witness") == "exited 137")
    assert residue.settle() == []
    assert not Path(f"/proc/{witness.pid}/cwd").exists()
    engine.docker("start", "witness")
    assert state(engine, "witness") == "running 0"


def test_monitor_killed_while_the_engine_is_away_ends_its_container(engine: Engine, residue: Residue) -> None:
    witness = Witness.start(engine, "witness")
    monitor = monitor_of(engine, "witness")

    engine.kill()
    end(monitor, signal.SIGKILL)
    engine.start()

    wait_until(lambda: state(engine, "witness") == "exited 137")
    assert residue.settle() == []
    assert not Path(f"/proc/{witness.pid}/cwd").exists()


def test_program_killed_from_outside_is_an_exit(engine: Engine, residue: Residue) -> None:
    witness = Witness.start(engine, "witness")

    os.kill(witness.pid, signal.SIGKILL)

    wait_until(lambda: state(engine, "witness") == "exited 137")
    assert residue.settle() == []


def test_missing_program_of_the_runtime_is_told(engine: Engine) -> None:
    """The runtime is uninstalled while the engine runs: the start fails with its name, and works when it is back."""
    engine.docker("create", "--name", "later", "busybox", "sleep", "1000")
    engine.kill()
    with tempfile.TemporaryDirectory(prefix="tt-path-") as programs:
        for name in ("crun", "conmon", "nft", "iptables"):
            if found := shutil.which(name):
                shutil.copy(found, programs)
        engine.start(path=f"{programs}:/nowhere")
        os.unlink(f"{programs}/crun")

        done = engine.docker("start", "later", check=False)

    assert done.code == 1
    assert "crun" in done.err
    assert engine.docker("ps", "-q").out == ""
    engine.kill()
    engine.start()
    engine.docker("start", "later")
    assert Residue(engine).settle() == []


@pytest.fixture
def small_disk() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="tt-"))
    disk = directory / "data"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", disk], check=True)
    yield directory
    subprocess.run(["umount", disk], check=True)
    shutil.rmtree(directory)


def fill(disk: Path) -> Path:
    path = disk / "filler"
    with path.open("wb", buffering=0) as filler:
        try:
            while filler.write(bytes(4096)):
                pass
        except OSError:
            pass
    return path


def test_full_disk_is_told_and_survived(small_disk: Path, tmp_path: Path) -> None:
    with Engine(small_disk) as engine:
        engine.load_busybox()
        residue = Residue(engine)
        witness = Witness.start(engine, "witness", "--log-driver", "none")
        big = tmp_path / "big.tar"
        write_archive(str(big), make(layer(file("big", os.urandom(DISK_MB << 20))), names=["big:1"]))
        (tmp_path / "context").mkdir()
        (tmp_path / "context" / "Dockerfile").write_text(
            f"FROM busybox\nRUN dd if=/dev/zero of=/big bs=1M count={DISK_MB}\n"
        )

        load = engine.docker("load", "-i", str(big), check=False)
        assert load.code == 1
        assert "no space left on device" in load.err.lower()
        assert residue.settle() == []

        build = engine.docker("build", str(tmp_path / "context"), check=False, env={"DOCKER_BUILDKIT": "0"})
        assert build.code != 0
        assert "no space left on device" in (build.out + build.err).lower()
        engine.docker("builder", "prune", "-af")
        engine.docker("image", "prune", "-f")
        assert residue.settle() == []

        filler = fill(small_disk / "data")
        run = engine.docker("run", "--rm", "busybox", "true", check=False)
        assert (run.code == 0) or "no space left on device" in run.err.lower() or "full" in run.err.lower()
        assert engine.docker("exec", "witness", "echo", "alive").out == "alive\n"
        os.kill(witness.pid, signal.SIGTERM)
        wait_until(lambda: state(engine, "witness", "{{.State.Status}}") == "exited")
        engine.docker("rm", "witness", check=False)
        filler.unlink()

        engine.docker("run", "--rm", "busybox", "true")
        engine.kill()
        engine.start()
        assert residue.settle() == []
