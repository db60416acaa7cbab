"""What is done with networks."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from transom.aio.operations import Operations
from transom.daemon.config import Config
from transom.daemon.wiring.host import Host
from transom.daemon.wiring.stores import Stores
from transom.drivers.network.bridge import BridgeDriver
from transom.engine.containers.places import Places
from transom.engine.networks.book import NetworkBook
from transom.engine.networks.create import Announce as AnnounceNetwork
from transom.engine.networks.create import CreateNetwork
from transom.engine.networks.remove import RemoveNetwork
from transom.engine.networks.sandboxes import HostView, NetworkSandboxes
from transom.events.bus import EventBus
from transom.networks.hosts import Resolving
from transom.networks.naming import Naming

HOST_FILE_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks, and what is done with them."""

    book: NetworkBook
    driver: BridgeDriver
    sandboxes: NetworkSandboxes
    create: CreateNetwork
    remove: RemoveNetwork
    announce: AnnounceNetwork


async def open_networks(
    config: Config, host: Host, stores: Stores, places: Places, operations: Operations, bus: EventBus
) -> Networks:
    """Make the networks that every engine has, and take up those that an earlier one made."""
    book = NetworkBook()
    naming = Naming(host.instance)
    driver = BridgeDriver(naming, book, operations)

    def announce(action: str, network_id: str, attributes: Mapping[str, str]) -> None:
        bus.publish("network", action, network_id, dict(attributes))

    create = CreateNetwork(book, stores.networks, driver, naming, stores.clock, announce)
    await create.ensure_predefined(address=config.bip, bridge=config.bridge != "none")
    await driver.open(stores.networks.all())
    resolving = Resolving(config.dns, config.dns_search, config.dns_options)
    sandboxes = NetworkSandboxes(book, driver, stores.containers, _host_view(places), resolving)
    remove = RemoveNetwork(book, stores.networks, driver, announce)
    return Networks(book, driver, sandboxes, create, remove, announce)


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
