"""Published ports: what a request means in sockets of the host."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from transom.errors import InvalidParameter, NotSupported
from transom.networks.endpoint import PortRequest, PublishedPort

PROTOCOLS: Final = ("tcp", "udp")
EPHEMERAL: Final = range(32768, 61000)
"""Where a port is chosen when none is named. Source: Linux ip_local_port_range's default."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One request, checked: the addresses of the host to listen on, and the ports to try in turn."""

    container_port: int
    protocol: str
    addresses: tuple[str, ...]
    candidates: range

    def published(self, host_port: int) -> tuple[PublishedPort, ...]:
        """Return what is published once host_port was chosen."""
        return tuple(
            PublishedPort(self.container_port, self.protocol, address, host_port) for address in self.addresses
        )


def wanted(request: PortRequest, *, default_host_ip: str = "", ipv6: bool = True) -> Wanted:
    """Check a request.

    An empty address means 0.0.0.0 and, where the host has IPv6, [::].

    Raises:
        InvalidParameter: a port, a range or an address is malformed.
        NotSupported: the protocol is neither tcp nor udp.
    """
    if request.protocol not in PROTOCOLS:
        if request.protocol == "sctp":
            raise NotSupported("publishing sctp ports is not supported; use --network host for this container")
        raise InvalidParameter(f"invalid proto: {request.protocol}")
    if not 0 < request.container_port < 65536:
        raise InvalidParameter(f"invalid containerPort: {request.container_port}")
    addresses = _addresses(request.host_ip or default_host_ip, ipv6)
    return Wanted(request.container_port, request.protocol, addresses, _candidates(request.host_port))


def ephemeral_from(start: int, candidates: range) -> Iterator[int]:
    """Yield candidates once, beginning at start and going round: a port just given back is not the next one out."""
    if start not in candidates:
        start = candidates.start
    yield from range(start, candidates.stop)
    yield from range(candidates.start, start)


def host_form(address: str, port: int) -> str:
    """Return `0.0.0.0:80` or `[::]:80`."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def taken_text(name: str, container_id: str, published: PublishedPort) -> str:
    """Return Docker 28's text for a port that somebody else has."""
    place = host_form(published.host_ip, published.host_port)
    return (
        "failed to set up container networking: driver failed programming external connectivity on endpoint "
        f"{name} ({container_id}): failed to bind host port {place}/{published.protocol}: address already in use"
    )


def _addresses(text: str, ipv6: bool) -> tuple[str, ...]:
    if not text:
        return ("0.0.0.0", "::") if ipv6 else ("0.0.0.0",)
    try:
        address: IPv4Address | IPv6Address = ip_address(text.strip("[]"))
    except ValueError:
        raise InvalidParameter(f"invalid IP address: {text}") from None
    return (str(address),)


def _candidates(text: str) -> range:
    if text in ("", "0"):
        return EPHEMERAL
    first, dash, last = text.partition("-")
    try:
        low, high = int(first), int(last if dash else first)
    except ValueError:
        raise InvalidParameter(f"invalid port specification: {text!r}") from None
    if not 0 < low <= high < 65536 or not first.isdecimal():
        raise InvalidParameter(f"invalid port specification: {text!r}")
    return range(low, high + 1)
