"""Use cases of networks, on a driver that remembers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from tests.support.clock import FixedClock
from tests.support.networks import FakeNetworkDriver, MemoryContainers, MemoryNetworks

from transom.aio.locks import KeyedLock
from transom.containers.container import Container
from transom.containers.lifecycle import Status
from transom.engine.networks.book import NetworkBook
from transom.engine.networks.connect import ConnectNetwork, DisconnectNetwork
from transom.engine.networks.create import CreateNetwork
from transom.engine.networks.inspect import InspectNetworks
from transom.engine.networks.remove import PruneNetworks, RemoveNetwork
from transom.engine.networks.sandboxes import HostView, NetworkSandboxes
from transom.errors import Conflict, Forbidden, InvalidParameter, NotFound, NotSupported, Unavailable
from transom.model.ids import ContainerId
from transom.networks.naming import Naming
from transom.wire.containers import Config, EndpointIpam, EndpointSettings, HostConfig, PortBinding
from transom.wire.networks import Ipam, IpamConfig, NetworkCreateRequest
from transom.wire.shape import parse


@dataclass
class World:
    """An engine's networks."""

    driver: FakeNetworkDriver = field(default_factory=FakeNetworkDriver)
    book: NetworkBook = field(default_factory=NetworkBook)
    networks: MemoryNetworks = field(default_factory=MemoryNetworks)
    containers: MemoryContainers = field(default_factory=MemoryContainers)
    told: list[tuple[str, str]] = field(default_factory=list)
    resolv_conf: str = "nameserver 10.0.0.1\n"

    def __post_init__(self) -> None:
        def tell(action: str, _: str, attributes: Mapping[str, str]) -> None:
            self.told.append((action, attributes.get("name", "")))

        view = HostView(
            text=lambda path: {"/etc/resolv.conf": self.resolv_conf, "/etc/hosts": "127.0.0.1 here\n"}.get(path, ""),
            file=lambda container_id, name: f"{name} of {container_id[:4]}",
            ipv6=lambda: True,
        )
        locks = KeyedLock()
        self.create = CreateNetwork(self.book, self.networks, self.driver, Naming("t"), FixedClock(), tell)
        self.remove = RemoveNetwork(self.book, self.networks, self.driver, tell)
        self.prune = PruneNetworks(self.book, self.containers, self.remove)
        self.inspect = InspectNetworks(self.book, self.containers)
        self.sandboxes = NetworkSandboxes(self.book, self.driver, self.containers, view)
        self.connect = ConnectNetwork(self.book, self.driver, self.sandboxes, self.containers, locks, tell)
        self.disconnect = DisconnectNetwork(self.book, self.driver, self.containers, locks, tell)

    async def container(self, letter: str, *, mode: str = "bridge", start: bool = True, **host: Any) -> Container:
        config = host.pop("config", Config())
        endpoints = host.pop("endpoints", {})
        container = Container(
            id=ContainerId(letter * 64), name=f"c-{letter}", created_at=datetime.now(UTC), image_id="", image_ref="",
            os="any", architecture="any", driver="oci", config=config,
            host_config=HostConfig(network_mode=mode, **host), endpoints=endpoints,
        )  # fmt: skip
        container = await self.sandboxes.check(container)
        if start:
            sandbox = await self.sandboxes.attach(container)
            container = container.changed(
                status=Status.RUNNING, pid=7, endpoints=dict(sandbox.endpoints), ports=dict(sandbox.ports)
            )
        await self.containers.add(container)
        return container


@pytest.fixture
async def world() -> World:
    made = World()
    await made.create.ensure_predefined()
    return made


def request(name: str, **more: Any) -> NetworkCreateRequest:
    return NetworkCreateRequest(name=name, **more)


async def test_every_engine_has_three_networks_and_keeps_their_ids(world: World) -> None:
    assert [(shape.name, shape.driver) for shape in world.inspect.list({})] == [
        ("bridge", "bridge"), ("host", "host"), ("none", "null"),
    ]  # fmt: skip
    again = World(networks=world.networks)
    await again.create.ensure_predefined()
    assert again.book.all() == world.book.all()


