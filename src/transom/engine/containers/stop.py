"""POST /containers/{id}/stop, /kill, /restart, /pause, /unpause, /resize, /rename."""

import asyncio
import signal as signals
from collections.abc import Awaitable
from dataclasses import dataclass

import msgspec

from transom.containers.container import Container
from transom.containers.lifecycle import Action, Status, after
from transom.containers.names import check_name
from transom.engine.containers.facilities import Sandboxes
from transom.engine.containers.run_state import RunState
from transom.engine.containers.start import StartContainer
from transom.errors import Conflict, InvalidParameter, NotSupported
from transom.execution.driver import SupportsPause, SupportsResize
from transom.guest import guest_for
from transom.wire.containers import EndpointSettings

KILL_PATIENCE_S = 10.0


def parse_signal(text: str) -> str:
    """Return a signal's name from `9`, `KILL`, `SIGKILL`, `rtmin+3`.

    Raises:
        InvalidParameter: it is none.
    """
    name = text.strip().upper()
    if name.isdecimal():
        try:
            return signals.Signals(int(name)).name
        except ValueError:
            raise InvalidParameter(f"invalid signal: {text}") from None
    name = name if name.startswith("SIG") else "SIG" + name
    if name not in signals.Signals.__members__:
        raise InvalidParameter(f"invalid signal: {text}")
    return name


@dataclass(frozen=True, slots=True)
class StopContainer:
    """Asks the program to end, waits, then ends it."""

    state: RunState

    async def __call__(self, ref: str, *, timeout_s: int | None = None, signal: str = "") -> bool:
        """Stop the container; return False if it does not run (HTTP 304). timeout_s -1 waits for ever.

        Raises:
            NoSuchContainer: no container is called ref. InvalidParameter: signal is none.
        """
        container = self.state.containers.get(ref)
        guest = guest_for(container.os)
        wanted = parse_signal(signal or container.config.stop_signal or guest.default_stop_signal)
        if not container.is_running:
            await self._cancel_restart(container)
            return False
        patience_s = timeout_s if timeout_s is not None else container.config.stop_timeout
        if patience_s is None:
            patience_s = guest.default_stop_timeout_s
        ended = self.state.waits.exit_of(container.id)
        async with self.state.locks(container.id):
            current = self.state.containers.find(container.id)
            if current is None or not current.is_running:
                return False
            await self.state.containers.save(current.changed(stopped_by_hand=True))
            driver = self.state.driver(current)
            if current.status is Status.PAUSED and isinstance(driver, SupportsPause):
                await _quietly(driver.unpause(current.id))
            if patience_s != 0:
                self._announce_kill(current, wanted)
                await _quietly(driver.stop(current.id, wanted))
        await asyncio.wait({ended}, timeout=None if patience_s < 0 else patience_s)
        if not ended.done():
            self._announce_kill(container, "SIGKILL")
            await _quietly(self.state.driver(container).kill(container.id, "SIGKILL"))
            await asyncio.wait({ended}, timeout=KILL_PATIENCE_S)
        if not ended.done():
            raise Conflict(f"cannot stop container: {ref}: tried to kill container, but did not receive an exit event")
        self.state.announce("stop", ended.result())
        return True

    def _announce_kill(self, container: Container, signal: str) -> None:
        self.state.announce("kill", container, signal=str(signals.Signals[signal].value))

    async def _cancel_restart(self, container: Container) -> None:
        if container.restarting:
            pending = self.state.restarts.pop(container.id, None)
            if pending is not None:
                pending.cancel()
            await self.state.containers.save(container.changed(restarting=False, stopped_by_hand=True))


async def _quietly(work: Awaitable[None]) -> None:
    try:
        await work
    except Conflict:
        return  # it ended by itself meanwhile


