from datetime import UTC, datetime, timedelta

from transom.containers.container import HealthState
from transom.containers.health import KEPT_RESULTS, Probe, after_probe, command, kept_output, next_wait_s, timeout_s
from transom.guest import guest_for
from transom.wire.containers import Config, HealthConfig

STARTED = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = 10**9


def probe(code: int, *, after_s: float = 100, output: str = "") -> Probe:
    began = STARTED + timedelta(seconds=after_s)
    return Probe(began, began + timedelta(seconds=1), code, output)


def after(check: HealthConfig, state: HealthState, *codes: int, after_s: float = 100) -> HealthState:
    for code in codes:
        state = after_probe(check, state, probe(code, after_s=after_s), started_at=STARTED)
    return state


def test_failures_up_to_retries_leave_the_status() -> None:
    check = HealthConfig(test=["CMD", "x"], retries=3)

    assert after(check, HealthState(), 1, 1).status == "starting"
    assert after(check, HealthState(), 1, 1, 1).status == "unhealthy"
    assert after(check, HealthState(), 0, 1, 1).status == "healthy"
    assert after(check, HealthState(), 0, 1, 1, 1).status == "unhealthy"


def test_success_makes_healthy_at_once_and_forgets_failures() -> None:
    found = after(HealthConfig(test=["CMD", "x"], retries=1), HealthState(), 1, 1, 0)

    assert (found.status, found.failing_streak) == ("healthy", 0)


def test_failure_in_the_start_period_counts_only_after_a_success() -> None:
    check = HealthConfig(test=["CMD", "x"], retries=1, start_period=200 * SECOND)

    assert after(check, HealthState(), 1, 1).status == "starting"
    assert after(check, HealthState(), 0, 1).status == "unhealthy"
    assert after(check, HealthState(), 1, after_s=201).status == "unhealthy"


def test_last_results_are_kept() -> None:
    found = after(HealthConfig(test=["CMD", "x"]), HealthState(), 0, 1, 2, 3, 4, 5, 6)

    assert [each["ExitCode"] for each in found.log] == [2, 3, 4, 5, 6]
    assert len(found.log) == KEPT_RESULTS


def test_interval_is_the_start_interval_while_starting() -> None:
    check = HealthConfig(test=["CMD", "x"], interval=30 * SECOND, start_period=60 * SECOND, start_interval=2 * SECOND)

    assert next_wait_s(check, HealthState(), ran_s=10) == 2
    assert next_wait_s(check, HealthState(), ran_s=61) == 30
    assert next_wait_s(check, HealthState(status="healthy"), ran_s=10) == 30
    assert next_wait_s(HealthConfig(), HealthState(), ran_s=10) == 30
    assert timeout_s(HealthConfig()) == 30


def test_command_is_the_guests_shell_or_the_words_themselves() -> None:
    linux, windows = guest_for("linux"), guest_for("windows")

    def of(*test: str) -> Config:
        return Config(healthcheck=HealthConfig(test=list(test)))

    assert command(of("CMD", "a", "b c"), linux) == (("a", "b c"), False)
    assert command(of("CMD-SHELL", "a | b"), linux) == (("/bin/sh", "-c", "a | b"), True)
    assert command(of("CMD-SHELL", "a | b"), windows) == (("cmd /S /C a | b",), True)
    assert command(of("NONE"), linux) is None
    assert command(of("CMD-SHELL"), linux) is None
    assert command(Config(), linux) is None


def test_long_output_is_cut() -> None:
    assert kept_output(b"short\n") == "short\n"
    assert kept_output(b"x" * 5000) == "x" * 4096 + "..."
