"""The `wine` driver: makes a Linux container of a Windows one and hands it to the OCI driver.

What it keeps of a container is in `<exec root>/wine/<id>/` (see control.py) and in the container's state directory
(see prefix.py); everything else is the OCI driver's.
"""

import asyncio
import logging
import os
import re
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from transom import faults
from transom.aio.finish import UndoStack
from transom.aio.locks import KeyedLock
from transom.drivers.exec.wine import addition, prefix, request, translate
from transom.drivers.exec.wine.authorities import Authorities
from transom.drivers.exec.wine.base.store import DiskBaseStore
from transom.drivers.exec.wine.control import MAIN, Control, Listener, exec_name
from transom.drivers.exec.wine.owners import Owners
from transom.errors import Conflict, StartFailed, TransomError, Unavailable
from transom.execution.driver import (
    ExecDriver,
    ExitStatus,
    ResourceUsage,
    RuntimeStatus,
    SupportsExec,
    SupportsLogReopen,
    SupportsPause,
    SupportsProcesses,
    SupportsResize,
    SupportsStats,
    SupportsUpdate,
)
from transom.execution.spec import ExecSpec, ProcessSpec, Resources
from transom.execution.stdio import Stdio
from transom.host.idmap import IdMaps
from transom.model.ids import ContainerId, ExecId
from transom.model.mount import MountKind

log = logging.getLogger(__name__)

PREPARED = faults.declare("wine.create.prepared", "registry and control directory are made, the container is not")

KILL_S = 6.0
"""How long a killed container may take to write its registry: process 1 itself gives wineserver 5 s."""
FLUSH_S = 10.0
START_S = 30.0
_SOFT_KILL = "SIGPWR"
_KILLED = 137
_SIGNALS = {
    "SIGINT": "SIGINT",
    "CTRL_C": "SIGINT",
    "SIGQUIT": "SIGQUIT",
    "CTRL_BREAK": "SIGQUIT",
    "SIGHUP": "SIGHUP",
    "CTRL_CLOSE": "SIGHUP",
}
"""Signal → the one that process 1 turns into the console event; every other one is a shutdown, as on Windows."""
_MEANINGLESS = frozenset({"SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH"})
"""Signals that programs on Linux do not notice unless they ask for them: the docker CLI passes some on to every one."""


class Inner(
    ExecDriver, SupportsExec, SupportsLogReopen, SupportsPause, SupportsProcesses, SupportsResize, SupportsStats,
    SupportsUpdate, Protocol,
):  # fmt: skip
    """What the driver underneath has to be able to do."""

    async def maps_users(self) -> bool:
        """Tell whether containers may have users of their own."""
        ...


@dataclass(frozen=True, slots=True)
class WineSettings:
    """Where the driver keeps its files: below the data root. Containers write there, and the exec root is memory."""

    data_root: Path
    owners: Owners | None = None
    """The range of host users that containers run as, None if this host cannot map mounts."""
    certificate_files: tuple[str, ...] = ()
    """Authorities that Windows programs trust beside the host's, in PEM form."""


