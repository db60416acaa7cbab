"""The running engine, from its configuration."""

import os
from dataclasses import dataclass

from aiohttp import web

from transom.aio.operations import Operations
from transom.api.app import build_app
from transom.daemon.config import Config
from transom.daemon.wiring.build import wire_build
from transom.daemon.wiring.containers import wire_containers
from transom.daemon.wiring.host import exec_drivers, find_host
from transom.daemon.wiring.images import wire_images
from transom.daemon.wiring.networks import open_networks
from transom.daemon.wiring.routes import all_routes
from transom.daemon.wiring.stores import open_stores
from transom.daemon.wiring.system import wire_system
from transom.drivers.network.bridge import BridgeDriver
from transom.engine.containers.places import Places
from transom.engine.containers.run_state import RunState
from transom.engine.recover import Recover, StartAtBoot
from transom.events.bus import EventBus
from transom.host.cgroup import Cgroups
from transom.host.worker import Workers
from transom.store.database import Database


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


async def build_engine(config: Config) -> Engine:
    """Build everything, recover what an earlier engine left, and return what is ready to listen.

    Raises:
        TransomError: the host lacks something, or another engine uses the data root.
    """
    for directory in (config.data_root, config.exec_root):
        directory.mkdir(parents=True, exist_ok=True)
        os.chmod(directory, 0o711)
    host = find_host(config)
    stores = await open_stores(config)
    operations = Operations()
    bus = EventBus(stores.clock)
    drivers = await exec_drivers(config, host, stores.bases)
    places = Places(config.data_root)
    images = wire_images(config, stores, bus)
    networks = await open_networks(config, host, stores, places, operations, bus)
    containers = wire_containers(config, host, stores, drivers, images, networks, places, operations, bus)
    state = containers.state
    await Recover(state, stores.snapshots, networks.sandboxes, places, containers.exits, containers.remove)()
    await networks.driver.settle()
    build = await wire_build(config, stores, images, containers)
    await images.collect()  # what an engine that was killed had stored and not recorded yet
    system = wire_system(config, host, stores, drivers, images, containers, bus)
    routes = all_routes(config, stores, images, networks, containers, build, system)
    start_at_boot = StartAtBoot(state, containers.start)
    return Engine(
        build_app(routes), state, stores.database, stores.workers, networks.driver, start_at_boot,
        Cgroups(host.hierarchy), f"/{host.instance}",
    )  # fmt: skip
