"""Real packets between a host, containers and a machine outside."""

import asyncio
import contextlib
import socket

import pytest
from tests.component.drivers.network.conftest import Start, bridge_network, cid
from tests.support.nethost import NetHost, Server, call, inside, sh

from transom.errors import Unavailable
from transom.networks.driver import Plan
from transom.networks.endpoint import PortRequest

pytestmark = [pytest.mark.root, pytest.mark.needs("ip")]
UDP = socket.SOCK_DGRAM


async def ask(fd: int, address: str, port: int, **more: object) -> str:
    return await asyncio.to_thread(call, fd, address, port, **more)  # type: ignore[arg-type]


async def test_published_port_answers_from_everywhere(host: NetHost, start: Start) -> None:
    engine = await start()
    web, _ = await engine.attach(2, PortRequest(80, host_port="8080"))
    other, _ = await engine.attach(3)
    engine.serve(web, 80)
    answers = {
        "loopback": await ask(host.home, "127.0.0.1", 8080),
        "loopback, IPv6": await ask(host.home, "::1", 8080),
        "the host's address": await ask(host.home, "192.0.2.2", 8080),
        "outside": await ask(host.outside, "192.0.2.2", 8080),
        "outside, IPv6": await ask(host.outside, "fd77::2", 8080),
        "another container, host's address": await ask(other, "192.0.2.2", 8080),
        "another container, gateway": await ask(other, "10.99.0.1", 8080),
        "the container itself": await ask(web, "192.0.2.2", 8080),
        "another container, directly": await ask(other, "10.99.0.2", 80),
    }
    assert {what: answer.endswith(" 1000") for what, answer in answers.items()} == dict.fromkeys(answers, True), answers
    assert answers["outside"] == "192.0.2.1 1000"  # the client's address is kept


async def test_published_udp_port_answers_from_everywhere(host: NetHost, start: Start) -> None:
    engine = await start()
    names, _ = await engine.attach(2, PortRequest(53, "udp", host_port="5353"))
    other, _ = await engine.attach(3)
    engine.serve(names, 53, UDP)
    for fd, address in (
        (host.home, "127.0.0.1"),
        (host.home, "::1"),
        (host.outside, "192.0.2.2"),
        (other, "192.0.2.2"),
    ):
        assert (await ask(fd, address, 5353, kind=UDP)).endswith(" 1000"), address


async def test_udp_client_that_goes_on_sending_finds_the_next_container(host: NetHost, start: Start) -> None:
    engine = await start()
    client = inside(host.outside, lambda: socket.socket(socket.AF_INET, UDP))
    client.settimeout(2)
    client.bind(("192.0.2.1", 4444))
    client.connect(("192.0.2.2", 5353))
    for number in (2, 5):
        fd, _ = await engine.attach(number, PortRequest(53, "udp", host_port="5353"))
        with contextlib.closing(Server(fd, 53, UDP)):
            client.send(b"x")
            assert (await asyncio.to_thread(client.recv, 100)).endswith(b" 1")
        await engine.driver.detach(cid(number))
    client.close()


async def test_large_transfer_over_ipv6_arrives_whole(host: NetHost, start: Start) -> None:
    engine = await start()
    web, _ = await engine.attach(2, PortRequest(80, host_port="8080"))
    engine.serve(web, 80)
    assert (await ask(host.home, "::1", 8080, size=20_000_000, wait_s=20)).endswith(" 20000000")


async def test_loopback_only_port_is_closed_to_others(host: NetHost, start: Start) -> None:
    engine = await start()
    web, attached = await engine.attach(2, PortRequest(80, host_ip="127.0.0.1", host_port="8080"))
    other, _ = await engine.attach(3)
    engine.serve(web, 80)
    assert [port.host_ip for port in attached.ports] == ["127.0.0.1"]
    assert (await ask(host.home, "127.0.0.1", 8080)).endswith(" 1000")
    assert await ask(host.outside, "192.0.2.2", 8080) == "ConnectionRefusedError"
    assert await ask(other, "192.0.2.2", 8080) == "ConnectionRefusedError"


