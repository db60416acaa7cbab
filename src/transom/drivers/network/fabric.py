"""Bridges, veth pairs and the nft table of one engine. Everything here runs in the network thread.

Names come from the instance and from IDs, so that what an earlier engine left is recognised without a record.
"""

import contextlib
import errno
import logging
from collections.abc import Collection, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Final

from transom import faults
from transom.errors import Forbidden, Unavailable
from transom.host import links, nft
from transom.host.netlink import Message, Netlink, NetlinkError
from transom.host.netns import Namespace, read_sysctl, write_sysctl
from transom.networks import rules
from transom.networks.endpoint import Endpoint, mac_for, packed_mac
from transom.networks.naming import MAX_INTERFACES, Naming
from transom.networks.network import Network

log = logging.getLogger(__name__)

_FULL_MTU: Final = 1500
_BRIDGED: Final = faults.declare("network.bridge_made", "a network's bridge is made, its address and rules are not")


class Fabric:
    """What the host has of our networks."""

    def __init__(self, naming: Naming) -> None:
        """Touch nothing yet."""
        self._naming = naming
        self._networks: dict[str, Network] = {}
        self._bridges: dict[str, links.Link] = {}
        self._netlink: Netlink | None = None
        self._elements: nft.Elements | None = None

    @property
    def bridge_names(self) -> list[str]:
        """Return the names of the bridges that are there."""
        return [link.name for link in self._bridges.values()]

    def make(self, network: Network) -> None:
        """Make the network's bridge, or take it over; rules come with `write_table`.

        Raises:
            Forbidden: a link of that name is there that is no bridge.
            Unavailable: the kernel refuses.
        """
        if network.subnet is None:
            raise Unavailable(f"network {network.name} has no subnet")
        if read_sysctl("net/ipv4/ip_forward") == "0":
            write_sysctl("net/ipv4/ip_forward", "1")
            log.info("turned on net.ipv4.ip_forward: containers reach the outside through this host")
        address = IPv4Interface((network.subnet.gateway, network.subnet.network.prefixlen))
        try:
            link = links.find_link(self._route, network.bridge)
            if link is None:
                mac = packed_mac(mac_for(network.subnet.gateway))
                self._route.send([links.new_bridge(network.bridge, mac, network.mtu or self._uplink_mtu())])
                faults.point(_BRIDGED)
                link = links.find_link(self._route, network.bridge)
            elif link.kind != "bridge":
                raise Forbidden(f"link {network.bridge} exists and is no bridge; rename it, or name another")
            assert link is not None  # made above
            here = [found for index, found in links.addresses(self._route) if index == link.index]
            # Another address is that of an engine of this name whose records are gone.
            self._route.send([links.delete_address(link.index, found) for found in here if found != address])
            if address not in here:
                self._route.send([links.add_address(link.index, address)])
            self._route.send([links.set_up(link.index)])
            # Needed for 127.0.0.1 to reach a container; the table's guard chain keeps the way back shut.
            write_sysctl(f"net/ipv4/conf/{network.bridge}/route_localnet", "1")
            write_sysctl(f"net/ipv6/conf/{network.bridge}/disable_ipv6", "1")
        except (OSError, NetlinkError) as exc:
            raise Unavailable(f"cannot set up bridge {network.bridge}: {exc}") from exc
        self._networks[network.id] = network
        self._bridges[network.id] = link

    def drop(self, network: Network) -> None:
        """Remove the network's bridge; nothing there is not an error."""
        self._networks.pop(network.id, None)
        self._bridges.pop(network.id, None)
        with contextlib.suppress(NetlinkError):  # it is gone already
            link = links.find_link(self._route, network.bridge)
            if link is not None and link.kind == "bridge":
                self._route.send([links.delete_link(link.index)])

    def has_names(self, network_id: str) -> bool:
        """Tell whether containers find each other by name on the network."""
        network = self._networks.get(network_id)
        return network is not None and network.has_names

    def write_table(self, published: Sequence[rules.Forwarding]) -> None:
        """Put the whole table in place of what is there.

        Raises:
            Unavailable: nftables refuses.
        """
        try:
            nft.run(rules.table(self._naming.table, list(self._networks.values()), published))
            if self._elements is None:
                self._elements = nft.Elements(self._naming.table)
        except (nft.NftError, NetlinkError) as exc:
            raise Unavailable(f"cannot write the rules of networks: {exc}") from exc

    def publish(self, forwardings: Sequence[rules.Forwarding]) -> None:
        """Add elements to the maps."""
        if self._elements is not None:
            self._elements.add(_elements(forwardings))

    def unpublish(self, forwardings: Sequence[rules.Forwarding]) -> None:
        """Remove elements from the maps; failing is logged: the next rewrite of the table leaves them out."""
        try:
            if self._elements is not None:
                self._elements.remove(_elements(forwardings))
        except NetlinkError as exc:
            log.warning("published ports stay in the nft maps", extra={"error": str(exc)})

    def link(
        self, container_id: str, namespace: Namespace, endpoint: Endpoint, number: int, *, default_route: bool
    ) -> None:
        """Make interface eth<number> in namespace, with address and, if default_route, a way out.

        Raises:
            NetlinkError, Unavailable: the kernel refuses, or the network has no bridge.
        """
        bridge = self._bridges.get(endpoint.network_id)
        if bridge is None:
            raise Unavailable(f"network {endpoint.network_name} cannot be used: its bridge is not there")
        name = f"eth{number}"
        # With br_netfilter on, a published port's packet is turned round inside the bridge instead of being routed; a
        # container that calls its own published port then needs a port that sends back to where it came from.
        reflects = read_sysctl("net/bridge/bridge-nf-call-iptables") == "1"
        isolated = not self._networks[endpoint.network_id].connects_containers
        for attempt in range(MAX_INTERFACES):
            outside = self._naming.veth(container_id, number, attempt)
            veth = links.new_veth(
                outside,
                master=bridge.index, namespace_fd=namespace.fd, peer_name=name,
                peer_mac=packed_mac(endpoint.mac_address), mtu=bridge.mtu,
            )  # fmt: skip
            try:
                port = links.port_settings(outside, reflects=reflects, isolated=isolated)
                self._route.send([veth, port] if reflects or isolated else [veth])
                break
            except NetlinkError as exc:
                if exc.code != errno.EEXIST:  # else: the link of an earlier run is not quite gone
                    raise
        inside = links.find_link(namespace.netlink, name)
        if inside is None:
            raise Unavailable(f"cannot make interface {name}: an earlier one is still there")
        address = IPv4Interface((endpoint.ipv4_address, endpoint.prefix_length))
        messages: list[Message] = [links.set_up(inside.index), links.add_address(inside.index, address)]
        if default_route and endpoint.gateway:
            messages.append(links.add_default_route(inside.index, IPv4Address(endpoint.gateway).packed))
        namespace.netlink.send(messages)

    def host_networks(self) -> list[IPv4Network]:
        """Return what the host has addresses in and routes to, other than by our bridges."""
        ours = {link.index for link in self._bridges.values()}
        found = [address.network for index, address in links.addresses(self._route) if index not in ours]
        found += [route.network for route in links.routes(self._route) if route.device not in ours]
        return [network for network in found if network.prefixlen]

    def is_made(self, network: Network) -> bool:
        """Tell whether the network's link is there."""
        return any(link.name == network.bridge for link in links.links(self._route))

    def sweep(self, container_ids: Collection[str]) -> None:
        """Remove links of ours that belong to no network and none of the containers."""
        bridges = self.bridge_names
        for link in links.links(self._route):
            stray = link.kind == "veth" and self._naming.is_stray_veth(link.name, container_ids)
            if stray or (link.kind == "bridge" and self._naming.is_stray_bridge(link.name, bridges)):
                log.info("removed a link that belongs to nothing", extra={"link": link.name})
                with contextlib.suppress(NetlinkError):  # gone with its other end
                    self._route.send([links.delete_link(link.index)])

    def clear(self) -> None:
        """Remove bridges and table."""
        for network in list(self._networks.values()):
            self.drop(network)
        with contextlib.suppress(nft.NftError):
            nft.run(rules.removal(self._naming.table))

    def close(self) -> None:
        """Close the sockets; what is on the host stays."""
        if self._netlink is not None:
            self._netlink.close()
        if self._elements is not None:
            self._elements.close()
        self._netlink, self._elements = None, None

    @property
    def _route(self) -> Netlink:
        if self._netlink is None:
            self._netlink = Netlink()
        return self._netlink

    def _uplink_mtu(self) -> int:
        sizes = {link.index: link.mtu for link in links.links(self._route)}
        outward = [sizes.get(route.device, 0) for route in links.routes(self._route) if route.network.prefixlen == 0]
        return min([_FULL_MTU, *(size for size in outward if size >= 576)])


