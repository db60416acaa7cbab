"""Windows containers for tests, straight on the wine driver: no daemon, no images."""

import asyncio
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from transom.drivers.exec.oci.driver import OciDriver, OciSettings
from transom.drivers.exec.wine.base.store import DiskBaseStore
from transom.drivers.exec.wine.driver import WineDriver, WineSettings
from transom.drivers.exec.wine.owners import choose, taken_on_host
from transom.execution.spec import ExecSpec, ProcessSpec
from transom.execution.stdio import Stdio
from transom.host.cgroup import UNIFIED, Cgroups, detect
from transom.host.idmap import IdMaps
from transom.model.ids import ContainerId, ExecId, new_id
from transom.model.mount import Mount, MountKind


class Ran(NamedTuple):
    """What a program left."""

    out: bytes
    err: bytes
    code: int


@dataclass
class Machine:
    """A wine driver with its own roots, and the containers that a test makes on it."""

    top: Path
    bases: DiskBaseStore
    driver: WineDriver = field(init=False)
    oci: OciDriver = field(init=False)
    cgroups: Cgroups = field(init=False)
    idmaps: IdMaps = field(init=False)
    made: list[ContainerId] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.idmaps = IdMaps()
        hierarchy = detect()
        # crun refuses a host with both kinds of cgroups, unless in the engine's own mount namespace.
        runtime = shutil.which("runc" if hierarchy.hybrid else "crun") or shutil.which("runc") or ""
        conmon = shutil.which("conmon") or ""
        settings = OciSettings(runtime, conmon, self.top / "exec", f"tt-{self.top.name}", "")
        self.cgroups = Cgroups(hierarchy)
        self.oci = OciDriver(settings, self.cgroups, self.idmaps, name="oci")
        self.top.chmod(0o711)  # the container's user has to get there
        owners = choose(self.top.name, taken_on_host())
        settings_ = WineSettings(self.top / "exec", None if self.idmaps.refusal(self.top, owners.whole) else owners)
        self.driver = WineDriver(settings_, self.oci, self.bases, self.idmaps)

    def spec(self, line: str = "", **changes: object) -> ExecSpec:
        """Return a container that runs line; changes are fields of ExecSpec or ProcessSpec."""
        container_id = ContainerId(new_id())
        home = self.top / container_id[:12]
        for name in ("state", "upper", "work"):
            (home / name).mkdir(parents=True)
        of_process = {name: changes.pop(name) for name in list(changes) if name in ProcessSpec.__slots__}
        upper, work = str(home / "upper"), str(home / "work")
        whole: dict[str, object] = {
            "container_id": container_id,
            "os": "windows",
            "process": ProcessSpec(**{"args": (), "command_line": line, **of_process}),  # type: ignore[arg-type]
            "root": Mount(MountKind.BIND, source=upper, upper=upper, work=work),
            "state_dir": str(home / "state"),
            "log_path": str(home / "log"),
            "hostname": "web1",
            "os_version": "10.0.20348.2527",
        }
        return ExecSpec(**(whole | changes))  # type: ignore[arg-type]

    async def create(self, spec: ExecSpec) -> Stdio:
        """Create and start spec's container, and return its streams."""
        await self.driver.create(spec)
        self.made.append(spec.container_id)
        stdio = await self.driver.stdio(spec.container_id)
        try:
            await self.driver.start(spec.container_id)
        except BaseException:
            await stdio.close()
            raise
        return stdio

    async def run(self, line: str = "", stdin: bytes | None = None, **changes: object) -> Ran:
        """Run line in a container of its own, from create to delete."""
        spec = self.spec(line, open_stdin=stdin is not None, **changes)
        return await self.run_spec(spec, stdin)

    async def run_spec(self, spec: ExecSpec, stdin: bytes | None = None) -> Ran:
        """Run spec's container, from create to delete."""
        try:
            out, err = await talk(await self.create(spec), stdin)
            return Ran(out, err, (await self.driver.wait(spec.container_id)).code)
        finally:
            await self.driver.delete(spec.container_id)

    async def exec(self, container_id: ContainerId, line: str, env: Sequence[str] = ()) -> Ran:
        """Run line in a running container."""
        exec_id = ExecId(new_id())
        process = ProcessSpec(args=(), command_line=line, env=tuple(env))
        await self.driver.exec_create(container_id, exec_id, process)
        stdio = await self.driver.exec_start(container_id, exec_id, detach=False)
        assert stdio is not None
        out, err = await talk(stdio, None)
        return Ran(out, err, (await self.driver.exec_wait(container_id, exec_id)).code)

    async def close(self) -> None:
        """Remove every container that is left."""
        for container_id in self.made:
            await self.driver.delete(container_id)
        async with asyncio.timeout(10):
            while not self.cgroups.remove(f"/tt-{self.top.name}"):
                await asyncio.sleep(0.01)  # the last conmon is about to end
        # The engine hides this tree from runtimes; here, on a host with both kinds of cgroups, runc fills it.
        for directory, _, _ in os.walk(UNIFIED / f"tt-{self.top.name}", topdown=False):
            os.rmdir(directory)


async def talk(stdio: Stdio, stdin: bytes | None) -> tuple[bytes, bytes]:
    """Send stdin, return all output by stream, close."""
    out: dict[int, bytearray] = {1: bytearray(), 2: bytearray()}

    async def feed() -> None:
        if stdin is not None:
            await stdio.write(stdin)
            await stdio.close_stdin()

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(feed())
            while (part := await stdio.read()) is not None:
                out[part[0]] += part[1]
    finally:
        await stdio.close()
    return bytes(out[1]), bytes(out[2])


async def read_until(stdio: Stdio, wanted: bytes) -> bytes:
    """Read stdout until wanted has come."""
    seen = b""
    while wanted not in seen:
        part = await stdio.read()
        assert part is not None, f"the output ended: {seen!r}"
        seen += part[1]
    return seen