async def test_default_network_moves_only_where_somebody_else_took_its_subnet(world: World) -> None:
    before = world.book.get("bridge")
    running = World(networks=world.networks)
    running.driver.networks[before.id] = before
    running.driver.taken = [IPv4Network("172.16.0.0/12")]
    await running.create.ensure_predefined()
    assert running.inspect.one("bridge").ipam.config[0].subnet == "172.18.0.0/16"

    stopped = World(networks=world.networks)
    stopped.driver.taken = [IPv4Network("172.18.0.0/16")]
    await stopped.create.ensure_predefined()
    moved = stopped.book.get("bridge")
    assert (moved.id, str(moved.subnet and moved.subnet.network)) == (before.id, "172.19.0.0/16")


async def test_default_subnet_keeps_clear_of_the_hosts(world: World) -> None:
    fresh = World()
    fresh.driver.taken = [IPv4Network("172.18.0.0/15")]
    await fresh.create.ensure_predefined()
    assert fresh.inspect.one("bridge").ipam.config[0].subnet == "172.20.0.0/16"
    await fresh.create.ensure_predefined(address="10.9.0.1/16")
    assert fresh.inspect.one("bridge").ipam.config[0].gateway == "10.9.0.1"


async def test_container_gets_address_ports_names_and_files(world: World) -> None:
    await world.create(request("n"))
    container = await world.container(
        "a", mode="n", port_bindings={"80/tcp": [PortBinding(host_port="8080")]},
        config=Config(hostname="web", exposed_ports={"80/tcp": {}, "81/tcp": {}}),
        endpoints={"n": EndpointSettings(aliases=["al"])},
    )  # fmt: skip
    got = container.endpoints["n"]
    assert (got.ip_address, got.gateway, got.ip_prefix_len) == ("172.19.0.2", "172.19.0.1", 16)
    assert got.mac_address == "02:42:ac:13:00:02"
    assert got.dns_names == ["c-a", "al", "a" * 12, "web"]
    assert container.ports == {
        "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}], "81/tcp": [],
    }  # fmt: skip
    assert world.book.names("a" * 64).addresses["al.n"] == [IPv4Address("172.19.0.2")]
    assert world.driver.plans["a" * 64].names
    assert world.inspect.one("n").containers["a" * 64].ipv4_address == "172.19.0.2/16"


async def test_release_gives_everything_back_and_the_next_start_asks_anew(world: World) -> None:
    container = await world.container("a")
    await world.sandboxes.release(container)
    await world.sandboxes.release(container)
    other = await world.container("b")
    assert other.endpoints["bridge"].ip_address == "172.18.0.2"
    sandbox = await world.sandboxes.attach(container)
    assert sandbox.endpoints["bridge"].ip_address == "172.18.0.3"
    assert sandbox.endpoints["bridge"].mac_address == "02:42:ac:12:00:03"


async def test_attach_that_fails_gives_everything_back(world: World) -> None:
    with pytest.raises(Unavailable):
        await world.container("a", port_bindings={"80/tcp": [PortBinding(host_port="80")]})
    assert not world.book.members(world.book.get("bridge").id)
    assert (await world.container("b")).endpoints["bridge"].ip_address == "172.18.0.2"


async def test_modes_without_a_network_of_their_own(world: World) -> None:
    container = await world.container("a")
    shared = await world.sandboxes.attach(await world.container("b", mode="container:c-a", start=False))
    assert shared.network_path == world.driver.path(container.id)
    assert shared.files["hosts"] == "hosts of aaaa"
    host = await world.sandboxes.attach(
        await world.container("d", mode="host", start=False, extra_hosts=["x:10.0.0.9"])
    )
    assert (host.network_path, host.files["hosts"]) == ("host", "127.0.0.1 here\n10.0.0.9\tx\n")
    on_host = await world.container("e", mode="host")
    assert (await world.sandboxes.attach(on_host.changed(id=ContainerId("f" * 64)))).network_path == "host"
    none = await world.container("9", mode="none")
    assert list(none.endpoints) == ["none"]
    assert world.driver.plans[none.id].endpoints == ()


