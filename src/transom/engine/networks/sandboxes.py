"""The networks of containers: looked up at create, made at start, given back at the end, taken over at boot."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from transom.aio.finish import UndoStack
from transom.containers.container import Container
from transom.containers.repository import ContainerRepository
from transom.containers.spec import hostname_of
from transom.engine.containers.facilities import Sandbox
from transom.engine.networks.book import Member, NetworkBook
from transom.engine.networks.convert import (
    SHARED,
    endpoint_of,
    mode_of,
    names_on,
    parse_port,
    port_requests,
    ports_shape,
    published_in,
    request_of,
    settings_of,
    wanted_mac,
)
from transom.errors import Conflict, InvalidParameter, TransomError
from transom.model.ids import new_id
from transom.networks import hosts, ports
from transom.networks.driver import Living, NetworkDriver, Plan
from transom.networks.endpoint import Endpoint, SandboxRequest, mac_for, packed_mac, primary
from transom.networks.network import DEFAULT, Network
from transom.wire.containers import EndpointIpam, EndpointSettings

log = logging.getLogger(__name__)

_MAX_NETWORKS = 32


@dataclass(frozen=True, slots=True)
class HostView:
    """What containers inherit from the host, read anew at every start.

    text: path of a file on the host → its content, empty where there is none. file: (container ID, name) → content
    of `hosts` or `resolv.conf` that a container has. ipv6: the host speaks it.
    """

    text: Callable[[str], str]
    file: Callable[[str, str], str]
    ipv6: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class NetworkSandboxes:
    """Sandboxes, for the use cases of containers."""

    book: NetworkBook
    driver: NetworkDriver
    containers: ContainerRepository
    host: HostView
    resolving: hosts.Resolving = hosts.Resolving()  # noqa: RUF009  (frozen)
    """What the engine's configuration names for containers that ask for no server, domain or option of their own."""

    async def check(self, container: Container) -> Container:
        """Return container with its networks looked up; nothing is made.

        Raises:
            NoSuchNetwork: a network is unknown.
            NoSuchContainer: the container to share with is.
            InvalidParameter: ports, addresses or names asked for cannot be.
        """
        mode = mode_of(container)
        if mode.startswith(SHARED):
            _check_shared(container)
            self.containers.get(mode.removeprefix(SHARED))
            return container.changed(endpoints={})
        for key in container.config.exposed_ports:
            parse_port(key)
        for request in port_requests(container):
            ports.wanted(request)
        hosts.resolving_for(self._request(container, ""), hosts.Resolving(), embedded=True)
        hosts.extra_hosts(container.host_config.extra_hosts, "0.0.0.0")
        return container.changed(endpoints=self._looked_up(container, mode))

    async def attach(self, container: Container) -> Sandbox:
        """Make the network that container asks for.

        Raises:
            Unavailable: a port is taken. Conflict: an address is, or the container to share with does not run.
            NotFound: a network, or the container to share with, is gone.
        """
        mode = mode_of(container)
        if mode.startswith(SHARED):
            return self._shared(container, mode.removeprefix(SHARED))
        if mode == "host":
            return self._host(container)
        async with UndoStack() as undo:
            endpoints = self._take_places(container, undo)
            leaving = primary(endpoints)
            named = any(self.book.get(endpoint.network_id).has_names for endpoint in endpoints)
            request = self._request(container, hostname_of(container))
            shown, outside = hosts.resolving_for(request, self._host_resolving(), embedded=named)
            files = {
                "hosts": hosts.hosts(request, endpoints, gateway=self._host_gateway(leaving)),
                "resolv.conf": hosts.resolv_conf(shown),
            }
            self.book.set_servers(container.id, outside.nameservers)
            attached = await self.driver.attach(
                Plan(
                    container.id,
                    container.name,
                    endpoints,
                    self._wanted(container, leaving),
                    names=bool(endpoints) and hosts.EMBEDDED in shown.nameservers,
                )
            )
            undo.keep()
        got = {endpoint.network_name: endpoint for endpoint in endpoints}
        settings = {
            name: settings_of(asked, got[name]) if name in got else asked for name, asked in container.endpoints.items()
        }
        return Sandbox(
            network_path=attached.path,
            endpoints=settings,
            ports=ports_shape(container, attached.ports),
            files=files,
            keep_fds=attached.keep_fds,
        )

    async def release(self, container: Container) -> None:
        """Undo attach; nothing there is no error."""
        await self.driver.detach(container.id)
        for member in self.book.forget(container.id):
            self.book.release(member.endpoint.network_id, member.endpoint.ipv4_address)

    async def recover(self, container: Container) -> None:
        """Take a running container's network over from an engine that is gone."""
        mode = mode_of(container)
        if mode == "host" or mode.startswith(SHARED):
            return
        endpoints = []
        for name, settings in container.endpoints.items():
            network = self.book.find(settings.network_id)
            if network is None or not settings.ip_address:
                continue
            # The names anew: the container may have been renamed since they were written.
            endpoint = replace(endpoint_of(name, settings), names=names_on(container, network, settings))
            try:
                self.book.allocate(network, endpoint.ipv4_address)
            except TransomError as exc:
                log.error("two containers have one address", extra={"container": container.id, "error": str(exc)})
                continue
            self.book.enter(Member(container.id, container.name, endpoint))
            endpoints.append(endpoint)
        named = any(self.book.get(endpoint.network_id).has_names for endpoint in endpoints)
        request = self._request(container, hostname_of(container))
        shown, outside = hosts.resolving_for(request, self._host_resolving(), embedded=named)
        self.book.set_servers(container.id, outside.nameservers)
        names = bool(endpoints) and hosts.EMBEDDED in shown.nameservers
        await self.driver.rejoin(
            container.id, Living(container.pid, tuple(endpoints), published_in(container.ports), names=names)
        )

    def renamed(self, container_id: str, before: str, after: str) -> None:
        """Answer to a container's new name from now on."""
        self.book.rename(container_id, before, after)

    def place(self, container: Container, network: Network, asked: EndpointSettings) -> Endpoint:
        """Take an address and enter the container into the book; `self.book.leave` and `release` undo it.

        Raises:
            Conflict, Forbidden, InvalidParameter: the address is not to be had.
        """
        assert network.subnet is not None  # only bridges come here
        wanted = asked.ipam_config.ipv4_address if asked.ipam_config else ""
        address = self.book.allocate(network, wanted)
        assert address is not None
        endpoint = Endpoint(
            network_id=network.id,
            network_name=network.name,
            endpoint_id=new_id(),
            ipv4_address=str(address),
            prefix_length=network.subnet.network.prefixlen,
            gateway="" if network.internal else str(network.subnet.gateway),
            mac_address=wanted_mac(asked) or mac_for(address),
            aliases=tuple(asked.aliases or ()),
            names=names_on(container, network, asked),
        )
        self.book.enter(Member(container.id, container.name, endpoint))
        return endpoint

    def give_up(self, container_id: str, endpoint: Endpoint) -> None:
        """Undo `place`."""
        self.book.leave(container_id, endpoint.network_id)
        self.book.release(endpoint.network_id, endpoint.ipv4_address)

    def _request(self, container: Container, hostname: str) -> SandboxRequest:
        request = request_of(container, hostname)
        return replace(
            request,
            dns=request.dns or self.resolving.nameservers,
            dns_search=request.dns_search or self.resolving.search,
            dns_options=request.dns_options or self.resolving.options,
        )

    def _take_places(self, container: Container, undo: UndoStack) -> tuple[Endpoint, ...]:
        found = []
        for name, asked in _by_priority(container):
            network = self.book.find(name) or self.book.get(asked.network_id or name)
            if network.subnet is None:
                continue
            endpoint = self.place(container, network, asked)
            undo.push(self.give_up, container.id, endpoint)
            found.append(endpoint)
        return tuple(found)

    def _looked_up(self, container: Container, mode: str) -> dict[str, EndpointSettings]:
        asked = {self.book.get(ref).name: settings for ref, settings in container.endpoints.items()}
        network = self.book.get(mode)
        first = asked.pop(network.name, EndpointSettings())
        if container.config.mac_address and not first.mac_address:
            first.mac_address = container.config.mac_address
        found = {network.name: first, **asked}
        if len(found) > _MAX_NETWORKS:
            raise InvalidParameter(f"a container can be on {_MAX_NETWORKS} networks at most")
        for name, settings in found.items():
            check_settings(self.book.get(name), settings, alone=len(found) == 1)
            settings.network_id = self.book.get(name).id
        return found

    def _wanted(self, container: Container, leaving: Endpoint | None) -> tuple[ports.Wanted, ...]:
        if leaving is None:
            return ()  # nobody outside reaches an internal network
        default = self.book.get(leaving.network_id).default_host_ip
        ipv6 = self.host.ipv6()
        return tuple(ports.wanted(request, default_host_ip=default, ipv6=ipv6) for request in port_requests(container))

    def _shared(self, container: Container, ref: str) -> Sandbox:
        target = self.containers.get(ref)
        if target.id == container.id:
            raise InvalidParameter(f"cannot join own network namespace: {target.id}")
        if not target.is_running:
            raise Conflict(f"cannot join network of a non running container: {target.id}")
        mode = mode_of(target)
        path = "host" if mode == "host" else self.driver.path(target.id) or f"/proc/{target.pid}/ns/net"
        return Sandbox(
            network_path=path,
            files={name: self.host.file(target.id, name) for name in ("hosts", "resolv.conf")},
        )

    def _host(self, container: Container) -> Sandbox:
        request = self._request(container, "")
        text = self.host.text("/etc/hosts")
        for address, name in hosts.extra_hosts(request.extra_hosts, self._host_gateway(None)):
            text = text.rstrip("\n") + f"\n{address}\t{name}\n"
        resolving = hosts.parse_resolv_conf(self.host.text("/etc/resolv.conf"))
        shown = hosts.Resolving(
            request.dns or resolving.nameservers,
            request.dns_search or resolving.search,
            request.dns_options or resolving.options,
        )
        return Sandbox(
            network_path="host",
            endpoints=container.endpoints,
            files={"hosts": text, "resolv.conf": hosts.resolv_conf(shown)},
        )

    def _host_resolving(self) -> hosts.Resolving:
        return hosts.host_resolving(
            [self.host.text("/etc/resolv.conf"), self.host.text("/run/systemd/resolve/resolv.conf")]
        )

    def _host_gateway(self, leaving: Endpoint | None) -> str:
        if leaving is not None:
            return leaving.gateway
        network = self.book.find(DEFAULT)
        return str(network.subnet.gateway) if network is not None and network.subnet is not None else ""


