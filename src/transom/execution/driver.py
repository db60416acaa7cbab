"""ExecDriver, the abilities some drivers have beyond it, and what they answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from transom.execution.spec import ExecSpec, ProcessSpec, Resources
from transom.execution.stdio import Stdio
from transom.model.ids import ContainerId, ExecId


class RuntimeStatus(StrEnum):
    """What a driver sees of a container."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How a main process ended; code is unsigned, up to 32 bits (Windows)."""

    code: int
    oom_killed: bool = False
    finished_at: datetime | None = None


class ExecDriver(Protocol):
    """Runs the processes of containers; every call names its container by ID.

    A driver keeps nothing in memory that it cannot find again from the ID, so a restarted daemon carries on with
    containers that an earlier one started. Each call either returns with its effect made, or raises (or is
    cancelled) with its effect undone.

    Source: OCI runtime-spec v1.2 runtime.md#lifecycle, runtime.md#operations.
    """

    name: str

    async def create(self, spec: ExecSpec) -> None:
        """Make the sandbox; user code does not run yet.

        Raises:
            Conflict: spec.container_id exists already.
            NotSupported: spec asks for something this driver cannot do.
            StartFailed: the runtime refuses the spec (a missing program, a bad user).
        """
        ...

    async def start(self, container_id: ContainerId) -> int | None:
        """Run user code; return the host pid, or None where there is none (vm, hcs).

        Raises:
            StartFailed: the program could not be started; what create made is still there.
        """
        ...

    async def stop(self, container_id: ContainerId, signal: str) -> None:
        """Ask the main process to end by signal (`SIGTERM`, `CTRL_C` …) in the way its guest understands."""
        ...

    async def kill(self, container_id: ContainerId, signal: str) -> None:
        """Send signal; SIGKILL ends every process, frozen or not. A container that does not run is a Conflict."""
        ...

    async def wait(self, container_id: ContainerId) -> ExitStatus:
        """Return once the main process has ended: at once if it has, and any number of times."""
        ...

    async def status(self, container_id: ContainerId) -> RuntimeStatus | None:
        """Return what is there now, or None if nothing is. The truth that recovery trusts."""
        ...

    async def pid(self, container_id: ContainerId) -> int:
        """Return the main process' host pid, 0 where there is none."""
        ...

    async def stdio(self, container_id: ContainerId) -> Stdio:
        """Connect to the main process' streams; after create, before or after start. The caller closes it."""
        ...

    async def delete(self, container_id: ContainerId) -> None:
        """Remove all that create made; kill what still runs. Nothing there is not an error."""
        ...

    async def list(self) -> Sequence[ContainerId]:
        """Return every container of which this driver finds traces, for the sweep at boot."""
        ...


@runtime_checkable
class SupportsPause(Protocol):
    """Can freeze a container."""

    async def pause(self, container_id: ContainerId) -> None:
        """Freeze every process."""
        ...

    async def unpause(self, container_id: ContainerId) -> None:
        """Let them go on."""
        ...


@runtime_checkable
class SupportsExec(Protocol):
    """Can run further processes in a running container; named by (container, exec ID)."""

    async def exec_create(self, container_id: ContainerId, exec_id: ExecId, process: ProcessSpec) -> None:
        """Prepare the process; it does not run yet."""
        ...

    async def exec_start(self, container_id: ContainerId, exec_id: ExecId, *, detach: bool) -> Stdio | None:
        """Run it; return its streams unless detach.

        Raises:
            StartFailed: the program could not be started.
        """
        ...

    async def exec_wait(self, container_id: ContainerId, exec_id: ExecId) -> ExitStatus:
        """Return once the process has ended."""
        ...

    async def exec_list(self, container_id: ContainerId) -> Sequence[ExecId]:
        """Return the execs that something is kept of, by names that every method here takes for their IDs."""
        ...

    async def exec_delete(self, container_id: ContainerId, exec_id: ExecId) -> None:
        """Remove what is kept of an exec that has ended."""
        ...

    async def exec_kill(self, container_id: ContainerId, exec_id: ExecId) -> None:
        """End it now; one that has ended is no error."""
        ...

    async def exec_pid(self, container_id: ContainerId, exec_id: ExecId) -> int:
        """Return the host pid, 0 where there is none."""
        ...

    async def exec_resize(self, container_id: ContainerId, exec_id: ExecId, rows: int, columns: int) -> None:
        """Set the exec's terminal size."""
        ...


@runtime_checkable
class SupportsResize(Protocol):
    """Has terminals."""

    async def resize(self, container_id: ContainerId, rows: int, columns: int) -> None:
        """Set the main process' terminal size."""
        ...


@runtime_checkable
class SupportsProcesses(Protocol):
    """Can list what runs inside."""

    async def pids(self, container_id: ContainerId) -> Sequence[int]:
        """Return the host pids of every process of the container."""
        ...


@runtime_checkable
class SupportsUpdate(Protocol):
    """Can change limits while the container runs."""

    async def update(self, container_id: ContainerId, resources: Resources) -> None:
        """Put resources in force."""
        ...


@runtime_checkable
class SupportsFlush(Protocol):
    """Holds part of the container's files in memory (Windows registry)."""

    async def flush(self, container_id: ContainerId) -> None:
        """Write it to state_dir; called before commit, diff, cp and export of a running container."""
        ...


@runtime_checkable
class SupportsLogReopen(Protocol):
    """Has a monitor that writes the log file."""

    async def reopen_log(self, container_id: ContainerId) -> None:
        """Have the monitor leave the file it writes to and begin a new one at the log's path."""
        ...


@dataclass(frozen=True, slots=True)
class NetworkCounters:
    """What passed one interface of the container."""

    rx_bytes: int = 0
    rx_packets: int = 0
    rx_errors: int = 0
    rx_dropped: int = 0
    tx_bytes: int = 0
    tx_packets: int = 0
    tx_errors: int = 0
    tx_dropped: int = 0


@dataclass(frozen=True, slots=True)
class ResourceUsage:
    """What a container uses; counters run from its start. -1 or nothing where the host does not count it.

    memory_detail: the kernel's own names (`inactive_file`, v1 `total_inactive_file` …).
    io: (major, minor, operation, bytes or count), io_bytes in bytes, io_count in requests.
    """

    cpu_total_ns: int = 0
    cpu_user_ns: int = 0
    cpu_system_ns: int = 0
    cpu_each_ns: tuple[int, ...] = ()
    periods: int = 0
    throttled_periods: int = 0
    throttled_ns: int = 0
    memory_bytes: int = 0
    memory_max_bytes: int = -1
    memory_limit_bytes: int = 0
    memory_failures: int = 0
    memory_detail: tuple[tuple[str, int], ...] = ()
    pids: int = 0
    pids_limit: int = 0
    io_bytes: tuple[tuple[int, int, str, int], ...] = ()
    io_count: tuple[tuple[int, int, str, int], ...] = ()
    networks: tuple[tuple[str, NetworkCounters], ...] = ()
    host_cpu_ns: int = 0
    """Time that all of the host's processors have spent, idle time included."""


@runtime_checkable
class SupportsStats(Protocol):
    """Can tell what a container uses."""

    async def usage(self, container_id: ContainerId) -> ResourceUsage:
        """Return what it uses now.

        Raises:
            Conflict: it does not run.
        """
        ...
