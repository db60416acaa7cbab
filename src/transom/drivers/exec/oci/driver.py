"""The `oci` driver: crun or runc runs the container, conmon monitors it.

Everything of a container is below `<exec root>/containers/<id>/`, so that a restarted engine needs no memory:
config.json, rootfs (mounted in the engine's mount namespace only), attach, pid, conmon.pid, exit/<id>, execs/<exec>/.
"""

import asyncio
import contextlib
import errno
import os
import shutil
import signal as signals
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from transom import faults
from transom.aio.finish import UndoStack
from transom.aio.trace import step
from transom.drivers.exec.oci import bundle, conmon
from transom.drivers.exec.oci.complaints import start_failed
from transom.drivers.exec.oci.conmon import Monitor, Monitored, MonitorFailed
from transom.drivers.exec.oci.devices import spec_devices
from transom.drivers.exec.oci.execs import OciExecs
from transom.drivers.exec.oci.files import ContainerFiles
from transom.drivers.exec.oci.runtime import Runtime
from transom.drivers.exec.oci.usage import usage
from transom.drivers.exec.oci.users import User, user_in
from transom.errors import Conflict, InvalidParameter, NotFound, StartFailed, TransomError
from transom.execution.driver import ExitStatus, ResourceUsage, RuntimeStatus
from transom.execution.spec import CONTAINER_SIGN, ExecSpec, ProcessSpec, Resources
from transom.execution.stdio import Stdio
from transom.host.cgroup import Cgroups
from transom.host.idmap import IdMaps
from transom.host.mount import bind, mount_root, unmount
from transom.host.rootfs import Rootfs
from transom.model.ids import ContainerId, ExecId
from transom.model.mount import Mount, MountKind

PREPARED = faults.declare("oci.create.prepared", "the root is mounted and the bundle written")
CREATED = faults.declare("oci.create.created", "the runtime has made the container")
STARTED = faults.declare("oci.start.started", "the program runs")

START_TIMEOUT_S = 30.0
SETTLED_S = 1.0


@dataclass(frozen=True, slots=True)
class OciSettings:
    """Programs and places; instance keeps two engines' cgroups apart."""

    runtime: str
    conmon: str
    exec_root: Path
    instance: str
    init_path: str
    runtime_readonly: str = ""
    search_path: str = "/usr/sbin:/usr/bin:/sbin:/bin"


