"""The part of an engine that keeps images, over real adapters, without HTTP and without containers."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transom.aio.locks import KeyedLock
from transom.drivers.snapshot.archives import WorkerArchives
from transom.drivers.snapshot.layers import MODULES, OverlayLayers
from transom.drivers.snapshot.overlay import OverlaySnapshotter
from transom.engine.images.announce import AnnounceImage
from transom.engine.images.arrive import FetchLayer
from transom.engine.images.ask_bases import AskForBases
from transom.engine.images.base_layers import CountBaseLayers
from transom.engine.images.collect import Collect
from transom.engine.images.commit import CommitImage
from transom.engine.images.extract import ExtractLayer
from transom.engine.images.fetch import FetchImage
from transom.engine.images.import_ import ImportImage
from transom.engine.images.inspect import InspectImage, ReadHistory
from transom.engine.images.list import ListImages
from transom.engine.images.load import LoadImages
from transom.engine.images.lookup import LookupImage
from transom.engine.images.prune import MeasureImages, PruneImages
from transom.engine.images.pull import PullImage
from transom.engine.images.record import CommitLayer, RecordImage, UnpackLayer
from transom.engine.images.remove import ImageUser, RemoveImage
from transom.engine.images.save import SaveImages
from transom.engine.images.silence import Silence
from transom.engine.images.standin import StandIn
from transom.engine.images.tag import TagImage
from transom.events.bus import EventBus
from transom.host.worker import Workers
from transom.images.image import Image
from transom.images.progress import Emit
from transom.model.clock import SystemClock
from transom.registry.client import RegistryClient
from transom.registry.settings import RegistrySettings
from transom.store.blobs import BlobStore
from transom.store.database import Database
from transom.store.images import ImageTable
from transom.store.layers import LayerTable
from transom.store.leases import LeaseTable
from transom.store.snapshots import SnapshotTable

NOWHERE = {"docker.io": (), "mcr.microsoft.com": ()}
"""Locations for registries that the tests never ask."""


@dataclass
class ImageStore:
    """Everything that a test may want to reach; users and windows_drive are the test's to set."""

    root: Path
    database: Database
    workers: Workers
    users: dict[str, list[ImageUser]] = field(default_factory=dict)
    windows_drive: str = ""
    registry_settings: RegistrySettings = field(default_factory=lambda: RegistrySettings(locations=NOWHERE))

    async def build(self) -> None:
        """Make the parts, as the engine does at boot."""
        clock = SystemClock()
        self.bus = EventBus(clock)
        self.snapshots = OverlaySnapshotter(
            str(self.root), await SnapshotTable.load(self.database, clock), self.workers
        )
        await self.snapshots.recover()
        self.content = BlobStore(str(self.root))
        await self.content.recover()
        self.leases = LeaseTable(self.database, clock)
        await self.leases.recover()
        self.images = await ImageTable.load(self.database, clock)
        self.index = await LayerTable.load(self.database)
        self.layers = OverlayLayers(self.snapshots, self.workers, lambda _: self.windows_drive)
        self.archives = WorkerArchives(self.workers, str(self.root / "blobs/sha256"))
        self.lookup = LookupImage(self.images)
        announce = AnnounceImage(self.bus, self.images)
        self.collect = Collect(self.content, self.images, self.snapshots, self.index, self.leases)
        self.record = RecordImage(self.content, self.images, self.snapshots, self.index)
        self.unpack = UnpackLayer(self.content, self.layers)
        self.commit_layer = CommitLayer(self.content, self.layers, self.snapshots, self.index)
        self.commit = CommitImage(self.commit_layer, self.record, self.leases, clock, announce, self.collect)
        self.stand_in = StandIn(self.record, self.leases, announce)
        self.registries = RegistryClient(self.registry_settings)
        extract = ExtractLayer(self.content, self.archives, self.layers, self.snapshots, self.index, self.leases)
        fetch_layer = FetchLayer(self.content, self.leases, asyncio.Semaphore(3), KeyedLock())
        silence = Silence()
        ask = AskForBases(self.registries, silence)
        count = CountBaseLayers(self.images, self.content, self.archives, ask)
        self.fetch = FetchImage(self.content, self.record, fetch_layer, extract, count)

        async def no_base(emit: Emit) -> None:
            pass

        self.pull = PullImage(
            self.registries, self.fetch, self.stand_in, self.leases, self.collect, announce, silence, no_base
        )
        self.loader = LoadImages(
            self.archives, self.content, self.leases, self.unpack, self.record, self.collect, announce
        )
        self.importer = ImportImage(self.archives, self.unpack, self.record, self.leases, self.collect, clock, announce)
        self.saver = SaveImages(self.archives, self.content, self.lookup, self.leases, announce)
        self.tag = TagImage(self.images, self.lookup, announce)
        self.remove = RemoveImage(
            self.images, self.lookup, lambda image: self.users.get(image, []), self.collect, announce
        )
        self.measure = MeasureImages(self.images, self.snapshots)
        self.prune = PruneImages(self.images, self.remove, self.collect, clock, self.measure)
        self.list = ListImages(
            self.images, self.lookup, clock, lambda image: [each.container_id for each in self.users.get(image, [])]
        )
        self.inspect = InspectImage(self.images, self.lookup)
        self.history = ReadHistory(self.images, self.lookup, self.snapshots)

    async def load(self, path: str | os.PathLike[str], **more: Any) -> tuple[Sequence[Image], list[Mapping[str, Any]]]:
        """Load an archive; return the images and the messages."""
        messages: list[Mapping[str, Any]] = []
        fd = os.open(path, os.O_RDONLY)
        try:
            return await self.loader(fd, messages.append, **more), messages
        finally:
            os.close(fd)

    async def save(self, path: str | os.PathLike[str], *names: str) -> None:
        """Save images to path."""
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            await self.saver(self.saver.choose(names), fd)
        finally:
            os.close(fd)

    async def import_(self, path: str | os.PathLike[str], **more: Any) -> Image:
        """Import a tar."""
        fd = os.open(path, os.O_RDONLY)
        try:
            return await self.importer(fd, lambda _: None, **more)
        finally:
            os.close(fd)

    def leftovers(self) -> list[str]:
        """Return the files and directories below the root that hold images' data."""
        found = [f"blobs/{name}" for name in os.listdir(self.root / "blobs/sha256")]
        found += [f"ingest/{name}" for name in os.listdir(self.root / "ingest")]
        found += [f"snapshots/{name}" for name in os.listdir(self.root / "snapshots") if name != "empty"]
        return sorted(found)


@asynccontextmanager
async def image_store(root: Path) -> AsyncIterator[ImageStore]:
    """Open a store below root, as the engine does at boot, and close it again."""
    root.mkdir(exist_ok=True)
    workers = Workers(MODULES)
    database = await Database.open(str(root / "transom.db"))
    store = ImageStore(root, database, workers)
    try:
        await store.build()
        yield store
    finally:
        await workers.close()
        await database.close()
