"""What is done with containers."""

from dataclasses import dataclass

from transom.aio.operations import Operations
from transom.containers.container import Container
from transom.daemon.config import Config
from transom.daemon.wiring.host import ExecDrivers, Host
from transom.daemon.wiring.images import ImageUseCases
from transom.daemon.wiring.networks import Networks
from transom.daemon.wiring.stores import Stores
from transom.drivers.exec.wine.base.build import DebianBaseBuilder
from transom.drivers.log.files import LogFiles
from transom.drivers.volume.fill import WorkerVolumeFiller
from transom.engine.bases.choose import ChooseBase
from transom.engine.containers.announce import Announce
from transom.engine.containers.create import CreateContainer
from transom.engine.containers.exec import Execs
from transom.engine.containers.exit import Exits
from transom.engine.containers.health import CheckHealth
from transom.engine.containers.hub import Hubs
from transom.engine.containers.places import Places
from transom.engine.containers.remove import RemoveContainer
from transom.engine.containers.run_state import RunState
from transom.engine.containers.start import StartContainer
from transom.engine.containers.stop import (
    StopContainer,
)
from transom.engine.containers.waits import Waits
from transom.engine.networks.sandboxes import NetworkSandboxes
from transom.engine.volumes.use import Volumes
from transom.events.bus import EventBus


@dataclass(frozen=True, slots=True)
class Containers:
    """What is done with containers, for those parts of the engine that do it."""

    state: RunState
    places: Places
    sandboxes: NetworkSandboxes
    volumes: Volumes
    create: CreateContainer
    start: StartContainer
    stop: StopContainer
    remove: RemoveContainer
    exits: Exits
    execs: Execs
    logs: LogFiles
    choose_base: ChooseBase
    builder: DebianBaseBuilder


def wire_containers(
    config: Config, host: Host, stores: Stores, drivers: ExecDrivers, images: ImageUseCases, networks: Networks,
    places: Places, operations: Operations, bus: EventBus,
) -> Containers:  # fmt: skip
    """Build the use cases of containers upon stores, images and networks."""
    clock, snapshots, sandboxes = stores.clock, stores.snapshots, networks.sandboxes
    announce = Announce(bus)
    logs = LogFiles(places.log, str(config.data_root))
    state = RunState(stores.containers, dict(drivers.by_name), Hubs(logs), Waits(), announce, operations, stores.hurry)
    volumes = Volumes(
        stores.volumes, stores.containers, snapshots, WorkerVolumeFiller(stores.workers, snapshots.empty_dir),
        lambda action, name, facts: bus.publish("volume", action, name, facts),
    )  # fmt: skip
    exits = Exits(state, sandboxes, clock)
    start = StartContainer(state, snapshots, sandboxes, places, exits, clock)

    def let_go(container: Container) -> None:
        if stores.images.images.find(container.image_id) is None:  # removed by force, or never had a record
            operations.spawn(images.collect(), name="collect")

    remove = RemoveContainer(state, snapshots, sandboxes, volumes, places, let_go)
    execs = Execs(state)
    exits.connect(start, remove, CheckHealth(state, execs, clock))
    create = CreateContainer(
        stores.containers, images.facts, snapshots, sandboxes, volumes, images.choose_base, places, announce,
        clock, {name: "" if at == 0 else name for at, name in enumerate(host.runtimes)},
        lambda path: path.mkdir(parents=True), not host.hierarchy.v2, stores.hurry,
    )  # fmt: skip
    return Containers(
        state,
        places,
        sandboxes,
        volumes,
        create,
        start,
        StopContainer(state),
        remove,
        exits,
        execs,
        logs,
        images.choose_base,
        images.builder,
    )
