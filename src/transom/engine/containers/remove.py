"""DELETE /containers/{id} and what `--rm` does at the end."""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass

from transom import faults
from transom.aio.groups import first
from transom.aio.trace import step
from transom.containers.container import Container
from transom.containers.lifecycle import Action, Status, after
from transom.engine.containers.facilities import Sandboxes
from transom.engine.containers.places import Places
from transom.engine.containers.run_state import RunState
from transom.engine.volumes.use import Volumes
from transom.errors import Conflict
from transom.snapshots.snapshotter import Snapshotter

RECORDED = faults.declare("container.remove.recorded", "REMOVING is recorded, nothing is removed yet")
EMPTIED = faults.declare("container.remove.emptied", "everything but the record is gone")


@dataclass(frozen=True, slots=True)
class RemoveContainer:
    """Removes a container and all that belongs to it; an unfinished removal is taken up again at boot."""

    state: RunState
    snapshots: Snapshotter
    sandboxes: Sandboxes
    volumes: Volumes
    places: Places
    let_go: Callable[[Container], None] = lambda container: None
    """Told when a user's container is gone: layers may have lived by it alone."""

    async def __call__(self, ref: str, *, force: bool = False, volumes: bool = False) -> None:
        """Remove the container; with force a running one is killed first, with volumes its anonymous volumes go too.

        Raises:
            NoSuchContainer: no container is called ref.
            Conflict: it runs and force is not given, or it is being removed already.
        """
        container = self.state.containers.get(ref)
        if container.status is Status.REMOVING and not force:
            raise Conflict(f"removal of container {ref} is already in progress")
        async with self.state.locks(container.id):
            current = self.state.containers.find(container.id)
            if current is None:
                return
            if current.is_running:
                if not force:
                    raise _running(current)
                await self.state.containers.save(current.changed(stopped_by_hand=True))
                await self._kill(current)
        if container.is_running:
            await self._wait_ended(container.id)
        async with self.state.locks(container.id):
            current = self.state.containers.find(container.id)
            if current is not None:
                await self.locked(current, volumes=volumes)

    async def _kill(self, container: Container) -> None:
        try:
            await self.state.driver(container).kill(container.id, "SIGKILL")
        except Conflict:
            return  # it ended by itself meanwhile
        self.state.announce("kill", container, signal=str(signal.SIGKILL.value))

    async def _wait_ended(self, container_id: str) -> None:
        """Return when exit.py has recorded the end."""
        while (current := self.state.containers.find(container_id)) is not None and current.is_running:
            future = self.state.waits.exit_of(container_id)
            await asyncio.wait({future}, timeout=1)

    async def locked(self, container: Container, *, volumes: bool) -> None:
        """Remove a container that does not run; the caller holds its lock."""
        pending = self.state.restarts.pop(container.id, None)
        if pending is not None:
            pending.cancel()
        removing = container.changed(
            status=after(container.status, Action.REMOVE, container.id),
            removing_volumes=volumes or container.removing_volumes or container.host_config.auto_remove,
            restarting=False,
        )
        await self.state.containers.save(removing)
        try:
            faults.point(RECORDED)
            with step("empty", container.id):
                await self.empty(removing)
            faults.point(EMPTIED)
            await self.finish(removing)
        except Exception as exc:
            dead = removing.changed(status=after(removing.status, Action.FAIL, container.id), error=str(exc))
            await self.state.save_if_possible(dead)
            raise

    async def finish(self, removing: Container) -> None:
        """Forget a container of which nothing but the record is left."""
        await self.state.containers.remove(removing.id)
        if removing.removing_volumes:
            for mount in removing.mounts:
                if mount.anonymous:
                    await self.volumes.discard(mount.name)
        self.state.hubs.drop(removing.id)
        self.state.waits.removed(removing)
        self.state.announce("destroy", removing)
        if not removing.build:
            self.let_go(removing)

    async def empty(self, container: Container) -> None:
        """Remove everything but the record; can be repeated."""
        driver = self.state.drivers.get(container.driver)
        if driver is not None:
            await driver.delete(container.id)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.sandboxes.release(container), name="release")
                group.create_task(self.snapshots.remove(container.id), name="snapshot")
                group.create_task(asyncio.to_thread(self.places.discard, container.id), name="files")
        except BaseExceptionGroup as errors:
            raise first(errors) from errors


def _running(container: Container) -> Conflict:
    state = (
        "paused and must be unpaused first"
        if container.status is Status.PAUSED
        else "running: stop the container before removing or force remove"
    )
    return Conflict(f'cannot remove container "{container.name}": container is {state}')
