"""The bridge driver: a Linux bridge per network, a veth per endpoint, one nft table per engine.

A container's start is one visit to the network thread: ports are taken, a namespace from the spare ones, a veth pair
made straight into it, address and route set, map elements added: 1 to 2 ms in all.
"""

import logging
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from transom import faults
from transom.aio.operations import Operations
from transom.drivers.network.fabric import Fabric, leave_by_none, next_number, unlink
from transom.drivers.network.firewall import Firewall
from transom.drivers.network.forwarder import Forwarder
from transom.drivers.network.names import NameService
from transom.drivers.network.reservations import Reservations, Reserved, take_again
from transom.errors import Conflict, TransomError, Unavailable
from transom.host import conntrack, sockets
from transom.host.netlink import NetlinkError
from transom.host.netns import NameSockets, Namespace, NamespaceThread
from transom.networks import rules
from transom.networks.driver import Attached, Directory, Living, Plan
from transom.networks.endpoint import Endpoint, primary
from transom.networks.hosts import EMBEDDED
from transom.networks.naming import Naming
from transom.networks.network import Kind, Network

log = logging.getLogger(__name__)

_RESERVED: Final = faults.declare("network.ports_reserved", "a container's host ports are taken")
_LINKED: Final = faults.declare("network.linked", "a container's namespace has its links")
_PUBLISHED: Final = faults.declare("network.published", "a container's ports are in the nft maps")


@dataclass(slots=True)
class _Joined:
    """What a container holds while it runs."""

    namespace: Namespace
    endpoints: tuple[Endpoint, ...] = ()
    reserved: list[Reserved] = field(default_factory=list)
    forwardings: tuple[rules.Forwarding, ...] = ()
    name_sockets: NameSockets | None = None
    names: NameService | None = None
    forwarders: list[Forwarder] = field(default_factory=list)

    def silence(self) -> None:
        """Stop what is served in the loop."""
        for forwarder in self.forwarders:
            forwarder.close()
        self.forwarders.clear()
        if self.names is not None:
            self.names.close()
            self.names = None


