"""What is on disk: records, blobs, layers, bases, volumes."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from transom.daemon.config import Config
from transom.drivers.build.workspace import JOBS as BUILD_JOBS
from transom.drivers.exec.wine.base.store import DiskBaseStore
from transom.drivers.snapshot import layers as snapshot_layers
from transom.drivers.snapshot.archives import WorkerArchives
from transom.drivers.snapshot.layers import OverlayLayers
from transom.drivers.snapshot.overlay import OverlaySnapshotter
from transom.errors import NotFound
from transom.host.precedence import Precedence
from transom.host.worker import Workers
from transom.model.clock import SystemClock
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


@dataclass(frozen=True, slots=True)
class StoredImages:
    """The adapters under images."""

    content: BlobStore
    leases: LeaseTable
    images: ImageTable
    index: LayerTable
    layers: OverlayLayers
    archives: WorkerArchives


@dataclass(frozen=True, slots=True)
class Stores:
    """The adapters that keep what outlives the engine, and what they share."""

    clock: SystemClock
    workers: Workers
    hurry: Callable[[], None]
    database: Database
    containers: SqliteContainers
    volumes: SqliteVolumes
    networks: SqliteNetworks
    snapshots: OverlaySnapshotter
    bases: DiskBaseStore
    steps: StepTable
    images: StoredImages


async def open_stores(config: Config) -> Stores:
    """Open everything below the data root, and put away what an engine that was killed left half made there.

    Raises:
        TransomError: another engine uses the data root, or it cannot be read.
    """
    clock = SystemClock()
    database = await Database.open(str(config.data_root / "transom.db"))
    precedence = Precedence()
    workers = Workers((*snapshot_layers.MODULES, *BUILD_JOBS), precedence=precedence)
    containers = await SqliteContainers.open(database)
    volumes = await SqliteVolumes.open(database, config.data_root / "volumes", clock)
    networks = await SqliteNetworks.open(database)
    snapshots = OverlaySnapshotter(str(config.data_root), await SnapshotTable.load(database, clock), workers)
    await snapshots.recover()
    bases = DiskBaseStore(config.data_root / "bases")
    await bases.sweep()
    images = await _open_images(config, database, snapshots, workers, bases, clock)
    steps = await StepTable.load(database, clock)
    return Stores(
        clock, workers, precedence.ask, database, containers, volumes, networks, snapshots, bases, steps, images
    )


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
    layers = OverlayLayers(snapshots, workers, lambda ref: windows_drive(bases, ref))
    archives = WorkerArchives(workers, str(config.data_root / "blobs" / "sha256"))
    images, index = await ImageTable.load(database, clock), await LayerTable.load(database)
    return StoredImages(content, leases, images, index, layers, archives)


def windows_drive(bases: DiskBaseStore, ref: str) -> str:
    """Return the directory of a base's drive C:, empty where there is no base."""
    with suppress(NotFound):
        return str(bases.path(bases.find(ref).digest) / "c")
    return ""
