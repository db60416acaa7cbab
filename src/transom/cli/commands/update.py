"""`transom update`: other limits for containers that exist."""

import sys
from typing import Any

from transom.cli.command import SOME, Command, for_each
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.options.container_flags import CONTAINER_FLAGS
from transom.cli.options.limits import restart_policy
from transom.cli.session import Session
from transom.client.engine import segment

FIELDS = {
    "blkio-weight": "BlkioWeight",
    "cpu-period": "CpuPeriod",
    "cpu-quota": "CpuQuota",
    "cpu-rt-period": "CpuRealtimePeriod",
    "cpu-rt-runtime": "CpuRealtimeRuntime",
    "cpu-shares": "CpuShares",
    "cpus": "NanoCpus",
    "cpuset-cpus": "CpusetCpus",
    "cpuset-mems": "CpusetMems",
    "memory": "Memory",
    "memory-reservation": "MemoryReservation",
    "memory-swap": "MemorySwap",
    "pids-limit": "PidsLimit",
}
FLAGS = tuple(flag for flag in CONTAINER_FLAGS if flag.name in (*FIELDS, "restart"))


def _update(session: Session, values: Values, names: list[str]) -> int:
    body: dict[str, Any] = {field: values.value(name) for name, field in FIELDS.items() if values.given(name)}
    if values.given("restart"):
        try:
            body["RestartPolicy"] = restart_policy(values.text("restart"))
        except ValueError as exc:
            raise CliError(str(exc)) from exc
    if not body:
        raise CliError("you must provide one or more flags when using this command")

    def update(name: str) -> None:
        answer = session.client.post(f"/containers/{segment(name)}/update", None, body) or {}
        print(name, flush=True)
        for warning in answer.get("Warnings") or ():
            print(f"WARNING: {warning}" if not str(warning).startswith("WARNING") else warning, file=sys.stderr)

    return for_each(names, update)


UPDATE = Command(
    "[OPTIONS] CONTAINER [CONTAINER...]", "Update configuration of one or more containers", _update, FLAGS, SOME
)
