"""What is done with builds."""

from dataclasses import dataclass

from transom.daemon.config import Config
from transom.daemon.wiring.containers import Containers
from transom.daemon.wiring.images import ImageUseCases
from transom.daemon.wiring.stores import Stores, windows_drive
from transom.drivers.build.workspace import DiskWorkspaces
from transom.drivers.exec.wine.prefix import registry_delta
from transom.engine.build.build import BuildImage
from transom.engine.build.containers import RunContainers
from transom.engine.build.download import Download
from transom.engine.build.provide import ProvideImages
from transom.engine.build.prune import PruneBuilds
from transom.engine.build.steps import StepTools
from transom.engine.build.sweep import SweepBuilds


@dataclass(frozen=True, slots=True)
class Builds:
    """What is done with builds."""

    build: BuildImage
    prune: PruneBuilds


async def wire_build(config: Config, stores: Stores, images: ImageUseCases, containers: Containers) -> Builds:
    """Build the builder, and put away what builds of a killed engine left."""
    workspaces = DiskWorkspaces(str(config.data_root), stores.workers)
    prune = PruneBuilds(stores.images.images, stores.steps, images.collect)
    await SweepBuilds(workspaces, stores.snapshots, prune)()
    runs = RunContainers(containers.state, containers.create, containers.start, containers.remove)
    tools = StepTools(
        ProvideImages(images.lookup, images.pull), stores.snapshots, images.commit_layer, stores.images.index, runs,
        registry_delta, containers.places, containers.choose_base, stores.steps, Download(),
        lambda ref: windows_drive(stores.bases, ref),
    )  # fmt: skip
    build = BuildImage(workspaces, tools, images.record, images.tag, stores.images.leases, stores.clock)
    return Builds(build, prune)
