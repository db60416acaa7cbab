"""NetworkRepository in SQLite; every record also in memory."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network
from typing import Self

import msgspec

from transom.model.ids import NetworkId
from transom.networks.network import Kind, Network, Subnet
from transom.store.database import Database

VERSION = 1


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    """A network as it is written."""

    version: int = VERSION
    id: str
    name: str
    driver: str
    created_at: datetime
    subnet: str = ""
    gateway: str = ""
    allocation: str = ""
    reserved: dict[str, str] = {}
    bridge: str = ""
    internal: bool = False
    attachable: bool = False
    labels: dict[str, str] = {}
    options: dict[str, str] = {}
    ipam_options: dict[str, str] = {}


class SqliteNetworks:
    """The one owner of the networks table."""

    def __init__(self, database: Database) -> None:
        """Use `open`."""
        self._database = database
        self._by_id: dict[str, Network] = {}

    @classmethod
    async def open(cls, database: Database) -> Self:
        """Read every record."""

        def read(connection: sqlite3.Connection) -> list[str]:
            return [text for (text,) in connection.execute("SELECT document FROM networks")]

        repository = cls(database)
        for text in await database.run(read, durable=False):
            network = _network(msgspec.json.decode(text, type=_Document))
            repository._by_id[network.id] = network
        return repository

    def all(self) -> Sequence[Network]:
        """Return every network, oldest first."""
        return sorted(self._by_id.values(), key=lambda network: network.created_at)

    async def save(self, network: Network) -> None:
        """Record a network, new or changed."""
        text = msgspec.json.encode(_document(network)).decode()
        await self._database.run(
            lambda c: (
                c.execute("INSERT OR REPLACE INTO networks VALUES (?, ?, ?)", (network.id, network.name, text)).rowcount
            ),
            durable=True,
        )
        self._by_id[network.id] = network

    async def remove(self, network_id: str) -> None:
        """Forget it."""
        await self._database.run(
            lambda c: c.execute("DELETE FROM networks WHERE id = ?", (network_id,)).rowcount, durable=True
        )
        self._by_id.pop(network_id, None)


def _document(network: Network) -> _Document:
    subnet = network.subnet
    return _Document(
        id=network.id,
        name=network.name,
        driver=network.driver,
        created_at=network.created_at,
        subnet=str(subnet.network) if subnet else "",
        gateway=str(subnet.gateway) if subnet else "",
        allocation=str(subnet.allocation) if subnet and subnet.allocation else "",
        reserved={name: str(address) for name, address in subnet.reserved.items()} if subnet else {},
        bridge=network.bridge,
        internal=network.internal,
        attachable=network.attachable,
        labels=dict(network.labels),
        options=dict(network.options),
        ipam_options=dict(network.ipam_options),
    )


def _network(document: _Document) -> Network:
    subnet = None
    if document.subnet:
        subnet = Subnet(
            IPv4Network(document.subnet),
            IPv4Address(document.gateway),
            IPv4Network(document.allocation) if document.allocation else None,
            {name: IPv4Address(text) for name, text in document.reserved.items()},
        )
    return Network(
        id=NetworkId(document.id),
        name=document.name,
        driver=Kind(document.driver),
        created_at=document.created_at,
        subnet=subnet,
        bridge=document.bridge,
        internal=document.internal,
        attachable=document.attachable,
        labels=document.labels,
        options=document.options,
        ipam_options=document.ipam_options,
    )
