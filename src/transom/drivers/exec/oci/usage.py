"""What a control group has used, from v1's or v2's files, in one shape.

Source: kernel Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst, cpuacct.rst,
blkio-controller.rst; man page proc(5).
"""

import os
from collections.abc import Iterator

from transom.execution.driver import NetworkCounters, ResourceUsage
from transom.host.cgroup import Cgroups

_NANOSECONDS = 10**9
_UNLIMITED = 1 << 62
_HZ = os.sysconf("SC_CLK_TCK")


def usage(cgroups: Cgroups, path: str, pid: int) -> ResourceUsage:
    """Return what the group path uses; pid is a process of it, whose network is counted."""
    found = _v2(cgroups, path) if cgroups.hierarchy.v2 else _v1(cgroups, path)
    return ResourceUsage(**found, networks=tuple(networks(pid)), host_cpu_ns=host_cpu_ns())  # type: ignore[arg-type]


def _v2(cgroups: Cgroups, path: str) -> dict[str, object]:
    cpu = _table(cgroups.read("cpu", path, "cpu.stat"))
    memory = dict(_table(cgroups.read("memory", path, "memory.stat")))
    events = _table(cgroups.read("memory", path, "memory.events"))
    io_bytes, io_count = [], []
    for line in cgroups.read("io", path, "io.stat").splitlines():
        device, *fields = line.split()
        major, _, minor = device.partition(":")
        values = {name: int(value) for name, _, value in (field.partition("=") for field in fields)}
        for operation, size, count in (("read", "rbytes", "rios"), ("write", "wbytes", "wios")):
            io_bytes.append((int(major), int(minor), operation, values.get(size, 0)))
            io_count.append((int(major), int(minor), operation, values.get(count, 0)))
    return {
        "cpu_total_ns": cpu.get("usage_usec", 0) * 1000,
        "cpu_user_ns": cpu.get("user_usec", 0) * 1000,
        "cpu_system_ns": cpu.get("system_usec", 0) * 1000,
        "periods": cpu.get("nr_periods", 0),
        "throttled_periods": cpu.get("nr_throttled", 0),
        "throttled_ns": cpu.get("throttled_usec", 0) * 1000,
        "memory_bytes": _number(cgroups.read("memory", path, "memory.current")),
        "memory_limit_bytes": _limit(cgroups.read("memory", path, "memory.max")),
        "memory_failures": events.get("oom", 0),
        "memory_detail": tuple(memory.items()),
        "pids": _number(cgroups.read("pids", path, "pids.current")),
        "pids_limit": _number(cgroups.read("pids", path, "pids.max")),
        "io_bytes": tuple(io_bytes),
        "io_count": tuple(io_count),
    }


def _v1(cgroups: Cgroups, path: str) -> dict[str, object]:
    cpu = _table(cgroups.read("cpu", path, "cpu.stat"))
    spent = _table(cgroups.read("cpuacct", path, "cpuacct.stat"))
    return {
        "cpu_total_ns": _number(cgroups.read("cpuacct", path, "cpuacct.usage")),
        "cpu_user_ns": spent.get("user", 0) * _NANOSECONDS // _HZ,
        "cpu_system_ns": spent.get("system", 0) * _NANOSECONDS // _HZ,
        "cpu_each_ns": tuple(map(int, cgroups.read("cpuacct", path, "cpuacct.usage_percpu").split())),
        "periods": cpu.get("nr_periods", 0),
        "throttled_periods": cpu.get("nr_throttled", 0),
        "throttled_ns": cpu.get("throttled_time", 0),
        "memory_bytes": _number(cgroups.read("memory", path, "memory.usage_in_bytes")),
        "memory_max_bytes": _number(cgroups.read("memory", path, "memory.max_usage_in_bytes")),
        "memory_limit_bytes": _limit(cgroups.read("memory", path, "memory.limit_in_bytes")),
        "memory_failures": _number(cgroups.read("memory", path, "memory.failcnt")),
        "memory_detail": tuple(_table(cgroups.read("memory", path, "memory.stat")).items()),
        "pids": _number(cgroups.read("pids", path, "pids.current")),
        "pids_limit": _number(cgroups.read("pids", path, "pids.max")),
        "io_bytes": tuple(_blkio(cgroups.read("blkio", path, "blkio.throttle.io_service_bytes_recursive"))),
        "io_count": tuple(_blkio(cgroups.read("blkio", path, "blkio.throttle.io_serviced_recursive"))),
    }


def _blkio(text: str) -> Iterator[tuple[int, int, str, int]]:
    for line in text.splitlines():
        fields = line.split()
        if len(fields) == 3:
            major, _, minor = fields[0].partition(":")
            yield int(major), int(minor), fields[1].lower(), int(fields[2])


def networks(pid: int) -> Iterator[tuple[str, NetworkCounters]]:
    """Yield name and counters of each interface but loopback in pid's network namespace."""
    try:
        with open(f"/proc/{pid}/net/dev", encoding="ascii") as file:
            lines = file.read().splitlines()[2:]
    except OSError:
        return
    for line in lines:
        name, _, rest = line.partition(":")
        fields = list(map(int, rest.split()))
        if name.strip() != "lo" and len(fields) >= 12:
            yield name.strip(), NetworkCounters(*fields[:4], *fields[8:12])


def host_cpu_ns() -> int:
    """Return the time that all processors have spent, idle or not."""
    with open("/proc/stat", encoding="ascii") as file:
        fields = file.readline().split()[1:8]
    return sum(map(int, fields)) * _NANOSECONDS // _HZ


def _table(text: str) -> dict[str, int]:
    rows = (line.split() for line in text.splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdecimal()}


def _number(text: str) -> int:
    """Return a number; `max` and nothing are 0."""
    return int(text) if text.strip().isdecimal() else 0


def _limit(text: str) -> int:
    """Return a memory limit, the host's memory where there is none."""
    value = _number(text)
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return value if 0 < value < min(total, _UNLIMITED) else total
