"""Container record ↔ what networks understand; pure."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address

import msgspec

from transom.containers.container import Container
from transom.errors import InvalidParameter
from transom.networks.endpoint import Endpoint, PortRequest, PublishedPort, SandboxRequest, mac_for
from transom.networks.network import Network
from transom.wire.containers import EndpointSettings

SHARED = "container:"


def mode_of(container: Container) -> str:
    """Return the network mode; `none` for a container that was to have no network."""
    if container.config.network_disabled:
        return "none"
    mode = container.host_config.network_mode
    return "bridge" if mode in ("", "default") else mode


def request_of(container: Container, hostname: str) -> SandboxRequest:
    """Return what the container asks for, apart from networks and ports."""
    host = container.host_config
    return SandboxRequest(
        container_id=container.id,
        hostname=hostname,
        domainname=container.config.domainname,
        dns=tuple(host.dns),
        dns_search=tuple(host.dns_search),
        dns_options=tuple(host.dns_options),
        extra_hosts=tuple(host.extra_hosts),
    )


def port_requests(container: Container) -> list[PortRequest]:
    """Return what is to be published: `-p`, and with `-P` every exposed port that no `-p` names.

    Raises:
        InvalidParameter: a port is malformed.
    """
    found = []
    for key, bindings in container.host_config.port_bindings.items():
        port, protocol = parse_port(key)
        found += [PortRequest(port, protocol, each.host_ip, each.host_port) for each in bindings]
    if container.host_config.publish_all_ports:
        named = {parse_port(key) for key in container.host_config.port_bindings}
        exposed = [parse_port(key) for key in container.config.exposed_ports]
        found += [PortRequest(port, protocol) for port, protocol in exposed if (port, protocol) not in named]
    return found


def parse_port(text: str) -> tuple[int, str]:
    """Return (80, `tcp`) of `80` or `80/tcp`.

    Raises:
        InvalidParameter: it is neither.
    """
    number, _, protocol = text.partition("/")
    if not number.isdecimal() or not 0 < int(number) < 65536:
        raise InvalidParameter(f"invalid port specification: {text!r}")
    return int(number), protocol.lower() or "tcp"


def ports_shape(container: Container, published: Sequence[PublishedPort]) -> dict[str, list[dict[str, str]]]:
    """Return `NetworkSettings.Ports`; an exposed port that is not published has an empty list."""
    found: dict[str, list[dict[str, str]]] = {}
    for key in container.config.exposed_ports:
        port, protocol = parse_port(key)
        found[f"{port}/{protocol}"] = []
    for each in sorted(published, key=lambda one: (one.container_port, one.protocol)):
        found.setdefault(f"{each.container_port}/{each.protocol}", []).append(
            {"HostIp": each.host_ip, "HostPort": str(each.host_port)}
        )
    return found


def published_in(ports: Mapping[str, Sequence[Mapping[str, str]] | None]) -> tuple[PublishedPort, ...]:
    """Return what `ports_shape` made of published ports."""
    found = []
    for key, bindings in ports.items():
        port, protocol = parse_port(key)
        found += [PublishedPort(port, protocol, each["HostIp"], int(each["HostPort"])) for each in bindings or ()]
    return tuple(found)


def names_on(container: Container, network: Network, settings: EndpointSettings) -> tuple[str, ...]:
    """Return what others on the network call the container. Source: moby daemon, EndpointSettings.DNSNames."""
    if not network.has_names:
        return ()
    own = [container.config.hostname] if container.config.hostname else []
    return tuple(dict.fromkeys((container.name, *(settings.aliases or ()), container.id[:12], *own)))


def settings_of(asked: EndpointSettings, endpoint: Endpoint) -> EndpointSettings:
    """Return asked with what the container got."""
    return msgspec.structs.replace(
        asked,
        network_id=endpoint.network_id,
        endpoint_id=endpoint.endpoint_id,
        gateway=endpoint.gateway,
        ip_address=endpoint.ipv4_address,
        ip_prefix_len=endpoint.prefix_length,
        mac_address=endpoint.mac_address,
        dns_names=list(endpoint.names) or None,
    )


def endpoint_of(name: str, settings: EndpointSettings) -> Endpoint:
    """Return what `settings_of` recorded."""
    return Endpoint(
        network_id=settings.network_id,
        network_name=name,
        endpoint_id=settings.endpoint_id,
        ipv4_address=settings.ip_address,
        prefix_length=settings.ip_prefix_len,
        gateway=settings.gateway,
        mac_address=settings.mac_address,
        aliases=tuple(settings.aliases or ()),
        names=tuple(settings.dns_names or ()),
    )


def stopped(settings: EndpointSettings) -> EndpointSettings:
    """Return settings without what only a running container has, as inspect shows it."""
    asked = wanted_mac(settings)
    return msgspec.structs.replace(
        settings, endpoint_id="", gateway="", ip_address="", ip_prefix_len=0, mac_address=asked
    )


def wanted_mac(settings: EndpointSettings) -> str:
    """Return the MAC that was asked for; one that belongs to an earlier run's address was not."""
    if settings.endpoint_id and settings.ip_address:
        derived = mac_for(IPv4Address(settings.ip_address))
        return "" if settings.mac_address == derived else settings.mac_address
    return settings.mac_address