async def test_unpublished_port_is_closed_to_outside(host: NetHost, start: Start) -> None:
    engine = await start()
    web, _ = await engine.attach(2)
    engine.serve(web, 80)
    assert await ask(host.home, "10.99.0.2", 80) == "10.99.0.1 1000"
    assert await ask(host.outside, "10.99.0.2", 80, wait_s=0.5) == "TimeoutError"


async def test_container_cannot_reach_services_on_the_hosts_loopback(host: NetHost, start: Start) -> None:
    """route_localnet is on for the bridge; the guard chain has to make up for it."""
    engine = await start()
    attacker, _ = await engine.attach(2)
    inside(attacker, lambda: sh("ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.1/32 via 10.99.0.1"))
    listener = socket.create_server(("127.0.0.1", 9000))
    with listener:
        assert await ask(attacker, "127.0.0.1", 9000, wait_s=0.5) == "TimeoutError"


async def test_container_reaches_outside_under_the_hosts_address(host: NetHost, start: Start) -> None:
    engine = await start()
    fd, _ = await engine.attach(2)
    engine.serve(host.outside, 7000)
    engine.serve(host.outside, 7001, UDP)
    assert await ask(fd, "192.0.2.1", 7000) == "192.0.2.2 1000"
    assert await ask(fd, "192.0.2.1", 7001, kind=UDP) == "192.0.2.2 1000"


async def test_networks_are_apart_but_for_published_ports(host: NetHost, start: Start) -> None:
    engine = await start()
    second = bridge_network("second", 1)
    await engine.driver.create(second)
    web, _ = await engine.attach(2, PortRequest(80, host_port="8080"))
    engine.serve(web, 80)
    stranger, _ = await engine.attach(3, network=second)
    assert await ask(stranger, "10.99.0.2", 80, wait_s=0.5) == "TimeoutError"
    assert (await ask(stranger, "192.0.2.2", 8080)).endswith(" 1000")
    engine.serve(host.outside, 7000)
    assert await ask(stranger, "192.0.2.1", 7000) == "192.0.2.2 1000"


async def test_internal_network_stays_inside(host: NetHost, start: Start) -> None:
    engine = await start()
    closed = bridge_network("closed", 1, internal=True)
    await engine.driver.create(closed)
    one, _ = await engine.attach(2, network=closed)
    two, _ = await engine.attach(3, network=closed)
    engine.serve(one, 80)
    engine.serve(host.outside, 7000)
    assert await ask(two, "10.99.1.2", 80) == "10.99.1.3 1000"
    assert await ask(two, "192.0.2.1", 7000) == "OSError"  # no route
    inside(two, lambda: sh("ip route add default via 10.99.1.1"))
    assert await ask(two, "192.0.2.1", 7000, wait_s=0.5) == "TimeoutError"
    assert await ask(host.outside, "10.99.1.2", 80, wait_s=0.5) == "TimeoutError"


@pytest.mark.parametrize("br_netfilter", [0, 1])
async def test_containers_of_a_network_without_icc_are_apart(host: NetHost, start: Start, br_netfilter: int) -> None:
    sh(f"echo {br_netfilter} > /proc/sys/net/bridge/bridge-nf-call-iptables", check=False)
    engine = await start()
    apart = bridge_network("apart", 1, options={"com.docker.network.bridge.enable_icc": "false"})
    await engine.driver.create(apart)
    one, _ = await engine.attach(2, network=apart)
    two, _ = await engine.attach(3, network=apart)
    engine.serve(one, 80)
    assert await ask(two, "10.99.1.2", 80, wait_s=0.5) in ("TimeoutError", "OSError")
    engine.serve(host.outside, 7000)
    assert await ask(two, "192.0.2.1", 7000) == "192.0.2.2 1000"


async def test_port_taken_is_dockers_error_and_leaves_nothing(host: NetHost, start: Start) -> None:
    engine = await start()
    with socket.create_server(("0.0.0.0", 8080)), pytest.raises(Unavailable) as caught:
        await engine.attach(2, PortRequest(79, host_port="8079"), PortRequest(80, host_port="8080"))
    assert str(caught.value) == (
        "failed to set up container networking: driver failed programming external connectivity on endpoint "
        f"c2 ({cid(2)}): failed to bind host port 0.0.0.0:8080/tcp: address already in use"
    )
    assert "8079" not in sh("nft list table ip transom-ttest")
    await engine.attach(2, PortRequest(79, host_port="8079"), PortRequest(80, host_port="8080"))