def unlink(namespace: Namespace, mac: str, instead: Endpoint | None) -> None:
    """Take the interface with this MAC out of namespace; it leaves by instead's from now on, if that has a gateway."""
    by_mac = {link.mac: link for link in links.links(namespace.netlink)}
    link = by_mac.get(packed_mac(mac))
    if link is not None:
        namespace.netlink.send([links.delete_link(link.index)])
    if instead is not None and instead.gateway and (other := by_mac.get(packed_mac(instead.mac_address))):
        with contextlib.suppress(NetlinkError):  # the route is there already
            namespace.netlink.send([links.add_default_route(other.index, IPv4Address(instead.gateway).packed)])


def next_number(namespace: Namespace) -> int:
    """Return the number of the next interface eth<number>."""
    names: Iterable[str] = (link.name for link in links.links(namespace.netlink))
    used = [int(name[3:]) for name in names if name.startswith("eth") and name[3:].isdecimal()]
    return max(used, default=-1) + 1


def leave_by_none(namespace: Namespace) -> None:
    """Remove the default route, if there is one."""
    with contextlib.suppress(NetlinkError):
        namespace.netlink.send([links.delete_default_route()])


def _elements(forwardings: Sequence[rules.Forwarding]) -> list[nft.Element]:
    return [nft.Element(each.map_name, each.key, each.data) for each in forwardings]
