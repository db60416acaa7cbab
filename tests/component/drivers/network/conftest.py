import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network

import pytest
from tests.support.nethost import NetHost, Server, net_host

from transom.aio.operations import Operations
from transom.drivers.network.bridge import BridgeDriver
from transom.model.ids import NetworkId
from transom.networks.dns import Names
from transom.networks.driver import Attached, Plan
from transom.networks.endpoint import Endpoint, PortRequest, mac_for
from transom.networks.naming import Naming
from transom.networks.network import Kind, Network, Subnet
from transom.networks.ports import wanted


class FixedDirectory:
    """A directory whose names a test sets."""

    def __init__(self) -> None:
        self.known = Names({}, {})
        self.outside: list[str] = []

    def names(self, container_id: str) -> Names:
        return self.known

    def servers(self, container_id: str) -> list[str]:
        return self.outside


class Engine:
    """A driver with a default network, and what tests do with it all the time."""

    def __init__(self, driver: BridgeDriver, directory: FixedDirectory, default: Network) -> None:
        self.driver = driver
        self.directory = directory
        self.default = default
        self.client = -1
        self._servers: list[Server] = []

    def endpoint(self, number: int, network: Network | None = None) -> Endpoint:
        network = network or self.default
        assert network.subnet is not None
        address = IPv4Address(int(network.subnet.network.network_address) + number)
        gateway = "" if network.internal else str(network.subnet.gateway)
        return Endpoint(network.id, network.name, "e" * 64, str(address), 24, gateway, mac_for(address))

    async def attach(
        self, number: int, *ports: PortRequest, network: Network | None = None, names: bool = False
    ) -> tuple[int, Attached]:
        """Join container <number> and return its namespace's descriptor."""
        plan = Plan(
            cid(number), f"c{number}", (self.endpoint(number, network),), tuple(map(wanted, ports)), names=names
        )
        attached = await self.driver.attach(plan)
        return int(attached.path.rsplit("/", 1)[1]), attached

    def serve(self, fd: int, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> None:
        self._servers.append(Server(fd, port, kind))

    def close(self) -> None:
        for server in self._servers:
            server.close()


def cid(number: int) -> str:
    return f"{number:08x}" * 8


def bridge_network(name: str, number: int, **more: object) -> Network:
    subnet = IPv4Network(f"10.99.{number}.0/24")
    return Network(
        id=NetworkId(f"{number:064x}"), name=name, driver=Kind.BRIDGE, created_at=datetime.now(UTC),
        subnet=Subnet(subnet, subnet[1]), bridge=f"ttest{number}", **more,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
def host() -> Iterator[NetHost]:
    with net_host() as made:
        made.route("10.99.0.0/16")
        yield made


@pytest.fixture
async def operations() -> AsyncIterator[Operations]:
    made = Operations()
    yield made
    await made.close(timeout_s=5)


Start = Callable[[], Awaitable[Engine]]


@pytest.fixture
async def start(host: NetHost, operations: Operations) -> AsyncIterator[Start]:
    """Start the driver when a test is ready for it."""
    started: list[Engine] = []

    async def begin() -> Engine:
        directory = FixedDirectory()
        default = bridge_network("bridge", 0)
        engine = Engine(BridgeDriver(Naming("ttest"), directory, operations), directory, default)
        await engine.driver.open([default])
        await engine.driver.settle()
        started.append(engine)
        return engine

    yield begin
    for engine in started:
        engine.close()
        await engine.driver.close(leave=False)
