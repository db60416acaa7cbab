"""Health checks: when the next probe is due and what a result changes; pure.

Source: Docker documentation, HEALTHCHECK.

    starting ──success──▸ healthy ──retries failures──▸ unhealthy ──success──▸ healthy
        └───────retries failures after the start period───────▴
"""

from dataclasses import dataclass
from datetime import datetime

from transom.containers.container import HealthState
from transom.guest import GuestOS
from transom.model.clock import rfc3339nano
from transom.wire.containers import Config, HealthConfig

STARTING, HEALTHY, UNHEALTHY = "starting", "healthy", "unhealthy"
OUTPUT_BYTES = 4096
KEPT_RESULTS = 5
_NS = 10**9
_INTERVAL_S, _TIMEOUT_S, _START_INTERVAL_S, _RETRIES = 30.0, 30.0, 5.0, 3


@dataclass(frozen=True, slots=True)
class Probe:
    """How a probe ended; exit_code -1 where it could not be run or took too long."""

    started_at: datetime
    ended_at: datetime
    exit_code: int
    output: str


def command(config: Config, guest: GuestOS) -> tuple[tuple[str, ...], bool] | None:
    """Return (arguments, whether the first stands as it is in a Windows command line), None without a check."""
    check = config.healthcheck
    if check is None or not check.test:
        return None
    match check.test[0]:
        case "NONE":
            return None
        case "CMD":
            return (tuple(check.test[1:]), False) if check.test[1:] else None
        case "CMD-SHELL":
            if not check.test[1:]:
                return None
            return guest.shell_args(config.shell or guest.default_shell, check.test[1]), True
        case _:
            return None


def timeout_s(check: HealthConfig) -> float:
    """Return how long one probe may take."""
    return check.timeout / _NS or _TIMEOUT_S


def next_wait_s(check: HealthConfig, state: HealthState, *, ran_s: float) -> float:
    """Return how long to wait before the next probe of a container that has run for ran_s."""
    if state.status == STARTING and ran_s < check.start_period / _NS:
        return check.start_interval / _NS or _START_INTERVAL_S
    return check.interval / _NS or _INTERVAL_S


def after_probe(check: HealthConfig, state: HealthState, probe: Probe, *, started_at: datetime) -> HealthState:
    """Return the state after probe; a failure within the start period does not count."""
    log = (*state.log, _entry(probe))[-KEPT_RESULTS:]
    if probe.exit_code == 0:
        return HealthState(status=HEALTHY, failing_streak=0, log=log)
    ran_s = (probe.started_at - started_at).total_seconds()
    if state.status == STARTING and ran_s < check.start_period / _NS:
        return HealthState(status=STARTING, failing_streak=state.failing_streak, log=log)
    streak = state.failing_streak + 1
    status = UNHEALTHY if streak >= (check.retries or _RETRIES) else state.status
    return HealthState(status=status, failing_streak=streak, log=log)


def _entry(probe: Probe) -> dict[str, str | int]:
    return {
        "Start": rfc3339nano(probe.started_at),
        "End": rfc3339nano(probe.ended_at),
        "ExitCode": probe.exit_code,
        "Output": probe.output,
    }


def kept_output(data: bytes) -> str:
    """Return what is kept of a probe's output."""
    text = data[:OUTPUT_BYTES].decode(errors="replace")
    return text + "..." if len(data) > OUTPUT_BYTES else text
