"""POST /networks/{id}/connect and /disconnect."""

from dataclasses import dataclass

from transom.aio.finish import UndoStack
from transom.aio.locks import KeyedLock
from transom.containers.container import Container
from transom.containers.repository import ContainerRepository
from transom.engine.networks.book import NetworkBook
from transom.engine.networks.convert import SHARED, mode_of, settings_of
from transom.engine.networks.create import Announce
from transom.engine.networks.sandboxes import NetworkSandboxes, check_settings
from transom.errors import Forbidden, InvalidParameter, NotFound
from transom.networks.driver import NetworkDriver
from transom.networks.endpoint import Endpoint, primary
from transom.networks.network import Network
from transom.wire.containers import EndpointSettings


@dataclass(frozen=True, slots=True)
class ConnectNetwork:
    """Puts a container on one more network, running or not."""

    book: NetworkBook
    driver: NetworkDriver
    sandboxes: NetworkSandboxes
    containers: ContainerRepository
    locks: KeyedLock
    announce: Announce

    async def __call__(self, ref: str, container_ref: str, asked: EndpointSettings) -> None:
        """Do it. locks are those of containers.

        Raises:
            NotFound: network or container are unknown.
            Forbidden: it is on that network already.
            InvalidParameter: its network mode or what is asked for does not allow it.
        """
        network = self.book.get(ref)
        async with self.locks(self.containers.get(container_ref).id):
            container = self.containers.get(container_ref)
            _check_mode(container, network)
            if network.name in container.endpoints:
                raise Forbidden(f"endpoint with name {container.name} already exists in network {network.name}")
            check_settings(network, asked, alone=False)
            asked.network_id = network.id
            if container.is_running:
                await self._join(container, network, asked)
            else:
                await self._record(container, network, asked)
        self.announce(
            "connect", network.id, {"container": container.id, "name": network.name, "type": str(network.driver)}
        )

    async def _join(self, container: Container, network: Network, asked: EndpointSettings) -> None:
        async with UndoStack() as undo:
            leaves_already = primary(self.book.endpoints(container.id)) is not None
            endpoint = self.sandboxes.place(container, network, asked)
            undo.push(self.sandboxes.give_up, container.id, endpoint)
            await self.driver.connect(
                container.id,
                endpoint,
                default_route=not leaves_already and bool(endpoint.gateway),
                names=network.has_names,
            )
            undo.push(_take_out, self.driver, container.id, endpoint)
            await self._record(container, network, settings_of(asked, endpoint))
            undo.keep()

    async def _record(self, container: Container, network: Network, settings: EndpointSettings) -> None:
        kept = {name: each for name, each in container.endpoints.items() if name != "none"}
        await self.containers.save(container.changed(endpoints={**kept, network.name: settings}))


@dataclass(frozen=True, slots=True)
class DisconnectNetwork:
    """Takes a container off a network, running or not."""

    book: NetworkBook
    driver: NetworkDriver
    containers: ContainerRepository
    locks: KeyedLock
    announce: Announce

    async def __call__(self, ref: str, container_ref: str, *, force: bool) -> None:
        """Do it. force: a container that is not on the network is no error.

        Raises:
            NotFound: network or container are unknown, or the container is not on it.
            InvalidParameter: its network mode does not allow it.
        """
        network = self.book.get(ref)
        async with self.locks(self.containers.get(container_ref).id):
            container = self.containers.get(container_ref)
            if network.name not in container.endpoints:
                if force:
                    return
                raise NotFound(f"container {container.id} is not connected to network {network.name}")
            _check_mode(container, network)
            left = {name: each for name, each in container.endpoints.items() if name != network.name}
            member = self.book.leave(container.id, network.id)
            if member is not None and container.is_running:
                instead = primary(self.book.endpoints(container.id)) if member.endpoint.gateway else None
                await self.driver.disconnect(container.id, member.endpoint, default_route=instead)
            if member is not None:
                self.book.release(network.id, member.endpoint.ipv4_address)
            await self.containers.save(container.changed(endpoints=left))
        self.announce(
            "disconnect", network.id, {"container": container.id, "name": network.name, "type": str(network.driver)}
        )


async def _take_out(driver: NetworkDriver, container_id: str, endpoint: Endpoint) -> None:
    await driver.disconnect(container_id, endpoint, default_route=None)


def _check_mode(container: Container, network: Network) -> None:
    mode = mode_of(container)
    if mode.startswith(SHARED):
        raise InvalidParameter(
            "container sharing network namespace with another container or host "
            "cannot be connected to any other network"
        )
    if mode == "host" or network.name == "host":
        raise InvalidParameter(
            "conflicting options: container cannot be disconnected from host network or connected to host network"
        )
    if network.subnet is None or mode == "none":
        raise InvalidParameter(
            "container cannot be connected to multiple networks with one of the networks in private (none) mode"
        )
