"""The composition root: the only module that names adapters."""

import asyncio
import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

import transom
from transom.aio.locks import KeyedLock
from transom.aio.operations import Operations
from transom.api.app import Route, build_app
from transom.api.convert_images import summary_shape
from transom.api.routes.absent import AbsentRoutes
from transom.api.routes.archive import ContainerFileRoutes
from transom.api.routes.attach_ws import AttachWebSocketRoutes
from transom.api.routes.bases import BaseRoutes
from transom.api.routes.build import BuildRoutes
from transom.api.routes.check import CheckRoutes
from transom.api.routes.containers import ContainerRoutes
from transom.api.routes.exec import ExecRoutes
from transom.api.routes.images import ImageRoutes
from transom.api.routes.networks import NetworkRoutes
from transom.api.routes.rebase import RebaseRoutes
from transom.api.routes.registries import RegistryRoutes
from transom.api.routes.system import SystemRoutes
from transom.api.routes.usage import ContainerUsageRoutes
from transom.api.routes.volumes import VolumeRoutes
from transom.containers.container import Container
from transom.containers.filters import match_labels
from transom.daemon.config import Config
from transom.drivers.build.workspace import JOBS as BUILD_JOBS
from transom.drivers.build.workspace import DiskWorkspaces
from transom.drivers.exec.oci.driver import OciDriver, OciSettings
from transom.drivers.exec.wine.authorities import check_file
from transom.drivers.exec.wine.base.build import DebianBaseBuilder
from transom.drivers.exec.wine.base.store import DiskBaseStore
from transom.drivers.exec.wine.check import WineChecker
from transom.drivers.exec.wine.driver import WineDriver, WineSettings
from transom.drivers.exec.wine.owners import Owners, choose, taken_on_host
from transom.drivers.exec.wine.prefix import registry_changes, registry_delta
from transom.drivers.exec.wine.translate import DRIVE_C
from transom.drivers.log.files import LogFiles
from transom.drivers.network.bridge import BridgeDriver
from transom.drivers.snapshot import layers as snapshot_layers
from transom.drivers.snapshot.archives import WorkerArchives
from transom.drivers.snapshot.disk import Tree, measure
from transom.drivers.snapshot.files import WorkerFiles
from transom.drivers.snapshot.layers import OverlayLayers
from transom.drivers.snapshot.overlay import OverlaySnapshotter
from transom.drivers.volume.fill import WorkerVolumeFiller
from transom.engine.bases.build import BuildBase
from transom.engine.bases.choose import ChooseBase
from transom.engine.bases.export import ExportBase
from transom.engine.bases.import_ import ImportBase
from transom.engine.bases.list import ListBases
from transom.engine.bases.pull import PullBase
from transom.engine.bases.push import PushBase
from transom.engine.bases.remove import RemoveBase
from transom.engine.bases.uses import BaseUsage
from transom.engine.build.build import BuildImage
from transom.engine.build.containers import RunContainers
from transom.engine.build.download import Download
from transom.engine.build.provide import ProvideImages
from transom.engine.build.prune import PruneBuilds
from transom.engine.build.steps import StepTools
from transom.engine.build.sweep import SweepBuilds
from transom.engine.containers.announce import Announce
from transom.engine.containers.archive import ContainerArchive
from transom.engine.containers.changes import ListChanges
from transom.engine.containers.commit import CommitContainer
from transom.engine.containers.create import CreateContainer
from transom.engine.containers.exec import Execs
from transom.engine.containers.exit import Exits
from transom.engine.containers.export import ExportContainer
from transom.engine.containers.files import FindRoot
from transom.engine.containers.health import CheckHealth
from transom.engine.containers.hub import Hubs
from transom.engine.containers.inspect import InspectContainer
from transom.engine.containers.list import ListContainers
from transom.engine.containers.logs import ReadLogs
from transom.engine.containers.places import Places
from transom.engine.containers.prune import PruneContainers
from transom.engine.containers.remove import RemoveContainer
from transom.engine.containers.run_state import RunState
from transom.engine.containers.start import StartContainer
from transom.engine.containers.stats import ContainerStats
from transom.engine.containers.stop import (
    KillContainer,
    PauseContainer,
    RenameContainer,
    ResizeContainer,
    RestartContainer,
    StopContainer,
)
from transom.engine.containers.top import TopContainer
from transom.engine.containers.update import UpdateContainer
from transom.engine.containers.waits import WaitContainer, Waits
from transom.engine.images.announce import AnnounceImage
from transom.engine.images.arrive import FetchLayer
from transom.engine.images.ask_bases import AskForBases
from transom.engine.images.base_layers import CountBaseLayers
from transom.engine.images.check import CheckImage
from transom.engine.images.collect import Collect
from transom.engine.images.commit import CommitImage
from transom.engine.images.distribution import InspectDistribution, LogIn
from transom.engine.images.extract import ExtractLayer
from transom.engine.images.facts import FindImageFacts
from transom.engine.images.fetch import FetchImage
from transom.engine.images.import_ import ImportImage
from transom.engine.images.inspect import InspectImage, ReadHistory
from transom.engine.images.list import ListImages, until
from transom.engine.images.load import LoadImages
from transom.engine.images.lookup import LookupImage
from transom.engine.images.prune import MeasureImages, PruneImages
from transom.engine.images.pull import PullImage
from transom.engine.images.push import PushImage
from transom.engine.images.rebase import RebaseImage
from transom.engine.images.record import CommitLayer, RecordImage, UnpackLayer
from transom.engine.images.remove import ImageUser, RemoveImage
from transom.engine.images.save import SaveImages
from transom.engine.images.send import SendImage
from transom.engine.images.silence import Silence
from transom.engine.images.standin import StandIn
from transom.engine.images.tag import TagImage
from transom.engine.networks.book import NetworkBook
from transom.engine.networks.connect import ConnectNetwork, DisconnectNetwork
from transom.engine.networks.create import CreateNetwork
from transom.engine.networks.inspect import InspectNetworks
from transom.engine.networks.remove import PruneNetworks, RemoveNetwork
from transom.engine.networks.sandboxes import HostView, NetworkSandboxes
from transom.engine.recover import Recover, StartAtBoot
from transom.engine.system.df import SystemDiskUsage
from transom.engine.system.info import HostSummary, SystemInfo
from transom.engine.volumes.manage import ManageVolumes
from transom.engine.volumes.use import Volumes
from transom.errors import Conflict, NotFound
from transom.events.bus import EventBus
from transom.execution.driver import ExecDriver
from transom.host.cgroup import Cgroups, Hierarchy, detect
from transom.host.idmap import IdMaps, closed_to_others
from transom.host.processes import process_rows, run_ps
from transom.host.spool import Spool
from transom.host.worker import Workers
from transom.images.repository import Held, LeaseKind
from transom.model.clock import ZERO_TIME, SystemClock
from transom.networks.hosts import Resolving
from transom.networks.naming import Naming
from transom.registry.client import RegistryClient
from transom.registry.settings import RegistrySettings
from transom.store.blobs import BlobStore
from transom.store.build_cache import StepTable
from transom.store.containers import SqliteContainers
from transom.store.database import Database
from transom.store.images import ImageTable
from transom.store.layers import LayerTable
from transom.store.leases import LeaseTable
from transom.store.networks import SqliteNetworks
from transom.store.snapshots import SnapshotTable
from transom.store.volumes import SqliteVolumes

