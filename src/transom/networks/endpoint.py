"""What a container asks of its networks, and what it got. Plain values that JSON can carry."""

from dataclasses import dataclass
from ipaddress import IPv4Address

from transom.errors import InvalidParameter


@dataclass(frozen=True, slots=True)
class PortRequest:
    """One `-p`: host_port is empty (choose), a number, or a range `8000-8010` to choose from."""

    container_port: int
    protocol: str = "tcp"
    host_ip: str = ""
    host_port: str = ""


@dataclass(frozen=True, slots=True)
class SandboxRequest:
    """What a container's files about names are made from."""

    container_id: str
    hostname: str = ""
    domainname: str = ""
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    extra_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A container's place on one network.

    gateway: empty where the network has none to offer (internal). names: what others call it there.
    """

    network_id: str
    network_name: str
    endpoint_id: str
    ipv4_address: str
    prefix_length: int
    gateway: str
    mac_address: str
    aliases: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """A port of the host that leads to a port of the container."""

    container_port: int
    protocol: str
    host_ip: str
    host_port: int


def mac_for(address: IPv4Address) -> str:
    """Return the MAC that belongs to an address: `02:42:` and its four bytes.

    As it follows the address, neighbours' ARP entries stay true when an address is used again.
    """
    return ":".join(f"{byte:02x}" for byte in b"\x02\x42" + address.packed)


def packed_mac(text: str) -> bytes:
    """Return the six bytes of `02:42:…`.

    Raises:
        InvalidParameter: text is no MAC address.
    """
    try:
        packed = bytes.fromhex(text.replace(":", "").replace("-", ""))
    except ValueError:
        packed = b""
    if len(packed) != 6 or packed[0] & 1:
        raise InvalidParameter(f"invalid MAC address: {text}")
    return packed


def primary(endpoints: tuple[Endpoint, ...]) -> Endpoint | None:
    """Return the endpoint that the default route and published ports use: the first that has a gateway."""
    return next((endpoint for endpoint in endpoints if endpoint.gateway), None)
