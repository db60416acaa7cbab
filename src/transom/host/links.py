"""Links, addresses and routes: rtnetlink messages and what the kernel answers.

Source: man page rtnetlink(7); Linux include/uapi/linux/{if_link,if_addr,rtnetlink}.h.
"""

import errno
import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network

from transom.host.netlink import CREATE, DUMP, EXCL, Message, Netlink, NetlinkError, attribute, nested, parse_attributes
from transom.host.netlink import text as c_text

_NEWLINK, _DELLINK, _GETLINK, _NEWADDR, _DELADDR, _GETADDR = 16, 17, 18, 20, 21, 22
_NEWROUTE, _DELROUTE, _GETROUTE = 24, 25, 26
_ADDRESS, _IFNAME, _MTU, _LINK, _MASTER, _LINKINFO, _NET_NS_FD, _IFALIAS = 1, 3, 4, 5, 10, 18, 28, 20
_INFO_KIND, _INFO_DATA, _INFO_SLAVE_KIND, _INFO_SLAVE_DATA = 1, 2, 4, 5
_VETH_PEER, _BRPORT_MODE, _BRPORT_ISOLATED = 1, 4, 33
_UP = 1
_LINK_HEADER = struct.Struct("=BxHiII")
_ADDRESS_HEADER = struct.Struct("=BBBBi")
_ROUTE_HEADER = struct.Struct("=BBBBBBBBI")


@dataclass(frozen=True, slots=True)
class Link:
    """A network device of a namespace. master and peer are indexes, 0 for none."""

    index: int
    name: str
    up: bool
    mtu: int
    mac: bytes = b""
    kind: str = ""
    master: int = 0
    peer: int = 0


@dataclass(frozen=True, slots=True)
class Route:
    """An IPv4 route; the default route's network is 0.0.0.0/0."""

    network: IPv4Network
    device: int


def _header(*, index: int = 0, flags: int = 0, change: int = 0) -> bytes:
    return _LINK_HEADER.pack(0, 0, index, flags, change)


def new_bridge(name: str, mac: bytes, mtu: int) -> Message:
    """Make a bridge, up, with a fixed MAC (else it changes with its ports and breaks the containers' ARP entries)."""
    payload = _header(flags=_UP, change=_UP)
    payload += attribute(_IFNAME, c_text(name)) + attribute(_ADDRESS, mac) + attribute(_MTU, struct.pack("=I", mtu))
    payload += nested(_LINKINFO, attribute(_INFO_KIND, b"bridge"))
    return Message(_NEWLINK, CREATE | EXCL, payload, f"create bridge {name}")


def new_veth(
    name: str, *, master: int, namespace_fd: int, peer_name: str, peer_mac: bytes, mtu: int, alias: str = ""
) -> Message:
    """Make a pair: name here, up, in the bridge master; its peer in the namespace, with its MAC, down.

    The kernel cannot bring the peer up in the same message: it is not yet tied to its other end (ENOTCONN).
    """
    size = attribute(_MTU, struct.pack("=I", mtu))
    peer = _header() + attribute(_IFNAME, c_text(peer_name)) + attribute(_ADDRESS, peer_mac)
    peer += size + attribute(_NET_NS_FD, struct.pack("=i", namespace_fd))
    payload = _header(flags=_UP, change=_UP) + attribute(_IFNAME, c_text(name)) + size
    if master:
        payload += attribute(_MASTER, struct.pack("=I", master))
    if alias:
        payload += attribute(_IFALIAS, alias.encode())
    payload += nested(_LINKINFO, attribute(_INFO_KIND, b"veth"), nested(_INFO_DATA, attribute(_VETH_PEER, peer)))
    return Message(_NEWLINK, CREATE | EXCL, payload, f"create veth {name}")


def port_settings(name: str, *, reflects: bool = False, isolated: bool = False) -> Message:
    """Set up the bridge port called name.

    reflects: it gets back what it has sent (hairpin mode). isolated: it reaches no other isolated port.
    """
    settings = [attribute(_BRPORT_MODE, b"\1")] if reflects else []
    settings += [attribute(_BRPORT_ISOLATED, b"\1")] if isolated else []
    payload = _header() + attribute(_IFNAME, c_text(name))
    payload += nested(_LINKINFO, attribute(_INFO_SLAVE_KIND, b"bridge"), nested(_INFO_SLAVE_DATA, *settings))
    return Message(_NEWLINK, 0, payload, f"set up bridge port {name}")


def set_up(index: int) -> Message:
    """Bring the link up."""
    return Message(_NEWLINK, 0, _header(index=index, flags=_UP, change=_UP), f"bring link {index} up")