HOST_FILE_LIMIT = 1 << 20


@dataclass(slots=True)
class Engine:
    """The running engine: what answers, what starts after listening, what ends."""

    app: web.Application
    state: RunState
    database: Database
    workers: Workers
    network_driver: BridgeDriver
    start_at_boot: StartAtBoot
    cgroups: Cgroups
    cgroup_root: str

    async def started(self) -> None:
        """Do what waits for the sockets: restart policies."""
        await self.start_at_boot()

    def is_busy(self) -> bool:
        """Whether anything keeps an engine that ends when idle."""
        return any(each.is_running or each.restarting for each in self.state.containers.all())

    async def close(self) -> None:
        """End watchers and close the store; containers go on running, and keep their network."""
        await self.state.operations.close(timeout_s=5)
        await self.network_driver.close(leave=self.is_busy())
        await self.workers.close()
        if not self.is_busy():
            self.cgroups.remove(self.cgroup_root)
        await self.database.close()


@dataclass(slots=True)
class Host:
    """What the machine offers, found once."""

    instance: str
    hierarchy: Hierarchy
    runtimes: Mapping[str, str]
    conmon: str
    init_path: str


def instance_name(config: Config) -> str:
    """Return the name that keeps this engine's cgroups, bridge and tables apart from another's on the host."""
    if str(config.exec_root) == "/run/transom":
        return "transom"
    return "transom-" + hashlib.sha256(str(config.exec_root).encode()).hexdigest()[:6]


