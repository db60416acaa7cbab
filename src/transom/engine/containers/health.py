"""Runs health checks: a probe in the container from time to time, its result in the record."""

import asyncio
import logging
from dataclasses import dataclass

from transom.aio.finish import finish
from transom.containers.container import Container, HealthState
from transom.containers.health import (
    OUTPUT_BYTES,
    Probe,
    after_probe,
    command,
    kept_output,
    next_wait_s,
    timeout_s,
)
from transom.containers.lifecycle import Status
from transom.engine.containers.exec import Execs
from transom.engine.containers.run_state import RunState
from transom.errors import TransomError
from transom.execution.stdio import Stdio
from transom.guest import guest_for
from transom.model.clock import Clock
from transom.wire.containers import ExecCreateRequest, HealthConfig

log = logging.getLogger(__name__)

_FAILED = -1
_KILL_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class CheckHealth:
    """Checks one container until it ends; nothing is kept but the record, so that a restarted engine goes on."""

    state: RunState
    execs: Execs
    clock: Clock

    async def __call__(self, container_id: str) -> None:
        """Probe until the container ends or is cancelled; return at once where it has no check."""
        while True:
            container = self.state.containers.find(container_id)
            if container is None or not container.is_running:
                return
            check, started_at = container.config.healthcheck, container.started_at
            wanted = command(container.config, guest_for(container.os))
            if check is None or wanted is None or started_at is None:
                return
            ran_s = (self.clock.now() - started_at).total_seconds()
            await asyncio.sleep(next_wait_s(check, container.health or HealthState(), ran_s=ran_s))
            current = self.state.containers.find(container_id)
            if current is not None and current.status is Status.RUNNING:
                await self._record(container_id, check, await self._probe(current, check, *wanted))

    async def _record(self, container_id: str, check: HealthConfig, probe: Probe) -> None:
        async with self.state.locks(container_id):
            current = self.state.containers.find(container_id)
            if current is None or not current.is_running or current.started_at is None:
                return
            before = current.health or HealthState()
            after = after_probe(check, before, probe, started_at=current.started_at)
            changed = current.changed(health=after)
            # What the next probe finds out again need not survive a power loss.
            await self.state.containers.save(changed, durable=False)
        if after.status != before.status:
            self.state.announce(f"health_status: {after.status}", changed)

    async def _probe(self, container: Container, check: HealthConfig, args: tuple[str, ...], escaped: bool) -> Probe:
        started_at = self.clock.now()
        output = bytearray()
        code = _FAILED
        limit_s = timeout_s(check)
        request = ExecCreateRequest(cmd=list(args), attach_stdout=True, attach_stderr=True)
        try:
            session = await self.execs.create(container.id, request, args_escaped=escaped)
            await self.execs.prepare(session.id)
            stdio = await self.execs.start(session.id, detach=False)
            assert stdio is not None  # it is not detached
            try:
                async with asyncio.timeout(limit_s):
                    await _collect(stdio, output)
                    await session.ended.wait()
                code = session.exit_code if session.exit_code is not None else _FAILED
            except TimeoutError:
                output[:] = f"Health check exceeded timeout ({_seconds(limit_s)})".encode() + (
                    b": " + output if output else b""
                )
                await finish(self.execs.kill(session.id), timeout_s=_KILL_PATIENCE_S)
        except TransomError as exc:
            log.debug("probe failed", extra={"container": container.id, "error": str(exc)})
            output[:] = str(exc).encode()
        return Probe(started_at, self.clock.now(), code, kept_output(bytes(output)))


async def _collect(stdio: Stdio, output: bytearray) -> None:
    """Read to the end, keep what is kept of it."""
    try:
        while (piece := await stdio.read()) is not None:
            if len(output) <= OUTPUT_BYTES:
                output += piece[1]
    finally:
        await stdio.close()


def _seconds(value: float) -> str:
    """Return a duration as Go prints it: `300ms`, `1.5s`, `1m30s`."""
    if value < 1:
        return f"{value * 1000:g}ms"
    minutes, seconds = divmod(value, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{f'{hours}h' if hours else ''}{f'{minutes}m' if hours or minutes else ''}{seconds:g}s"
