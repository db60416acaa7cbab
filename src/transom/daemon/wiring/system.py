"""What the engine tells of itself."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from transom.api.convert_images import summary_shape
from transom.containers.filters import match_labels
from transom.daemon.config import Config
from transom.daemon.wiring.containers import Containers
from transom.daemon.wiring.host import ExecDrivers, Host
from transom.daemon.wiring.images import ImageUseCases
from transom.daemon.wiring.stores import Stores
from transom.drivers.snapshot.disk import Tree, measure
from transom.engine.containers.list import ListContainers
from transom.engine.containers.run_state import RunState
from transom.engine.images.list import ListImages
from transom.engine.system.df import SystemDiskUsage
from transom.engine.system.info import HostSummary, SystemInfo
from transom.engine.volumes.manage import ManageVolumes
from transom.events.bus import EventBus


@dataclass(frozen=True, slots=True)
class System:
    """What the engine tells of itself and of all that it holds."""

    info: SystemInfo
    disk_usage: SystemDiskUsage
    list_containers: ListContainers
    volumes: ManageVolumes
    bus: EventBus


def wire_system(
    config: Config, host: Host, stores: Stores, drivers: ExecDrivers, images: ImageUseCases, containers: Containers,
    bus: EventBus,
) -> System:  # fmt: skip
    """Build what docker info, df, ps and volume ls ask."""

    async def volume_size(path: str) -> int:
        return (await stores.workers.run(measure, Tree(path))).size_bytes

    list_containers = ListContainers(containers.state, stores.snapshots, images.facts, stores.clock)
    volumes = ManageVolumes(containers.volumes, volume_size, match_labels)
    info = _info(_summary(config, host, drivers), containers.state, stores, bus)
    return System(info, _disk_usage(stores, images, list_containers, volumes), list_containers, volumes, bus)


def _disk_usage(
    stores: Stores, uses: ImageUseCases, list_containers: ListContainers, volumes: ManageVolumes
) -> SystemDiskUsage:
    stored, snapshots, steps, clock = stores.images, stores.snapshots, stores.steps, stores.clock

    async def images() -> list[Any]:
        containers = defaultdict(list)
        for each in list_containers.state.containers.all():
            containers[each.image_id].append(each.id)
        rows = ListImages(stored.images, uses.lookup, clock, lambda image: containers.get(image, ()))({}, all_=True)
        shared = (await uses.measure()).shared
        shapes = []
        for row in rows:
            shape = summary_shape(row, (1, 51), shared=shared)
            shape.Containers = len(row.containers)
            shapes.append(shape)
        return shapes

    async def layers_bytes() -> int:
        return (await uses.measure()).layers_bytes

    async def build_cache() -> list[dict[str, Any]]:
        in_images = {name for image in stored.images.all() for name in image.snapshots()}
        times = await steps.times()
        return [
            {
                "ID": name.rpartition(":")[2][:25], "Type": "regular", "Description": "layer of a build step",
                "InUse": False, "Shared": name in in_images, "Size": (await snapshots.usage(name)).size_bytes,
                "CreatedAt": created, "LastUsedAt": used, "UsageCount": 1,
            }
            for name, (created, used) in sorted(times.items()) if await snapshots.exists(name)
        ]  # fmt: skip

    return SystemDiskUsage(
        images, layers_bytes, lambda: list_containers({}, all_=True, limit=0, size=True), volumes.usage, build_cache
    )


def _summary(config: Config, host: Host, drivers: ExecDrivers) -> HostSummary:
    unmapped = drivers.unmapped
    security = [] if unmapped else [f"name=windows-userns,first={drivers.owners.first}"]
    warnings = [f"WARNING: Windows containers run as the host's root user: {unmapped}"] if unmapped else []
    warnings += [
        f"WARNING: Windows containers under {each} run as the host's root user: it is older than runc 1.3"
        for each in drivers.too_old
    ]
    programs = {**host.runtimes, "conmon": host.conmon, **({"tini": host.init_path} if host.init_path else {})}
    return HostSummary(
        host.instance, str(config.data_root), host.hierarchy, host.runtimes, next(iter(host.runtimes)), programs,
        config.insecure_registries, config.registry_mirrors, config.environment, security, warnings,
    )  # fmt: skip


def _info(summary: HostSummary, state: RunState, stores: Stores, bus: EventBus) -> SystemInfo:
    async def count() -> int:
        return len(stores.images.images.all())

    async def describe() -> list[str]:
        return [f"{each.digest[:19]} Wine {each.wine_version}" for each in await stores.bases.list()]

    return SystemInfo(state, summary, count, describe, bus.readers, stores.clock)