class BridgeDriver:
    """NetworkDriver on bridges, veth and nftables."""

    def __init__(self, naming: Naming, directory: Directory, operations: Operations) -> None:
        """Make nothing yet. directory answers the containers' name services."""
        self._directory = directory
        self._operations = operations
        self._thread = NamespaceThread()
        self._fabric = Fabric(naming)
        self._firewall = Firewall(naming.table, naming.mark, self._thread, operations)
        self._reservations = Reservations()
        self._joined: dict[str, _Joined] = {}
        self._closed = False

    async def open(self, networks: Sequence[Network]) -> None:
        def work() -> None:
            for network in networks:
                if network.driver is not Kind.BRIDGE:
                    continue
                try:
                    self._fabric.make(network)
                except TransomError as exc:
                    log.error("a network cannot be used", extra={"network": network.name, "error": str(exc)})

        await self._thread.run(work)

    async def rejoin(self, container_id: str, living: Living) -> None:
        try:
            joined = await self._thread.run(lambda: self._rejoin(container_id, living))
            if joined is not None:
                self._joined[container_id] = joined
                await self._serve(container_id, joined)
        except (OSError, TransomError) as exc:
            log.error("a container's network is broken", extra={"container": container_id, "error": str(exc)})

    async def settle(self) -> None:
        await self._thread.run(self._write_table)
        living = frozenset(self._joined)
        await self._thread.run(lambda: self._fabric.sweep(living))
        await self._firewall.start()
        await self._firewall.cover(self._fabric.bridge_names)
        self._thread.later(self._thread.stock)

    async def host_networks(self) -> Sequence[IPv4Network]:
        return await self._thread.run(self._fabric.host_networks)

    async def is_made(self, network: Network) -> bool:
        return await self._thread.run(lambda: self._fabric.is_made(network))

    async def create(self, network: Network) -> None:
        if network.driver is not Kind.BRIDGE:
            return

        def work() -> None:
            try:
                self._fabric.make(network)
                self._write_table()
            except BaseException:
                self._fabric.drop(network)
                raise

        await self._thread.run(work)
        await self._firewall.cover(self._fabric.bridge_names)

    async def remove(self, network: Network) -> None:
        if network.driver is not Kind.BRIDGE:
            return

        def work() -> None:
            self._fabric.drop(network)
            self._write_table()

        await self._thread.run(work)
        await self._firewall.cover(self._fabric.bridge_names)

    async def attach(self, plan: Plan) -> Attached:
        await self.detach(plan.container_id)
        joined = await self._thread.run(lambda: self._attach(plan))
        self._joined[plan.container_id] = joined
        try:
            await self._serve(plan.container_id, joined)
        except BaseException:
            await self.detach(plan.container_id)
            raise
        keep = [sock.fileno() for _, sock in joined.reserved]
        keep += joined.names.fds if joined.names is not None else ()
        return Attached(joined.namespace.path, tuple(port for port, _ in joined.reserved), tuple(keep))

    async def detach(self, container_id: str) -> None:
        joined = self._joined.pop(container_id, None)
        if joined is not None:
            joined.silence()
            await self._thread.run(lambda: self._undo(joined))

    async def connect(self, container_id: str, endpoint: Endpoint, *, default_route: bool, names: bool) -> None:
        joined = self._joined.get(container_id)
        if joined is None:
            raise Conflict(f"container {container_id} has no network namespace of its own")

        def work() -> NameSockets | None:
            if default_route:
                leave_by_none(joined.namespace)
            number = next_number(joined.namespace)
            try:
                self._fabric.link(container_id, joined.namespace, endpoint, number, default_route=default_route)
            except NetlinkError as exc:
                raise Unavailable(f"failed to set up container networking: {exc}") from exc
            missing = names and joined.name_sockets is None
            return self._thread.name_sockets(joined.namespace, EMBEDDED) if missing else None

        opened = await self._thread.run(work)
        joined.endpoints = (*joined.endpoints, endpoint)
        if opened is not None:
            joined.name_sockets = opened
            await self._serve_names(container_id, joined)

    async def disconnect(self, container_id: str, endpoint: Endpoint, *, default_route: Endpoint | None) -> None:
        joined = self._joined.get(container_id)
        if joined is None:
            return
        joined.endpoints = tuple(each for each in joined.endpoints if each.network_id != endpoint.network_id)
        await self._thread.run(lambda: unlink(joined.namespace, endpoint.mac_address, default_route))

    def path(self, container_id: str) -> str | None:
        joined = self._joined.get(container_id)
        return joined.namespace.path if joined is not None else None

    async def close(self, *, leave: bool) -> None:
        if self._closed:
            return
        self._closed = True
        await self._firewall.close(leave=leave)
        everybody = list(self._joined.values())
        self._joined.clear()
        for joined in everybody:
            joined.silence()

        def work() -> None:
            for joined in everybody:
                if leave:
                    _let_go(joined)
                else:
                    self._undo(joined)
            if not leave:
                self._fabric.clear()
            self._fabric.close()

        await self._thread.run(work)
        await self._thread.close()

    # What follows runs in the network thread.

    def _write_table(self) -> None:
        self._fabric.write_table([each for joined in self._joined.values() for each in joined.forwardings])

    def _attach(self, plan: Plan) -> _Joined:
        reserved = self._reservations.take(plan.ports, plan.container_name, plan.container_id)
        joined: _Joined | None = None
        try:
            faults.point(_RESERVED)
            joined = _Joined(self._thread.take(), plan.endpoints, reserved)
            leaving = primary(plan.endpoints)
            for number, endpoint in enumerate(plan.endpoints):
                self._fabric.link(
                    plan.container_id, joined.namespace, endpoint, number, default_route=endpoint is leaving
                )
            faults.point(_LINKED)
            if plan.names:
                joined.name_sockets = self._thread.name_sockets(joined.namespace, EMBEDDED)
            forwardings = rules.forwardings(leaving, [port for port, _ in reserved])
            self._fabric.publish(forwardings)
            joined.forwardings = forwardings
            faults.point(_PUBLISHED)
        except BaseException as exc:
            if joined is not None:
                self._undo(joined)
            else:
                self._reservations.give_back(reserved)
            if isinstance(exc, NetlinkError | OSError):
                raise Unavailable(f"failed to set up container networking: {exc}") from exc
            raise
        return joined

    def _undo(self, joined: _Joined) -> None:
        self._fabric.unpublish(joined.forwardings)
        for target in {each.target_ip for each in joined.forwardings if each.protocol == "udp"}:
            conntrack.forget(IPv4Address(target))
        self._reservations.give_back(joined.reserved)
        if joined.name_sockets is not None:
            joined.name_sockets.close()
        joined.namespace.close()

    def _rejoin(self, container_id: str, living: Living) -> _Joined | None:
        namespace = self._thread.open(living.pid)
        if namespace is None:
            return None
        kept = sockets.held_by(sockets.parent(living.pid))
        try:
            reserved, lost = take_again(living.ports, kept)
            for text in lost:
                log.warning("a published port is somebody else's", extra={"container": container_id, "port": text})
            joined = _Joined(namespace, living.endpoints, reserved)
            joined.forwardings = rules.forwardings(primary(living.endpoints), [port for port, _ in reserved])
            if living.names:
                joined.name_sockets = _kept_name_sockets(kept)
                joined.name_sockets = joined.name_sockets or self._thread.name_sockets(namespace, EMBEDDED, again=True)
        except BaseException:
            namespace.close()
            for sock in kept:
                sock.close()
            raise
        used = {id(sock) for _, sock in reserved}
        if joined.name_sockets is not None:
            used |= {id(joined.name_sockets.udp), id(joined.name_sockets.tcp)}
        for sock in kept:
            if id(sock) not in used:
                sock.close()
        return joined

    # What follows runs in the loop again.

    async def _serve(self, container_id: str, joined: _Joined) -> None:
        leaving = primary(joined.endpoints)
        if leaving is not None:
            for published, sock in joined.reserved:
                forwarder = Forwarder((leaving.ipv4_address, published.container_port), self._operations)
                joined.forwarders.append(forwarder)
                await forwarder.serve(published, sock)
        await self._serve_names(container_id, joined)

    async def _serve_names(self, container_id: str, joined: _Joined) -> None:
        if joined.name_sockets is not None:
            joined.names = NameService(container_id, joined.name_sockets, self._directory, self._operations)
            await joined.names.serve()


def _let_go(joined: _Joined) -> None:
    """Close our descriptors and nothing else: the container runs on, its monitor keeps the sockets."""
    for _, sock in joined.reserved:
        sock.close()
    if joined.name_sockets is not None:
        joined.name_sockets.close()
    joined.namespace.close()


def _kept_name_sockets(kept: Sequence[socket.socket]) -> NameSockets | None:
    """Return the name service's sockets among those that a monitor kept, if both are there."""
    inside = {sock.type: sock for sock in kept if sock.getsockname()[0] == EMBEDDED}
    udp, tcp = inside.get(socket.SOCK_DGRAM), inside.get(socket.SOCK_STREAM)
    return NameSockets(udp, tcp) if udp is not None and tcp is not None else None
