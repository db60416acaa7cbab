"""Health checks."""

import json
import time

import pytest
from tests.conformance.conftest import Door

pytestmark = [pytest.mark.root, pytest.mark.needs("crun", "conmon", "busybox")]

QUICK = ["--health-interval", "200ms", "--health-timeout", "2s", "--health-retries", "2"]


def health(docker_: Door, name: str = "it") -> dict[str, object]:
    found = json.loads(docker_.ok("inspect", "-f", "{{json .State.Health}}", name))
    assert isinstance(found, dict)
    return found


def wait_for(docker_: Door, status: str, *, timeout_s: float = 15) -> dict[str, object]:
    deadline = time.monotonic() + timeout_s
    while (found := health(docker_))["Status"] != status:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def test_check_that_fails_makes_unhealthy_and_one_success_makes_healthy(docker_: Door) -> None:
    check = "echo looking; test -e /ok"
    docker_.ok("run", "-d", "--name", "it", *QUICK, "--health-cmd", check, "busybox", "sleep", "1000")
    assert health(docker_)["Status"] == "starting"

    bad = wait_for(docker_, "unhealthy")
    docker_.ok("exec", "it", "touch", "/ok")
    good = wait_for(docker_, "healthy")

    assert isinstance(bad["Log"], list) and isinstance(good["Log"], list)
    assert bad["Log"][0]["ExitCode"] == 1
    assert bad["Log"][0]["Output"] == "looking\n"
    assert good["FailingStreak"] == 0
    assert "(healthy)" in docker_.ok("ps", "--format", "{{.Status}}")
    assert docker_.ok("ps", "-q", "--filter", "health=healthy") != ""
    asked = ["--since", "1m", "--until", f"{time.time():.6f}", "--filter", "event=health_status"]
    told = docker_.ok("events", *asked, "--format", "{{.Action}}")
    assert told.splitlines()[-2:] == ["health_status: unhealthy", "health_status: healthy"]


def test_check_that_takes_too_long_is_ended_and_counts(docker_: Door) -> None:
    options = ["--health-interval", "200ms", "--health-timeout", "300ms", "--health-retries", "1"]
    docker_.ok("run", "-d", "--name", "it", *options, "--health-cmd", "exec sleep 777", "busybox", "sleep", "1000")

    found = wait_for(docker_, "unhealthy")

    assert isinstance(found["Log"], list)
    assert found["Log"][0]["ExitCode"] == -1
    assert found["Log"][0]["Output"].startswith("Health check exceeded timeout (300ms)")
    assert docker_.ok("exec", "it", "ps").count("sleep 777") <= 1


def test_failures_within_the_start_period_do_not_count(docker_: Door) -> None:
    # docker before 25 has no --health-start-interval
    check = {
        "Test": ["CMD", "false"],
        "Interval": 10**8,
        "Retries": 1,
        "StartPeriod": 3600 * 10**9,
        "StartInterval": 10**8,
    }
    docker_.client().api.create_container("busybox", ["sleep", "1000"], name="it", healthcheck=check)
    docker_.ok("start", "it")
    deadline = time.monotonic() + 10
    while not health(docker_)["Log"]:
        assert time.monotonic() < deadline

    found = health(docker_)

    assert (found["Status"], found["FailingStreak"]) == ("starting", 0)


def test_check_goes_on_after_the_engine_was_killed(docker_: Door) -> None:
    if docker_.engine is None:
        pytest.skip("only our own engine may be killed")
    docker_.ok("run", "-d", "--name", "it", *QUICK, "--health-cmd", "test -e /ok", "busybox", "sleep", "1000")
    wait_for(docker_, "unhealthy")

    docker_.engine.kill()
    docker_.engine.start()
    assert health(docker_)["Status"] == "unhealthy"
    docker_.ok("exec", "it", "touch", "/ok")

    wait_for(docker_, "healthy")