@dataclass(frozen=True, slots=True)
class KillContainer:
    """Sends a signal."""

    state: RunState

    async def __call__(self, ref: str, signal: str = "SIGKILL") -> None:
        """Send signal to the container's program.

        Raises:
            Conflict: it does not run.
        """
        try:
            wanted = parse_signal(signal)
        except InvalidParameter as exc:
            raise InvalidParameter(f"cannot kill container: {ref}: {exc}") from None
        container = self.state.containers.get(ref)
        if not container.is_running:
            raise Conflict(f"cannot kill container: {ref}: container {container.id} is not running")
        async with self.state.locks(container.id):
            current = self.state.containers.get(container.id)
            if wanted in {"SIGKILL", "SIGTERM"} or wanted == current.config.stop_signal:
                # As in Docker, a restart policy does not bring back what was killed by hand.
                current = current.changed(stopped_by_hand=True)
                await self.state.containers.save(current)
            driver = self.state.driver(current)
            await driver.kill(current.id, wanted)
        self.state.announce("kill", container, signal=str(signals.Signals[wanted].value))


@dataclass(frozen=True, slots=True)
class RestartContainer:
    """Stop, then start."""

    stop: StopContainer
    start: StartContainer

    async def __call__(self, ref: str, *, timeout_s: int | None = None, signal: str = "") -> None:
        """Restart the container; one that does not run is started."""
        state = self.stop.state
        container_id = state.containers.get(ref).id
        state.restarted_by_hand.add(container_id)
        try:
            await self.stop(ref, timeout_s=timeout_s, signal=signal)
        finally:
            state.restarted_by_hand.discard(container_id)
        await self.start(ref)
        state.announce("restart", state.containers.get(ref))


@dataclass(frozen=True, slots=True)
class PauseContainer:
    """Freezes or thaws."""

    state: RunState

    async def __call__(self, ref: str, *, thaw: bool = False) -> None:
        """Pause the container, or unpause it.

        Raises:
            Conflict: its status does not allow it. NotSupported: its driver cannot.
        """
        container_id = self.state.containers.get(ref).id
        action = Action.UNPAUSE if thaw else Action.PAUSE
        async with self.state.locks(container_id):
            current = self.state.containers.get(container_id)
            status = after(current.status, action, container_id)
            driver = self.state.driver(current)
            if not isinstance(driver, SupportsPause):
                raise NotSupported(f"the driver {driver.name} cannot pause containers")
            await (driver.unpause(container_id) if thaw else driver.pause(container_id))
            changed = current.changed(status=status)
            await self.state.containers.save(changed)
        self.state.announce(action.value, changed)


@dataclass(frozen=True, slots=True)
class ResizeContainer:
    """Sets the terminal's size."""

    state: RunState

    async def __call__(self, ref: str, rows: int, columns: int) -> None:
        """Resize a running container's terminal.

        Raises:
            Conflict: it does not run.
        """
        container = self.state.containers.get(ref)
        if not container.is_running:
            raise Conflict(f"Container {container.id} is not running")
        driver = self.state.driver(container)
        if isinstance(driver, SupportsResize):
            await driver.resize(container.id, rows, columns)
        self.state.announce("resize", container, height=str(rows), width=str(columns))


def _called(settings: EndpointSettings, name: str) -> EndpointSettings:
    """Return settings of a container that is called name now; the first of its names on a network is its own."""
    known = settings.dns_names
    return msgspec.structs.replace(settings, dns_names=list(dict.fromkeys((name, *known[1:]))) if known else known)


@dataclass(frozen=True, slots=True)
class RenameContainer:
    """Gives another name."""

    state: RunState
    sandboxes: Sandboxes

    async def __call__(self, ref: str, name: str) -> None:
        """Rename the container.

        Raises:
            Conflict: the name is taken. InvalidParameter: it is not legal, or the one it has.
        """
        if not name:
            raise InvalidParameter("Neither old nor new names may be empty")
        container_id = self.state.containers.get(ref).id
        try:
            name = check_name(name)
        except InvalidParameter as exc:
            raise InvalidParameter(f"Error when allocating new name: {str(exc).replace('(', '(/', 1)}") from None
        async with self.state.locks(container_id):
            current = self.state.containers.get(container_id)
            if current.name == name:
                raise InvalidParameter("Renaming a container with the same name as its current name")
            try:
                renamed = await self.state.containers.rename(current, name)
            except Conflict as exc:
                raise Conflict(f"Error when allocating new name: {exc}") from None
            self.sandboxes.renamed(container_id, current.name, name)
            renamed = renamed.changed(endpoints={at: _called(each, name) for at, each in renamed.endpoints.items()})
            await self.state.containers.save(renamed)
        self.state.announce("rename", renamed, oldName="/" + current.name)
