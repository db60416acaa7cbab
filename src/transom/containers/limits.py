"""Checks of the limits that create and update are asked for; pure. The texts are Docker's where it has one."""

import os
from collections.abc import Mapping

from msgspec.structs import replace

from transom.errors import InvalidParameter
from transom.wire.containers import HealthConfig, HostConfig

MIN_MEMORY_BYTES = 6 << 20
ULIMITS = frozenset(
    {"core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
     "rttime", "sigpending", "stack"}
)  # fmt: skip
_MIN_HEALTH_NS = 1_000_000
_HEALTH: Mapping[str, str] = {
    "interval": "Interval", "timeout": "Timeout", "start_period": "StartPeriod", "start_interval": "StartInterval",
}  # fmt: skip


def check_limits(host: HostConfig) -> list[str]:
    """Refuse what cannot be; return warnings.

    Raises:
        InvalidParameter: a limit is out of range, or two contradict each other.
    """
    warnings: list[str] = []
    _check_memory(host)
    _check_cpus(host)
    if host.oom_score_adj and not -1000 <= host.oom_score_adj <= 1000:
        raise InvalidParameter(f"Invalid value {host.oom_score_adj}, range for oom score adj is [-1000, 1000]")
    if host.blkio_weight and not 10 <= host.blkio_weight <= 1000:
        raise InvalidParameter("Range of blkio weight is from 10 to 1000")
    for each in host.ulimits:
        if each.name not in ULIMITS:
            raise InvalidParameter(f"invalid ulimit type: {each.name}")
        if each.hard != -1 and (each.soft > each.hard or each.soft == -1):
            raise InvalidParameter(
                f"ulimit soft limit must be less than or equal to hard limit: {each.soft} > {each.hard}"
            )
    if host.memory_swappiness not in {None, -1}:
        warnings.append("Your kernel does not support memory swappiness capabilities or the cgroup is not mounted.")
    return warnings


def drop_oom_kill_disable(host: HostConfig) -> tuple[HostConfig, list[str]]:
    """Return host without what control groups v2 have no switch for, and a warning if it was asked for."""
    if host.oom_kill_disable is None:
        return host, []
    warnings = ["Your kernel does not support OomKillDisable. OomKillDisable discarded."]
    return replace(host, oom_kill_disable=None), warnings if host.oom_kill_disable else []


def _check_memory(host: HostConfig) -> None:
    if host.memory and host.memory < MIN_MEMORY_BYTES:
        raise InvalidParameter("Minimum memory limit allowed is 6MB")
    if host.memory_swap > 0 and not host.memory:
        raise InvalidParameter("You should always set the Memory limit when using Memoryswap limit, see usage")
    if host.memory and 0 < host.memory_swap < host.memory:
        raise InvalidParameter("Minimum memoryswap limit should be larger than memory limit, see usage")
    if host.memory_reservation and host.memory_reservation < MIN_MEMORY_BYTES:
        raise InvalidParameter("Minimum memory reservation allowed is 6MB")
    if host.memory_reservation and host.memory and host.memory < host.memory_reservation:
        raise InvalidParameter("Minimum memory limit can not be less than memory reservation limit, see usage")
    if host.shm_size < 0:
        raise InvalidParameter("SHM size can not be less than 0")


def _check_cpus(host: HostConfig) -> None:
    if host.nano_cpus and (host.cpu_period or host.cpu_quota):
        raise InvalidParameter("Conflicting options: Nano CPUs and CPU Period cannot both be set.")
    cpus = os.cpu_count() or 1
    if not 0 <= host.nano_cpus <= cpus * 10**9 or not 0 <= host.cpu_count <= cpus:
        raise InvalidParameter(f"range of CPUs is from 0.01 to {cpus}.00, as there are only {cpus} CPUs available")
    if host.cpu_period and not 1000 <= host.cpu_period <= 1_000_000:
        raise InvalidParameter("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)")
    if 0 < host.cpu_quota < 1000:
        raise InvalidParameter("CPU cfs quota can not be less than 1ms (i.e. 1000)")
    if host.cpu_shares < 0:
        raise InvalidParameter(f"invalid CPU shares ({host.cpu_shares}): value must be a positive integer")


def check_health(health: HealthConfig | None) -> None:
    """Refuse a health check that would never rest.

    Raises:
        InvalidParameter: a duration is negative or below a millisecond, or the number of retries negative.
    """
    if health is None:
        return
    for field, name in _HEALTH.items():
        value = getattr(health, field)
        if value and value < _MIN_HEALTH_NS:
            raise InvalidParameter(f"{name} in Healthcheck cannot be less than 1ms")
    if health.retries < 0:
        raise InvalidParameter("Retries in Healthcheck cannot be negative")
