"""What is done with images and registries."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import transom
from transom.aio.locks import KeyedLock
from transom.aio.operations import Operations
from transom.api.routes.images import ImageRoutes
from transom.daemon.config import Config
from transom.daemon.wiring.stores import Stores
from transom.drivers.exec.wine.base.build import DebianBaseBuilder
from transom.engine.bases.choose import ChooseBase
from transom.engine.bases.prepare import PrepareBase
from transom.engine.images.announce import AnnounceImage
from transom.engine.images.arrive import FetchLayer
from transom.engine.images.ask_bases import AskForBases
from transom.engine.images.base_layers import CountBaseLayers
from transom.engine.images.collect import Collect
from transom.engine.images.commit import CommitImage
from transom.engine.images.extract import ExtractLayer
from transom.engine.images.facts import FindImageFacts
from transom.engine.images.fetch import FetchImage
from transom.engine.images.import_ import ImportImage
from transom.engine.images.inspect import InspectImage, ReadHistory
from transom.engine.images.list import ListImages
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
from transom.events.bus import EventBus
from transom.images.progress import Emit
from transom.registry.client import RegistryClient
from transom.registry.settings import RegistrySettings


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
    registries: RegistryClient
    choose_base: ChooseBase
    builder: DebianBaseBuilder


def _registry_settings(config: Config) -> RegistrySettings:
    locations: dict[str, tuple[str, ...]] = {}
    for entry in config.registry_locations:
        domain, _, url = entry.partition("=")
        locations[domain] = (*locations.get(domain, ()), *([url] if url else []))
    return RegistrySettings(
        config.insecure_registries, config.registry_mirrors, locations, config.registry_certs, config.environment,
        config.max_download_attempts, user_agent=f"transom/{transom.__version__}",
    )  # fmt: skip


async def _prepare_nothing(emit: Emit) -> None:
    """Leave it to the first container."""


def wire_images(config: Config, stores: Stores, bus: EventBus) -> ImageUseCases:
    """Build the use cases of images upon stores and the registries that the configuration names."""
    stored, snapshots, containers, clock = stores.images, stores.snapshots, stores.containers, stores.clock
    registries = RegistryClient(_registry_settings(config))
    images, content, leases, archives = stored.images, stored.content, stored.leases, stored.archives
    lookup = LookupImage(images)
    announce = AnnounceImage(bus, images)
    collect = Collect(content, images, snapshots, stored.index, leases, stores.steps.held)
    record = RecordImage(content, images, snapshots, stored.index)
    unpack = UnpackLayer(content, stored.layers)
    commit_layer = CommitLayer(content, stored.layers, snapshots, stored.index)
    stand_in = StandIn(record, leases, announce)
    extract = ExtractLayer(content, archives, stored.layers, snapshots, stored.index, leases)
    silence = Silence()
    count_base_layers = CountBaseLayers(images, content, archives, AskForBases(registries, silence))
    fetch_layer = FetchLayer(content, leases, asyncio.Semaphore(config.max_concurrent_downloads), KeyedLock())
    fetch = FetchImage(content, record, fetch_layer, extract, count_base_layers)
    builder = DebianBaseBuilder(stores.bases, clock, KeyedLock(), stores.workers, config.environment, config.mirror)
    choose_base = ChooseBase(stores.bases, builder)
    prepare_base = PrepareBase(choose_base) if config.base_build == "pull" else _prepare_nothing
    pull = PullImage(registries, fetch, stand_in, leases, collect, announce, silence, prepare_base)
    rebase = RebaseImage(lookup, pull, unpack, record, leases, collect, announce)
    send = SendImage(content, images, registries, config.max_concurrent_uploads)
    measure = MeasureImages(images, snapshots)
    tag = TagImage(images, lookup, announce)

    def users_of(image_id: str) -> list[ImageUser]:
        return [ImageUser(each.id, each.is_running) for each in containers.all() if each.image_id == image_id]

    def routes(operations: Operations) -> ImageRoutes:
        remove = RemoveImage(images, lookup, users_of, collect, announce)
        return ImageRoutes(
            ListImages(images, lookup, clock, lambda image_id: [each.container_id for each in users_of(image_id)]),
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
        announce, tag, routes, measure, registries, choose_base, builder,
    )  # fmt: skip
