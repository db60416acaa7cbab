"""The record of a network."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from transom.errors import InvalidParameter
from transom.model.ids import NetworkId

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")

PREDEFINED: Final = ("bridge", "host", "none")
DEFAULT: Final = "bridge"


class Kind(StrEnum):
    """Which driver serves a network. Source: `docker network create --driver`; none's driver is called null."""

    BRIDGE = "bridge"
    HOST = "host"
    NONE = "null"


@dataclass(frozen=True, slots=True)
class Subnet:
    """The addresses of a network: gateway is the host's own, automatic ones come out of allocation."""

    network: IPv4Network
    gateway: IPv4Address
    allocation: IPv4Network | None = None
    reserved: Mapping[str, IPv4Address] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Network:
    """A network: what was asked for, and the subnet and bridge that it got.

    bridge: the name of its link on the host, empty for host and none.
    """

    id: NetworkId
    name: str
    driver: Kind
    created_at: datetime
    subnet: Subnet | None = None
    bridge: str = ""
    internal: bool = False
    attachable: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    ipam_driver: str = "default"
    ipam_options: Mapping[str, str] = field(default_factory=dict)

    @property
    def predefined(self) -> bool:
        """Made by the engine; never removed."""
        return self.name in PREDEFINED

    @property
    def has_names(self) -> bool:
        """Tell whether containers find each other by name on it."""
        return self.driver is Kind.BRIDGE and not self.predefined

    @property
    def masquerades(self) -> bool:
        """Tell whether packets leave under the host's address."""
        return not self.internal and _truth(self.options, "com.docker.network.bridge.enable_ip_masquerade")

    @property
    def connects_containers(self) -> bool:
        """Tell whether its containers reach each other."""
        return _truth(self.options, "com.docker.network.bridge.enable_icc")

    @property
    def default_host_ip(self) -> str:
        """Return the address that ports are published on where none is named; empty for all."""
        address = self.options.get("com.docker.network.bridge.host_binding_ipv4", "")
        return "" if address == "0.0.0.0" else address  # Docker's default, which means [::] too

    @property
    def mtu(self) -> int:
        """Return the size that was asked for, 0 if none was."""
        text = self.options.get("com.docker.network.driver.mtu", "0") or "0"
        return int(text) if text.isdecimal() else 0


def _truth(options: Mapping[str, str], key: str) -> bool:
    return options.get(key, "true").lower() not in ("false", "0", "f")


def check_name(name: str) -> str:
    """Return name if a network may be called so.

    Raises:
        InvalidParameter: it may not. Source: moby libnetwork/config.ValidateName.
    """
    if not name.strip():
        raise InvalidParameter("invalid name: name is empty")
    if not _NAME.fullmatch(name):
        raise InvalidParameter(
            f"invalid name {name}: names must start with an alphanumeric and contain only [a-zA-Z0-9_.-]"
        )
    return name


_KNOWN_OPTIONS: Final = frozenset(
    {
        "com.docker.network.bridge.name", "com.docker.network.bridge.default_bridge",
        "com.docker.network.bridge.enable_icc", "com.docker.network.bridge.enable_ip_masquerade",
        "com.docker.network.bridge.host_binding_ipv4", "com.docker.network.driver.mtu",
    }
)  # fmt: skip


def check_options(options: Mapping[str, str]) -> None:
    """Check the options of the bridge driver.

    Raises:
        InvalidParameter: a value is malformed, or an option of the bridge driver is unknown.
    """
    for key, value in options.items():
        if key.startswith("com.docker.network.") and key not in _KNOWN_OPTIONS:
            known = ", ".join(sorted(_KNOWN_OPTIONS))
            raise InvalidParameter(f"unknown network option {key}; known are {known}")
        if key.endswith((".enable_icc", ".enable_ip_masquerade", ".default_bridge")) and value.lower() not in (
            "true", "false", "1", "0", "t", "f",
        ):  # fmt: skip
            raise InvalidParameter(f"invalid value for {key}: {value!r} is neither true nor false")
        if key.endswith(".driver.mtu") and not (value.isdecimal() and (value == "0" or 68 <= int(value) <= 65535)):
            raise InvalidParameter(f"invalid value for {key}: {value!r} is not an MTU from 68 to 65535")
        if key.endswith(".host_binding_ipv4"):
            try:
                IPv4Address(value)
            except ValueError:
                raise InvalidParameter(f"invalid value for {key}: {value!r} is not an IPv4 address") from None
        if key.endswith(".bridge.name") and not re.fullmatch(r"[A-Za-z0-9_.-]{1,15}", value):
            raise InvalidParameter(f"invalid value for {key}: {value!r} cannot name a link (15 characters at most)")
