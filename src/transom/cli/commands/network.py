"""`transom network`: create, ls, rm, connect, disconnect."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from transom.cli import flags as flag
from transom.cli.command import NONE, ONE, SOME, TWO, Command, for_each
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.options.filters import FORMAT, NO_TRUNC, filter_flag, filters
from transom.cli.options.pairs import key_values
from transom.cli.output.listing import Column, listing
from transom.cli.output.units import short_id
from transom.cli.session import Session
from transom.client.engine import Doc, segment
from transom.client.errors import ApiError

TABLE = "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}"
HEADERS = {"ID": "NETWORK ID", "IPv4": "IPV4", "IPv6": "IPV6", "CreatedAt": "CREATED AT"}


def _created(net: Doc) -> str:
    """Return the moment as Go prints a time: 2026-01-02 15:04:05.123456789 +0000 UTC."""
    text = str(net.get("Created", ""))
    date, _, rest = text.partition("T")
    return f"{date} {rest.removesuffix('Z')} +0000 UTC" if text.endswith("Z") else text


def _columns(*, truncate: bool) -> Mapping[str, Column]:
    return {
        "CreatedAt": _created,
        "Driver": lambda net: net["Driver"],
        "ID": lambda net: short_id(net["Id"]) if truncate else net["Id"],
        "IPv4": lambda net: str(bool(net.get("EnableIPv4"))).lower(),
        "IPv6": lambda net: str(bool(net.get("EnableIPv6"))).lower(),
        "Internal": lambda net: str(bool(net.get("Internal"))).lower(),
        "Label": lambda net: lambda name: str((net.get("Labels") or {}).get(name, "")),
        "Labels": lambda net: ",".join(f"{key}={value}" for key, value in sorted((net.get("Labels") or {}).items())),
        "Name": lambda net: net["Name"],
        "Scope": lambda net: net["Scope"],
    }


def _ls(session: Session, values: Values, _: list[str]) -> None:
    networks = session.client.get("/networks", {"filters": filters(values)})
    networks.sort(key=lambda net: net["Name"])
    form = "{{.ID}}" if values.on("quiet") else values.text("format")
    columns = _columns(truncate=not values.on("no-trunc"))
    print(listing(networks, columns=columns, headers=HEADERS, table=TABLE, format_text=form), end="")


def _create(session: Session, values: Values, names: list[str]) -> None:
    ipam: dict[str, Any] = {
        "Driver": values.text("ipam-driver"),
        "Options": key_values(values.many("ipam-opt")),
        "Config": _pools(values),
    }
    body: dict[str, Any] = {
        "Name": names[0],
        "Driver": values.text("driver"),
        "Options": key_values(values.many("opt")),
        "IPAM": ipam,
        "CheckDuplicate": True,
        "Internal": values.on("internal"),
        "Attachable": values.on("attachable"),
        "Labels": key_values(values.many("label")),
    }
    for name, key in (("ipv4", "EnableIPv4"), ("ipv6", "EnableIPv6")):
        if values.given(name):
            body[key] = values.on(name)
    print(session.client.post("/networks/create", None, body)["Id"])


def _pools(values: Values) -> list[dict[str, Any]]:
    """Return a pool for each --subnet, with the gateway, range and reserved addresses that lie in it.

    Raises:
        CliError: an address lies in no subnet.
    """
    try:
        pools = {ipaddress.ip_network(text): {"Subnet": text} for text in values.many("subnet")}
    except ValueError as exc:
        raise CliError(f"invalid subnet: {exc}") from exc
    for option, key in (("ip-range", "IPRange"), ("gateway", "Gateway")):
        for text in values.many(option):
            _pool_of(pools, text, option)[key] = text
    for name, text in key_values(values.many("aux-address")).items():
        pool: dict[str, Any] = _pool_of(pools, text, "aux-address")
        pool.setdefault("AuxiliaryAddresses", {})[name] = text
    return list(pools.values())


def _pool_of(pools: Mapping[Any, dict[str, Any]], text: str, option: str) -> dict[str, Any]:
    try:
        address = ipaddress.ip_address(text.partition("/")[0])
    except ValueError as exc:
        raise CliError(f"invalid {option}: {exc}") from exc
    for subnet, pool in pools.items():
        if address in subnet:
            return pool
    raise CliError(f"no matching subnet for {option} {text}")


def _rm(session: Session, values: Values, names: list[str]) -> int:
    def remove(name: str) -> None:
        try:
            session.client.delete(f"/networks/{segment(name)}")
        except ApiError as exc:
            if exc.status != 404 or not values.on("force"):
                raise
        else:
            print(name, flush=True)

    return for_each(names, remove)


def _connect(session: Session, values: Values, names: list[str]) -> None:
    ipam = {
        "IPv4Address": values.text("ip"),
        "IPv6Address": values.text("ip6"),
        "LinkLocalIPs": values.many("link-local-ip"),
    }
    endpoint: dict[str, Any] = {
        "IPAMConfig": {key: value for key, value in ipam.items() if value} or None,
        "Links": values.many("link") or None,
        "Aliases": values.many("alias") or None,
        "DriverOpts": key_values(values.many("driver-opt")) or None,
    }
    if values.given("gw-priority"):
        endpoint["GwPriority"] = values.number("gw-priority")
    body = {"Container": names[1], "EndpointConfig": endpoint}
    session.client.post(f"/networks/{segment(names[0])}/connect", None, body)


def _disconnect(session: Session, values: Values, names: list[str]) -> None:
    body = {"Container": names[1], "Force": values.on("force")}
    session.client.post(f"/networks/{segment(names[0])}/disconnect", None, body)


def _strings(name: str, help_text: str) -> flag.Flag:
    return flag.many(name, help_text, kind="strings", split=True)


CREATE = Command(
    "[OPTIONS] NETWORK",
    "Create a network",
    _create,
    (
        flag.switch("attachable", "Enable manual container attachment"),
        flag.many("aux-address", "Auxiliary IPv4 or IPv6 addresses used by Network driver", kind="map"),
        flag.text("driver", "Driver to manage the Network", short="d", default="bridge"),
        _strings("gateway", "IPv4 or IPv6 Gateway for the master subnet"),
        flag.switch("internal", "Restrict external access to the network"),
        _strings("ip-range", "Allocate container ip from a sub-range"),
        flag.text("ipam-driver", "IP Address Management Driver", default="default"),
        flag.many("ipam-opt", "Set IPAM driver specific options", kind="map"),
        flag.switch("ipv4", "Enable or disable IPv4 address assignment", default=True),
        flag.switch("ipv6", "Enable or disable IPv6 address assignment"),
        flag.many("label", "Set metadata on a network"),
        flag.many("opt", "Set driver specific options", short="o", kind="map"),
        _strings("subnet", "Subnet in CIDR format that represents a network segment"),
    ),
    ONE,
)
LS = Command(
    "[OPTIONS]",
    "List networks",
    _ls,
    (filter_flag(), FORMAT, NO_TRUNC, flag.switch("quiet", "Only display network IDs", short="q")),
    NONE,
)
RM = Command(
    "NETWORK [NETWORK...]",
    "Remove one or more networks",
    _rm,
    (flag.switch("force", "Do not error if the network does not exist", short="f"),),
    SOME,
)
CONNECT = Command(
    "[OPTIONS] NETWORK CONTAINER",
    "Connect a container to a network",
    _connect,
    (
        _strings("alias", "Add network-scoped alias for the container"),
        _strings("driver-opt", "driver options for the network"),
        flag.number("gw-priority", "Highest gw-priority provides the default gateway"),
        flag.text("ip", 'IPv4 address (e.g., "172.30.100.104")'),
        flag.text("ip6", 'IPv6 address (e.g., "2001:db8::33")'),
        flag.many("link", "Add link to another container"),
        _strings("link-local-ip", "Add a link-local address for the container"),
    ),
    TWO,
)
DISCONNECT = Command(
    "[OPTIONS] NETWORK CONTAINER",
    "Disconnect a container from a network",
    _disconnect,
    (flag.switch("force", "Force the container to disconnect from a network", short="f"),),
    TWO,
)