def find_host(config: Config) -> Host:
    """Find the programs that the engine runs.

    Raises:
        Conflict: one is not installed; the text says which.
    """
    wanted = [config.default_runtime] if config.default_runtime else []
    found = {name: shutil.which(name) for name in dict.fromkeys([*wanted, "crun", "runc"])}
    runtimes = {name: path for name, path in found.items() if path}
    if not runtimes or (wanted and wanted[0] not in runtimes):
        raise Conflict(f"{wanted[0] if wanted else 'neither crun nor runc'} is not installed on this host: install it")
    conmon = shutil.which("conmon")
    if conmon is None:
        raise Conflict("conmon is not installed on this host: install the package conmon")
    init_path = config.init_path or shutil.which("tini-static") or ""
    return Host(instance_name(config), detect(), runtimes, conmon, init_path)


def _oci_drivers(config: Config, host: Host, idmaps: IdMaps) -> dict[str, OciDriver]:
    """Return driver name → driver, the default runtime's under the plain name."""
    cgroups = Cgroups(host.hierarchy)
    drivers: dict[str, OciDriver] = {}
    for runtime, path in host.runtimes.items():
        name = f"oci-{runtime}" if drivers else "oci"
        settings = OciSettings(
            path, host.conmon, config.exec_root, host.instance, host.init_path,
            config.environment.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
        )  # fmt: skip
        drivers[name] = OciDriver(settings, cgroups, idmaps, name=name)
    return drivers


