"""The `oci` driver: crun or runc runs the container, conmon monitors it.

Everything of a container is below `<exec root>/containers/<id>/`, so that a restarted engine needs no memory:
config.json, rootfs (mounted in the engine's mount namespace only), attach, pid, conmon.pid, exit/<id>, execs/<exec>/.
"""

import asyncio
import contextlib
import errno
import os
import re
import shutil
import signal as signals
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from transom import faults
from transom.aio.finish import UndoStack
from transom.aio.trace import step
from transom.drivers.exec.oci import bundle, conmon
from transom.drivers.exec.oci import capabilities as caps
from transom.drivers.exec.oci.conmon import Monitor, Monitored, MonitorFailed
from transom.drivers.exec.oci.usage import usage
from transom.drivers.exec.oci.users import User, find_user
from transom.errors import Conflict, InvalidParameter, NotFound, StartFailed, TransomError
from transom.execution.driver import ExitStatus, ResourceUsage, RuntimeStatus
from transom.execution.spec import Device, ExecSpec, ProcessSpec, Resources
from transom.execution.stdio import Stdio
from transom.host.cgroup import Cgroups
from transom.host.mount import mount_root, unmount
from transom.host.process import start_time
from transom.host.rootfs import Rootfs
from transom.host.run import run
from transom.model.ids import ContainerId, ExecId
from transom.model.mount import MountKind

PREPARED = faults.declare("oci.create.prepared", "the root is mounted and the bundle written")
CREATED = faults.declare("oci.create.created", "the runtime has made the container")
STARTED = faults.declare("oci.start.started", "the program runs")

_MISSING = re.compile(r"not found|no such file or directory", re.IGNORECASE)
_DENIED = re.compile(r"permission denied|operation not permitted|is a directory|exec format error", re.IGNORECASE)
_DIRECTORY = re.compile(r"is a directory|open executable: operation not permitted", re.IGNORECASE)
_ABOUT_PROGRAM = re.compile(r"open executable|executable file|exec: |exec format error", re.IGNORECASE)
"""crun's and runc's words for the program itself; else a refusal is one of the kernel's on the way there."""
_OWN_DIRECTORIES = frozenset({"pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"})
_OWN_DEVICES = frozenset({"console", "ptmx", "null", "zero", "full", "random", "urandom", "tty"})
_FILE_LIMIT = 1 << 20
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
    search_path: str = "/usr/sbin:/usr/bin:/sbin:/bin"


