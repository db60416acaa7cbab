"""JSON shapes of networks, Engine API v1.51."""

from msgspec import field

from transom.wire.containers import EndpointSettings
from transom.wire.shape import Shape


class IpamConfig(Shape, omit_defaults=True):
    """One subnet."""

    subnet: str = ""
    ip_range: str = field(default="", name="IPRange")
    gateway: str = ""
    auxiliary_addresses: dict[str, str] = field(default_factory=dict, name="AuxiliaryAddresses")


class Ipam(Shape):
    """Addresses of a network."""

    driver: str = "default"
    options: dict[str, str] | None = None
    config: list[IpamConfig] = []


class ConfigReference(Shape):
    """Another network that one takes its configuration from (swarm)."""

    network: str = ""


class NetworkCreateRequest(Shape):
    """POST /networks/create."""

    name: str = ""
    driver: str = ""
    scope: str = ""
    check_duplicate: bool = False
    internal: bool = False
    attachable: bool = False
    ingress: bool = False
    config_only: bool = False
    config_from: ConfigReference | None = None
    ipam: Ipam = field(default_factory=Ipam, name="IPAM")
    enable_ipv4: bool = field(default=True, name="EnableIPv4")
    enable_ipv6: bool = field(default=False, name="EnableIPv6")
    options: dict[str, str] = {}
    labels: dict[str, str] = {}


class NetworkCreateResponse(Shape):
    """Its answer."""

    id: str
    warning: str = ""


class ConnectRequest(Shape):
    """POST /networks/{id}/connect."""

    container: str = ""
    endpoint_config: EndpointSettings | None = None


class DisconnectRequest(Shape):
    """POST /networks/{id}/disconnect."""

    container: str = ""
    force: bool = False


class NetworkMember(Shape):
    """A running container on a network."""

    name: str
    endpoint_id: str
    mac_address: str
    ipv4_address: str
    ipv6_address: str = ""


class NetworkInspect(Shape):
    """A network as list and inspect show it."""

    name: str
    id: str
    created: str
    scope: str
    driver: str
    enable_ipv4: bool = field(name="EnableIPv4")
    enable_ipv6: bool = field(name="EnableIPv6")
    ipam: Ipam = field(name="IPAM")
    internal: bool
    attachable: bool
    ingress: bool
    config_from: ConfigReference
    config_only: bool
    containers: dict[str, NetworkMember]
    options: dict[str, str]
    labels: dict[str, str]


class NetworksPruned(Shape):
    """POST /networks/prune."""

    networks_deleted: list[str]
