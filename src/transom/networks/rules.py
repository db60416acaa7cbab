"""The nft table of an engine: its text, and what single containers add to it.

The table's chains do not change with containers: a published port is an element of a map. All decisions about packets
to and from our bridges are made in `forward`; what it lets pass carries MARK, so that one rule by the door of another
owner of the firewall (host firewalls drop what they do not know) is enough for all networks.

    guard        raw         127.0.0.0/8 is not to be reached from a bridge, though route_localnet is on there
    prerouting   nat         published ports, for packets that come in
    output       nat         published ports, for the host's own packets (127.0.0.1 among them)
    forward      filter      who may talk to whom
    unmark       mangle      MARK is of no use to anybody later on
    postrouting  nat         masquerade: to the outside, and where an answer would not come back by us

Source: nftables wiki, "Netfilter hooks" (priorities); man page nft(8), maps and concatenations.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from transom.networks.endpoint import Endpoint, PublishedPort
from transom.networks.network import Kind, Network

MARK: Final = 0x02000000
ANY: Final = "0.0.0.0"
_NUMBER: Final = {"tcp": 6, "udp": 17}


@dataclass(frozen=True, slots=True)
class Forwarding:
    """A published IPv4 port as an element of a map: from the host's address (ANY for all) to a container's."""

    host_ip: str
    protocol: str
    host_port: int
    target_ip: str
    target_port: int

    @property
    def map_name(self) -> str:
        """Return the map that it belongs into."""
        return "published_anywhere" if self.host_ip == ANY else "published"

    @property
    def key(self) -> bytes:
        """Return the key as the kernel keeps it."""
        address = b"" if self.host_ip == ANY else IPv4Address(self.host_ip).packed
        return address + _part(bytes([_NUMBER[self.protocol]])) + _part(self.host_port.to_bytes(2, "big"))

    @property
    def data(self) -> bytes:
        """Return the target as the kernel keeps it."""
        return IPv4Address(self.target_ip).packed + _part(self.target_port.to_bytes(2, "big"))

    @property
    def text(self) -> str:
        """Return key and target as nft writes them."""
        address = "" if self.host_ip == ANY else f"{self.host_ip} . "
        return f"{address}{self.protocol} . {self.host_port} : {self.target_ip} . {self.target_port}"


def forwardings(endpoint: Endpoint | None, ports: Iterable[PublishedPort]) -> tuple[Forwarding, ...]:
    """Return the elements for a container's published ports; IPv6 ones are not the kernel's business."""
    if endpoint is None:
        return ()
    return tuple(
        Forwarding(port.host_ip, port.protocol, port.host_port, endpoint.ipv4_address, port.container_port)
        for port in ports
        if ":" not in port.host_ip
    )


def table(name: str, networks: Sequence[Network], published: Sequence[Forwarding]) -> str:
    """Return the commands that put the whole table in place of what is there, in one transaction."""
    bridged = [network for network in networks if network.driver is Kind.BRIDGE and network.subnet is not None]
    return f"table ip {name}\ndelete table ip {name}\ntable ip {name} {{\n{_sets(bridged, published)}{_chains()}}}\n"


def removal(name: str) -> str:
    """Return the commands that remove the table, whether it is there or not."""
    return f"table ip {name}\ndelete table ip {name}\n"


def _sets(networks: Sequence[Network], published: Sequence[Forwarding]) -> str:
    inside = [IPv4Network("127.0.0.0/8"), *(n.subnet.network for n in networks if n.subnet is not None)]
    outward = [n.subnet.network for n in networks if n.subnet is not None and n.masquerades]
    return "".join(
        (
            _set("bridges", "ifname", [_quoted(n.bridge) for n in networks]),
            _set("internal", "ifname", [_quoted(n.bridge) for n in networks if n.internal]),
            _set(
                "together", "ifname . ifname",
                [f"{_quoted(n.bridge)} . {_quoted(n.bridge)}" for n in networks if n.connects_containers],
            ),
            _set("inside", "ipv4_addr", [str(network) for network in inside], flags="interval"),
            _set("masqueraded", "ipv4_addr", [str(network) for network in outward], flags="interval"),
            _map("published", "ipv4_addr . inet_proto . inet_service", published),
            _map("published_anywhere", "inet_proto . inet_service", published),
        )
    )  # fmt: skip


def _chains() -> str:
    lookups = """\
    dnat to ip daddr . meta l4proto . th dport map @published
    fib daddr type local dnat to meta l4proto . th dport map @published_anywhere
"""
    accept = f"meta mark set meta mark or {MARK:#x} accept"
    return f"""\
  chain guard {{
    type filter hook prerouting priority raw; policy accept;
    iifname @bridges ip daddr 127.0.0.0/8 drop
    iifname @bridges ip saddr 127.0.0.0/8 drop
  }}
  chain prerouting {{
    type nat hook prerouting priority dstnat; policy accept;
{lookups}  }}
  chain output {{
    type nat hook output priority -100; policy accept;
{lookups}  }}
  chain forward {{
    type filter hook forward priority filter - 5; policy accept;
    iifname . oifname @together {accept}
    iifname @internal drop
    oifname @internal drop
    oifname @bridges ct state established,related {accept}
    oifname @bridges ct status dnat {accept}
    oifname @bridges drop
    iifname @bridges {accept}
  }}
  chain unmark {{
    type filter hook postrouting priority mangle; policy accept;
    meta mark and {MARK:#x} == {MARK:#x} meta mark set meta mark and {0xFFFFFFFF ^ MARK:#x}
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    oifname @bridges ct status dnat ip saddr @inside masquerade
    oifname != @bridges ip saddr @masqueraded masquerade
  }}
"""


def _set(name: str, kind: str, elements: Sequence[str], *, flags: str = "") -> str:
    return f"  set {name} {{\n    type {kind};\n{_flags(flags)}{_elements(elements)}  }}\n"


def _map(name: str, key: str, published: Sequence[Forwarding]) -> str:
    elements = [each.text for each in published if each.map_name == name]
    return f"  map {name} {{\n    type {key} : ipv4_addr . inet_service;\n{_elements(elements)}  }}\n"


def _flags(flags: str) -> str:
    return f"    flags {flags};\n" if flags else ""


def _elements(elements: Sequence[str]) -> str:
    return f"    elements = {{ {', '.join(elements)} }}\n" if elements else ""


def _quoted(name: str) -> str:
    return f'"{name}"'


def _part(value: bytes) -> bytes:
    return value + bytes(-len(value) % 4)