async def build_engine(config: Config) -> Engine:
    """Build everything, recover what an earlier engine left, and return what is ready to listen.

    Raises:
        TransomError: the host lacks something, or another engine uses the data root.
    """
    for directory in (config.data_root, config.exec_root):
        directory.mkdir(parents=True, exist_ok=True)
        os.chmod(directory, 0o711)
    host = find_host(config)
    clock = SystemClock()
    database = await Database.open(str(config.data_root / "transom.db"))
    operations = Operations()
    bus = EventBus(clock)
    workers = Workers((*snapshot_layers.MODULES, *BUILD_JOBS))

    # Storage
    containers = await SqliteContainers.open(database)
    volume_store = await SqliteVolumes.open(database, config.data_root / "volumes", clock)
    snapshots = OverlaySnapshotter(str(config.data_root), await SnapshotTable.load(database, clock), workers)
    await snapshots.recover()
    bases = DiskBaseStore(config.data_root / "bases")
    await bases.sweep()
    builder = DebianBaseBuilder(bases, clock, KeyedLock(), workers, config.environment, config.mirror)

    # Images
    stored = await _open_images(config, database, snapshots, workers, bases, clock)

    # Containers
    places = Places(config.data_root)
    announce = Announce(bus)
    logs = LogFiles(places.log, str(config.data_root))
    idmaps = IdMaps()
    oci = _oci_drivers(config, host, idmaps)
    owners = choose(host.instance, taken_on_host())
    closed = closed_to_others(config.exec_root) or closed_to_others(config.data_root)
    unmapped = closed or idmaps.refusal(config.data_root, owners.whole)
    for path in config.windows_ca:
        await asyncio.to_thread(check_file, path)
    wine = WineSettings(config.data_root, None if unmapped else owners, config.windows_ca)
    drivers: dict[str, ExecDriver] = {**oci}
    for oci_name, inner in oci.items():
        name = oci_name.replace("oci", "wine")
        drivers[name] = WineDriver(wine, inner, bases, idmaps, name=name)
    state = RunState(containers, drivers, Hubs(logs), Waits(), announce, operations)
    step_cache = await StepTable.load(database, clock)
    registries = RegistryClient(_registry_settings(config))
    image_uses = _image_use_cases(config, registries, stored, snapshots, containers, bus, clock, step_cache.held)
    volumes = Volumes(
        volume_store, containers, snapshots, WorkerVolumeFiller(workers, snapshots.empty_dir),
        lambda action, name, facts_: bus.publish("volume", action, name, facts_),
    )  # fmt: skip

    # Networks
    book = NetworkBook()
    network_store = await SqliteNetworks.open(database)
    naming = Naming(host.instance)
    network_driver = BridgeDriver(naming, book, operations)

    def announce_network(action: str, network_id: str, attributes: Mapping[str, str]) -> None:
        bus.publish("network", action, network_id, dict(attributes))

    create_network = CreateNetwork(book, network_store, network_driver, naming, clock, announce_network)
    await create_network.ensure_predefined(address=config.bip, bridge=config.bridge != "none")
    await network_driver.open(network_store.all())
    sandboxes = NetworkSandboxes(
        book,
        network_driver,
        containers,
        _host_view(places),
        Resolving(config.dns, config.dns_search, config.dns_options),
    )

    exits = Exits(state, sandboxes, clock)
    start = StartContainer(state, snapshots, sandboxes, places, exits, clock)

    def let_go(container: Container) -> None:
        if stored.images.find(container.image_id) is None:  # its image was removed by force, or never had a record
            operations.spawn(image_uses.collect(), name="collect")

    remove = RemoveContainer(state, snapshots, sandboxes, volumes, places, let_go)
    stop = StopContainer(state)
    execs = Execs(state)
    exits.connect(start, remove, CheckHealth(state, execs, clock))
    choose_base = ChooseBase(bases, builder)
    create = CreateContainer(
        containers, image_uses.facts, snapshots, sandboxes, volumes, choose_base, places, announce,
        clock, {name: "" if at == 0 else name for at, name in enumerate(host.runtimes)},
        lambda path: path.mkdir(parents=True), not host.hierarchy.v2,
    )  # fmt: skip
    await Recover(state, snapshots, sandboxes, places, exits, remove)()
    await network_driver.settle()

    workspaces = DiskWorkspaces(str(config.data_root), workers)
    prune_builds = PruneBuilds(stored.images, step_cache, image_uses.collect)
    await SweepBuilds(workspaces, snapshots, prune_builds)()
    await image_uses.collect()  # what an engine that was killed had stored and not recorded yet
    step_tools = StepTools(
        ProvideImages(image_uses.lookup, image_uses.pull), snapshots, image_uses.commit_layer, stored.index,
        RunContainers(state, create, start, remove), registry_delta, places, choose_base, step_cache, Download(),
        lambda ref: _windows_drive(bases, ref),
    )  # fmt: skip
    build = BuildImage(workspaces, step_tools, image_uses.record, image_uses.tag, stored.leases, clock)

    list_containers = ListContainers(state, snapshots, image_uses.facts, clock)
    manage_volumes = ManageVolumes(volumes, lambda path: _measure(workers, path), match_labels)
    roots = FindRoot(
        state, snapshots, lambda each: f"/proc/{each.pid}/root" + (DRIVE_C if each.base else ""),
        lambda each: (_windows_drive(bases, each.base),) if each.base else (),
    )  # fmt: skip
    files = WorkerFiles(workers, snapshots.empty_dir)

    spool = Spool(config.data_root / "transfer")
    spool.sweep()
    base_usage = BaseUsage(containers, stored.images)
    remove_network = RemoveNetwork(book, network_store, network_driver, announce_network)
    routes: list[Route] = [
        *ContainerRoutes(
            containers, create, start, stop, KillContainer(state), RestartContainer(stop, start),
            PauseContainer(state), ResizeContainer(state), RenameContainer(state, sandboxes), remove,
            WaitContainer(containers, state.waits), ReadLogs(state, logs),
            InspectContainer(state, snapshots, places, execs, clock, _storage),
            list_containers, state.hubs, operations, announce,
        ).routes(),
        *AttachWebSocketRoutes(containers, state.hubs, ReadLogs(state, logs), announce).routes(),
        *ExecRoutes(execs, operations).routes(),
        *ContainerFileRoutes(
            ContainerArchive(state, roots, files), ExportContainer(state, roots, files),
            ListChanges(state, stored.layers, roots, places, registry_changes),
            CommitContainer(state, roots, places, image_uses.commit, registry_delta), operations,
        ).routes(),
        *_usage_routes(state, snapshots, remove, clock, operations).routes(),
        *VolumeRoutes(manage_volumes, operations).routes(),
        *NetworkRoutes(
            InspectNetworks(book, containers), create_network, remove_network,
            ConnectNetwork(book, network_driver, sandboxes, containers, state.locks, announce_network),
            DisconnectNetwork(book, network_driver, containers, state.locks, announce_network),
            PruneNetworks(book, containers, remove_network), operations,
        ).routes(),
        *image_uses.routes(operations).routes(),
        *RebaseRoutes(image_uses.rebase).routes(),
        *CheckRoutes(CheckImage(image_uses.lookup, snapshots, bases, WineChecker(bases, workers))).routes(),
        *RegistryRoutes(InspectDistribution(registries), LogIn(registries)).routes(),
        *BuildRoutes(build, prune_builds).routes(),
        *BaseRoutes(
            ListBases(bases), BuildBase(builder), ExportBase(bases), ImportBase(bases), PushBase(bases, registries),
            PullBase(bases, registries), RemoveBase(bases, base_usage), base_usage, spool,
        ).routes(),
        *SystemRoutes(
            _info(_summary(config, host, owners, unmapped), state, stored.images, bases, clock),
            _disk_usage(stored, image_uses, list_containers, manage_volumes, snapshots, step_cache, clock), bus,
        ).routes(),
        *AbsentRoutes().routes(),
    ]  # fmt: skip
    return Engine(
        build_app(routes),
        state,
        database,
        workers,
        network_driver,
        StartAtBoot(state, start),
        Cgroups(host.hierarchy),
        f"/{host.instance}",
    )


