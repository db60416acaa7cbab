"""GET /networks and GET /networks/{id}."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from transom.containers.filters import match_labels
from transom.containers.repository import ContainerRepository
from transom.engine.networks.book import NetworkBook
from transom.errors import InvalidParameter
from transom.model.clock import rfc3339nano
from transom.networks.network import Kind, Network
from transom.wire.networks import ConfigReference, Ipam, IpamConfig, NetworkInspect, NetworkMember

FILTERS = frozenset({"dangling", "driver", "id", "label", "name", "scope", "type"})


@dataclass(frozen=True, slots=True)
class InspectNetworks:
    """Shows networks as Docker does."""

    book: NetworkBook
    containers: ContainerRepository

    def list(self, filters: Mapping[str, Sequence[str]]) -> list[NetworkInspect]:
        """Return the networks that pass filters, without their containers.

        Raises:
            InvalidParameter: a value is none of those that its filter knows.
        """
        checks = self._checks()
        for value in filters.get("type", ()):
            if value not in ("custom", "builtin"):
                raise InvalidParameter(f"invalid filter: 'type'='{value}'")
        if any(value.lower() not in ("true", "1", "false", "0") for value in filters.get("dangling", ())):
            raise InvalidParameter(
                """invalid value for filter 'dangling', must be "true" (or "1"), or "false" (or "0")"""
            )
        return [
            self._shape(network, members=False)
            for network in self.book.all()
            if all(any(checks[name](network, value) for value in values) for name, values in filters.items() if values)
        ]

    def one(self, ref: str) -> NetworkInspect:
        """Return the network that ref names, with its running containers.

        Raises:
            NoSuchNetwork: there is none.
        """
        return self._shape(self.book.get(ref), members=True)

    def _checks(self) -> Mapping[str, Callable[[Network, str], bool]]:
        used = {name for container in self.containers.all() for name in container.endpoints}
        return {
            "driver": lambda network, value: network.driver == value,
            "id": lambda network, value: network.id.startswith(value),
            "label": lambda network, value: match_labels(network.labels, [value]),
            "name": lambda network, value: value in network.name,
            "scope": lambda _, value: value == "local",
            "type": lambda network, value: network.predefined == (value == "builtin"),
            "dangling": lambda network, value: (
                (not network.predefined and network.name not in used) == (value.lower() in ("true", "1"))
            ),
        }

    def _shape(self, network: Network, *, members: bool) -> NetworkInspect:
        found = self.book.members(network.id) if members else ()
        return NetworkInspect(
            name=network.name,
            id=network.id,
            created=rfc3339nano(network.created_at),
            scope="local",
            driver=str(network.driver),
            enable_ipv4=True,
            enable_ipv6=False,
            ipam=_ipam(network),
            internal=network.internal,
            attachable=network.attachable,
            ingress=False,
            config_from=ConfigReference(),
            config_only=False,
            containers={
                member.container_id: NetworkMember(
                    name=member.name,
                    endpoint_id=member.endpoint.endpoint_id,
                    mac_address=member.endpoint.mac_address,
                    ipv4_address=f"{member.endpoint.ipv4_address}/{member.endpoint.prefix_length}",
                )
                for member in found
            },
            options=dict(network.options),
            labels=dict(network.labels),
        )


def _ipam(network: Network) -> Ipam:
    if network.subnet is None:
        return Ipam(options=None, config=[])
    subnet = network.subnet
    return Ipam(
        options=dict(network.ipam_options) if network.driver is Kind.BRIDGE and not network.predefined else None,
        config=[
            IpamConfig(
                subnet=str(subnet.network),
                ip_range=str(subnet.allocation) if subnet.allocation else "",
                gateway=str(subnet.gateway),
                auxiliary_addresses={name: str(address) for name, address in subnet.reserved.items()},
            )
        ],
    )
