"""POST /containers/create."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from transom import faults
from transom.aio.finish import UndoStack
from transom.aio.trace import step
from transom.containers import mounts as mount_rules
from transom.containers import names
from transom.containers.config import check, merge_image
from transom.containers.container import Container, MountRecord
from transom.containers.limits import drop_oom_kill_disable
from transom.containers.repository import ContainerRepository
from transom.containers.spec import arguments
from transom.engine.containers.announce import Announce
from transom.engine.containers.facilities import Bases, ImageFacts, Images, Sandboxes
from transom.engine.containers.places import Places
from transom.engine.containers.stop import parse_signal
from transom.engine.volumes.use import Volumes
from transom.errors import InvalidParameter, NotFound, NotSupported
from transom.execution.select import select_driver
from transom.guest import GuestOS, guest_for
from transom.logs.options import check_log
from transom.model.clock import Clock
from transom.model.ids import ContainerId, new_id
from transom.model.platform import host_architecture
from transom.snapshots.snapshotter import Snapshotter
from transom.wire.containers import Config, CreateRequest, HostConfig

PREPARED = faults.declare("container.create.prepared", "the snapshot is there, the record is not")
RECORDED = faults.declare("container.create.recorded", "the record is there")


@dataclass(frozen=True, slots=True)
class Created:
    """What create answers."""

    container: Container
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class CreateContainer:
    """Checks everything that can be checked, prepares the snapshot, records the container."""

    containers: ContainerRepository
    images: Images
    snapshots: Snapshotter
    sandboxes: Sandboxes
    volumes: Volumes
    bases: Bases
    places: Places
    announce: Announce
    clock: Clock
    runtimes: Mapping[str, str]
    make_directory: Callable[[Path], None]
    cgroups_v1: bool
    hurry: Callable[[], None]

    async def __call__(self, request: CreateRequest, *, name: str = "", platform: str = "", build: str = "") -> Created:
        """Create a container; its program does not run yet.

        Raises:
            NoSuchImage: the image is not here. Conflict: the name is taken.
            InvalidParameter, NotSupported: something that is asked for cannot be.
        """
        self.hurry()
        if name:
            name = names.check_name(name)
            owner = self.containers.named(name)
            if owner is not None:
                raise names.name_taken(name, owner.id)
        else:
            name = names.random_name(lambda each: self.containers.named(each) is not None)
        if not request.image:
            raise InvalidParameter("no image specified")
        image = await self.images.facts(request.image, platform)
        guest = guest_for(image.os)
        _check_architecture(image)
        config = merge_image(_config_of(request), image.config, guest)
        host = _with_defaults(request.host_config, next(iter(self.runtimes), ""))
        warnings = check(config, host, guest)
        if not host.cgroupns_mode and "cgroupns_mode" not in guest.refuses:
            host = msgspec.structs.replace(host, cgroupns_mode="host" if self.cgroups_v1 else "private")
        if not self.cgroups_v1:  # the second version cannot do without the killer
            host, discarded = drop_oom_kill_disable(host)
            warnings += discarded
        check_log(host.log_config)
        if config.stop_signal:
            parse_signal(config.stop_signal)
        container_id = ContainerId(new_id())
        args, command_line = arguments(config, guest)
        container = Container(
            id=container_id,
            name=name,
            created_at=self.clock.now(),
            image_id=image.id,
            image_ref=request.image,
            os=image.os,
            architecture=image.architecture,
            driver=select_driver(image.os, host.isolation, host.runtime, self.runtimes),
            config=config,
            host_config=host,
            snapshot_parent=image.snapshot,
            os_version=image.os_version,
            mounts=mount_rules.wanted_mounts(host, config.volumes, guest),
            # Clients without a --network name the network `default` in both places.
            endpoints={
                host.network_mode if network == "default" else network: settings
                for network, settings in request.networking_config.endpoints_config.items()
            },
            args=args,
            command_line=command_line,
            build=build,
        )
        _check_sources(container.mounts)
        try:
            container = await self.sandboxes.check(container)
            if guest.keeps_registry:
                wanted = config.labels.get("transom.base", image.base)
                container = container.changed(base=await self.bases.choose(wanted))
        except NotFound as exc:
            # Clients take a 404 here for a missing image, and would pull it.
            raise InvalidParameter(str(exc)) from exc
        return Created(await self._make(container, guest), warnings)

    async def _make(self, container: Container, guest: GuestOS) -> Container:
        async with UndoStack() as undo:
            self.make_directory(self.places.directory(container.id))
            undo.push(self.places.discard, container.id)
            with step("prepare snapshot", container.id):
                await self.snapshots.prepare(container.id, container.snapshot_parent)
            undo.push(self.snapshots.remove, container.id)
            made = []
            undo.push(self.volumes.settled, container.id)
            for mount in container.mounts:
                if mount.type == "volume":
                    mount = await self.volumes.provide(mount, container, guest)
                    if mount.anonymous:
                        undo.push(self.volumes.discard, mount.name)
                made.append(mount)
            container = container.changed(mounts=tuple(made))
            faults.point(PREPARED)
            with step("record", container.id):
                await self.containers.add(container)
            undo.push(self.containers.remove, container.id)
            faults.point(RECORDED)
            undo.keep()
        self.volumes.settled(container.id)
        self.announce("create", container)
        return container


def _config_of(request: CreateRequest) -> Config:
    return Config(**{name: getattr(request, name) for name in Config.__struct_fields__})


def _with_defaults(host: HostConfig, runtime: str) -> HostConfig:
    changes: dict[str, object] = {"runtime": host.runtime or runtime}
    if not host.log_config.type:
        changes["log_config"] = msgspec.structs.replace(host.log_config, type="json-file")
    if host.network_mode in {"", "default"}:
        changes["network_mode"] = "bridge"
    if not host.restart_policy.name:
        changes["restart_policy"] = msgspec.structs.replace(host.restart_policy, name="no")
    return msgspec.structs.replace(host, **changes) if changes else host


def _check_architecture(image: ImageFacts) -> None:
    here = host_architecture()
    runs = {here, "386"} if here == "amd64" else {here}
    if image.architecture not in runs:
        raise NotSupported(
            f"image with reference {image.reference} was found but its platform ({image.os}/{image.architecture}) does "
            f"not run on this host ({here}): use an image for {image.os}/{here}"
        )


def _check_sources(mounts: tuple[MountRecord, ...]) -> None:
    for mount in mounts:
        if mount.type == "bind" and "must-exist" in mount.options and not Path(mount.source).exists():
            raise InvalidParameter(
                f'invalid mount config for type "bind": bind source path does not exist: {mount.source}'
            )