async def _measure(workers: Workers, path: str) -> int:
    return (await workers.run(measure, Tree(path))).size_bytes


def _usage_routes(
    state: RunState, snapshots: OverlaySnapshotter, remove: RemoveContainer, clock: SystemClock, operations: Operations
) -> ContainerUsageRoutes:
    async def size(container_id: str) -> int:
        return (await snapshots.usage(container_id)).size_bytes

    prune = PruneContainers(state, remove, lambda text: until(text, clock.now()), size)
    return ContainerUsageRoutes(
        TopContainer(state, process_rows, run_ps), ContainerStats(state, clock), UpdateContainer(state), prune,
        operations,
    )  # fmt: skip


def _disk_usage(
    stored: "StoredImages",
    uses: "ImageUseCases",
    list_containers: ListContainers,
    volumes: ManageVolumes,
    snapshots: OverlaySnapshotter,
    steps: StepTable,
    clock: SystemClock,
) -> SystemDiskUsage:
    async def images() -> list[Any]:
        counts = Counter(each.image_id for each in list_containers.state.containers.all())
        rows = ListImages(stored.images, uses.lookup, clock, lambda image_id: counts[image_id])({}, all_=True)
        shared = (await uses.measure()).shared
        shapes = []
        for row in rows:
            shape = summary_shape(row, (1, 51), shared=shared)
            shape.Containers = row.containers
            shapes.append(shape)
        return shapes

    async def layers_bytes() -> int:
        return (await uses.measure()).layers_bytes

    async def build_cache() -> list[dict[str, Any]]:
        in_images = {name for image in stored.images.all() for name in image.snapshots()}
        held = {each.key for each in steps.held() if each.kind is LeaseKind.SNAPSHOT}
        return [
            {
                "ID": name.rpartition(":")[2][:25], "Type": "regular", "Description": "layer of a build step",
                "InUse": False, "Shared": name in in_images, "Size": (await snapshots.usage(name)).size_bytes,
                "CreatedAt": ZERO_TIME, "LastUsedAt": None, "UsageCount": 1,
            }
            for name in sorted(held) if await snapshots.exists(name)
        ]  # fmt: skip

    return SystemDiskUsage(
        images, layers_bytes, lambda: list_containers({}, all_=True, limit=0, size=True), volumes.usage, build_cache
    )


