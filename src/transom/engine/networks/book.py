"""The engine's live knowledge of networks: which there are, whose addresses are out, who is called what.

Records say what networks there are; who is on them follows from the containers that run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address

from transom.networks.dns import Names
from transom.networks.endpoint import Endpoint
from transom.networks.errors import NoSuchNetwork, several
from transom.networks.ipam import Allocator
from transom.networks.network import Network


@dataclass(frozen=True, slots=True)
class Member:
    """A running container's place on a network."""

    container_id: str
    name: str
    endpoint: Endpoint


@dataclass(slots=True)
class _Page:
    network: Network
    allocator: Allocator | None
    members: dict[str, Member] = field(default_factory=dict)


class NetworkBook:
    """Everything about networks that reads need; implements Directory. For the loop alone: no call waits."""

    def __init__(self) -> None:
        """Start empty."""
        self._pages: dict[str, _Page] = {}
        self._servers: dict[str, tuple[str, ...]] = {}
        self._networks_of: dict[str, dict[str, None]] = {}
        self._names: dict[str, Names] = {}
        """What each container may ask about; emptied at every change, filled by the first question after it."""

    def add(self, network: Network) -> None:
        """Enter a network."""
        self._pages[network.id] = _Page(network, Allocator(network.subnet) if network.subnet else None)

    def remove(self, network_id: str) -> None:
        """Strike a network out."""
        self._pages.pop(network_id, None)

    def all(self) -> Sequence[Network]:
        """Return every network, oldest first."""
        return [page.network for page in self._pages.values()]

    def find(self, ref: str) -> Network | None:
        """Return the network with this ID, else with this name, else with this ID prefix; None if there is none.

        Raises:
            InvalidParameter: the prefix fits several.
        """
        if page := self._pages.get(ref):
            return page.network
        for page in self._pages.values():
            if page.network.name == ref:
                return page.network
        fits = [page.network for key, page in self._pages.items() if ref and key.startswith(ref)]
        if len(fits) > 1:
            raise several(ref, len(fits))
        return fits[0] if fits else None

    def get(self, ref: str) -> Network:
        """Return the network that ref names.

        Raises:
            NoSuchNetwork: there is none.
        """
        network = self.find(ref)
        if network is None:
            raise NoSuchNetwork(ref)
        return network

    def allocate(self, network: Network, wanted: str = "") -> IPv4Address | None:
        """Take an address, the wanted one if one is named; None where the network has none to give.

        Raises:
            Forbidden, Conflict, InvalidParameter: as Allocator.
        """
        allocator = self._page(network.id).allocator
        if allocator is None:
            return None
        if not wanted:
            return allocator.allocate()
        address = IPv4Address(wanted)
        allocator.reserve(address)
        return address

    def release(self, network_id: str, address: str) -> None:
        """Give an address back."""
        page = self._pages.get(network_id)
        if page is not None and page.allocator is not None and address:
            page.allocator.release(IPv4Address(address))

    def enter(self, member: Member) -> None:
        """Make a container a member of its endpoint's network."""
        self._names.clear()
        self._page(member.endpoint.network_id).members[member.container_id] = member
        self._networks_of.setdefault(member.container_id, {})[member.endpoint.network_id] = None

    def leave(self, container_id: str, network_id: str) -> Member | None:
        """End a membership; returns what it was."""
        self._names.clear()
        self._networks_of.get(container_id, {}).pop(network_id, None)
        page = self._pages.get(network_id)
        return page.members.pop(container_id, None) if page else None

    def forget(self, container_id: str) -> list[Member]:
        """End all memberships of a container; returns them."""
        self._servers.pop(container_id, None)
        left = [self.leave(container_id, network_id) for network_id in list(self._networks_of.get(container_id, ()))]
        self._networks_of.pop(container_id, None)
        return [member for member in left if member is not None]

    def rename(self, container_id: str, before: str, after: str) -> None:
        """Answer to another name from now on."""
        self._names.clear()
        for network_id in self._networks_of.get(container_id, ()):
            member = self._pages[network_id].members[container_id]
            names = tuple(after if name == before else name for name in member.endpoint.names)
            endpoint = replace(member.endpoint, names=names)
            self._pages[network_id].members[container_id] = Member(container_id, after, endpoint)

    def members(self, network_id: str) -> Sequence[Member]:
        """Return who is on a network."""
        page = self._pages.get(network_id)
        return list(page.members.values()) if page else []

    def endpoints(self, container_id: str) -> tuple[Endpoint, ...]:
        """Return a container's places, in the order in which it took them."""
        return tuple(
            self._pages[network_id].members[container_id].endpoint
            for network_id in self._networks_of.get(container_id, ())
        )

    def set_servers(self, container_id: str, servers: Sequence[str]) -> None:
        """Note which name servers outside a container's questions go to."""
        self._servers[container_id] = tuple(servers)

    # Directory

    def names(self, container_id: str) -> Names:
        """Return the names on those of the container's networks that have names."""
        known = self._names.get(container_id)
        if known is None:
            known = self._names[container_id] = self._collect(container_id)
        return known

    def servers(self, container_id: str) -> Sequence[str]:
        """Return the servers outside; none for a container whose networks are all internal."""
        endpoints = self.endpoints(container_id)
        if endpoints and not any(endpoint.gateway for endpoint in endpoints):
            return ()
        return self._servers.get(container_id, ())

    def _collect(self, container_id: str) -> Names:
        addresses: dict[str, list[IPv4Address]] = {}
        reverse: dict[IPv4Address, list[str]] = {}
        subnets = []
        for network_id in self._networks_of.get(container_id, ()):
            page = self._pages[network_id]
            if not page.network.has_names:
                continue
            if page.network.subnet is not None:
                subnets.append(page.network.subnet.network)
            for member in page.members.values():
                address = IPv4Address(member.endpoint.ipv4_address)
                for name in member.endpoint.names:
                    for form in (name.lower(), f"{name}.{page.network.name}".lower()):
                        known = addresses.setdefault(form, [])
                        if address not in known:
                            known.append(address)
                reverse.setdefault(address, []).append(f"{member.name}.{page.network.name}")
        return Names(addresses, reverse, subnets)

    def _page(self, network_id: str) -> _Page:
        page = self._pages.get(network_id)
        if page is None:
            raise NoSuchNetwork(network_id)
        return page