class OciDriver:
    """Implements ExecDriver and every Supports* but flush."""

    def __init__(self, settings: OciSettings, cgroups: Cgroups, *, name: str) -> None:
        self.name = name
        self._settings = settings
        self._cgroups = cgroups
        self._monitor = Monitor(settings.conmon)
        self._runtime_root = settings.exec_root / "runtime" / name
        self._env = {"PATH": settings.search_path}  # nothing else of the engine's
        self._is_crun = os.path.basename(settings.runtime) == "crun"

    # --- the container -------------------------------------------------------------------------------------------

    def directory(self, container_id: str) -> Path:
        """Return the container's directory below the exec root."""
        return self._settings.exec_root / "containers" / container_id

    def root_path(self, container_id: str) -> Path:
        """Return where the container's root is mounted in the engine's namespace."""
        return self.directory(container_id) / "rootfs"

    async def create(self, spec: ExecSpec) -> None:
        """Mount the root, write the bundle, let the runtime make the container."""
        directory = self.directory(spec.container_id)
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
                    await self._monitor.launch(self._monitored(spec, directory), env=self._env)
            except MonitorFailed as exc:
                raise _start_failed(str(exc), spec.process.args) from None
            faults.point(CREATED)
            undo.keep()

    def _prepare(self, spec: ExecSpec, directory: Path) -> dict[str, Any]:
        root = directory / "rootfs"
        root.mkdir()
        mount_root(spec.root, str(root))
        sources: dict[int, str] = {}
        for index, mount in enumerate(spec.mounts):
            if mount.kind is MountKind.OVERLAY:
                target = directory / "mounts" / str(index)
                target.mkdir(parents=True)
                mount_root(mount, str(target))
                sources[index] = str(target)
        with Rootfs.at(str(root)) as rootfs:
            user = _find_user(rootfs, spec.process)
            if not spec.root.readonly:
                _make_cwd(rootfs, spec.process.cwd, user)
        facts = bundle.Facts(
            root_path=str(root),
            user=user,
            cgroup_path=self._cgroup(spec.container_id, spec.cgroup_parent),
            cgroup_v2=self._cgroups.hierarchy.v2,
            init_path=self._init_path() if spec.init else "",
            devices=tuple(_devices(spec)),
            sources=sources,
        )
        return bundle.config(spec, facts)

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
            runtime=self._settings.runtime,
            runtime_args=self._runtime_args(),
            keep_fds=spec.keep_fds,
        )

    async def start(self, container_id: ContainerId) -> int | None:
        """Let the program run; return its host pid.

        crun's first process waits until somebody writes to its fifo: writing here saves a process, which is a tenth
        of a start. Every other runtime is asked to do it itself.
        """
        released = self._is_crun and await self._release(self._runtime_root / container_id / "exec.fifo", container_id)
        if not released:
            done = await run(
                [self._settings.runtime, *self._runtime_args(), "start", container_id], env=self._env, timeout_s=30
            )
            if done.code != 0:
                raise _start_failed(done.stderr.decode(errors="replace"), ())
        faults.point(STARTED)
        self._place_later(self.directory(container_id))
        return self._pid(container_id)

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
                if time.monotonic() > deadline or not self._pid(container_id):
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
        pid = self._pid(container_id)
        if not pid:
            raise Conflict(f"container {container_id} is not running")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if number is signals.SIGKILL:
            if self._is_frozen(container_id):  # v1 delivers no signal to what is frozen
                with contextlib.suppress(TransomError):
                    await self._runtime("resume", container_id)
            # A container that shares the host's pid namespace does not end with its first process.
            for other in self._cgroups.pids(self._found_cgroup(container_id)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(other, number)

    async def wait(self, container_id: ContainerId) -> ExitStatus:
        """Return how the main process ended, once it has."""
        return await conmon.wait_exit(self.directory(container_id), container_id)

    async def status(self, container_id: ContainerId) -> RuntimeStatus | None:
        """Tell what is there: from the monitor, the process and the freezer.

        STOPPED is what has run: a sandbox that its engine died over is CREATED, whether its process lives or not.
        A process without a monitor cannot be watched any more and counts as stopped; delete ends it.
        """
        directory = self.directory(container_id)
        if not directory.exists():
            return None
        if not (directory / "pid").exists() or self._is_waiting(container_id):
            return RuntimeStatus.CREATED
        if conmon.read_exit(directory, container_id) or not self._pid(container_id):
            return RuntimeStatus.STOPPED
        if not conmon.monitor_pid(directory):
            return RuntimeStatus.STOPPED
        return RuntimeStatus.PAUSED if self._is_frozen(container_id) else RuntimeStatus.RUNNING

    async def pid(self, container_id: ContainerId) -> int:
        """Return the main process' host pid."""
        return self._pid(container_id)

    async def stdio(self, container_id: ContainerId) -> Stdio:
        """Connect to the main process' streams."""
        return await conmon.connect(self.directory(container_id))

    async def delete(self, container_id: ContainerId) -> None:
        """Remove the container, its cgroups, mounts and directory."""
        directory = self.directory(container_id)
        if not directory.exists() and not (self._runtime_root / container_id).exists():
            return
        if self._pid(container_id):
            with contextlib.suppress(TransomError):
                await self.kill(container_id, "SIGKILL")
        if not (directory / "pid").exists():
            # An engine died while the monitor and the runtime under it were at work: they may be still.
            await conmon.end_all(directory)
        monitor = conmon.monitor_pid(directory)
        if monitor:
            await self._end_monitor(directory, container_id, monitor)
        if not self._cgroups.remove(self._found_cgroup(container_id)):
            await run([self._settings.runtime, *self._runtime_args(), "delete", "--force", container_id], env=self._env)
            self._cgroups.remove(self._found_cgroup(container_id))
        for mounted in [*(directory / "mounts").glob("*"), directory / "rootfs"]:
            unmount(str(mounted))
        await asyncio.to_thread(self._remove_directories, container_id)

    def _remove_directories(self, container_id: str) -> None:
        shutil.rmtree(self._runtime_root / container_id, ignore_errors=True)
        directory = self.directory(container_id)
        for mounted in (directory / "rootfs", *(directory / "mounts").glob("*")):
            with contextlib.suppress(FileNotFoundError):
                # rmdir, never rmtree: should the root still be mounted, nothing in it may be touched.
                mounted.rmdir()
        shutil.rmtree(directory, ignore_errors=True)

    async def list(self) -> Sequence[ContainerId]:
        """Return the containers that have a directory here, or that the runtime knows."""
        tops = (self._settings.exec_root / "containers", self._runtime_root)
        return sorted({ContainerId(each.name) for top in tops if top.exists() for each in top.iterdir()})

    # --- abilities -----------------------------------------------------------------------------------------------

    async def pause(self, container_id: ContainerId) -> None:
        """Freeze."""
        await self._runtime("pause", container_id)

    async def unpause(self, container_id: ContainerId) -> None:
        """Thaw."""
        await self._runtime("resume", container_id)

    async def resize(self, container_id: ContainerId, rows: int, columns: int) -> None:
        """Set the terminal's size."""
        conmon.resize(self.directory(container_id), rows, columns)

    async def pids(self, container_id: ContainerId) -> Sequence[int]:
        """Return the host pids of the container's processes."""
        return self._cgroups.pids(self._found_cgroup(container_id))

    async def usage(self, container_id: ContainerId) -> ResourceUsage:
        """Return what the container uses."""
        pid = self._pid(container_id)
        if not pid:
            raise Conflict(f"container {container_id} is not running")
        return usage(self._cgroups, self._found_cgroup(container_id), pid)

    async def reopen_log(self, container_id: ContainerId) -> None:
        """Have the monitor begin a new log file."""
        conmon.reopen_log(self.directory(container_id))

    async def update(self, container_id: ContainerId, resources: Resources) -> None:
        """Put limits in force."""
        text = msgspec.json.encode(bundle.resources(resources))
        done = await run(
            [self._settings.runtime, *self._runtime_args(), "update", "--resources", "-", container_id],
            stdin=text,
            env=self._env,
        )
        if done.code != 0:
            raise InvalidParameter(f"Cannot update container {container_id}: {done.stderr.decode(errors='replace')}")

    # --- exec ----------------------------------------------------------------------------------------------------

    def exec_directory(self, container_id: str, exec_id: str) -> Path:
        """Return the exec's directory."""
        return self.directory(container_id) / "execs" / exec_id[:16]

    async def exec_create(self, container_id: ContainerId, exec_id: ExecId, process: ProcessSpec) -> None:
        """Write the process' spec."""
        directory = self.exec_directory(container_id, exec_id)
        config = self._config(container_id)
        user = _user_of(config)
        if process.user:
            with self._rootfs(container_id) as rootfs:
                user = _find_user(rootfs, process)
        chosen = config["process"]["capabilities"]["bounding"]
        if process.privileged:
            chosen = list(caps.known_here())
        spec = msgspec.json.encode(_exec_process(config, process, user, chosen))
        directory.mkdir(parents=True)
        (directory / "process.json").write_bytes(spec)
        if process.open_stdin:
            (directory / "stdin").touch()

    async def exec_start(self, container_id: ContainerId, exec_id: ExecId, *, detach: bool) -> Stdio | None:
        """Run it."""
        directory = self.exec_directory(container_id, exec_id)
        process = msgspec.json.decode((directory / "process.json").read_bytes())
        what = Monitored(
            id=exec_id,
            container_id=container_id,
            directory=directory,
            bundle=directory,
            log_path="",
            terminal=process["terminal"],
            stdin=(directory / "stdin").exists(),
            keep_stdin=False,
            runtime=self._settings.runtime,
            runtime_args=self._runtime_args(),
            exec_spec=str(directory / "process.json"),
        )
        connected: list[Stdio] = []

        async def connect() -> None:
            connected.append(await conmon.connect(directory))

        try:
            await self._monitor.launch(what, env=self._env, attach=None if detach else connect)
        except MonitorFailed as exc:
            raise _start_failed(str(exc), tuple(process["args"]), exec_=True) from None
        self._place_later(directory)
        return connected[0] if connected else None

    async def exec_wait(self, container_id: ContainerId, exec_id: ExecId) -> ExitStatus:
        """Return how the exec ended, once it has."""
        return await conmon.wait_exit(self.exec_directory(container_id, exec_id), container_id)

    async def exec_list(self, container_id: ContainerId) -> Sequence[ExecId]:
        """Return the execs that have a directory."""
        top = self.directory(container_id) / "execs"
        return [ExecId(each.name) for each in top.iterdir()] if top.exists() else []

    async def exec_delete(self, container_id: ContainerId, exec_id: ExecId) -> None:
        """Remove the exec's directory."""
        await asyncio.to_thread(shutil.rmtree, self.exec_directory(container_id, exec_id), ignore_errors=True)

    async def exec_kill(self, container_id: ContainerId, exec_id: ExecId) -> None:
        """End the exec."""
        pid = _read_pid(self.exec_directory(container_id, exec_id) / "pid")
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signals.SIGKILL)

    async def exec_pid(self, container_id: ContainerId, exec_id: ExecId) -> int:
        """Return the host pid."""
        return _read_pid(self.exec_directory(container_id, exec_id) / "pid")

    async def exec_resize(self, container_id: ContainerId, exec_id: ExecId, rows: int, columns: int) -> None:
        """Set the exec's terminal size."""
        conmon.resize(self.exec_directory(container_id, exec_id), rows, columns)

    # --- inside --------------------------------------------------------------------------------------------------

    def _runtime_args(self) -> tuple[str, ...]:
        return ("--root", str(self._runtime_root))

    async def _runtime(self, verb: str, container_id: str) -> None:
        done = await run([self._settings.runtime, *self._runtime_args(), verb, container_id], env=self._env)
        if done.code != 0:
            text = done.stderr.decode(errors="replace").strip()
            raise TransomError(f"Cannot {verb} container {container_id}: {text}")

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
            return str(self._config(container_id)["linux"]["cgroupsPath"])
        return self._cgroup(container_id)

    def _config(self, container_id: str) -> dict[str, Any]:
        try:
            return msgspec.json.decode((self.directory(container_id) / "config.json").read_bytes())  # type: ignore[no-any-return]
        except (OSError, msgspec.DecodeError):
            raise NotFound(f"container {container_id} is not running") from None

    def _pid(self, container_id: str) -> int:
        return _read_pid(self.directory(container_id) / "pid")

    def _is_waiting(self, container_id: str) -> bool:
        return (self._runtime_root / container_id / "exec.fifo").exists()

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

    def _rootfs(self, container_id: str) -> Rootfs:
        pid = self._pid(container_id)
        try:
            return Rootfs.at(f"/proc/{pid}/root" if pid else str(self.root_path(container_id)))
        except OSError as exc:
            raise Conflict(f"container {container_id} is not running") from exc


