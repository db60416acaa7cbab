"""POST /networks/create, and the networks that every engine has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Interface

from transom import faults
from transom.aio.finish import UndoStack
from transom.aio.locks import KeyedLock
from transom.engine.networks.book import NetworkBook
from transom.errors import InvalidParameter, NotFound, NotSupported
from transom.model.clock import Clock
from transom.model.ids import NetworkId, new_id
from transom.networks.driver import NetworkDriver
from transom.networks.errors import name_taken, predefined_created
from transom.networks.ipam import check_free, choose_subnet, subnet_from
from transom.networks.naming import Naming
from transom.networks.network import DEFAULT, PREDEFINED, Kind, Network, Subnet, check_name, check_options
from transom.networks.repository import NetworkRepository
from transom.wire.networks import Ipam, NetworkCreateRequest

Announce = Callable[[str, str, Mapping[str, str]], None]
"""(action, network ID, attributes)."""

_RECORDED = faults.declare("network.create.recorded", "a network is recorded, its bridge is not there yet")
_OTHERS = ("macvlan", "ipvlan", "overlay", "null", "host")
_DEFAULT_OPTIONS: Mapping[str, str] = {
    "com.docker.network.bridge.default_bridge": "true",
    "com.docker.network.bridge.enable_icc": "true",
    "com.docker.network.bridge.enable_ip_masquerade": "true",
    "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
    "com.docker.network.driver.mtu": "1500",
}


@dataclass(frozen=True, slots=True)
class CreateNetwork:
    """Makes a network of the user's."""

    book: NetworkBook
    networks: NetworkRepository
    driver: NetworkDriver
    naming: Naming
    clock: Clock
    announce: Announce
    locks: KeyedLock = field(default_factory=KeyedLock)

    async def __call__(self, request: NetworkCreateRequest) -> Network:
        """Make it and return it.

        Raises:
            InvalidParameter, NotSupported: it cannot be made so.
            Conflict: the name is taken. Forbidden: the subnet is in use, or the name is the engine's own.
        """
        name = check_name(request.name)
        if name in PREDEFINED or name == "default":
            raise predefined_created(name)
        _check_supported(request)
        check_options(request.options)
        # One at a time: a subnet that was chosen is not to be chosen again before it is recorded.
        async with self.locks("create"), UndoStack() as undo:
            if any(network.name == name for network in self.book.all()):
                raise name_taken(name)
            network_id = NetworkId(new_id())
            network = Network(
                id=network_id,
                name=name,
                driver=Kind.BRIDGE,
                created_at=self.clock.now(),
                subnet=await self._subnet(request.ipam),
                bridge=self._bridge(request, network_id),
                internal=request.internal,
                attachable=request.attachable,
                labels=request.labels,
                options=request.options,
                ipam_options=request.ipam.options or {},
            )
            await self.networks.save(network)
            undo.push(self.networks.remove, network.id)
            faults.point(_RECORDED)
            await self.driver.create(network)
            undo.push(self.driver.remove, network)
            self.book.add(network)
            undo.keep()
        self.announce("create", network.id, {"name": name, "type": str(network.driver)})
        return network

    async def ensure_predefined(self, *, address: str = "", bridge: bool = True) -> None:
        """Record bridge, host and none where they are not, and enter all networks into the book.

        address: `10.1.0.1/16`, the default bridge's own (dockerd's --bip); empty: recorded, else chosen.
        """
        known = {network.name: network for network in self.networks.all()}
        wanted = [(DEFAULT, Kind.BRIDGE)] if bridge else []
        for name, kind in (*wanted, ("host", Kind.HOST), ("none", Kind.NONE)):
            subnet = None
            if kind is Kind.BRIDGE:
                subnet = await self._default_subnet(known.get(name), address)
            if name in known and known[name].subnet == subnet:
                continue
            await self.networks.save(
                Network(
                    id=known[name].id if name in known else NetworkId(new_id()),
                    name=name,
                    driver=kind,
                    created_at=self.clock.now(),
                    subnet=subnet,
                    bridge=self.naming.default_bridge if kind is Kind.BRIDGE else "",
                    options=self._default_options() if kind is Kind.BRIDGE else {},
                )
            )
        for network in self.networks.all():
            if bridge or network.name != DEFAULT:
                self.book.add(network)

    def _default_options(self) -> dict[str, str]:
        # The MTU is left open: it follows the host's way out.
        options = {key: value for key, value in _DEFAULT_OPTIONS.items() if not key.endswith(".mtu")}
        return {**options, "com.docker.network.bridge.name": self.naming.default_bridge}

    async def _default_subnet(self, known: Network | None, address: str) -> Subnet:
        if address:
            try:
                own = IPv4Interface(address)
            except ValueError:
                raise InvalidParameter(f"invalid bip {address!r}: use an address and prefix, 10.1.0.1/16") from None
            return subnet_from(str(own.network), str(own.ip))
        host = await self.driver.host_networks()
        if known is not None and known.subnet is not None:
            clash = any(known.subnet.network.overlaps(each) for each in host if each.prefixlen)
            # While this engine was down somebody else may have taken the subnet. Not so where the link is there:
            # containers run on it.
            if not clash or await self.driver.is_made(known):
                return known.subnet
        mine = [network.subnet.network for network in self.networks.all() if network.subnet and network != known]
        return choose_subnet([*host, *mine])

    async def _subnet(self, ipam: Ipam) -> Subnet:
        others = [network.subnet for network in self.book.all() if network.subnet is not None]
        if not ipam.config or not ipam.config[0].subnet:
            if ipam.config and (ipam.config[0].gateway or ipam.config[0].ip_range):
                raise InvalidParameter("a gateway or an IP range needs a subnet")
            return choose_subnet([*await self.driver.host_networks(), *(each.network for each in others)])
        if len(ipam.config) > 1:
            raise NotSupported("bridge networks have one subnet each: create a network per subnet")
        asked = ipam.config[0]
        subnet = subnet_from(asked.subnet, asked.gateway, asked.ip_range, asked.auxiliary_addresses)
        check_free(subnet, others)
        return subnet

    def _bridge(self, request: NetworkCreateRequest, network_id: str) -> str:
        name = request.options.get("com.docker.network.bridge.name")
        if name and any(network.bridge == name for network in self.book.all()):
            raise InvalidParameter(f"bridge name {name} is used by another network")
        return name or self.naming.bridge(request.name, network_id)


def _check_supported(request: NetworkCreateRequest) -> None:
    if request.driver in _OTHERS:
        raise NotSupported(f"network driver {request.driver} is not supported: use --driver bridge")
    if request.driver not in ("", "default", "bridge"):
        raise NotFound(f'plugin "{request.driver}" not found')
    if request.enable_ipv6:
        raise NotSupported(
            "IPv6 subnets are not supported: containers are IPv4, and published ports answer on IPv6 too; "
            "leave out --ipv6"
        )
    if not request.enable_ipv4:
        raise NotSupported("networks without IPv4 are not supported: leave out --ipv4=false")
    if request.ingress or request.config_only or (request.config_from is not None and request.config_from.network):
        raise NotSupported("ingress and configuration networks belong to swarm mode, which is not supported")
    if request.scope not in ("", "local"):
        raise NotSupported(f"scope {request.scope} is not supported: networks are local to this host")
    if request.ipam.driver not in ("", "default"):
        raise NotSupported(f"IPAM driver {request.ipam.driver} is not supported: use the default one")
