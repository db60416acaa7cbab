"""`docker update`: new limits and restart policy over a container's; pure.

Source: Docker Engine API v1.51, ContainerUpdate: members that are zero leave things as they are.
"""

import msgspec

from transom.errors import InvalidParameter
from transom.wire.containers import HostConfig, RestartPolicy

LIMITS = (
    "cpu_shares", "memory", "nano_cpus", "blkio_weight", "cpu_period", "cpu_quota", "cpuset_cpus", "cpuset_mems",
    "memory_reservation", "memory_swap", "pids_limit", "cpu_count",
)  # fmt: skip


def updated(host: HostConfig, asked: HostConfig) -> HostConfig:
    """Return host with what asked sets.

    Raises:
        InvalidParameter: the two do not go together.
    """
    changes: dict[str, object] = {name: value for name in LIMITS if (value := getattr(asked, name))}
    for name, text in (("cpu_period", "CPU Period"), ("cpu_quota", "CPU Quota")):
        if asked.nano_cpus and getattr(host, name):
            raise InvalidParameter(f"Conflicting options: Nano CPUs cannot be updated as {text} has already been set")
        if getattr(asked, name) and host.nano_cpus:
            raise InvalidParameter(f"Conflicting options: {text} cannot be updated as NanoCPUs has already been set")
    if asked.memory and not asked.memory_swap and 0 < host.memory_swap < asked.memory:
        raise InvalidParameter(
            "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time"
        )
    if asked.memory and not asked.memory_swap and host.memory_swap == 0 and host.memory:
        # The limit with swap, twice the memory's where nobody set it, has to grow along.
        changes["memory_swap"] = 0
    if asked.restart_policy != RestartPolicy():
        if host.auto_remove and asked.restart_policy.name not in {"", "no"}:
            raise InvalidParameter("Restart policy cannot be updated because AutoRemove is enabled for the container")
        changes["restart_policy"] = asked.restart_policy
    return msgspec.structs.replace(host, **changes)
