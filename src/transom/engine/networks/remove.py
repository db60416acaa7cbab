"""DELETE /networks/{id} and POST /networks/prune."""

from collections.abc import Callable
from dataclasses import dataclass

from transom.containers.repository import ContainerRepository
from transom.engine.networks.book import NetworkBook
from transom.engine.networks.create import Announce
from transom.errors import TransomError
from transom.networks.driver import NetworkDriver
from transom.networks.errors import in_use, predefined_removed
from transom.networks.network import Network
from transom.networks.repository import NetworkRepository


@dataclass(frozen=True, slots=True)
class RemoveNetwork:
    """Removes a network that no running container is on."""

    book: NetworkBook
    networks: NetworkRepository
    driver: NetworkDriver
    announce: Announce

    async def __call__(self, ref: str) -> None:
        """Remove it; a removal that was cut short is finished by doing it again.

        Raises:
            NoSuchNetwork: there is none.
            Forbidden: it is the engine's own, or containers are on it.
        """
        network = self.book.get(ref)
        if network.predefined:
            raise predefined_removed(network.name)
        members = self.book.members(network.id)
        if members:
            raise in_use(network.name, network.id, [(member.name, member.endpoint.endpoint_id) for member in members])
        self.book.remove(network.id)  # from here on nobody can join it
        try:
            # The record goes first: a bridge without one is swept at boot, the other way round it would come back.
            await self.networks.remove(network.id)
        except BaseException:
            self.book.add(network)
            raise
        await self.driver.remove(network)
        self.announce("destroy", network.id, {"name": network.name, "type": str(network.driver)})


@dataclass(frozen=True, slots=True)
class PruneNetworks:
    """Removes the networks that no container, running or not, wants."""

    book: NetworkBook
    containers: ContainerRepository
    remove: RemoveNetwork

    async def __call__(self, is_wanted: Callable[[Network], bool]) -> list[str]:
        """Remove those for which is_wanted holds; returns their names."""
        used = {name for container in self.containers.all() for name in container.endpoints}
        removed = []
        for network in self.book.all():
            if network.predefined or network.name in used or not is_wanted(network):
                continue
            try:
                await self.remove(network.id)
            except TransomError:
                continue  # a container has joined it meanwhile
            removed.append(network.name)
        self.remove.announce("prune", "", {"reclaimed": "0"})
        return removed
