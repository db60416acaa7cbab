"""GET /containers/{id}/stats.

Source: Docker Engine API v1.51, ContainerStats.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any

from transom.containers.container import Container
from transom.engine.containers.run_state import RunState
from transom.errors import Conflict, NotSupported
from transom.execution.driver import ResourceUsage, SupportsStats
from transom.model.clock import ZERO_TIME, Clock, rfc3339nano

PERIOD_S = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a container."""

    read: str = ZERO_TIME
    usage: ResourceUsage | None = None


@dataclass(frozen=True, slots=True)
class ContainerStats:
    """Looks at what a container uses, once or each second."""

    state: RunState
    clock: Clock

    def check(self, ref: str) -> Container:
        """Return the container.

        Raises:
            NoSuchContainer: there is none. NotSupported: its driver cannot tell.
        """
        container = self.state.containers.get(ref)
        driver = self.state.driver(container)
        if not isinstance(driver, SupportsStats):
            raise NotSupported(f"the driver {driver.name} does not count what containers use")
        return container

    async def once(self, container: Container, *, prime: bool) -> dict[str, Any]:
        """Return one object; with prime after two looks, so that shares of CPU time can be computed from it."""
        before = Sample()
        if prime and container.is_running:
            before = await self._look(container.id)
            await asyncio.sleep(PERIOD_S)
        return shape(container, await self._look(container.id), before)

    async def stream(self, container: Container) -> AsyncGenerator[dict[str, Any], None]:
        """Yield one object each second until the container is removed; one that does not run has empty ones."""
        before = Sample()
        removed = self.state.waits.removal_of(container.id)
        try:
            while self.state.containers.find(container.id) is not None:
                sample = await self._look(container.id)
                yield shape(container, sample, before)
                before = sample
                await asyncio.wait({removed}, timeout=PERIOD_S)
        finally:
            removed.cancel()

    async def _look(self, container_id: str) -> Sample:
        container = self.state.containers.find(container_id)
        if container is None or not container.is_running:
            return Sample()
        driver = self.state.driver(container)
        assert isinstance(driver, SupportsStats)  # check has made sure
        try:
            usage = await driver.usage(container.id)
        except Conflict:
            return Sample()  # it has just ended
        return Sample(rfc3339nano(self.clock.now()), usage)


def shape(container: Container, now: Sample, before: Sample) -> dict[str, Any]:
    """Return Docker's object for two looks at a container."""
    result: dict[str, Any] = {
        "name": "/" + container.name,
        "id": container.id,
        "read": now.read,
        "preread": before.read,
        "pids_stats": {},
        "blkio_stats": _io(now.usage),
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": _cpu(now.usage),
        "precpu_stats": _cpu(before.usage),
        "memory_stats": {},
    }
    usage = now.usage
    if usage is None:
        return result
    result["pids_stats"] = {"current": usage.pids}
    if usage.pids_limit:
        result["pids_stats"]["limit"] = usage.pids_limit
    memory: dict[str, Any] = {"usage": usage.memory_bytes}
    if usage.memory_max_bytes >= 0:
        memory["max_usage"] = usage.memory_max_bytes
    memory |= {"stats": dict(usage.memory_detail), "limit": usage.memory_limit_bytes}
    if usage.memory_failures:
        memory["failcnt"] = usage.memory_failures
    result["memory_stats"] = memory
    if usage.networks and container.host_config.network_mode != "host":
        result["networks"] = {
            name: {field: getattr(counters, field) for field in counters.__dataclass_fields__}
            for name, counters in usage.networks
        }
    return result


def _cpu(usage: ResourceUsage | None) -> dict[str, Any]:
    spent: dict[str, Any] = {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0}
    throttling = {"periods": 0, "throttled_periods": 0, "throttled_time": 0}
    if usage is None:
        return {"cpu_usage": spent, "throttling_data": throttling}
    spent = {
        "total_usage": usage.cpu_total_ns,
        "usage_in_kernelmode": usage.cpu_system_ns,
        "usage_in_usermode": usage.cpu_user_ns,
    }
    if usage.cpu_each_ns:
        spent["percpu_usage"] = list(usage.cpu_each_ns)
    return {
        "cpu_usage": spent,
        "system_cpu_usage": usage.host_cpu_ns,
        "online_cpus": os.cpu_count() or 1,
        "throttling_data": {
            "periods": usage.periods,
            "throttled_periods": usage.throttled_periods,
            "throttled_time": usage.throttled_ns,
        },
    }


def _io(usage: ResourceUsage | None) -> dict[str, Any]:
    names = ("io_service_bytes", "io_serviced", "io_queue", "io_service_time", "io_wait_time", "io_merged", "io_time")
    result: dict[str, Any] = {f"{name}_recursive": None for name in (*names, "sectors")}
    if usage is not None:
        result["io_service_bytes_recursive"] = _entries(usage.io_bytes)
        result["io_serviced_recursive"] = _entries(usage.io_count)
    return result


def _entries(values: Sequence[tuple[int, int, str, int]]) -> list[dict[str, Any]] | None:
    return [
        {"major": major, "minor": minor, "op": operation, "value": value} for major, minor, operation, value in values
    ] or None
