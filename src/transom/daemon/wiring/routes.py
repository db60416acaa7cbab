"""What answers on the socket."""

from typing import Any

from transom.api.app import Route
from transom.api.routes.absent import AbsentRoutes
from transom.api.routes.archive import ContainerFileRoutes
from transom.api.routes.attach_ws import AttachWebSocketRoutes
from transom.api.routes.bases import BaseRoutes
from transom.api.routes.build import BuildRoutes
from transom.api.routes.check import CheckRoutes
from transom.api.routes.containers import ContainerRoutes
from transom.api.routes.exec import ExecRoutes
from transom.api.routes.networks import NetworkRoutes
from transom.api.routes.rebase import RebaseRoutes
from transom.api.routes.registries import RegistryRoutes
from transom.api.routes.system import SystemRoutes
from transom.api.routes.usage import ContainerUsageRoutes
from transom.api.routes.volumes import VolumeRoutes
from transom.daemon.config import Config
from transom.daemon.wiring.build import Builds
from transom.daemon.wiring.containers import Containers
from transom.daemon.wiring.images import ImageUseCases
from transom.daemon.wiring.networks import Networks
from transom.daemon.wiring.stores import Stores, windows_drive
from transom.daemon.wiring.system import System
from transom.drivers.exec.wine.check import WineChecker
from transom.drivers.exec.wine.prefix import registry_changes, registry_delta
from transom.drivers.exec.wine.translate import DRIVE_C
from transom.drivers.snapshot.files import WorkerFiles
from transom.engine.bases.build import BuildBase
from transom.engine.bases.export import ExportBase
from transom.engine.bases.import_ import ImportBase
from transom.engine.bases.list import ListBases
from transom.engine.bases.pull import PullBase
from transom.engine.bases.push import PushBase
from transom.engine.bases.remove import RemoveBase
from transom.engine.bases.uses import BaseUsage
from transom.engine.containers.archive import ContainerArchive
from transom.engine.containers.changes import ListChanges
from transom.engine.containers.commit import CommitContainer
from transom.engine.containers.export import ExportContainer
from transom.engine.containers.files import FindRoot
from transom.engine.containers.inspect import InspectContainer
from transom.engine.containers.logs import ReadLogs
from transom.engine.containers.prune import PruneContainers
from transom.engine.containers.stats import ContainerStats
from transom.engine.containers.stop import (
    KillContainer,
    PauseContainer,
    RenameContainer,
    ResizeContainer,
    RestartContainer,
)
from transom.engine.containers.top import TopContainer
from transom.engine.containers.update import UpdateContainer
from transom.engine.containers.waits import WaitContainer
from transom.engine.images.check import CheckImage
from transom.engine.images.distribution import InspectDistribution, LogIn
from transom.engine.images.list import until_of
from transom.engine.networks.connect import ConnectNetwork, DisconnectNetwork
from transom.engine.networks.inspect import InspectNetworks
from transom.engine.networks.remove import PruneNetworks
from transom.host.processes import process_rows, run_ps
from transom.host.spool import Spool


def all_routes(
    config: Config, stores: Stores, images: ImageUseCases, networks: Networks, containers: Containers, builds: Builds,
    system: System,
) -> list[Route]:  # fmt: skip
    """Return every endpoint of the engine."""
    operations = containers.state.operations
    return [
        *_container_routes(stores, images, containers, system),
        *_network_routes(stores, networks, containers),
        *VolumeRoutes(system.volumes, operations).routes(),
        *images.routes(operations).routes(),
        *RebaseRoutes(images.rebase).routes(),
        *CheckRoutes(
            CheckImage(images.lookup, stores.snapshots, stores.bases, WineChecker(stores.bases, stores.workers))
        ).routes(),
        *RegistryRoutes(InspectDistribution(images.registries), LogIn(images.registries)).routes(),
        *BuildRoutes(builds.build, builds.prune).routes(),
        *_base_routes(config, stores, images, containers),
        *SystemRoutes(system.info, system.disk_usage, system.bus).routes(),
        *AbsentRoutes().routes(),
    ]


def _container_routes(stores: Stores, images: ImageUseCases, containers: Containers, system: System) -> list[Route]:
    state, clock, places = containers.state, stores.clock, containers.places
    read_logs = ReadLogs(state, containers.logs)
    roots = FindRoot(
        state, stores.snapshots, lambda each: f"/proc/{each.pid}/root" + (DRIVE_C if each.base else ""),
        lambda each: (windows_drive(stores.bases, each.base),) if each.base else (),
    )  # fmt: skip
    files = WorkerFiles(stores.workers, stores.snapshots.empty_dir)

    async def size(container_id: str) -> int:
        return (await stores.snapshots.usage(container_id)).size_bytes

    return [
        *ContainerRoutes(
            stores.containers, containers.create, containers.start, containers.stop, KillContainer(state),
            RestartContainer(containers.stop, containers.start), PauseContainer(state), ResizeContainer(state),
            RenameContainer(state, containers.sandboxes), containers.remove,
            WaitContainer(stores.containers, state.waits), read_logs,
            InspectContainer(state, stores.snapshots, places, containers.execs, clock, _storage),
            system.list_containers, state.hubs, state.operations, state.announce,
        ).routes(),
        *AttachWebSocketRoutes(stores.containers, state.hubs, read_logs, state.announce).routes(),
        *ExecRoutes(containers.execs, state.operations).routes(),
        *ContainerFileRoutes(
            ContainerArchive(state, roots, files), ExportContainer(state, roots, files),
            ListChanges(state, stores.images.layers, roots, places, registry_changes),
            CommitContainer(state, roots, places, images.commit, registry_delta), state.operations,
        ).routes(),
        *ContainerUsageRoutes(
            TopContainer(state, process_rows, run_ps), ContainerStats(state, clock), UpdateContainer(state),
            PruneContainers(state, containers.remove, lambda filters: until_of(filters, clock.now()), size),
            state.operations,
        ).routes(),
    ]  # fmt: skip


def _network_routes(stores: Stores, networks: Networks, containers: Containers) -> list[Route]:
    book, driver, announce = networks.book, networks.driver, networks.announce
    locks = containers.state.locks
    return NetworkRoutes(
        InspectNetworks(book, stores.containers), networks.create, networks.remove,
        ConnectNetwork(book, driver, networks.sandboxes, stores.containers, locks, announce),
        DisconnectNetwork(book, driver, stores.containers, locks, announce),
        PruneNetworks(book, stores.containers, networks.remove), containers.state.operations,
    ).routes()  # fmt: skip


def _base_routes(config: Config, stores: Stores, images: ImageUseCases, containers: Containers) -> list[Route]:
    bases, registries = stores.bases, images.registries
    spool = Spool(config.data_root / "transfer")
    spool.sweep()
    uses = BaseUsage(stores.containers, stores.images.images)
    return BaseRoutes(
        ListBases(bases), BuildBase(containers.builder), ExportBase(bases), ImportBase(bases),
        PushBase(bases, registries), PullBase(bases, registries), RemoveBase(bases, uses), uses, spool,
    ).routes()  # fmt: skip


def _storage(snapshot: str) -> dict[str, Any]:
    """Return inspect's GraphDriver; the paths are the engine's own business."""
    return {"Name": "overlay2", "Data": {"ID": snapshot}}