def _find_user(rootfs: Rootfs, process: ProcessSpec) -> User:
    def read(path: str) -> str:
        try:
            fd = rootfs.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return ""
        with open(fd, "rb") as file:
            return file.read(_FILE_LIMIT).decode(errors="replace")

    return find_user(process.user, process.groups, read)


def _make_cwd(rootfs: Rootfs, cwd: str, user: User) -> None:
    """Make a missing working directory, as Docker does."""
    if cwd in {"", "/"}:
        return
    try:
        rootfs.makedirs(cwd, owner=(user.uid, user.gid))
    except OSError as exc:
        raise InvalidParameter(f"cannot make the working directory {cwd}: {os.strerror(exc.errno or 0)}") from exc


def _devices(spec: ExecSpec) -> Iterator[bundle.DeviceNode]:
    """Yield what spec names, and for a privileged container whatever else the host has."""
    named = [node for device in spec.devices for node in device_nodes(device)]
    yield from named
    if spec.security.privileged:
        taken = {node.path for node in named}
        yield from (node for node in host_devices() if node.path not in taken)


def host_devices() -> Iterator[bundle.DeviceNode]:
    """Yield the host's devices, but for those that every container has of its own."""
    for top, directories, names in os.walk("/dev"):
        if top == "/dev":
            directories[:] = [each for each in directories if each not in _OWN_DIRECTORIES]
            names = [each for each in names if each not in _OWN_DEVICES]
        for name in names:
            path = os.path.join(top, name)
            with contextlib.suppress(OSError):  # it has just gone
                node = _node(path, path, "rwm", os.lstat(path))
                if node is not None:
                    yield node