class OciDriver:
    """Implements ExecDriver and every Supports* but flush."""

    def __init__(self, settings: OciSettings, cgroups: Cgroups, idmaps: IdMaps, *, name: str) -> None:
        self.name = name
        self._settings = settings
        self._cgroups = cgroups
        self._idmaps = idmaps
        self._maps_users: bool | None = None
        # The end of an overlay is a wait for the disk, unless it is volatile, and for a grace period of the kernel.
        self._ender = ThreadPoolExecutor(1, "unmount")
        self._endings: dict[str, Future[None]] = {}
        self._monitor = Monitor(settings.conmon)
        self._files = ContainerFiles(settings.exec_root)
        self._runtime = Runtime(
            settings.runtime,
            settings.exec_root / "runtime" / name,
            {"PATH": settings.search_path},
            settings.runtime_readonly,
        )
        self._execs = OciExecs(self._files, self._runtime, self._monitor, self._place_later)

    # --- the container -------------------------------------------------------------------------------------------

    async def create(self, spec: ExecSpec) -> None:
        """Mount the root, write the bundle, let the runtime make the container."""
        self._cgroups.moves.expect()
        if ending := self._endings.get(spec.container_id):
            await asyncio.wrap_future(ending)  # its layers may be in one overlay at a time
        directory = self._files.directory(spec.container_id)
        async with UndoStack() as undo:
            try:
                directory.mkdir(parents=True)
            except FileExistsError:
                raise Conflict(f"container {spec.container_id} exists already") from None
            undo.push(self.delete, spec.container_id)
            with step("bundle", spec.container_id):
                config = self._prepare(spec, directory)
            (directory / "config.json").write_bytes(msgspec.json.encode(config))
            faults.point(PREPARED)
            try:
                with step("conmon and runtime create", spec.container_id):
                    await self._monitor.launch(self._monitored(spec, directory), env=self._runtime.env)
            except MonitorFailed as exc:
                raise start_failed(str(exc), spec.process.args) from None
            faults.point(CREATED)
            undo.keep()

    def _prepare(self, spec: ExecSpec, directory: Path) -> dict[str, Any]:
        # All that is mounted for the container goes with this one; each unmount may wait for every processor.
        bind(str(directory), str(directory), recursive=False)
        root = directory / "rootfs"
        root.mkdir()
        mount_root(spec.root, str(root))
        sources: dict[int, str] = {}
        for index, mount in enumerate(spec.mounts):
            if mount.kind is MountKind.OVERLAY or mount.idmap:
                sources[index] = self._mount_here(mount, directory, index)
        with Rootfs.at(str(root)) as rootfs:
            user = user_in(rootfs, spec.process)
            if not spec.root.readonly:
                _make_cwd(rootfs, spec.process.cwd, user)
                with contextlib.suppress(FileExistsError):
                    os.close(rootfs.open(CONTAINER_SIGN, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o755))
        facts = bundle.Facts(
            root_path=str(root),
            user=user,
            cgroup_path=self._cgroup(spec.container_id, spec.cgroup_parent),
            cgroup_v2=self._cgroups.hierarchy.v2,
            init_path=self._init_path() if spec.init else "",
            devices=tuple(spec_devices(spec)),
            sources=sources,
        )
        return bundle.config(spec, facts)

    def _mount_here(self, mount: Mount, directory: Path, index: int) -> str:
        """Mount in our own namespace what the runtime could not, and return where."""
        target = directory / "mounts" / str(index)
        if mount.kind is MountKind.BIND and not os.path.isdir(mount.source):
            target.parent.mkdir(exist_ok=True)
            target.touch()
        else:
            target.mkdir(parents=True)
        if mount.kind is MountKind.BIND:
            self._idmaps.bind(mount, str(target))
        elif mount.idmap:
            self._idmaps.overlay(mount, str(target), directory / "layers")
        else:
            mount_root(mount, str(target))
        return str(target)

    def _monitored(self, spec: ExecSpec, directory: Path) -> Monitored:
        process = spec.process
        return Monitored(
            id=spec.container_id,
            container_id=spec.container_id,
            directory=directory,
            bundle=directory,
            log_path=spec.log_path,
            terminal=process.terminal,
            stdin=process.open_stdin,
            keep_stdin=not process.stdin_once,
            runtime=self._runtime.command,
            runtime_args=self._runtime.args,
            keep_fds=spec.keep_fds,
        )

    async def start(self, container_id: ContainerId) -> int | None:
        """Let the program run; return its host pid.

        crun's first process waits until somebody writes to its fifo: writing here saves a process, which is a tenth
        of a start. Every other runtime is asked to do it itself.
        """
        released = self._runtime.is_crun and await self._release(
            self._runtime.root / container_id / "exec.fifo", container_id
        )
        if not released:
            done = await self._runtime.call("start", container_id, timeout_s=START_TIMEOUT_S)
            if done.code != 0:
                raise start_failed(done.stderr.decode(errors="replace"), ())
        faults.point(STARTED)
        self._place_later(self._files.directory(container_id))
        return self._files.pid(container_id)

    async def _release(self, fifo: Path, container_id: str) -> bool:
        """Write to the fifo once its reader is there; False where crun has none of that name."""
        deadline = time.monotonic() + START_TIMEOUT_S
        fd = -1
        while fd < 0:
            try:
                fd = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except FileNotFoundError:
                return False
            except OSError as exc:
                if exc.errno != errno.ENXIO:
                    return False
                if time.monotonic() > deadline or not self._files.pid(container_id):
                    raise StartFailed("the container's first process ended before it could be started") from None
                await asyncio.sleep(0.0005)
        try:
            os.write(fd, b"\0")
        finally:
            os.close(fd)
        os.unlink(fifo)  # by this crun tells that the container runs
        return True

    async def stop(self, container_id: ContainerId, signal: str) -> None:
        """Send signal to the main process."""
        await self.kill(container_id, signal)

    async def kill(self, container_id: ContainerId, signal: str) -> None:
        """Send signal to the main process; SIGKILL to every process."""
        number = signals.Signals[signal] if signal in signals.Signals.__members__ else None
        if number is None:
            raise InvalidParameter(f"invalid signal: {signal}")
        pid = self._files.pid(container_id)
        if not pid:
            raise Conflict(f"container {container_id} is not running")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if number is signals.SIGKILL:
            if self._is_frozen(container_id):  # v1 delivers no signal to what is frozen
                with contextlib.suppress(TransomError):
                    await self._runtime.act("resume", container_id)
            # A container that shares the host's pid namespace does not end with its first process.
            for other in self._cgroups.pids(self._found_cgroup(container_id)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(other, number)

    async def wait(self, container_id: ContainerId) -> ExitStatus:
        """Return how the main process ended, once it has."""
        return await conmon.wait_exit(self._files.directory(container_id), container_id)

    async def status(self, container_id: ContainerId) -> RuntimeStatus | None:
        """Tell what is there: from the monitor, the process and the freezer.

        STOPPED is what has run: a sandbox that its engine died over is CREATED, whether its process lives or not.
        A process without a monitor cannot be watched any more and counts as stopped; delete ends it.
        """
        directory = self._files.directory(container_id)
        if not directory.exists():
            return None
        if not (directory / "pid").exists() or self._is_waiting(container_id):
            return RuntimeStatus.CREATED
        if conmon.read_exit(directory, container_id) or not self._files.pid(container_id):
            return RuntimeStatus.STOPPED
        if not conmon.monitor_pid(directory):
            return RuntimeStatus.STOPPED
        return RuntimeStatus.PAUSED if self._is_frozen(container_id) else RuntimeStatus.RUNNING

    async def pid(self, container_id: ContainerId) -> int:
        """Return the main process' host pid."""
        return self._files.pid(container_id)

    async def stdio(self, container_id: ContainerId) -> Stdio:
        """Connect to the main process' streams."""
        return await conmon.connect(self._files.directory(container_id))

    async def delete(self, container_id: ContainerId) -> None:
        """Remove the container, its cgroups, mounts and directory."""
        directory = self._files.directory(container_id)
        if not directory.exists() and not (self._runtime.root / container_id).exists():
            return
        if self._files.pid(container_id):
            with contextlib.suppress(TransomError):
                await self.kill(container_id, "SIGKILL")
        if not (directory / "pid").exists():
            # An engine died while the monitor and the runtime under it were at work: they may be still.
            await conmon.end_all(directory)
        monitor = conmon.monitor_pid(directory)
        if monitor:
            await self._end_monitor(directory, container_id, monitor)
        cgroup = self._found_cgroup(container_id)
        if not await asyncio.to_thread(self._cgroups.remove, cgroup):
            await self._runtime.call("delete", "--force", container_id)
            await asyncio.to_thread(self._cgroups.remove, cgroup)
        await asyncio.to_thread(self._remove_directories, container_id)

    def _remove_directories(self, container_id: str) -> None:
        directory = self._files.directory(container_id)
        held = _held([directory / "rootfs", *(directory / "mounts").glob("*")])
        unmount(str(directory))
        self._endings[container_id] = ending = self._ender.submit(_let_go, held)
        ending.add_done_callback(lambda _: self._endings.pop(container_id, None))
        shutil.rmtree(self._runtime.root / container_id, ignore_errors=True)
        for mounted in (directory / "rootfs", *(directory / "mounts").glob("*"), *(directory / "layers").glob("*")):
            with contextlib.suppress(FileNotFoundError):
                # rmdir, never rmtree: should the root still be mounted, nothing in it may be touched.
                mounted.rmdir() if mounted.is_dir() else mounted.unlink()
        shutil.rmtree(directory, ignore_errors=True)

    async def list(self) -> Sequence[ContainerId]:
        """Return the containers that have a directory here, or that the runtime knows."""
        tops = (self._files.exec_root / "containers", self._runtime.root)
        return sorted({ContainerId(each.name) for top in tops if top.exists() for each in top.iterdir()})

    async def maps_users(self) -> bool:
        """Tell whether containers may have users of their own; the runtime is asked once."""
        if self._maps_users is None:
            self._maps_users = await self._runtime.maps_users()
        return self._maps_users

    # --- abilities -----------------------------------------------------------------------------------------------

    async def pause(self, container_id: ContainerId) -> None:
        """Freeze."""
        await self._act("pause", container_id)

    async def unpause(self, container_id: ContainerId) -> None:
        """Thaw."""
        await self._act("resume", container_id)

    async def resize(self, container_id: ContainerId, rows: int, columns: int) -> None:
        """Set the terminal's size."""
        conmon.resize(self._files.directory(container_id), rows, columns)

    async def pids(self, container_id: ContainerId) -> Sequence[int]:
        """Return the host pids of the container's processes."""
        return self._cgroups.pids(self._found_cgroup(container_id))

    async def usage(self, container_id: ContainerId) -> ResourceUsage:
        """Return what the container uses."""
        pid = self._files.pid(container_id)
        if not pid:
            raise Conflict(f"container {container_id} is not running")
        return usage(self._cgroups, self._found_cgroup(container_id), pid)

    async def reopen_log(self, container_id: ContainerId) -> None:
        """Have the monitor begin a new log file."""
        conmon.reopen_log(self._files.directory(container_id))

    async def update(self, container_id: ContainerId, resources: Resources) -> None:
        """Put limits in force."""
        text = msgspec.json.encode(bundle.resources(resources))
        done = await self._runtime.call("update", "--resources", "-", container_id, stdin=text)
        if done.code != 0:
            raise InvalidParameter(f"Cannot update container {container_id}: {done.stderr.decode(errors='replace')}")

    # --- exec ----------------------------------------------------------------------------------------------------

    async def exec_create(self, container_id: ContainerId, exec_id: ExecId, process: ProcessSpec) -> None:
        """Write the process' spec."""
        self._cgroups.moves.expect()
        await self._execs.create(container_id, exec_id, process)

    async def exec_start(self, container_id: ContainerId, exec_id: ExecId, *, detach: bool) -> Stdio | None:
        """Run it."""
        return await self._execs.start(container_id, exec_id, detach=detach)

    async def exec_wait(self, container_id: ContainerId, exec_id: ExecId) -> ExitStatus:
        """Return how the exec ended, once it has."""
        return await self._execs.wait(container_id, exec_id)

    async def exec_list(self, container_id: ContainerId) -> Sequence[ExecId]:
        """Return the execs that have a directory."""
        return await self._execs.list(container_id)

    async def exec_delete(self, container_id: ContainerId, exec_id: ExecId) -> None:
        """Remove the exec's directory."""
        await self._execs.delete(container_id, exec_id)

    async def exec_kill(self, container_id: ContainerId, exec_id: ExecId) -> None:
        """End the exec."""
        await self._execs.kill(container_id, exec_id)

    async def exec_pid(self, container_id: ContainerId, exec_id: ExecId) -> int:
        """Return the host pid."""
        return await self._execs.pid(container_id, exec_id)

    async def exec_resize(self, container_id: ContainerId, exec_id: ExecId, rows: int, columns: int) -> None:
        """Set the exec's terminal size."""
        await self._execs.resize(container_id, exec_id, rows, columns)

    # --- inside --------------------------------------------------------------------------------------------------

    async def _act(self, verb: str, container_id: str) -> None:
        try:
            await self._runtime.act(verb, container_id)
        except TransomError:
            if self._files.pid(container_id):
                raise
            raise Conflict(f"container {container_id} is not running") from None  # it has ended meanwhile

    def _place_later(self, directory: Path) -> None:
        """Move a monitor that lives on out of the engine's cgroup, so that a service manager leaves it alone.

        Not at once: with cgroup v1 the kernel takes 12 ms for it, as long as all else of a start.
        """

        def place() -> None:
            monitor = conmon.monitor_pid(directory)
            if monitor:
                self._cgroups.add(f"/{self._settings.instance}/monitors", monitor)

        loop = asyncio.get_running_loop()
        loop.call_later(SETTLED_S, lambda: loop.run_in_executor(None, place))

    def _cgroup(self, container_id: str, parent: str = "") -> str:
        return f"{parent.rstrip('/') or '/' + self._settings.instance}/{container_id}"

    def _found_cgroup(self, container_id: str) -> str:
        with contextlib.suppress(NotFound):
            return str(self._files.config(container_id)["linux"]["cgroupsPath"])
        return self._cgroup(container_id)

    def _is_waiting(self, container_id: str) -> bool:
        return (self._runtime.root / container_id / "exec.fifo").exists()

    def _is_frozen(self, container_id: str) -> bool:
        path = self._found_cgroup(container_id)
        v1 = self._cgroups.read("freezer", path, "freezer.state").strip()
        return v1 == "FROZEN" or self._cgroups.read("", path, "cgroup.freeze").strip() == "1"

    async def _end_monitor(self, directory: Path, container_id: str, monitor: int) -> None:
        try:
            async with asyncio.timeout(5):
                await conmon.wait_exit(directory, container_id)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.kill(monitor, signals.SIGKILL)

    def _init_path(self) -> str:
        if not self._settings.init_path:
            raise InvalidParameter("--init needs tini on this host: install the package tini")
        return self._settings.init_path


def _make_cwd(rootfs: Rootfs, cwd: str, user: User) -> None:
    """Make a missing working directory, as Docker does."""
    if cwd in {"", "/"}:
        return
    try:
        rootfs.makedirs(cwd, owner=(user.uid, user.gid))
    except OSError as exc:
        raise InvalidParameter(f"cannot make the working directory {cwd}: {os.strerror(exc.errno or 0)}") from exc


def _held(paths: Sequence[Path]) -> list[int]:
    """Return descriptors of what is there; a mount does not end as long as one is open."""
    held = []
    for path in paths:
        with contextlib.suppress(OSError):
            held.append(os.open(path, os.O_PATH | os.O_CLOEXEC))
    return held


def _let_go(held: Sequence[int]) -> None:
    for fd in held:
        os.close(fd)