class WineDriver:
    """Implements ExecDriver and every Supports* of the inner driver, and SupportsFlush."""

    def __init__(
        self, settings: WineSettings, inner: Inner, bases: DiskBaseStore, idmaps: IdMaps, *, name: str = "wine"
    ) -> None:
        self.name = name
        self._top = settings.data_root / "wine"
        self._owners = settings.owners
        self._authorities = Authorities(settings.data_root / "authorities", settings.certificate_files)
        self._inner = inner
        self._bases = bases
        self._idmaps = idmaps
        self._machine_mhz = _processor_mhz()
        self._reports = KeyedLock()

    def _control(self, container_id: str) -> Control:
        return Control(self._top / container_id)

    # --- the container -------------------------------------------------------------------------------------------

    async def create(self, spec: ExecSpec) -> None:
        """Make registry, drives and request, then the Linux container."""
        user = request.user_name(spec.process.user)
        version, _ = request.windows_version(spec.os_version)
        drives = translate.drives(spec.mounts)
        serial = int(spec.container_id[:8], 16)
        machine = request.Machine(version, self._machine_mhz, "".join(drives), serial)
        wanted = request.encode(spec.process, machine)
        base = self._bases.path(self._bases.find(spec.base).digest)
        control = self._control(spec.container_id)
        async with UndoStack() as undo:
            with _disk_errors():
                control.make()
                undo.push(control.remove)
                control.put(MAIN, wanted)
                if facts := _limits(spec.resources):
                    control.put_machine(facts)
                made, trusted = await asyncio.to_thread(self._prepare, spec, base, drives)
            faults.point(PREPARED)
            owners = self._owners if self._owners and await self._inner.maps_users() else None
            places = translate.Places(base, control.directory, made, owners, trusted)
            await self._inner.create(self._linux_spec(spec, places, user))
            undo.keep()

    def _prepare(self, spec: ExecSpec, base: Path, drives: Mapping[str, str]) -> tuple[Path, Path | None]:
        made = prefix.prepare(spec, base, drives, authorities=str(self._authorities.directory))
        own = Path(spec.state_dir) / "authorities.crt"
        return made, self._authorities.with_own(prefix.system_registry(made), own)

    def _linux_spec(self, spec: ExecSpec, places: translate.Places, user: str) -> ExecSpec:
        """Return the Linux container; it is the host's root where something that it mounts cannot be mapped."""
        made = translate.linux_spec(spec, places, user)
        for mount in made.mounts:
            if mount.kind is MountKind.BIND and mount.idmap and not self._idmaps.can_bind(mount):
                told = {"container": spec.container_id, "source": mount.source}
                log.warning("a Windows container runs as the host's root: a mount cannot be mapped", extra=told)
                return translate.linux_spec(spec, replace(places, owners=None), user)
        return made

    async def start(self, container_id: ContainerId) -> int | None:
        """Let process 1 run, and wait for its word that the program runs."""
        control = self._control(container_id)
        async with self._listening(control, MAIN) as listener:
            pid = await self._inner.start(container_id)
            report = await self._report_or_exit(listener, self._inner.wait(container_id))
            self._check_started(report, control.request(MAIN))
            return pid

    async def stop(self, container_id: ContainerId, signal: str) -> None:
        """Ask the program to end by the console event that signal stands for; some signals ask for nothing."""
        if signal.upper() not in _MEANINGLESS:
            await self._inner.kill(container_id, _SIGNALS.get(signal.upper(), "SIGTERM"))

    async def kill(self, container_id: ContainerId, signal: str) -> None:
        """SIGKILL ends everything, but lets the registry be written; others are events."""
        if signal.upper() != "SIGKILL":
            await self.stop(container_id, signal)
            return
        if await self._inner.status(container_id) is RuntimeStatus.PAUSED:
            await self._inner.unpause(container_id)  # a frozen process 1 would see no signal
        await self._inner.kill(container_id, _SOFT_KILL)
        try:
            async with asyncio.timeout(KILL_S):
                await self._inner.wait(container_id)
        except TimeoutError:
            with suppress(Conflict):
                await self._inner.kill(container_id, "SIGKILL")

    async def wait(self, container_id: ContainerId) -> ExitStatus:
        """Return how the program ended, with all 32 bits of its code."""
        ended = await self._inner.wait(container_id)
        code = self._control(container_id).exit_code(MAIN)
        if ended.oom_killed:
            # Of a process that Linux has killed Wine says 0 or 1.
            return replace(ended, code=code if code and code > 1 else _KILLED)
        return ended if code is None else replace(ended, code=code)

    async def status(self, container_id: ContainerId) -> RuntimeStatus | None:
        """Tell what is there."""
        return await self._inner.status(container_id)

    async def pid(self, container_id: ContainerId) -> int:
        """Return the host pid of process 1."""
        return await self._inner.pid(container_id)

    async def stdio(self, container_id: ContainerId) -> Stdio:
        """Connect to the main process' streams."""
        return await self._inner.stdio(container_id)

    async def delete(self, container_id: ContainerId) -> None:
        """Remove the Linux container, then the control directory."""
        await self._inner.delete(container_id)
        await asyncio.to_thread(self._control(container_id).remove)

    async def list(self) -> Sequence[ContainerId]:
        """Return the containers that have a control directory."""
        return [ContainerId(each.name) for each in self._top.iterdir()] if self._top.exists() else []

    # --- abilities -----------------------------------------------------------------------------------------------

    async def pause(self, container_id: ContainerId) -> None:
        """Freeze."""
        await self._inner.pause(container_id)

    async def unpause(self, container_id: ContainerId) -> None:
        """Thaw."""
        await self._inner.unpause(container_id)

    async def resize(self, container_id: ContainerId, rows: int, columns: int) -> None:
        """Set the terminal's size."""
        await self._inner.resize(container_id, rows, columns)

    async def pids(self, container_id: ContainerId) -> Sequence[int]:
        """Return the host pids of the container's processes, wineserver's too."""
        return await self._inner.pids(container_id)

    async def usage(self, container_id: ContainerId) -> ResourceUsage:
        """Return what the container uses, wineserver included."""
        return await self._inner.usage(container_id)

    async def reopen_log(self, container_id: ContainerId) -> None:
        """Have the monitor begin a new log file."""
        await self._inner.reopen_log(container_id)

    async def update(self, container_id: ContainerId, resources: Resources) -> None:
        """Put limits in force."""
        await self._inner.update(container_id, resources)
        control = self._control(container_id)
        if control.has_machine:  # without limits at its start a container's programs go on to see the whole machine
            with _disk_errors():
                control.put_machine(_limits(resources))

    async def flush(self, container_id: ContainerId) -> None:
        """Have the registry written to the state directory; nothing to do for what does not run.

        Raises:
            TransomError: the container does not answer.
        """
        if await self._inner.status(container_id) is not RuntimeStatus.RUNNING:
            return
        control = self._control(container_id)
        async with self._listening(control, MAIN) as listener:
            if not control.send("save"):
                return
            try:
                async with asyncio.timeout(FLUSH_S):
                    report = await self._report_or_exit(listener, self._inner.wait(container_id))
            except TimeoutError:
                report = request.Report("unsaved", 0, "no answer")
            if report is not None and report.word != "saved":
                raise TransomError(f"the registry of container {container_id} could not be written")

    # --- exec ----------------------------------------------------------------------------------------------------

    async def exec_create(self, container_id: ContainerId, exec_id: ExecId, process: ProcessSpec) -> None:
        """Leave the request, prepare the Linux process that takes it up."""
        control, name = self._control(container_id), exec_name(exec_id)
        main = dict(each.split(b"=", 1) for each in control.request(MAIN).split(b"\0") if b"=" in each)
        if not process.user:
            process = replace(process, user=main.get(b"user", b"").decode())
        if not process.cwd:
            process = replace(process, cwd=main.get(b"cwd", b"").decode("utf-8", "surrogateescape"))
        version = main.get(b"version", b"").decode() or request.windows_version("")[0]
        with _disk_errors():
            control.put(name, request.encode(process, request.Machine(version, self._machine_mhz)))
        args = (translate.INIT, "exec", f"{translate.CONTROL}/{name}")
        user = request.user_name(process.user)
        await self._inner.exec_create(container_id, exec_id, translate.process(process, args, user))

    async def exec_start(self, container_id: ContainerId, exec_id: ExecId, *, detach: bool) -> Stdio | None:
        """Run it, and wait for its word that the program runs."""
        control, name = self._control(container_id), exec_name(exec_id)
        wanted = control.request(name)
        if request.can_be_added(wanted, control.request(MAIN)):
            connection = await self._start_added(control, name, wanted)
            if connection is not None:
                if not detach:
                    return connection.stdio()
                connection.close()
                return None
        async with self._listening(control, name) as listener:
            stdio = await self._inner.exec_start(container_id, exec_id, detach=detach)
            try:
                report = await self._report_or_exit(listener, self._inner.exec_wait(container_id, exec_id))
                self._check_started(report, wanted)
            except BaseException:
                if stdio is not None:
                    await stdio.close()
                raise
            return stdio

    async def exec_wait(self, container_id: ContainerId, exec_id: ExecId) -> ExitStatus:
        """Return how the program ended."""
        control, name = self._control(container_id), exec_name(exec_id)
        if addition.is_one(control.directory, name):
            await addition.wait_ended(control.directory, name)
            code = control.exit_code(name)
            return ExitStatus(_KILLED if code is None else code, finished_at=datetime.now(UTC))
        ended = await self._inner.exec_wait(container_id, exec_id)
        code = control.exit_code(name)
        return ended if code is None else replace(ended, code=code)

    async def exec_list(self, container_id: ContainerId) -> Sequence[ExecId]:
        """Return the execs that have a directory."""
        return await self._inner.exec_list(container_id)

    async def exec_delete(self, container_id: ContainerId, exec_id: ExecId) -> None:
        """Remove the exec's directory and request."""
        await self._inner.exec_delete(container_id, exec_id)
        self._control(container_id).forget(exec_name(exec_id))

    async def exec_kill(self, container_id: ContainerId, exec_id: ExecId) -> None:
        """End the program, or the process that started it."""
        control, name = self._control(container_id), exec_name(exec_id)
        if addition.is_one(control.directory, name):
            control.send(f"end {name}")
            return
        await self._inner.exec_kill(container_id, exec_id)

    async def exec_pid(self, container_id: ContainerId, exec_id: ExecId) -> int:
        """Return the host pid of the process that started the program, or of process 1 where the first process did."""
        if addition.is_one(self._control(container_id).directory, exec_name(exec_id)):
            return await self._inner.pid(container_id)
        return await self._inner.exec_pid(container_id, exec_id)

    async def exec_resize(self, container_id: ContainerId, exec_id: ExecId, rows: int, columns: int) -> None:
        """Set the exec's terminal size."""
        await self._inner.exec_resize(container_id, exec_id, rows, columns)

    # --- inside --------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _listening(self, control: Control, name: str) -> AsyncIterator[Listener]:
        """Hold the reports of one request; two who listen would take each other's lines."""
        async with self._reports(f"{control.directory.name}/{name}"):
            listener = control.listen(name)
            try:
                yield listener
            finally:
                listener.close()

    async def _start_added(self, control: Control, name: str, wanted: bytes) -> addition.Connection | None:
        """Have the first process start an exec; None if it has to be done the long way."""
        connection = addition.connect(control.directory, name)
        if connection is None:
            return None
        try:
            async with asyncio.timeout(START_S):
                report = await connection.report()
            if report is None or report.word != "elsewhere":
                self._check_started(report, wanted)
                return connection
        except BaseException as exc:
            connection.close()
            control.send(f"end {name}")
            if isinstance(exc, TimeoutError):
                raise StartFailed("the container's first Windows process does not answer") from None
            raise
        connection.close()
        addition.disown(control.directory, name)
        return None

    async def _report_or_exit(self, listener: Listener, ended: Awaitable[ExitStatus]) -> request.Report | None:
        """Return the next report, or None if what is to report ends without one."""
        async with asyncio.TaskGroup() as group:
            reported = group.create_task(listener.report(), name="first process' report")
            exited = group.create_task(_await(ended), name="first process' end")
            try:
                async with asyncio.timeout(START_S):
                    await asyncio.wait({reported, exited}, return_when=asyncio.FIRST_COMPLETED)
                if not reported.done():
                    # The report may have come in the moment before the end.
                    with suppress(TimeoutError):
                        async with asyncio.timeout(0.05):
                            await asyncio.wait({reported})
                return reported.result() if reported.done() else None
            except TimeoutError:
                raise StartFailed("the container's first Windows process does not answer") from None
            finally:
                reported.cancel()
                exited.cancel()

    def _check_started(self, report: request.Report | None, wanted: bytes) -> None:
        match = re.search(rb"(?:^|\0)command=([^\0]*)", wanted)
        command = match[1].decode("utf-8", "replace") if match else ""
        if report is None:
            raise StartFailed("the container ended before its program was started; see its log")
        if report.word == "failed":
            raise request.start_failed(report, command)
        if report.word != "started":
            raise StartFailed(f"the container's first Windows process said {report.word!r}")


@contextmanager
def _disk_errors() -> Iterator[None]:
    """Turn what the disk says into an answer.

    Raises:
        Unavailable: it is full or broken.
    """
    try:
        yield
    except OSError as exc:
        raise Unavailable(f"cannot write the container's files: {os.strerror(exc.errno or 0)}") from exc


def _limits(resources: Resources) -> dict[str, str]:
    """Return what process 1 is told of a container's limits; linux/limits reads it."""
    facts = {}
    if resources.memory_bytes > 0:
        swap = max(0, resources.memory_swap_bytes - resources.memory_bytes)
        facts = {"memory": str(resources.memory_bytes), "swap": str(swap)}
    if resources.cpuset_cpus:
        facts["processors"] = "1"
    return facts


async def _await(ended: Awaitable[ExitStatus]) -> ExitStatus:
    return await ended


def _processor_mhz() -> int:
    """Return a processor's clock, which Windows programs look for in the registry."""
    with suppress(OSError):
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
        match = re.search(r"^cpu MHz\s*:\s*([0-9]+)", text, re.MULTILINE)
        if match:
            return int(match[1])
    return 2000
