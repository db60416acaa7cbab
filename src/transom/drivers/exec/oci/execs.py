"""Further processes in a container that runs: each has a directory and a conmon of its own."""

import asyncio
import contextlib
import os
import shutil
import signal as signals
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from transom.aio.finish import finish
from transom.drivers.exec.oci import capabilities as caps
from transom.drivers.exec.oci import conmon
from transom.drivers.exec.oci.complaints import start_failed
from transom.drivers.exec.oci.conmon import Monitor, Monitored, MonitorFailed
from transom.drivers.exec.oci.files import ContainerFiles, read_pid
from transom.drivers.exec.oci.runtime import Runtime
from transom.drivers.exec.oci.users import User, user_in
from transom.execution.driver import ExitStatus
from transom.execution.spec import ProcessSpec
from transom.execution.stdio import Stdio
from transom.model.ids import ContainerId, ExecId

CLOSE_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class OciExecs:
    """SupportsExec of the `oci` driver.

    place_later takes the directory of a monitor that has just started.
    """

    files: ContainerFiles
    runtime: Runtime
    monitor: Monitor
    place_later: Callable[[Path], None]

    async def create(self, container_id: ContainerId, exec_id: ExecId, process: ProcessSpec) -> None:
        """Write the process' spec."""
        directory = self.files.exec_directory(container_id, exec_id)
        config = self.files.config(container_id)
        user = _user_of(config)
        if process.user:
            with self.files.rootfs(container_id) as rootfs:
                user = user_in(rootfs, process)
        chosen = config["process"]["capabilities"]["bounding"]
        if process.privileged:
            chosen = list(caps.known_here())
        spec = msgspec.json.encode(_exec_process(config, process, user, chosen))
        directory.mkdir(parents=True)
        (directory / "process.json").write_bytes(spec)
        if process.open_stdin:
            (directory / "stdin").touch()

    async def start(self, container_id: ContainerId, exec_id: ExecId, *, detach: bool) -> Stdio | None:
        """Run it."""
        directory = self.files.exec_directory(container_id, exec_id)
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
            runtime=self.runtime.command,
            runtime_args=self.runtime.args,
            exec_spec=str(directory / "process.json"),
        )
        connected: list[Stdio] = []

        async def connect() -> None:
            connected.append(await conmon.connect(directory))

        try:
            await self.monitor.launch(what, env=self.runtime.env, attach=None if detach else connect)
        except BaseException as exc:
            for stdio in connected:
                await finish(stdio.close(), timeout_s=CLOSE_TIMEOUT_S)
            if isinstance(exc, MonitorFailed):
                raise start_failed(str(exc), tuple(process["args"]), exec_=True) from None
            raise
        self.place_later(directory)
        return connected[0] if connected else None

    async def wait(self, container_id: ContainerId, exec_id: ExecId) -> ExitStatus:
        """Return how the exec ended, once it has."""
        return await conmon.wait_exit(self.files.exec_directory(container_id, exec_id), container_id)

    async def list(self, container_id: ContainerId) -> Sequence[ExecId]:
        """Return the execs that have a directory."""
        top = self.files.directory(container_id) / "execs"
        return [ExecId(each.name) for each in top.iterdir()] if top.exists() else []

    async def delete(self, container_id: ContainerId, exec_id: ExecId) -> None:
        """Remove the exec's directory."""
        await asyncio.to_thread(shutil.rmtree, self.files.exec_directory(container_id, exec_id), ignore_errors=True)

    async def kill(self, container_id: ContainerId, exec_id: ExecId) -> None:
        """End the exec."""
        pid = read_pid(self.files.exec_directory(container_id, exec_id) / "pid")
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signals.SIGKILL)

    async def pid(self, container_id: ContainerId, exec_id: ExecId) -> int:
        """Return the host pid."""
        return read_pid(self.files.exec_directory(container_id, exec_id) / "pid")

    async def resize(self, container_id: ContainerId, exec_id: ExecId, rows: int, columns: int) -> None:
        """Set the exec's terminal size."""
        conmon.resize(self.files.exec_directory(container_id, exec_id), rows, columns)


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