def _node(path: str, inside: str, permissions: str, info: os.stat_result) -> bundle.DeviceNode | None:
    kind = "c" if stat.S_ISCHR(info.st_mode) else "b" if stat.S_ISBLK(info.st_mode) else ""
    if not kind:
        return None
    major, minor = os.major(info.st_rdev), os.minor(info.st_rdev)
    return bundle.DeviceNode(inside, kind, major, minor, stat.S_IMODE(info.st_mode), permissions)


def device_nodes(device: Device) -> list[bundle.DeviceNode]:
    """Return the nodes that device names: itself, or all below a directory.

    Raises:
        InvalidParameter: there is no such device.
    """
    paths = [device.host_path]
    if os.path.isdir(device.host_path):
        paths = [os.path.join(top, name) for top, _, names in os.walk(device.host_path) for name in names]
    nodes = []
    for path in paths:
        try:
            info = os.stat(path)
        except OSError as exc:
            text = os.strerror(exc.errno or errno.ENOENT).lower()
            raise InvalidParameter(
                f'error gathering device information while adding custom device "{path}": {text}'
            ) from None
        node = _node(path, device.container_path + path[len(device.host_path) :], device.permissions, info)
        if node is not None:
            nodes.append(node)
    if not nodes:
        raise InvalidParameter(
            f'error gathering device information while adding custom device "{device.host_path}": not a device node'
        )
    return nodes


