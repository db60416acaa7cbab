"""GET /info and /version over the socket."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.conftest import Door


def _said(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def test_info_tells_what_the_machine_is(docker_: Door) -> None:
    info: dict[str, Any] = docker_.client().info()
    assert info["KernelVersion"] == platform.release()
    assert info["NCPU"] == os.cpu_count()
    assert info["OSType"] == "linux"
    forwards = Path("/proc/sys/net/ipv4/ip_forward").read_text(encoding="ascii").strip()
    assert info["IPv4Forwarding"] == (forwards == "1")
    status = dict(info["DriverStatus"])
    asked = ["findmnt", "-n", "-o", "FSTYPE", "--target", info["DockerRootDir"]]
    assert status["Backing Filesystem"] == _said(*asked)
    assert info["DefaultRuntime"] in info["Runtimes"]


def test_version_names_the_runtime_and_the_monitor(docker_: Door) -> None:
    version: dict[str, Any] = docker_.client().version()
    if not docker_.is_ours:
        pytest.skip("Docker has no conmon")
    components = {each["Name"]: each["Version"] for each in version["Components"]}
    info: dict[str, Any] = docker_.client().info()
    assert f"conmon version {components['conmon']}" in _said("conmon", "--version")
    assert components[info["DefaultRuntime"]] == info["RuncCommit"]["ID"] != ""


def test_info_counts_who_listens_to_events(docker_: Door) -> None:
    before = docker_.client().info()["NEventsListener"]
    events = docker_.client().events()
    try:
        assert docker_.client().info()["NEventsListener"] == before + 1
    finally:
        events.close()
