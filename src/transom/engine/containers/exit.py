"""The end of containers: the single writer of EXITED; logs end, endpoints are freed, restart or removal follow."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec

from transom import faults
from transom.aio.groups import first
from transom.aio.trace import step
from transom.containers.container import Container, HealthState
from transom.containers.health import UNHEALTHY
from transom.containers.lifecycle import Status
from transom.containers.restart import next_delay_s, restarts
from transom.engine.containers.facilities import Sandboxes
from transom.engine.containers.run_state import RunState
from transom.errors import TransomError
from transom.execution.driver import ExitStatus
from transom.model.clock import Clock

log = logging.getLogger(__name__)

SEEN = faults.declare("container.exit.seen", "the program has ended, nothing is recorded")
RECORDED = faults.declare("container.exit.recorded", "EXITED is recorded, the driver's files are still there")
DRAIN_TIMEOUT_S = 5.0


class Exits:
    """Watches running containers."""

    def __init__(self, state: RunState, sandboxes: Sandboxes, clock: Clock) -> None:
        self._state = state
        self._sandboxes = sandboxes
        self._clock = clock
        self._delays: dict[str, float] = {}
        self._removals: dict[str, asyncio.Task[Any]] = {}
        self._start: Callable[[str], Awaitable[bool]] | None = None
        self._remove: Callable[[str], Awaitable[None]] | None = None
        self._check: Callable[[str], Coroutine[Any, Any, None]] | None = None

    def connect(
        self,
        start: Callable[[str], Awaitable[bool]],
        remove: Callable[[str], Awaitable[None]],
        check: Callable[[str], Coroutine[Any, Any, None]],
    ) -> None:
        """Say how a container is started again, removed and checked; they use this class themselves."""
        self._start, self._remove, self._check = start, remove, check

    def watch(self, container: Container, draining: "asyncio.Task[None]") -> None:
        """Take care of container's end. draining: the task that reads its streams."""
        self._state.operations.spawn(self._until_exit(container, draining), name=f"watch {container.id[:12]}")

    async def _until_exit(self, container: Container, draining: "asyncio.Task[None]") -> None:
        checking = None
        if container.health is not None and self._check is not None:
            checking = self._state.operations.spawn(self._check(container.id), name=f"health {container.id[:12]}")
        status = await self._state.driver(container).wait(container.id)
        self._state.hurry()
        if checking is not None:
            checking.cancel()
        # Output that the program left in the pipes still belongs to it.
        await asyncio.wait({draining}, timeout=DRAIN_TIMEOUT_S)
        draining.cancel()
        async with self._state.locks(container.id):
            await self.record(container.id, status)

    async def record(self, container_id: str, status: ExitStatus, *, at_boot: bool = False) -> None:
        """Record the end; the caller holds the container's lock. at_boot: who restarts it comes later."""
        faults.point(SEEN)
        before = self._state.containers.find(container_id)
        if before is None or not before.is_running:
            return
        policy = before.host_config.restart_policy
        again = restarts(
            policy, exit_code=status.code, count=before.restart_count, stopped_by_hand=before.stopped_by_hand
        )
        ended = before.changed(
            status=Status.EXITED,
            pid=0,
            exit_code=status.code,
            oom_killed=status.oom_killed,
            finished_at=status.finished_at or self._clock.now(),
            restarting=again,
            health=_unchecked(before.health),
            restart_count=before.restart_count + (1 if again else 0),
        )
        if status.oom_killed:
            self._state.announce("oom", ended)
        if before.host_config.auto_remove and container_id not in self._state.restarted_by_hand:
            # What follows is the removal, which records itself: EXITED need not reach the disk.
            self._state.containers.note(ended)
            await self._forget_runtime(ended)
            self._announce_die(ended, before)
            self._state.waits.exited(ended)
            self.remove_later(ended)
            return
        await self._state.save_if_possible(ended)
        faults.point(RECORDED)
        self._announce_die(ended, before)
        await self._forget_runtime(ended)
        self._state.waits.exited(ended)
        if again and not at_boot:
            self._restart_later(ended)

    def _announce_die(self, ended: Container, before: Container) -> None:
        ran = (ended.finished_at - before.started_at).total_seconds() if ended.finished_at and before.started_at else 0
        self._state.announce.ends(before)
        self._state.announce("die", ended, exitCode=str(ended.exit_code), execDuration=str(max(0, int(ran))))

    async def _forget_runtime(self, container: Container) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._delete(container), name="delete")
                group.create_task(self._release(container), name="release")
        except BaseExceptionGroup as errors:
            raise first(errors) from errors

    async def _delete(self, container: Container) -> None:
        with step("driver delete", container.id):
            await self._state.driver(container).delete(container.id)

    async def _release(self, container: Container) -> None:
        with step("release network", container.id):
            await self._sandboxes.release(container)

    def remove_later(self, container: Container) -> None:
        """Remove a container that was to be removed at its end."""
        remove = self._remove
        assert remove is not None  # connect() is part of wiring

        async def run() -> None:
            try:
                await remove(container.id)
            except TransomError:
                log.exception("container could not be removed", extra={"container": container.id})

        removal = self._state.operations.spawn(run(), name=f"remove {container.id[:12]}")
        self._removals[container.id] = removal
        removal.add_done_callback(lambda _: self._removals.pop(container.id, None))

    async def removed(self, container_id: str) -> None:
        """Return once remove_later is through with the container; at once if it was not asked for it."""
        removal = self._removals.get(container_id)
        if removal is not None:
            await asyncio.wait({removal})

    def _restart_later(self, container: Container) -> None:
        started, finished = container.started_at, container.finished_at
        ran_s = (finished - started).total_seconds() if started and finished else 0.0
        delay_s = self._delays[container.id] = next_delay_s(self._delays.get(container.id, 0.0), ran_s)
        start = self._start
        assert start is not None  # connect() is part of wiring

        async def run() -> None:
            await asyncio.sleep(delay_s)
            try:
                await start(container.id)
            except TransomError as exc:
                log.warning("restart failed", extra={"container": container.id, "error": str(exc)})

        self._state.restarts[container.id] = self._state.operations.spawn(run(), name=f"restart {container.id[:12]}")


def _unchecked(health: HealthState | None) -> HealthState | None:
    """Return the health of what no longer runs: Docker calls it unhealthy."""
    return msgspec.structs.replace(health, status=UNHEALTHY) if health is not None else None