def _exec_process(config: dict[str, Any], process: ProcessSpec, user: User, chosen: Sequence[str]) -> dict[str, Any]:
    main = config["process"]
    env = list(process.env)
    if not any(entry.startswith("HOME=") for entry in env):
        env.append(f"HOME={user.home}")
    effective = list(chosen) if user.uid == 0 else []
    result: dict[str, Any] = {
        "terminal": process.terminal,
        "user": {"uid": user.uid, "gid": user.gid, "additionalGids": list(user.groups)},
        "args": list(process.args),
        "env": env,
        "cwd": process.cwd or main["cwd"],
        "capabilities": {"bounding": list(chosen), "effective": effective, "permitted": effective},
        "noNewPrivileges": main["noNewPrivileges"],
    }
    if process.terminal and all(process.console_size):
        result["consoleSize"] = {"height": process.console_size[0], "width": process.console_size[1]}
    if "rlimits" in main:
        result["rlimits"] = main["rlimits"]
    return result


def _user_of(config: dict[str, Any]) -> User:
    user = config["process"]["user"]
    home = next((each[5:] for each in config["process"]["env"] if each.startswith("HOME=")), "/")
    return User(user["uid"], user["gid"], tuple(user.get("additionalGids", ())), home)


def _read_pid(file: Path) -> int:
    """Return the live pid that file holds, 0 if the process has ended.

    The file is written when the process is made: a process that started later than it is another one.
    """
    try:
        pid = int(file.read_text(encoding="ascii"))
        written = file.stat().st_mtime
    except (OSError, ValueError):
        return 0
    ticks = start_time(pid)
    if not ticks:
        return 0
    started = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")
    return pid if started <= written + 1 else 0


def _start_failed(text: str, args: Sequence[str], *, exec_: bool = False) -> StartFailed:
    """Turn the runtime's complaint into Docker's text, from which clients make exit codes."""
    text = text.strip().removeprefix("Error: ")
    name = args[0] if args else ""
    if _DENIED.search(text) and _ABOUT_PROGRAM.search(text) and name:
        # crun says of a directory that opening it is not permitted.
        kind = "is a directory: " if _DIRECTORY.search(text) else ""
        code, reason = 126, f'exec: "{name}": {kind}permission denied'
    elif _MISSING.search(text) and name and name in text:
        code = 127
        reason = (
            f'exec: "{name}": stat {name}: no such file or directory'
            if "/" in name
            else f'exec: "{name}": executable file not found in $PATH'
        )
    else:
        code, reason = 128, text
    if exec_:
        return StartFailed(
            f"OCI runtime exec failed: exec failed: unable to start container process: {reason}",
            exit_code=code,
        )
    return StartFailed(
        "failed to create task for container: failed to create shim task: OCI runtime create failed: "
        f"unable to start container process: {reason}",
        exit_code=code,
    )
