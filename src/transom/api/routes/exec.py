"""Tag Exec."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from aiohttp import web

from transom.aio.operations import Operations
from transom.api.pump import pump
from transom.api.query import side
from transom.api.routes.containers import body, content_type, json
from transom.api.stream import RAW, Hijacked, HijackResponse, frame, hijack
from transom.containers.config import console_size
from transom.engine.containers.exec import Execs, ExecSession
from transom.errors import TransomError
from transom.execution.stdio import Stdio
from transom.wire.containers import ExecCreateRequest, ExecStartRequest
from transom.wire.shape import parse

_END_PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class ExecRoutes:
    """Handlers of /exec."""

    execs: Execs
    operations: Operations

    def routes(self) -> list[tuple[str, str, object]]:
        """Return (method, path, handler)."""
        return [
            ("POST", "/containers/{id}/exec", self.create),
            ("POST", "/exec/{id}/start", self.start),
            ("POST", "/exec/{id}/resize", self.resize),
            ("GET", "/exec/{id}/json", self.inspect),
        ]

    async def create(self, request: web.Request) -> web.Response:
        """POST /containers/{id}/exec."""
        shape = parse(await body(request), ExecCreateRequest)
        session = await self.execs.create(request.match_info["id"], shape)
        return json({"Id": session.id}, status=201)

    async def start(self, request: web.Request) -> web.StreamResponse:
        """POST /exec/{id}/start."""
        shape = parse(await body(request), ExecStartRequest)
        session = self.execs.get(request.match_info["id"])
        rows, columns = console_size(shape.console_size)
        await self.operations.run(self.execs.prepare(session.id, size=(rows, columns)), name="prepare exec")
        starting = self.execs.start(session.id, detach=shape.detach)
        if shape.detach:
            await self.operations.run(starting, name="exec")
            return web.Response(status=200)
        # The answer's head goes out before the program runs: a client may read both at once, and lose what follows it.
        stream = hijack(request, RAW if session.request.tty else content_type(request, session.container))
        try:
            stdio = await self.operations.run(starting, name="exec")
        except TransomError as exc:
            # Where its output would have been: there clients look for it, as with Docker.
            text = f"{exc}\r\n".encode()
            with contextlib.suppress(ConnectionError):
                await stream.write(text if session.request.tty else frame(1, text))
        else:
            if stdio is not None:
                await _carry(stream, session, stdio)
        stream.close()
        return HijackResponse()

    async def resize(self, request: web.Request) -> web.Response:
        """POST /exec/{id}/resize."""
        await self.execs.resize(request.match_info["id"], side(request.query, "h"), side(request.query, "w"))
        return web.Response(status=200)

    async def inspect(self, request: web.Request) -> web.Response:
        """GET /exec/{id}/json."""
        session = self.execs.get(request.match_info["id"])
        process, wanted = session.process, session.request
        return json(
            {
                "ID": session.id,
                "Running": session.running,
                "ExitCode": session.exit_code,
                "ProcessConfig": {
                    "tty": wanted.tty,
                    "entrypoint": process.args[0],
                    "arguments": list(process.args[1:]),
                    "privileged": process.privileged,
                    "user": process.user,
                },
                "OpenStdin": wanted.attach_stdin,
                "OpenStderr": wanted.attach_stderr,
                "OpenStdout": wanted.attach_stdout,
                "CanRemove": not session.running and session.exit_code is not None,
                "ContainerID": session.container.id,
                "DetachKeys": wanted.detach_keys,
                "Pid": session.pid if session.running else 0,
            }
        )


async def _carry(stream: Hijacked, session: ExecSession, stdio: Stdio) -> None:
    """Carry the program's streams until its output ends."""
    wanted = session.request
    try:
        async with aclosing(_pieces(stdio)) as pieces:
            await pump(
                stream,
                pieces,
                stdio if wanted.attach_stdin else None,
                tty=wanted.tty,
                once=True,
                wants=(wanted.attach_stdout, wanted.attach_stderr),
            )
        # The CLI asks for the exit code as soon as the stream ends: it has to be known by then.
        await _known_end(session)
    finally:
        await stdio.close()


async def _pieces(stdio: Stdio) -> AsyncGenerator[tuple[int, bytes], None]:
    while (piece := await stdio.read()) is not None:
        yield piece


async def _known_end(session: ExecSession) -> None:
    """Wait a moment for the exit code; a program that closes its output and runs on is not waited for longer."""
    try:
        async with asyncio.timeout(_END_PATIENCE_S):
            await session.ended.wait()
    except TimeoutError:
        return
