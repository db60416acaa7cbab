"""What carries out the rules of networks on a host."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Protocol

from transom.networks.dns import Names
from transom.networks.endpoint import Endpoint, PublishedPort
from transom.networks.network import Network
from transom.networks.ports import Wanted


class Directory(Protocol):
    """Answers what a container may ask its name service about."""

    def names(self, container_id: str) -> Names:
        """Return the names on the container's networks."""

    def servers(self, container_id: str) -> Sequence[str]:
        """Return the name servers outside that it may ask, in order; none where it may ask nobody."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to make for a container. names: give it the engine's name service."""

    container_id: str
    container_name: str
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[Wanted, ...] = ()
    names: bool = False


@dataclass(frozen=True, slots=True)
class Attached:
    """What was made: where the namespace is found, the ports that were got, sockets for the monitor to inherit."""

    path: str
    ports: tuple[PublishedPort, ...] = ()
    keep_fds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Living:
    """A container that runs while the engine starts: the pid of its first process, and what its record says."""

    pid: int
    endpoints: tuple[Endpoint, ...]
    ports: tuple[PublishedPort, ...]
    names: bool = False


class NetworkDriver(Protocol):
    """Makes networks and joins containers to them.

    All that it makes is named from the engine's instance and the container's or network's ID, and dies with the
    container's namespace or is swept. Each call returns with its effect made, or raises with it undone.

    At boot: `open`, then `rejoin` for each container that runs, then `settle`; the rest only after that.
    """

    async def open(self, networks: Sequence[Network]) -> None:
        """Make the links of networks that are not there. One that cannot be made is logged, not an error."""

    async def rejoin(self, container_id: str, living: Living) -> None:
        """Take over what an earlier engine made for a container.

        A namespace that is gone or a port that was taken meanwhile is logged, not an error.
        """

    async def settle(self) -> None:
        """Put the rules as they should be now, sweep links that belong to nothing, begin to watch firewalls."""

    async def host_networks(self) -> Sequence[IPv4Network]:
        """Return what the host has addresses in or routes to, other than by bridges of this engine."""

    async def is_made(self, network: Network) -> bool:
        """Tell whether the network's link is on the host."""

    async def create(self, network: Network) -> None:
        """Make the network's link and rules; repeatable.

        Raises:
            Forbidden: its link's name is in use by something that is not ours.
            Unavailable: the host refuses.
        """

    async def remove(self, network: Network) -> None:
        """Remove link and rules; nothing there is not an error."""

    async def attach(self, plan: Plan) -> Attached:
        """Make a namespace, its interfaces and published ports.

        Raises:
            Unavailable: a host port is taken (Docker's text), or the host refuses.
        """

    async def detach(self, container_id: str) -> None:
        """Free ports and let go of the namespace; nothing there is not an error."""

    async def connect(self, container_id: str, endpoint: Endpoint, *, default_route: bool, names: bool) -> None:
        """Give a running container one more interface. default_route: it leaves by it from now on.

        Raises:
            Conflict: the container has no namespace of its own.
        """

    async def disconnect(self, container_id: str, endpoint: Endpoint, *, default_route: Endpoint | None) -> None:
        """Take an interface from a running container; default_route: the one that it leaves by from now on."""

    def path(self, container_id: str) -> str | None:
        """Return where the container's namespace is found, None if it has none that we made."""

    async def close(self, *, leave: bool) -> None:
        """End all service; repeatable. leave: containers run on, links and rules stay; else the host is as before."""
