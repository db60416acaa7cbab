"""Windows services: the service control manager comes when a program asks for it, and services stop as they should."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.compiled import compiled
from tests.support.engine import Engine
from tests.support.windows import COMPILER, PROBE

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", "busybox", COMPILER),
    pytest.mark.timeout(600),
]
SERVICE = "C:\\t\\service.exe"


@pytest.fixture(scope="module")
def programs() -> Iterator[Path]:
    with compiled(("service", ("ole32", "uuid"))) as directory:
        yield directory


def test_service_stops_with_its_container(probed: Engine, programs: Path, tmp_path: Path) -> None:
    """docker stop asks the service to stop, ends the program, and waits until the service has."""
    mounts = ("-v", f"{programs}:C:\\t:ro", "-v", f"{tmp_path}:C:\\log")
    run = ("run", "-d", "--name", "served", "--network", "none", "--user", "ContainerAdministrator", *mounts, PROBE)
    probed.docker(*run, SERVICE, "install", "C:\\log\\life.txt")
    probed.wait_for_log("served", "state 4")
    running = probed.docker("exec", "served", "sc", "query", "demo").out
    probed.docker("stop", "-t", "40", "served")

    assert "RUNNING" in running
    assert (tmp_path / "life.txt").read_text().split() == ["running", "stopped"]


def test_service_control_from_a_script(probed: Engine, programs: Path, tmp_path: Path) -> None:
    script = (
        f'sc create demo binPath= "{SERVICE} log C:\\log\\life.txt" >nul\r\n'
        "sc start demo >nul\r\nsc query demo\r\nsc stop demo >nul\r\nsc query demo\r\n"
    )
    (tmp_path / "do.cmd").write_text("@echo off\r\n" + script)
    mounts = ("-v", f"{programs}:C:\\t:ro", "-v", f"{tmp_path}:C:\\log")
    out = probed.docker(
        "run", "--rm", "--network", "none", *mounts, PROBE, "cmd", "/c", "C:\\log\\do.cmd", check=False
    ).out

    states = [line.split()[-1] for line in out.splitlines() if "STATE" in line]
    assert states[0] == "RUNNING"
    assert states[1] in {"STOPPED", "STOP_PENDING"}
    assert (tmp_path / "life.txt").read_text().split() == ["running", "stopped"]


def test_com_server_in_another_process(probed: Engine, programs: Path) -> None:
    run = ("run", "--rm", "--network", "none", "-v", f"{programs}:C:\\t:ro", PROBE)

    assert probed.docker(*run, SERVICE, "com").out.split() == ["com", "0", "another"]


def test_no_service_runs_that_nobody_asked_for(probed: Engine) -> None:
    out = probed.docker("run", "--rm", "--network", "none", PROBE, "tasklist").out

    assert "transom-init.exe" in out
    assert not {"services.exe", "rpcss.exe", "svchost.exe", "winedevice.exe"} & set(out.split())