async def test_published_port_is_taken_for_other_programs_until_detach(host: NetHost, start: Start) -> None:
    engine = await start()
    await engine.attach(2, PortRequest(80, host_port="8080"))
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::")):
        with pytest.raises(OSError, match="in use"):
            socket.create_server((address, 8080), family=family).close()
    await engine.driver.detach(cid(2))
    socket.create_server(("0.0.0.0", 8080)).close()
    assert "8080" not in sh("nft list table ip transom-ttest")


async def test_chosen_ports_differ_and_ranges_take_the_first_free(host: NetHost, start: Start) -> None:
    engine = await start()
    with socket.create_server(("0.0.0.0", 8000)):
        _, attached = await engine.attach(
            2, PortRequest(1), PortRequest(2), PortRequest(3, host_ip="0.0.0.0", host_port="8000-8002")
        )
    by_target = {port.container_port: port.host_port for port in attached.ports}
    assert by_target[3] == 8001
    assert by_target[1] != by_target[2]
    assert min(by_target[1], by_target[2]) >= 32768


async def test_detach_frees_namespace_and_link(host: NetHost, start: Start) -> None:
    engine = await start()
    await engine.attach(2)
    assert "v" in sh("ip -br link show type veth")
    await engine.driver.detach(cid(2))
    async with asyncio.timeout(10):
        while engine_links():
            await asyncio.sleep(0.01)


async def test_attach_again_at_once_works(host: NetHost, start: Start) -> None:
    engine = await start()
    for _ in range(5):
        fd, _ = await engine.attach(2, PortRequest(80, host_port="8080"), PortRequest(80, "udp", host_port="8080"))
        await engine.driver.detach(cid(2))
    fd, _ = await engine.attach(2, PortRequest(80, host_port="8080"))
    engine.serve(fd, 80)
    assert (await ask(host.outside, "192.0.2.2", 8080)).endswith(" 1000")


async def test_connect_and_disconnect_a_running_container(host: NetHost, start: Start) -> None:
    engine = await start()
    second = bridge_network("second", 1)
    await engine.driver.create(second)
    mine, _ = await engine.attach(2)
    theirs, _ = await engine.attach(3, network=second)
    engine.serve(theirs, 80)
    engine.serve(host.outside, 7000)
    added = engine.endpoint(2, second)
    await engine.driver.connect(cid(2), added, default_route=False, names=False)
    assert await ask(mine, "10.99.1.3", 80) == "10.99.1.2 1000"
    await engine.driver.disconnect(cid(2), engine.endpoint(2), default_route=added)
    assert await ask(mine, "192.0.2.1", 7000) == "192.0.2.2 1000"
    await engine.driver.disconnect(cid(2), added, default_route=None)
    assert sh_in(mine, "ip -br link").split()[0] == "lo"
    assert len(sh_in(mine, "ip -br link").splitlines()) == 1


async def test_namespace_has_dockers_settings(host: NetHost, start: Start) -> None:
    engine = await start()
    fd, _ = await engine.attach(2)
    assert sh_in(fd, "cat /proc/sys/net/ipv4/ip_unprivileged_port_start").strip() == "0"
    assert sh_in(fd, "cat /proc/sys/net/ipv4/ping_group_range").split() == ["0", "2147483647"]
    assert "02:42:0a:63:00:02" in sh_in(fd, "ip link show eth0")
    assert "inet6" not in sh_in(fd, "ip addr show eth0")
    nothing = await engine.driver.attach(Plan(cid(9), "none"))
    assert len(sh_in(int(nothing.path.rsplit("/", 1)[1]), "ip -br link").splitlines()) == 1


def sh_in(fd: int, command: str) -> str:
    return inside(fd, lambda: sh(command))


def engine_links() -> list[str]:
    return [line for line in sh("ip -br link show type veth").splitlines() if not line.startswith("up0")]
