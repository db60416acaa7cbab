"""POST /containers/{id}/exec, /exec/{id}/start, /exec/{id}/resize, GET /exec/{id}/json.

Execs live in memory, as in Docker: they end with the engine's knowledge of them.
"""

import asyncio
from dataclasses import dataclass, field, replace

from transom.containers.config import as_list, console_size
from transom.containers.container import Container
from transom.containers.lifecycle import Status
from transom.engine.containers.run_state import RunState
from transom.errors import Conflict, InvalidParameter, NotFound, NotSupported, StartFailed, TransomError, Unavailable
from transom.execution.driver import SupportsExec
from transom.execution.spec import ProcessSpec
from transom.execution.stdio import Stdio
from transom.guest import guest_for
from transom.model.ids import ExecId, new_id
from transom.wire.containers import ExecCreateRequest

KEPT = 256
RESIZE_TIMEOUT_S = 10.0


@dataclass(slots=True)
class ExecSession:
    """One exec: what was asked for and how far it is."""

    id: ExecId
    container: Container
    request: ExecCreateRequest
    process: ProcessSpec
    started: bool = False
    running: bool = False
    exit_code: int | None = None
    pid: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """It runs, or did, or could not."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Execs:
    """Every exec of running containers, and the last ones that ended."""

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._sessions: dict[str, ExecSession] = {}

    def get(self, exec_id: str) -> ExecSession:
        """Return the exec.

        Raises:
            NotFound: there is none.
        """
        try:
            return self._sessions[exec_id]
        except KeyError:
            raise NotFound(f"No such exec instance: {exec_id}") from None

    def ids_of(self, container_id: str) -> list[str]:
        """Return the running execs of a container."""
        return [each.id for each in self._sessions.values() if each.running and each.container.id == container_id]

    async def create(self, ref: str, request: ExecCreateRequest, *, args_escaped: bool = False) -> ExecSession:
        """Prepare an exec in a running container. args_escaped: the first argument goes to Windows as it stands.

        Raises:
            Conflict: the container does not run.
            InvalidParameter: there is no command, or it asks for a user that there is not.
        """
        container = self._state.containers.get(ref)
        _check_running(container, ref)
        args = tuple(as_list(request.cmd))
        if not args:
            raise InvalidParameter("No exec command specified")
        guest = guest_for(container.os)
        rows, columns = console_size(request.console_size)
        base = guest.merge_env(guest.runtime_env(container.config.hostname or container.id[:12], request.tty), ())
        process = ProcessSpec(
            args=args,
            command_line=guest.command_line(args, args_escaped=args_escaped),
            env=guest.merge_env(guest.merge_env(base, container.config.env), request.env),
            cwd=guest.join(container.config.working_dir, request.working_dir) if request.working_dir else "",
            user=request.user or container.config.user,
            terminal=request.tty,
            open_stdin=request.attach_stdin,
            console_size=(rows, columns),
            privileged=request.privileged or container.host_config.privileged,
        )
        session = ExecSession(ExecId(new_id()), container, request, process)
        await self._driver(container).exec_create(container.id, session.id, process)
        self._sessions[session.id] = session
        self._forget_old()
        self._state.announce(f"exec_create: {' '.join(args)}", container, execID=session.id)
        return session

    async def prepare(self, exec_id: str, *, size: tuple[int, int] = (0, 0)) -> None:
        """Take it up, once: before a client has given its connection for it.

        Raises:
            Conflict: it was started before, or the container does not run.
        """
        session = self.get(exec_id)
        container = self._check_startable(session)
        session.started = True
        if any(size) and size != session.process.console_size:
            driver = self._driver(container)
            session.process = replace(session.process, console_size=size)
            try:
                await driver.exec_delete(container.id, session.id)
                await driver.exec_create(container.id, session.id, session.process)
            except TransomError as exc:
                await self._failed(session, exc)
                raise

    async def start(self, exec_id: str, *, detach: bool) -> Stdio | None:
        """Run what was prepared; return its streams unless detach. The caller closes them.

        Raises:
            StartFailed: its program could not be started.
        """
        session = self.get(exec_id)
        container = session.container
        driver = self._driver(container)
        self._state.hurry()
        try:
            stdio = await driver.exec_start(container.id, session.id, detach=detach)
        except TransomError as exc:
            await self._failed(session, exc)
            raise
        session.running = True
        session.begun.set()
        session.pid = await driver.exec_pid(container.id, session.id)
        self._state.operations.spawn(self._until_exit(session), name=f"exec {session.id[:12]}")
        self._state.announce(f"exec_start: {' '.join(session.process.args)}", container, execID=session.id)
        return stdio

    async def _failed(self, session: ExecSession, exc: TransomError) -> None:
        session.exit_code = exc.exit_code if isinstance(exc, StartFailed) else 126
        session.begun.set()
        session.ended.set()
        await self._driver(session.container).exec_delete(session.container.id, session.id)

    def _check_startable(self, session: ExecSession) -> Container:
        """Return the container as it is now.

        Raises:
            Conflict: the exec was started before, or the container does not run.
        """
        if session.started:
            raise Conflict(f"exec {session.id} has already run: create another one")
        container = self._state.containers.get(session.container.id)
        _check_running(container, container.id)
        return container

    async def resize(self, exec_id: str, rows: int, columns: int) -> None:
        """Set the exec's terminal size. One that is being started is waited for: docker before 23 tells the size then.

        Raises:
            Conflict: it does not run.
            Unavailable: it was not started for a while.
        """
        session = self.get(exec_id)
        try:
            async with asyncio.timeout(RESIZE_TIMEOUT_S):
                await session.begun.wait()
        except TimeoutError:
            raise Unavailable("timeout waiting for exec session ready") from None
        if not session.running:
            raise Conflict(f"exec {exec_id} is not running")
        await self._driver(session.container).exec_resize(session.container.id, session.id, rows, columns)

    async def kill(self, exec_id: str) -> None:
        """End it; returns once it has ended."""
        session = self.get(exec_id)
        if session.running:
            await self._driver(session.container).exec_kill(session.container.id, session.id)
            await session.ended.wait()

    async def _until_exit(self, session: ExecSession) -> None:
        status = await self._driver(session.container).exec_wait(session.container.id, session.id)
        session.exit_code = status.code
        session.running = False
        session.ended.set()
        await self._driver(session.container).exec_delete(session.container.id, session.id)
        self._state.announce("exec_die", session.container, execID=session.id, exitCode=str(status.code))

    def _driver(self, container: Container) -> SupportsExec:
        driver = self._state.driver(container)
        if not isinstance(driver, SupportsExec):
            raise NotSupported(f"the driver {driver.name} cannot run further processes in a container")
        return driver

    def _forget_old(self) -> None:
        done = [key for key, each in self._sessions.items() if not each.running and self._is_over(each)]
        for key in done[: max(0, len(done) - KEPT)]:
            del self._sessions[key]

    def _is_over(self, session: ExecSession) -> bool:
        """Whether it has run, or never will: nobody started it before its container ended."""
        if session.exit_code is not None:
            return True
        container = self._state.containers.find(session.container.id)
        return container is None or not container.is_running


def _check_running(container: Container, ref: str) -> None:
    if container.status is Status.PAUSED:
        raise Conflict(f"Container {ref} is paused, unpause the container before exec")
    if container.status is not Status.RUNNING:
        raise Conflict(f"container {container.id} is not running")