@dataclass(frozen=True, slots=True)
class StoredImages:
    """The adapters under images."""

    content: BlobStore
    leases: LeaseTable
    images: ImageTable
    index: LayerTable
    layers: OverlayLayers
    archives: WorkerArchives


async def _open_images(
    config: Config,
    database: Database,
    snapshots: OverlaySnapshotter,
    workers: Workers,
    bases: DiskBaseStore,
    clock: SystemClock,
) -> StoredImages:
    content = BlobStore(str(config.data_root))
    await content.recover()
    leases = LeaseTable(database, clock)
    await leases.recover()
    layers = OverlayLayers(snapshots, workers, lambda ref: _windows_drive(bases, ref))
    archives = WorkerArchives(workers, str(config.data_root / "blobs" / "sha256"))
    images, index = await ImageTable.load(database, clock), await LayerTable.load(database)
    return StoredImages(content, leases, images, index, layers, archives)


@dataclass(frozen=True, slots=True)
class ImageUseCases:
    """What other parts of the engine need of images, and their routes."""

    facts: FindImageFacts
    lookup: LookupImage
    collect: Collect
    record: RecordImage
    unpack: UnpackLayer
    commit_layer: CommitLayer
    commit: CommitImage
    pull: PullImage
    rebase: RebaseImage
    stand_in: StandIn
    announce: AnnounceImage
    tag: TagImage
    routes: Callable[[Operations], ImageRoutes]
    measure: MeasureImages


def _registry_settings(config: Config) -> RegistrySettings:
    locations: dict[str, tuple[str, ...]] = {}
    for entry in config.registry_locations:
        domain, _, url = entry.partition("=")
        locations[domain] = (*locations.get(domain, ()), *([url] if url else []))
    return RegistrySettings(
        config.insecure_registries, config.registry_mirrors, locations, config.registry_certs, config.environment,
        config.max_download_attempts, user_agent=f"transom/{transom.__version__}",
    )  # fmt: skip


