"""NetworkRepository: where the records of networks are kept."""

from collections.abc import Sequence
from typing import Protocol

from transom.networks.network import Network


class NetworkRepository(Protocol):
    """Keeps every network; what it returns from a change is on disk."""

    def all(self) -> Sequence[Network]:
        """Return every network, oldest first."""

    async def save(self, network: Network) -> None:
        """Record a network, new or changed."""

    async def remove(self, network_id: str) -> None:
        """Forget it; one that is not there is no error."""