async def test_sharing_with_a_container_that_does_not_run_is_conflict(world: World) -> None:
    await world.container("a", start=False)
    waiting = await world.container("b", mode="container:c-a", start=False)
    with pytest.raises(Conflict, match="cannot join network of a non running container"):
        await world.sandboxes.attach(waiting)


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ({"mode": "nope"}, NotFound),
        ({"mode": "container:nope"}, NotFound),
        ({"port_bindings": {"x/tcp": [PortBinding()]}}, InvalidParameter),
        ({"port_bindings": {"80/tcp": [PortBinding(host_port="99999")]}}, InvalidParameter),
        ({"dns": ["x"]}, InvalidParameter),
        ({"extra_hosts": ["x"]}, InvalidParameter),
        ({"endpoints": {"bridge": EndpointSettings(aliases=["x"])}}, InvalidParameter),
        ({"endpoints": {"bridge": EndpointSettings(ipam_config=EndpointIpam(ipv4_address="172.18.0.9"))}},
         InvalidParameter),
        ({"endpoints": {"bridge": EndpointSettings(mac_address="zz")}}, InvalidParameter),
        ({"mode": "none", "endpoints": {"bridge": EndpointSettings()}}, InvalidParameter),
    ],
)  # fmt: skip
async def test_what_cannot_be_had_is_refused_at_create(
    world: World, asked: dict[str, Any], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        await world.container("a", start=False, **asked)


async def test_recover_takes_addresses_ports_and_names_over(world: World) -> None:
    await world.create(request("n"))
    running = await world.container("a", mode="n", port_bindings={"80/tcp": [PortBinding(host_port="8080")]})
    after = World(networks=world.networks)
    await after.create.ensure_predefined()
    await after.sandboxes.recover(running)
    living = after.driver.living[running.id]
    assert [port.host_ip for port in living.ports] == ["0.0.0.0", "::"]
    assert living.names
    assert after.book.names(running.id).addresses["c-a"] == [IPv4Address("172.19.0.2")]
    assert (await after.container("b", mode="n")).endpoints["n"].ip_address == "172.19.0.3"


async def test_host_with_a_stub_only_has_the_engine_answer(world: World) -> None:
    world.resolv_conf = "nameserver 127.0.0.53\n"
    container = await world.container("a")
    assert world.driver.plans[container.id].names
    assert world.book.servers(container.id) == ("127.0.0.53",)


async def test_internal_network_has_no_way_out_no_ports_and_asks_nobody(world: World) -> None:
    await world.create(request("in", internal=True))
    container = await world.container("a", mode="in", port_bindings={"80/tcp": [PortBinding(host_port="8080")]})
    assert container.endpoints["in"].gateway == ""
    assert container.ports == {}
    assert world.book.servers(container.id) == ()


async def test_connect_and_disconnect_running_and_stopped(world: World) -> None:
    await world.create(request("n"))
    running, stopped = await world.container("a"), await world.container("b", start=False)
    for container in (running, stopped):
        await world.connect("n", container.name, EndpointSettings(aliases=["al"]))
    assert world.containers.get("c-a").endpoints["n"].ip_address == "172.19.0.2"
    assert world.containers.get("c-b").endpoints["n"].ip_address == ""
    with pytest.raises(Forbidden, match="already exists in network n"):
        await world.connect("n", "c-a", EndpointSettings())
    for container in (running, stopped):
        await world.disconnect("n", container.name, force=False)
    assert "n" not in world.containers.get("c-a").endpoints
    assert not world.book.members(world.book.get("n").id)
    with pytest.raises(NotFound, match="is not connected to network n"):
        await world.disconnect("n", "c-a", force=False)
    await world.disconnect("n", "c-a", force=True)
    assert world.told == [("create", "n"), *[("connect", "n")] * 2, *[("disconnect", "n")] * 2]


async def test_connect_is_refused_where_the_mode_does_not_allow_it(world: World) -> None:
    await world.create(request("n"))
    await world.container("a")
    for mode in ("host", "none", "container:c-a"):
        container = await world.container("b", mode=mode, start=False)
        with pytest.raises(InvalidParameter):
            await world.connect("n", container.id, EndpointSettings())
    with pytest.raises(InvalidParameter):
        await world.connect("host", "c-a", EndpointSettings())


async def test_chosen_address_is_kept_and_refused_twice(world: World) -> None:
    await world.create(request("n", ipam=Ipam(config=[IpamConfig(subnet="10.5.0.0/24")])))
    chosen = {"n": EndpointSettings(ipam_config=EndpointIpam(ipv4_address="10.5.0.77"))}
    container = await world.container("a", mode="n", endpoints=chosen)
    assert container.endpoints["n"].ip_address == "10.5.0.77"
    again = {"n": EndpointSettings(ipam_config=EndpointIpam(ipv4_address="10.5.0.77"))}
    with pytest.raises(Conflict, match="Address already in use"):
        await world.container("b", mode="n", endpoints=again)


@pytest.mark.parametrize(
    ("asked", "kind", "text"),
    [
        (request("bridge"), Forbidden, "predefined bridge network"),
        (request("known"), Conflict, "network with name known already exists"),
        (request("a b"), InvalidParameter, "invalid name"),
        (request("x", driver="macvlan"), NotSupported, "--driver bridge"),
        (request("x", driver="weave"), NotFound, 'plugin "weave" not found'),
        (request("x", enable_ipv6=True), NotSupported, "--ipv6"),
        (request("x", ingress=True), NotSupported, "swarm"),
        (request("x", scope="swarm"), NotSupported, "local"),
        (request("x", options={"com.docker.network.driver.mtu": "5"}), InvalidParameter, "MTU"),
        (request("x", ipam=Ipam(config=[IpamConfig(subnet="172.18.4.0/24")])), Forbidden, "Pool overlaps"),
        (request("x", ipam=Ipam(config=[IpamConfig(gateway="10.0.0.1")])), InvalidParameter, "subnet"),
        (request("x", ipam=Ipam(config=[IpamConfig(subnet="10.1.0.0/24"), IpamConfig(subnet="10.2.0.0/24")])),
         NotSupported, "one subnet each"),
        (request("refused"), Unavailable, "the host refuses"),
    ],
)  # fmt: skip
async def test_network_that_cannot_be_made_is_refused_and_leaves_nothing(
    world: World, asked: NetworkCreateRequest, kind: type[Exception], text: str
) -> None:
    await world.create(request("known"))
    before = world.networks.all()
    with pytest.raises(kind, match=text):
        await world.create(asked)
    assert world.networks.all() == before


async def test_remove_refuses_what_is_used_or_the_engines_own(world: World) -> None:
    network = await world.create(request("n"))
    container = await world.container("a", mode="n")
    with pytest.raises(Forbidden, match="bridge is a pre-defined network and cannot be removed"):
        await world.remove("bridge")
    with pytest.raises(Forbidden, match="network n has active endpoints"):
        await world.remove("n")
    with pytest.raises(NotFound, match="network nope not found"):
        await world.remove("nope")
    await world.sandboxes.release(container)
    await world.remove(network.id[:10])
    assert world.book.find("n") is None
    assert network.id not in world.driver.networks


async def test_prune_removes_what_no_container_wants(world: World) -> None:
    await world.create(request("used"))
    await world.create(request("idle"))
    await world.create(request("kept", labels={"keep": "1"}))
    await world.container("a", mode="used", start=False)
    assert await world.prune(lambda network: "keep" not in network.labels) == ["idle"]
    assert [network.name for network in world.book.all()][3:] == ["used", "kept"]


async def test_list_filters(world: World) -> None:
    made = await world.create(request("mine", labels={"a": "b"}))
    for filters in (
        {"name": ["min"]},
        {"id": [made.id[:5]]},
        {"label": ["a=b"]},
        {"type": ["custom"]},
        {"dangling": ["1"]},
    ):
        assert [shape.name for shape in world.inspect.list(filters)] == ["mine"], filters
    assert len(world.inspect.list({"driver": ["bridge"], "scope": ["local"]})) == 2
    with pytest.raises(InvalidParameter):
        world.inspect.list({"type": ["x"]})


async def test_renamed_container_answers_to_its_new_name_only(world: World) -> None:
    await world.create(request("n"))
    container = await world.container("a", mode="n")
    world.sandboxes.renamed(container.id, "c-a", "new")
    names = world.book.names(container.id).addresses
    assert "new" in names
    assert "c-a" not in names


def test_create_request_reads_dockers_keys() -> None:
    body = (
        b'{"Name":"n","CheckDuplicate":true,"EnableIPv6":false,"IPAM":{"Driver":"default","Config":[{"Subnet":"10.0.0.0/8",'
        b'"IPRange":"10.1.0.0/16","Gateway":"10.0.0.1","AuxiliaryAddresses":{"a":"10.0.0.2"}}]},"Options":null}'
    )
    asked = parse(body, NetworkCreateRequest)
    assert asked.ipam.config[0].ip_range == "10.1.0.0/16"
    assert asked.ipam.config[0].auxiliary_addresses == {"a": "10.0.0.2"}
    assert asked.enable_ipv4
