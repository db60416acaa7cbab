"""POST /containers/{id}/start."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from transom import faults
from transom.aio.finish import UndoStack
from transom.aio.groups import first
from transom.aio.trace import step
from transom.containers.container import Container, HealthState
from transom.containers.lifecycle import Action, Status, after
from transom.containers.spec import exec_spec, hostname_of
from transom.engine.containers.exit import Exits
from transom.engine.containers.facilities import Sandbox, Sandboxes
from transom.engine.containers.places import Places
from transom.engine.containers.run_state import RunState
from transom.errors import InvalidParameter, StartFailed
from transom.execution.spec import ExecSpec
from transom.guest import guest_for
from transom.model.clock import Clock
from transom.model.mount import Mount
from transom.snapshots.snapshotter import Snapshotter

ATTACHED = faults.declare("container.start.attached", "the network is there")
CREATED = faults.declare("container.start.created", "the driver has made the sandbox")
STARTED = faults.declare("container.start.started", "the program runs, the record does not say so yet")
SAVED = faults.declare("container.start.saved", "the record says that it runs")

INSIDE = {"hosts": "/etc/hosts", "hostname": "/etc/hostname", "resolv.conf": "/etc/resolv.conf"}


@dataclass(frozen=True, slots=True)
class StartContainer:
    """Brings a container's program to life."""

    state: RunState
    snapshots: Snapshotter
    sandboxes: Sandboxes
    places: Places
    exits: Exits
    clock: Clock

    async def __call__(self, ref: str) -> bool:
        """Start the container; return False if it runs already (HTTP 304).

        Raises:
            NoSuchContainer: no container is called ref.
            Conflict: it is paused, being removed or dead; a port or an address is taken.
            StartFailed: its program could not be started; the record says why.
        """
        container_id = self.state.containers.get(ref).id
        try:
            async with self.state.locks(container_id):
                return await self.locked(container_id)
        except Exception:
            await self.exits.removed(container_id)  # one of --rm is gone when the client is told, as with dockerd
            raise

    async def locked(self, container_id: str) -> bool:
        """Do the same for who holds the container's lock (restart)."""
        before = self.state.containers.get(container_id)
        if before.status is Status.RUNNING:
            return False
        self.state.hurry()
        after(before.status, Action.START, container_id)  # raises before any effect is made
        pending = self.state.restarts.pop(container_id, None)
        if pending is not None and pending is not asyncio.current_task():
            pending.cancel()
        try:
            await self._start(before)
        except Exception as exc:
            await self._failed(before, exc)
            raise
        return True

    async def _start(self, before: Container) -> None:
        driver = self.state.driver(before)
        async with UndoStack() as undo:
            try:
                async with asyncio.TaskGroup() as group:
                    network = group.create_task(self._attach(before), name="attach")
                    undo.push(self.sandboxes.release, before)
                    root = group.create_task(self.snapshots.mounts(before.id), name="mounts")
            except BaseExceptionGroup as errors:
                raise first(errors) from errors
            sandbox = network.result()
            faults.point(ATTACHED)
            self._write_files(before, sandbox)
            deltas = [layer.delta for layer in await self.snapshots.registry(before.snapshot_parent)]
            spec = self._spec(before, sandbox, root.result(), deltas)
            with step("driver create", before.id):
                await driver.create(spec)
            undo.push(driver.delete, before.id)
            faults.point(CREATED)
            hub = await self.state.hubs.connect(before, driver)
            draining = self.state.operations.spawn(hub.drain(), name=f"drain {before.id[:12]}")
            try:
                with step("driver start", before.id):
                    pid = await driver.start(before.id)
            except BaseException:
                draining.cancel()
                raise
            faults.point(STARTED)
            running = before.changed(
                status=Status.RUNNING,
                pid=pid or 0,
                started_at=self.clock.now(),
                error="",
                exit_code=0,
                oom_killed=False,
                restarting=False,
                stopped_by_hand=False,
                endpoints=dict(sandbox.endpoints) or before.endpoints,
                ports=dict(sandbox.ports),
                health=HealthState() if has_health(before) else None,
            )
            with step("save", before.id):
                await self.state.containers.save(running)
            faults.point(SAVED)
            undo.keep()
        self.state.hurry()
        self.exits.watch(running, draining)
        self.state.announce.begins(running)
        self.state.announce("start", running)

    async def _attach(self, container: Container) -> Sandbox:
        with step("attach network", container.id):
            return await self.sandboxes.attach(container)

    def _spec(self, container: Container, sandbox: Sandbox, root: Mount, deltas: list[str]) -> ExecSpec:
        files = {}
        if sandbox.network_path != "host" or container.config.hostname:
            names = ("hosts", "hostname", "resolv.conf")
            files = {INSIDE[name]: str(self.places.file(container.id, name)) for name in names}
        spec = exec_spec(
            container,
            guest_for(container.os),
            root=root,
            state_dir=self.places.state(container.id),
            log_path="" if container.host_config.log_config.type == "none" else self.places.log(container.id),
            files=files,
            network_path=sandbox.network_path,
            registry_deltas=deltas,
        )
        return replace(spec, keep_fds=sandbox.keep_fds)

    def _write_files(self, container: Container, sandbox: Sandbox) -> None:
        directory = self.places.directory(container.id)
        (directory / "state").mkdir(parents=True, exist_ok=True)
        (directory / "hostname").write_text(hostname_of(container) + "\n")
        for name in ("hosts", "resolv.conf"):
            if name in sandbox.files or not (directory / name).exists():
                (directory / name).write_text(sandbox.files.get(name, ""))
        for mount in container.mounts:
            if mount.type == "bind" and "must-exist" not in mount.options:
                _make_source(mount.source)

    async def _failed(self, before: Container, exc: Exception) -> None:
        """Record why, tell who is attached or waits; a container to be removed at its end is removed by exits."""
        code = exc.exit_code if isinstance(exc, StartFailed) else 128
        failed = before.changed(exit_code=code, error=str(exc), restarting=False)
        self.state.hubs.hub(before.id).end()
        await self.state.save_if_possible(failed)
        self.state.waits.exited(failed)
        self.state.announce("die", failed, exitCode=str(code))
        if failed.host_config.auto_remove:
            self.exits.remove_later(failed)


def has_health(container: Container) -> bool:
    """Tell whether the container has a health check."""
    check = container.config.healthcheck
    return check is not None and bool(check.test) and check.test[0] != "NONE"


def _make_source(source: str) -> None:
    """Make a missing directory for `-v /host/path:…`, as Docker does."""
    try:
        Path(source).mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        return  # a file: it is mounted as it is
    except OSError as exc:
        raise InvalidParameter(
            f"error while creating mount source path '{source}': mkdir {source}: {(exc.strerror or '').lower()}"
        ) from exc