def check_settings(network: Network, settings: EndpointSettings, *, alone: bool) -> None:
    """Check what a container asks of one network.

    Raises:
        InvalidParameter: it cannot be had there; the text is Docker's.
    """
    ipam = settings.ipam_config or EndpointIpam()
    if ipam.ipv6_address or ipam.link_local_ips:
        raise InvalidParameter("IPv6 and link-local addresses cannot be chosen: containers are given IPv4 addresses")
    if settings.links:
        raise InvalidParameter("links are not supported: containers on one network find each other by name")
    if ipam.ipv4_address and not network.has_names:
        raise InvalidParameter("user specified IP address is supported on user defined networks only")
    if settings.aliases and not network.has_names:
        raise InvalidParameter("network-scoped aliases are only supported for user-defined networks")
    if network.subnet is None and not alone:
        raise InvalidParameter(
            "container cannot be connected to multiple networks with one of the networks in private (none) mode"
            if network.name == "none"
            else "conflicting options: container cannot be connected to host network and to others"
        )
    if ipam.ipv4_address:
        try:
            address = IPv4Address(ipam.ipv4_address)
        except ValueError:
            raise InvalidParameter(f"invalid IPv4 address: {ipam.ipv4_address}") from None
        if network.subnet is not None and address not in network.subnet.network:
            raise InvalidParameter(
                f"invalid config for network {network.name}: invalid endpoint settings:\n"
                f"no configured subnet contains IP address {address}"
            )
    if settings.mac_address:
        packed_mac(settings.mac_address)


def _check_shared(container: Container) -> None:
    conflicts: Sequence[tuple[object, str]] = (
        (container.config.hostname, "hostname and the network mode"),
        (container.host_config.port_bindings, "port publishing and the container type network mode"),
        (container.host_config.dns, "dns and the network mode"),
        (container.host_config.extra_hosts, "custom host-to-IP mapping and the network mode"),
    )
    for value, what in conflicts:
        if value:
            raise InvalidParameter(f"conflicting options: {what}")


def _by_priority(container: Container) -> list[tuple[str, EndpointSettings]]:
    """Return the networks, the one to leave by first. Source: Engine API v1.51, EndpointSettings.GwPriority."""
    return sorted(container.endpoints.items(), key=lambda item: -item[1].gw_priority)
