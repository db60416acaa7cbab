"""POST /commit: from the container's side."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from transom import faults
from transom.aio.finish import UndoStack
from transom.containers.container import Container
from transom.containers.lifecycle import Status
from transom.engine.containers.files import FindRoot
from transom.engine.containers.mount_points import mount_points
from transom.engine.containers.places import Places
from transom.engine.containers.run_state import RunState
from transom.engine.images.changes import apply_changes
from transom.engine.images.commit import CommitImage, ContainerState
from transom.errors import Conflict
from transom.execution.driver import SupportsPause
from transom.guest import guest_for
from transom.images.document import read_run_config
from transom.images.image import Image
from transom.model.oci import RunConfig
from transom.model.platform import Platform
from transom.wire.containers import Config
from transom.wire.oci import HealthcheckJson, RunConfigJson

_FROZEN = faults.declare("container.commit.frozen", "a container stands still for its commit")


@dataclass(frozen=True, slots=True)
class CommitRequest:
    """What a client asks for; config, if given, is laid over the container's."""

    repository: str = ""
    tag: str = ""
    author: str = ""
    comment: str = ""
    changes: Sequence[str] = ()
    pause: bool = True
    config: Config | None = None


@dataclass(frozen=True, slots=True)
class CommitContainer:
    """Makes an image of a container.

    registry_delta: (state directory, base's digest) → what the container changed in its registry; blocks.
    """

    state: RunState
    roots: FindRoot
    places: Places
    commit: CommitImage
    registry_delta: Callable[[str, str], bytes]

    async def __call__(self, ref: str, request: CommitRequest) -> Image:
        """Commit; a running container is paused meanwhile, unless pause is off.

        Raises:
            NoSuchContainer: there is none. Conflict: it is being removed.
            InvalidParameter: a bad reference or change, or a file that the image's kind of layer cannot hold.
        """
        container_id = self.state.containers.get(ref).id
        async with self.state.locks(container_id), UndoStack() as undo:
            container = self.state.containers.get(container_id)
            if container.status in {Status.REMOVING, Status.DEAD}:
                raise Conflict(f"You cannot commit container {container.id} which is {container.status.value}")
            await self.roots.flush(container)
            driver = self.state.driver(container)
            if request.pause and container.status is Status.RUNNING and isinstance(driver, SupportsPause):
                await driver.pause(container.id)
                undo.push(self._thaw, driver, container)  # also when all goes well: that is why it is never kept
                faults.point(_FROZEN)
                self.state.announce("pause", container)
            image = await self._commit(container, request)
            self.state.announce(
                "commit", container, comment=request.comment, imageID=image.id, imageRef=request.repository
            )
            return image

    async def _thaw(self, driver: SupportsPause, container: Container) -> None:
        await driver.unpause(container.id)
        self.state.announce("unpause", container)

    async def _commit(self, container: Container, request: CommitRequest) -> Image:
        guest = guest_for(container.os)
        platform = Platform(container.os, container.architecture, "", container.os_version)
        config = run_config(request.config or container.config)
        config = apply_changes(config, platform, request.changes)
        registry = b""
        if guest.keeps_registry:
            state_dir = self.places.state(container.id)
            registry = await asyncio.to_thread(self.registry_delta, state_dir, container.base)
        state = ContainerState(
            container.id,
            container.image_id,
            config,
            container.args,
            container.base,
            registry,
            mount_points(container, guest),
        )
        return await self.commit(
            state,
            repository=request.repository,
            tag=request.tag,
            author=request.author,
            comment=request.comment,
        )


def run_config(config: Config) -> RunConfig:
    """Return what an image keeps of a container's configuration."""
    health = config.healthcheck
    return read_run_config(
        RunConfigJson(
            User=config.user,
            ExposedPorts=dict(config.exposed_ports),
            Env=list(config.env),
            Entrypoint=_as_list(config.entrypoint),
            Cmd=_as_list(config.cmd),
            Healthcheck=None
            if health is None
            else HealthcheckJson(
                Test=list(health.test),
                Interval=health.interval,
                Timeout=health.timeout,
                StartPeriod=health.start_period,
                StartInterval=health.start_interval,
                Retries=health.retries,
            ),
            ArgsEscaped=config.args_escaped,
            Volumes=dict(config.volumes),
            WorkingDir=config.working_dir,
            OnBuild=list(config.on_build),
            Labels=dict(config.labels),
            StopSignal=config.stop_signal,
            Shell=list(config.shell),
        )
    )


def _as_list(value: list[str] | str | None) -> list[str] | None:
    return [value] if isinstance(value, str) else value
