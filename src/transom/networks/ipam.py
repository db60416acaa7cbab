"""Addresses: which subnet a network gets, and which address an endpoint."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from transom.errors import Conflict, Forbidden, InvalidParameter
from transom.networks.network import Subnet

POOLS: Final = (
    *(IPv4Network(f"172.{number}.0.0/16") for number in range(17, 32)),
    *IPv4Network("192.168.0.0/16").subnets(new_prefix=20),
)
"""Where automatic subnets come from, in order. Source: Docker's default address pools."""

AVOIDED: Final = IPv4Network("172.17.0.0/16")
"""docker0's own subnet: taken last, so that a dockerd that is installed later finds it free."""


def choose_subnet(taken: Iterable[IPv4Network], pools: Iterable[IPv4Network] = POOLS) -> Subnet:
    """Return the first pool that overlaps nothing of taken (routes and addresses of the host, other networks).

    Raises:
        Forbidden: every pool is in use.
    """
    used = [network for network in taken if network.prefixlen > 0]
    order = sorted(pools, key=AVOIDED.__eq__)  # stable: only docker0's moves, to the end
    for pool in order:
        if not any(pool.overlaps(network) for network in used):
            return Subnet(pool, pool.network_address + 1)
    raise Forbidden("all predefined address pools have been fully subnetted")


def subnet_from(subnet: str, gateway: str = "", ip_range: str = "", reserved: dict[str, str] | None = None) -> Subnet:
    """Return the subnet that a client described.

    Raises:
        InvalidParameter: something does not parse, or is not inside the subnet.
    """
    network = _network(subnet, "subnet")
    if network.prefixlen > 30:
        raise InvalidParameter(f"invalid subnet {subnet}: it has no room for a gateway and a container")
    allocation = _network(ip_range, "ip-range") if ip_range else None
    if allocation is not None and not allocation.subnet_of(network):
        raise InvalidParameter(f"invalid ip-range {ip_range}: not in subnet {network}")
    first = allocation or network
    if gateway:
        host = _address(gateway.partition("/")[0], "gateway")
    else:
        host = first.network_address + (1 if first.network_address == network.network_address else 0)
    _check_inside(host, network, "gateway")
    extra = {name: _address(text, "auxiliary address") for name, text in (reserved or {}).items()}
    for address in extra.values():
        _check_inside(address, network, "auxiliary address")
    return Subnet(network, host, allocation, extra)


class Allocator:
    """Hands out the addresses of one subnet; none is out twice."""

    def __init__(self, subnet: Subnet) -> None:
        """Start with the gateway and the reserved addresses taken."""
        self._subnet = subnet
        self._network = subnet.network
        self._range = subnet.allocation or subnet.network
        self._reserved = {subnet.gateway, *subnet.reserved.values()}
        self._taken: set[IPv4Address] = set()
        self._floor = int(self._range.network_address)
        """No address of the range below this is free, so finding one is not a walk over all."""

    def allocate(self) -> IPv4Address:
        """Take the lowest free address of the range.

        Raises:
            Forbidden: there is none.
        """
        for number in range(self._floor, int(self._range.broadcast_address) + 1):
            address = IPv4Address(number)
            if self._is_free(address):
                self._floor = number + 1
                self._taken.add(address)
                return address
        raise Forbidden(f"no available IPv4 addresses on this network's address pools: {self._range}")

    def reserve(self, address: IPv4Address) -> None:
        """Take this one.

        Raises:
            InvalidParameter: it is not an address for containers of this subnet.
            Conflict: it is taken.
        """
        if address not in self._network:
            raise InvalidParameter(f"no configured subnet contains IP address {address}")
        if address in (self._network.network_address, self._network.broadcast_address):
            raise InvalidParameter(f"{address} is the network or broadcast address of {self._network}")
        if not self._is_free(address):
            raise Conflict("Address already in use")
        self._taken.add(address)

    def release(self, address: IPv4Address) -> None:
        """Give it back; one that is not out is let pass."""
        if address in self._taken:
            self._taken.discard(address)
            if address in self._range:
                self._floor = min(self._floor, int(address))

    def __len__(self) -> int:
        return len(self._taken)

    def __iter__(self) -> Iterator[IPv4Address]:
        return iter(self._taken)

    def _is_free(self, address: IPv4Address) -> bool:
        edge = address in (self._network.network_address, self._network.broadcast_address)
        return not (edge or address in self._taken or address in self._reserved)


def check_free(subnet: Subnet, others: Iterable[Subnet]) -> None:
    """Check that subnet overlaps no other network's.

    Raises:
        Forbidden: it does. The text is Docker's.
    """
    if any(subnet.network.overlaps(other.network) for other in others):
        raise Forbidden("invalid pool request: Pool overlaps with other one on this address space")


def _network(text: str, what: str) -> IPv4Network:
    try:
        return IPv4Network(text, strict=False)
    except ValueError:
        raise InvalidParameter(f"invalid {what} {text}: invalid CIDR block notation") from None


def _address(text: str, what: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except ValueError:
        raise InvalidParameter(f"invalid {what} {text}: not an IPv4 address") from None


def _check_inside(address: IPv4Address, network: IPv4Network, what: str) -> None:
    if address not in network or address in (network.network_address, network.broadcast_address):
        raise InvalidParameter(f"invalid {what} {address}: not a host address of subnet {network}")
