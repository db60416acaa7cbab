"""Networks without a kernel: a driver that remembers, repositories in memory."""

from collections.abc import Sequence
from ipaddress import IPv4Network

from transom.containers.container import Container
from transom.errors import Conflict, NoSuchContainer, Unavailable
from transom.networks.driver import Attached, Living, Plan
from transom.networks.endpoint import Endpoint
from transom.networks.network import Network


class FakeNetworkDriver:
    """NetworkDriver that keeps what was asked of it. Ports below 1024 on the host are somebody else's."""

    def __init__(self) -> None:
        self.networks: dict[str, Network] = {}
        self.plans: dict[str, Plan] = {}
        self.living: dict[str, Living] = {}
        self.extra: dict[str, list[Endpoint]] = {}
        self.taken: list[IPv4Network] = []

    async def open(self, networks: Sequence[Network]) -> None:
        self.networks.update({network.id: network for network in networks})

    async def rejoin(self, container_id: str, living: Living) -> None:
        self.living[container_id] = living

    async def settle(self) -> None:
        pass

    async def host_networks(self) -> Sequence[IPv4Network]:
        return self.taken

    async def is_made(self, network: Network) -> bool:
        return network.id in self.networks

    async def create(self, network: Network) -> None:
        if "refused" in network.name:
            raise Unavailable("the host refuses")
        self.networks[network.id] = network

    async def remove(self, network: Network) -> None:
        self.networks.pop(network.id, None)

    async def attach(self, plan: Plan) -> Attached:
        ports = []
        for wanted in plan.ports:
            if wanted.candidates.start < 1024:
                raise Unavailable("address already in use")
            ports += wanted.published(wanted.candidates.start)
        self.plans[plan.container_id] = plan
        return Attached(f"/proc/1/fd/{len(self.plans)}", tuple(ports), (3,))

    async def detach(self, container_id: str) -> None:
        self.plans.pop(container_id, None)
        self.living.pop(container_id, None)

    async def connect(self, container_id: str, endpoint: Endpoint, *, default_route: bool, names: bool) -> None:
        if container_id not in self.plans:
            raise Conflict("no namespace")
        self.extra.setdefault(container_id, []).append(endpoint)

    async def disconnect(self, container_id: str, endpoint: Endpoint, *, default_route: Endpoint | None) -> None:
        pass

    def path(self, container_id: str) -> str | None:
        return "/proc/1/fd/9" if container_id in self.plans else None

    async def close(self, *, leave: bool) -> None:
        pass


class MemoryNetworks:
    """NetworkRepository."""

    def __init__(self) -> None:
        self._by_id: dict[str, Network] = {}

    def all(self) -> Sequence[Network]:
        return list(self._by_id.values())

    async def save(self, network: Network) -> None:
        self._by_id[network.id] = network

    async def remove(self, network_id: str) -> None:
        self._by_id.pop(network_id, None)


class MemoryContainers:
    """ContainerRepository, as far as networks need it."""

    def __init__(self) -> None:
        self.by_id: dict[str, Container] = {}

    def get(self, ref: str) -> Container:
        for container in self.by_id.values():
            if ref in (container.name, container.id) or (ref and container.id.startswith(ref)):
                return container
        raise NoSuchContainer(ref)

    def find(self, container_id: str) -> Container | None:
        return self.by_id.get(container_id)

    def named(self, name: str) -> Container | None:
        return next((each for each in self.by_id.values() if each.name == name), None)

    def all(self) -> Sequence[Container]:
        return list(self.by_id.values())

    async def add(self, container: Container) -> None:
        self.by_id[container.id] = container

    async def save(self, container: Container) -> None:
        self.by_id[container.id] = container

    async def rename(self, container: Container, name: str) -> Container:
        self.by_id[container.id] = container.changed(name=name)
        return self.by_id[container.id]

    async def remove(self, container_id: str) -> None:
        self.by_id.pop(container_id, None)