def delete_link(index: int) -> Message:
    """Delete the link (a veth's peer goes with it)."""
    return Message(_DELLINK, 0, _header(index=index), f"delete link {index}")


def add_address(index: int, address: IPv4Interface, *, scope_host: bool = False) -> Message:
    """Give the link an IPv4 address with its prefix."""
    scope = 254 if scope_host else 0
    payload = _ADDRESS_HEADER.pack(socket.AF_INET, address.network.prefixlen, 0, scope, index)
    payload += attribute(1, address.ip.packed) + attribute(2, address.ip.packed)
    if address.network.prefixlen < 31:
        payload += attribute(4, address.network.broadcast_address.packed)
    return Message(_NEWADDR, CREATE | EXCL, payload, f"add address {address} to link {index}")


def delete_address(index: int, address: IPv4Interface) -> Message:
    """Take an address from the link."""
    payload = _ADDRESS_HEADER.pack(socket.AF_INET, address.network.prefixlen, 0, 0, index)
    payload += attribute(2, address.ip.packed)
    return Message(_DELADDR, 0, payload, f"delete address {address} of link {index}")


def add_default_route(index: int, gateway: bytes) -> Message:
    """Route what is not local over gateway."""
    payload = _ROUTE_HEADER.pack(socket.AF_INET, 0, 0, 0, 254, 3, 0, 1, 0)  # table main, protocol boot, unicast
    payload += attribute(4, struct.pack("=I", index)) + attribute(5, gateway)
    return Message(_NEWROUTE, CREATE, payload, "add the default route")


def delete_default_route() -> Message:
    """Remove the default route."""
    payload = _ROUTE_HEADER.pack(socket.AF_INET, 0, 0, 0, 254, 0, 255, 0, 0)
    return Message(_DELROUTE, 0, payload, "delete the default route")


def find_link(netlink: Netlink, name: str) -> Link | None:
    """Return the link called name, or None."""
    message = Message(_GETLINK, 0, _header() + attribute(_IFNAME, c_text(name)), f"look up link {name}")
    try:
        return _link(netlink.ask(message)[0][1])
    except NetlinkError as exc:
        if exc.code == errno.ENODEV:
            return None
        raise


def links(netlink: Netlink) -> list[Link]:
    """Return every link of the namespace."""
    return [_link(body) for _, body in netlink.ask(Message(_GETLINK, DUMP, _header(), "list links"))]


def addresses(netlink: Netlink) -> list[tuple[int, IPv4Interface]]:
    """Return every IPv4 address of the namespace with its link's index."""
    found = []
    message = Message(_GETADDR, DUMP, _ADDRESS_HEADER.pack(socket.AF_INET, 0, 0, 0, 0), "list addresses")
    for _, body in netlink.ask(message):
        family, prefix, _, _, index = _ADDRESS_HEADER.unpack_from(body)
        attributes = parse_attributes(body, _ADDRESS_HEADER.size)
        packed = attributes.get(2) or attributes.get(1)
        if family == socket.AF_INET and packed:
            found.append((index, IPv4Interface((packed, prefix))))
    return found


def routes(netlink: Netlink) -> list[Route]:
    """Return the unicast IPv4 routes of every table."""
    found = []
    message = Message(_GETROUTE, DUMP, _ROUTE_HEADER.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0), "list routes")
    for _, body in netlink.ask(message):
        _, prefix, _, _, _, _, _, kind, _ = _ROUTE_HEADER.unpack_from(body)
        attributes = parse_attributes(body, _ROUTE_HEADER.size)
        if kind != 1:
            continue
        device = struct.unpack("=I", attributes[4])[0] if 4 in attributes else 0
        found.append(Route(IPv4Network((attributes.get(1, bytes(4)), prefix)), device))
    return found


def _link(body: bytes) -> Link:
    _, _, index, flags, _ = _LINK_HEADER.unpack_from(body)
    attributes = parse_attributes(body, _LINK_HEADER.size)
    info = parse_attributes(attributes.get(_LINKINFO, b""))

    def number(kind: int) -> int:
        return int(struct.unpack("=I", attributes[kind])[0]) if kind in attributes else 0

    return Link(
        index=index,
        name=attributes[_IFNAME].rstrip(b"\0").decode(),
        up=bool(flags & _UP),
        mtu=number(_MTU),
        mac=attributes.get(_ADDRESS, b""),
        kind=info.get(_INFO_KIND, b"").rstrip(b"\0").decode(),
        master=number(_MASTER),
        peer=number(_LINK),
    )