def _image_use_cases(
    config: Config,
    registries: RegistryClient,
    stored: StoredImages,
    snapshots: OverlaySnapshotter,
    containers: SqliteContainers,
    bus: EventBus,
    clock: SystemClock,
    also_held: Callable[[], Iterable[Held]] = tuple,
) -> ImageUseCases:
    images, content, leases, archives = stored.images, stored.content, stored.leases, stored.archives
    lookup = LookupImage(images)
    announce = AnnounceImage(bus, images)
    collect = Collect(content, images, snapshots, stored.index, leases, also_held)
    record = RecordImage(content, images, snapshots, stored.index)
    unpack = UnpackLayer(content, stored.layers)
    commit_layer = CommitLayer(content, stored.layers, snapshots, stored.index)
    stand_in = StandIn(record, leases, announce)
    extract = ExtractLayer(content, archives, stored.layers, snapshots, stored.index, leases)
    silence = Silence()
    count_base_layers = CountBaseLayers(images, content, archives, AskForBases(registries, silence))
    fetch_layer = FetchLayer(content, leases, asyncio.Semaphore(config.max_concurrent_downloads), KeyedLock())
    fetch = FetchImage(content, record, fetch_layer, extract, count_base_layers)
    pull = PullImage(registries, fetch, stand_in, leases, collect, announce, silence)
    rebase = RebaseImage(lookup, pull, unpack, record, leases, collect, announce)
    send = SendImage(content, images, registries, config.max_concurrent_uploads)
    measure = MeasureImages(images, snapshots)
    tag = TagImage(images, lookup, announce)

    def users_of(image_id: str) -> list[ImageUser]:
        return [ImageUser(each.id, each.is_running) for each in containers.all() if each.image_id == image_id]

    def routes(operations: Operations) -> ImageRoutes:
        remove = RemoveImage(images, lookup, users_of, collect, announce)
        return ImageRoutes(
            ListImages(images, lookup, clock, lambda image_id: len(users_of(image_id))),
            InspectImage(images, lookup),
            ReadHistory(images, lookup, snapshots),
            pull,
            PushImage(send, images, stored.layers, leases, announce),
            LoadImages(archives, content, leases, unpack, record, collect, announce),
            ImportImage(archives, unpack, record, leases, collect, clock, announce),
            SaveImages(archives, content, lookup, leases, announce),
            tag,
            remove,
            PruneImages(images, remove, collect, clock, measure),
            measure,
            operations,
        )

    commit = CommitImage(commit_layer, record, leases, clock, announce, collect)
    return ImageUseCases(
        FindImageFacts(lookup), lookup, collect, record, unpack, commit_layer, commit, pull, rebase, stand_in,
        announce, tag, routes, measure,
    )  # fmt: skip


def _windows_drive(bases: DiskBaseStore, ref: str) -> str:
    """Return the directory of a base's drive C:, empty where there is no base."""
    with suppress(NotFound):
        return str(bases.path(bases.find(ref).digest) / "c")
    return ""


def _host_view(places: Places) -> HostView:
    def text(path: str) -> str:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read(HOST_FILE_LIMIT)
        except OSError:
            return ""

    return HostView(
        text=text,
        file=lambda container_id, name: text(str(places.file(container_id, name))),
        ipv6=lambda: Path("/proc/net/if_inet6").exists(),
    )


def _storage(snapshot: str) -> dict[str, Any]:
    """Return inspect's GraphDriver; the paths are the engine's own business."""
    return {"Name": "overlay2", "Data": {"ID": snapshot}}


def _summary(config: Config, host: Host, owners: Owners, unmapped: str) -> HostSummary:
    """Return what docker info says of the host; unmapped: why Windows containers have no users of their own."""
    security = [] if unmapped else [f"name=windows-userns,first={owners.first}"]
    warnings = [f"WARNING: Windows containers run as the host's root user: {unmapped}"] if unmapped else []
    return HostSummary(
        host.instance, str(config.data_root), host.hierarchy, host.runtimes, next(iter(host.runtimes)), {},
        config.insecure_registries, config.registry_mirrors, config.environment, security, warnings,
    )  # fmt: skip


def _info(
    summary: HostSummary, state: RunState, images: ImageTable, bases: DiskBaseStore, clock: SystemClock
) -> SystemInfo:
    async def count() -> int:
        return len(images.all())

    async def describe() -> list[str]:
        return [f"{each.digest[:19]} Wine {each.wine_version}" for each in await bases.list()]

    return SystemInfo(state, summary, count, describe, clock)
