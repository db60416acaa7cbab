"""RUN: a container of the state before, made, run, sealed into a layer and removed by the engine's own use cases."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

import msgspec

from transom import faults
from transom.aio.finish import UndoStack, finish
from transom.build.runner import CommandFailed, RunStep
from transom.build.state import State
from transom.containers.container import Container
from transom.engine.build.output import BuildOutput, ProgramOutput
from transom.engine.containers.create import CreateContainer
from transom.engine.containers.facilities import ImageFacts
from transom.engine.containers.remove import RemoveContainer
from transom.engine.containers.run_state import RunState
from transom.engine.containers.start import StartContainer
from transom.errors import TransomError
from transom.model.ids import ContainerId
from transom.wire.containers import Config, CreateRequest, HealthConfig, HostConfig, LogConfig, MountSpec

CREATED = faults.declare("build.run.created", "a RUN's container is created, not started")
EXITED = faults.declare("build.run.exited", "a RUN's program has ended, its layer is not written")
SCRIPT_TARGET = "/dev/pipes/EOF"
"""Where a here-document that is a program of its own is shown while it runs."""
_REMOVE_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class _OneImage:
    """Answers create's question for the image with the state that the build has reached."""

    found: ImageFacts

    async def facts(self, reference: str, platform: str) -> ImageFacts:
        """Return it, whatever it is called."""
        return self.found


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What all RUNs of one build have in common."""

    build_id: str
    host: HostConfig
    output: BuildOutput
    keep_failed: bool


@dataclass(frozen=True, slots=True)
class RunContainers:
    """Runs programs in containers of a build."""

    state: RunState
    create: CreateContainer
    start: StartContainer
    remove: RemoveContainer

    async def run(
        self, settings: RunSettings, state: State, step: RunStep, facts: ImageFacts, script: str
    ) -> Container:
        """Run the step's program to its end and return its container, which the caller seals and removes.

        script: host path of a program to be shown inside. Failed, the container stays if keep_failed, as the user's
        own; cancelled, it is gone.

        Raises:
            CommandFailed: the program ended with another code than 0.
        """
        create = replace(self.create, images=_OneImage(facts))
        async with UndoStack() as undo:
            request = _request(state, step, settings.host, script)
            created = (await create(request, build=settings.build_id)).container
            undo.push(self.discard, created.id)
            settings.output.write(f" ---> Running in {created.id[:12]}\n")
            faults.point(CREATED)
            try:
                ended = await self._to_its_end(created, settings.output)
                if ended.exit_code:
                    raise CommandFailed(step.args or (SCRIPT_TARGET,), ended.exit_code)
            except TransomError:
                await self._after_failure(created, settings)
                undo.keep()
                raise
            undo.keep()
        faults.point(EXITED)
        return ended

    async def _to_its_end(self, created: Container, output: BuildOutput) -> Container:
        hub = self.state.hubs.hub(created.id)
        client = hub.join()
        ended = self.state.waits.exit_of(created.id)
        program = ProgramOutput(output)
        try:
            await self.start(created.id)
            async with aclosing(hub.output(client)) as pieces:  # type: ignore[type-var]
                async for stream, data in pieces:
                    program.feed(stream, data)
                    await output.room()
            program.end()
            return await ended
        finally:
            hub.leave(client)
            ended.cancel()

    async def _after_failure(self, container: Container, settings: RunSettings) -> None:
        if settings.keep_failed:
            await self._give_away(container)
            return
        await self.discard(container.id)
        settings.output.write(f" ---> Removed intermediate container {container.id[:12]}\n")

    async def _give_away(self, container: Container) -> None:
        """Make a build's container one of the user's, who may look into why it failed."""
        async with self.state.locks(container.id):
            current = self.state.containers.find(container.id)
            if current is not None:
                await self.state.containers.save(current.changed(build=""))

    async def keep(self, container_id: str) -> None:
        """Leave a container to the user (`--rm=false`)."""
        container = self.state.containers.find(container_id)
        if container is not None:
            await self._give_away(container)

    async def discard(self, container_id: ContainerId) -> None:
        """Remove a container, running or not; one that is gone is no error."""
        if self.state.containers.find(container_id) is not None:
            await finish(self.remove(container_id, force=True, volumes=True), timeout_s=_REMOVE_TIMEOUT_S)


def _request(state: State, step: RunStep, host: HostConfig, script: str) -> CreateRequest:
    config = state.config
    mounts: Sequence[MountSpec] = ()
    cmd = list(step.args)
    if script:
        cmd = [SCRIPT_TARGET]
        mounts = [MountSpec(type="bind", source=script, target=SCRIPT_TARGET, read_only=True)]
    plain = Config(
        env=list(step.env),
        cmd=cmd,
        entrypoint=[""],
        args_escaped=step.args_escaped,
        image=state.image_id.removeprefix("sha256:")[:12] or "scratch",
        user=config.user,
        working_dir=config.working_dir,
        labels=dict(config.labels),
        shell=list(config.shell),
        healthcheck=HealthConfig(test=["NONE"]),
        attach_stdout=True,
        attach_stderr=True,
    )
    fields = {name: getattr(plain, name) for name in Config.__struct_fields__}
    limits = msgspec.structs.replace(host, log_config=LogConfig(type="json-file"), mounts=[*host.mounts, *mounts])
    return CreateRequest(**fields, host_config=limits)
