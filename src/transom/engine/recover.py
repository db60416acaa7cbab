"""Boot: what an earlier engine left is taken over, finished or swept; only then the engine listens.

Order: drivers are asked, every container is reconciled (10 s each; of a broken one the error is recorded, and the boot
goes on), orphans are swept, restart policies apply.
"""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

from transom.containers.container import Container
from transom.containers.lifecycle import Status, reconcile
from transom.containers.restart import starts_at_boot
from transom.engine.containers.exit import Exits
from transom.engine.containers.facilities import Sandboxes
from transom.engine.containers.places import Places
from transom.engine.containers.remove import RemoveContainer
from transom.engine.containers.run_state import RunState
from transom.engine.containers.start import StartContainer
from transom.errors import Conflict, TransomError
from transom.execution.driver import RuntimeStatus, SupportsExec, SupportsPause
from transom.model.ids import ExecId
from transom.snapshots.snapshotter import Snapshotter

log = logging.getLogger(__name__)

PATIENCE_S = 10.0
UNFINISHED = frozenset({Status.REMOVING, Status.DEAD})


@dataclass(frozen=True, slots=True)
class Recover:
    """Brings records and reality together."""

    state: RunState
    snapshots: Snapshotter
    sandboxes: Sandboxes
    places: Places
    exits: Exits
    remove: RemoveContainer

    async def __call__(self) -> None:
        """Do it; returns when the engine may listen."""
        async with asyncio.TaskGroup() as group:
            for container in self.state.containers.all():
                group.create_task(self._guarded(container), name=f"recover {container.id[:12]}")
        await self._sweep()

    async def _guarded(self, container: Container) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._one(container)
        except Exception as exc:  # whatever is wrong with one, the others and the boot go on
            text = str(exc) or ("its recovery took too long" if isinstance(exc, TimeoutError) else repr(exc))
            log.error(
                "container could not be recovered", extra={"container": container.id, "error": text}, exc_info=exc
            )
            # Not DEAD, which the next boot would take for an unfinished removal: what is broken today (a runtime that
            # was uninstalled) may be in order tomorrow.
            status = container.status if container.status in UNFINISHED else Status.EXITED
            await self.state.containers.save(container.changed(status=status, pid=0, error=text))

    async def _one(self, container: Container) -> None:
        driver = self.state.driver(container)
        observed = await driver.status(container.id)
        is_frozen = container.status is Status.RUNNING and observed is RuntimeStatus.PAUSED
        if is_frozen and isinstance(driver, SupportsPause):
            # A commit that was cut off: what is paused because somebody wants it so is recorded as paused.
            await driver.unpause(container.id)
            observed = RuntimeStatus.RUNNING
        status = reconcile(container.status, observed)
        if status in UNFINISHED or container.build:
            await self.remove.empty(container)
            await self.remove.finish(container)
            return
        if status in {Status.RUNNING, Status.PAUSED}:
            try:
                await self._take_over(container, status)
            except Conflict:
                # It has ended since it was looked at.
                if await driver.status(container.id) is not RuntimeStatus.STOPPED:
                    raise
                observed, status = RuntimeStatus.STOPPED, Status.EXITED
            else:
                return
        if observed is RuntimeStatus.STOPPED and status is Status.EXITED:
            ended = await driver.wait(container.id)
            if not container.is_running:
                container = container.changed(status=Status.RUNNING, started_at=ended.finished_at)
                await self.state.containers.save(container)
            await self.exits.record(container.id, ended, at_boot=True)
            return
        # Also where nothing is observed: a driver may have begun with files of its own.
        await driver.delete(container.id)
        await self.sandboxes.release(container)
        if container.is_running:
            # Nothing is left of it: the host was restarted, or everything was killed.
            lost = container.changed(
                status=Status.EXITED, pid=0, exit_code=137, finished_at=container.finished_at or container.started_at,
                restarting=False, error="",
            )  # fmt: skip
            await self.state.containers.save(lost)
            if container.host_config.auto_remove:
                self.exits.remove_later(lost)
        elif container.status is Status.EXITED and container.host_config.auto_remove:
            self.exits.remove_later(container)

    async def _take_over(self, container: Container, status: Status) -> None:
        driver = self.state.driver(container)
        pid = await driver.pid(container.id)
        running = container.changed(status=status, pid=pid, started_at=container.started_at or container.created_at)
        await self.sandboxes.recover(running)
        hub = await self.state.hubs.connect(container, driver)
        draining = self.state.operations.spawn(hub.drain(), name=f"drain {container.id[:12]}")
        if running != container:
            await self.state.containers.save(running)
        self.exits.watch(running, draining)
        if isinstance(driver, SupportsExec):
            for exec_id in await driver.exec_list(container.id):
                work = self._forget_exec(driver, container, exec_id)
                self.state.operations.spawn(work, name=f"forget exec {exec_id[:12]}")

    async def _forget_exec(self, driver: SupportsExec, container: Container, exec_id: ExecId) -> None:
        """Nobody asks for an exec of an engine that is gone; its files go when it has ended."""
        await driver.exec_wait(container.id, exec_id)
        await driver.exec_delete(container.id, exec_id)

    async def _sweep(self) -> None:
        """Remove what no record names."""
        known: set[str] = {each.id for each in self.state.containers.all()}
        for driver in self.state.drivers.values():
            for container_id in await driver.list():
                if container_id not in known:
                    log.warning("sweeping a container without a record", extra={"container": container_id})
                    await driver.delete(container_id)
        await asyncio.to_thread(self._sweep_directories, known)
        for key in await self.snapshots.list():
            if key not in known and not await self.snapshots.exists(key):
                log.warning("sweeping a snapshot without a container", extra={"snapshot": key})
                await self.snapshots.remove(key)

    def _sweep_directories(self, known: set[str]) -> None:
        top: Path = self.places.directory("x").parent
        if top.exists():
            for directory in top.iterdir():
                if directory.name not in known:
                    self.places.discard(directory.name)


@dataclass(frozen=True, slots=True)
class StartAtBoot:
    """Starts what its restart policy wants to run."""

    state: RunState
    start: StartContainer

    async def __call__(self) -> None:
        """Start them, each on its own: one that fails is logged."""
        for container in self.state.containers.all():
            if container.is_running or container.status in {Status.REMOVING, Status.DEAD}:
                continue
            policy = container.host_config.restart_policy
            was_running = container.restarting or container.exit_code == 137
            if container.status is Status.CREATED or not starts_at_boot(
                policy, was_running=was_running, stopped_by_hand=container.stopped_by_hand
            ):
                continue
            self.state.operations.spawn(self._one(container.id), name=f"boot {container.id[:12]}")

    async def _one(self, container_id: str) -> None:
        try:
            await self.start(container_id)
        except TransomError as exc:
            log.warning("container could not be started at boot", extra={"container": container_id, "error": str(exc)})
