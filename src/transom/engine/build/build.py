"""POST /build."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from transom import faults
from transom.aio.finish import UndoStack
from transom.build.graph import Program, program
from transom.build.ignore import IgnoreFile, clean, read_ignore_file
from transom.build.solve import Options, Solved, short, solve
from transom.build.workspace import Workspace, Workspaces
from transom.engine.build.containers import RunSettings
from transom.engine.build.output import BuildOutput
from transom.engine.build.request import DEFAULT_DOCKERFILE, MAX_DOCKERFILE, BuildRequest, read_dockerfile
from transom.engine.build.steps import EngineSteps, StepTools
from transom.engine.images.record import RecordImage
from transom.engine.images.tag import TagImage
from transom.images.repository import Leases
from transom.model.clock import Clock
from transom.model.ids import new_id

UNPACKED = faults.declare("build.context.unpacked", "a build's context is unpacked")
RECORDED = faults.declare("build.image.recorded", "a build's image is recorded, not tagged")

Context = AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class BuildImage:
    """Builds an image from a Dockerfile and a context."""

    workspaces: Workspaces
    tools: StepTools
    record: RecordImage
    tag: TagImage
    leases: Leases
    clock: Clock

    async def __call__(self, request: BuildRequest, context: Context, output: BuildOutput) -> str:
        """Build, record and tag; return the image's ID. Cancelled or failed, nothing is left but cached steps.

        Raises:
            InvalidParameter, NotFound, NotSupported: the Dockerfile cannot be built; the text says why.
            CommandFailed: a RUN failed.
        """
        build_id = new_id()
        async with UndoStack() as done, self.leases.lease("build") as lease:
            workspace = await self.workspaces.open(build_id)
            done.push(workspace.close)
            await _receive(workspace, context)
            faults.point(UNPACKED)
            plan = await _plan(workspace, request)
            settings = RunSettings(build_id, request.host, output, keep_failed=not request.force_remove)
            steps = EngineSteps(self.tools, request, workspace, settings, lease)
            options = Options(request.build_args, request.platform, request.use_cache)
            solved = await solve(plan, options, steps, output, self.clock)
            await self._publish(solved, steps, request, output)
        return solved.image_id

    async def _publish(self, solved: Solved, steps: EngineSteps, request: BuildRequest, output: BuildOutput) -> None:
        parent = steps.stack.base_of(solved.image)
        if self.record.images.find(solved.image_id) is None:
            await self.record(solved.image, steps.lease, parent=parent, base=min(steps.pinned_bases, default=""))
        faults.point(RECORDED)
        output.write(f"Successfully built {short(solved.image_id)}\n")
        for tag in request.tags:
            await self.tag(solved.image_id, tag.repository, tag.tag)
            output.write(f"Successfully tagged {tag.familiar}\n")
        output.result(solved.image_id)


async def _plan(workspace: Workspace, request: BuildRequest) -> Program:
    """Read the Dockerfile; take it and .dockerignore out of the context where .dockerignore says so."""
    name = request.dockerfile or DEFAULT_DOCKERFILE
    data = await workspace.read(name, limit=MAX_DOCKERFILE)
    if data is None and name == DEFAULT_DOCKERFILE:
        lower = name.lower()
        data = await workspace.read(lower, limit=MAX_DOCKERFILE)
        name = lower if data is not None else name
    dockerfile = read_dockerfile(name, data)
    ignore = await workspace.read(".dockerignore", limit=MAX_DOCKERFILE)
    if ignore is not None:
        rules = IgnoreFile(read_ignore_file(ignore.decode("utf-8", "replace")))
        hidden = [path for path in (".dockerignore", clean(name)) if rules.ignores(path)]
        if hidden:
            await workspace.exclude(hidden)
    plan = program(dockerfile.nodes, escape=dockerfile.escape, warnings=dockerfile.warnings)
    if request.target:
        plan = plan.up_to(request.target)
    return plan.labelled(list(request.labels.items()))


async def _receive(workspace: Workspace, context: Context) -> None:
    """Unpack the context while it comes in."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    try:
        async with asyncio.TaskGroup() as group:
            feeding = group.create_task(_feed(ours, context), name="context")
            try:
                await workspace.unpack(theirs.fileno())
            finally:
                feeding.cancel()
    except BaseExceptionGroup as errors:
        raise _only(errors.exceptions) from None
    finally:
        ours.close()
        theirs.close()


def _only(errors: Sequence[BaseException]) -> BaseException:
    return errors[0]


async def _feed(ours: socket.socket, context: Context) -> None:
    loop = asyncio.get_running_loop()
    try:
        async for data in context:
            await loop.sock_sendall(ours, data)
    finally:
        ours.shutdown(socket.SHUT_WR)
