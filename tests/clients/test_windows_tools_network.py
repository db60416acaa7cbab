"""Tools of system32 that show the network: netstat, route, arp, getmac, ipconfig, nslookup, netsh, tracert."""

import re
from collections.abc import Iterator

import pytest
from tests.support.batch import SERVERCORE, Box, batch_box
from tests.support.engine import Engine
from tests.support.windows import COMPILER, probe

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", COMPILER),
    pytest.mark.timeout(300),
]
NETWORK = "tools-net"


@pytest.fixture(scope="module")
def network(shared_engine: Engine) -> Iterator[str]:
    shared_engine.docker("network", "create", "--subnet", "10.77.0.0/24", NETWORK)
    yield NETWORK
    shared_engine.docker("network", "rm", NETWORK)


@pytest.fixture(scope="module")
def shared_box(shared_engine: Engine, network: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    options = ("--network", network, "--ip", "10.77.0.20", "--mac-address", "02:42:0a:4d:00:14", "-h", "toolbox")
    with batch_box(shared_engine, tmp_path_factory.mktemp("net"), *options) as made:
        yield made


@pytest.fixture
def box(shared_box: Box) -> Box:
    """The container, with its directory empty."""
    shared_box.empty()
    return shared_box


def test_netstat_shows_who_listens(box: Box) -> None:
    (box.shared / "probe.exe").write_bytes(probe())
    listed = box.run(
        "start /b C:\\t\\probe.exe listen 8123 >nul",
        "ping -n 2 127.0.0.1 >nul",
        "netstat -ano",
        "netstat -a -b -p tcp",
        'tasklist /fo csv /nh /fi "imagename eq probe.exe"',
        "taskkill /f /im probe.exe >nul",
    )

    pid = listed.out.split('"probe.exe","')[1].split('"')[0]
    assert listed.out.startswith(
        "\nActive Connections\n\n  Proto  Local Address          Foreign Address        State           PID\n"
    )
    assert f"\n  TCP    0.0.0.0:8123           0.0.0.0:0              LISTENING       {pid}\n" in listed.out
    assert "\n  TCP    TOOLBOX:8123           0.0.0.0:0              LISTENING\n [probe.exe]\n" in listed.out
    assert "8123" not in box.run("netstat -ano").out
    assert box.run("netstat -x").code == 1
    assert box.run("netstat -an -p nosuch").code == 1
    assert "IPv4 Route Table" in box.run("netstat -r").out


def test_routes_and_neighbours_are_the_networks(box: Box) -> None:
    routes = box.run("route print").out

    assert re.search(r"\n +0\.0\.0\.0 +0\.0\.0\.0 +10\.77\.0\.1 +10\.77\.0\.20 +\d+\n", routes)
    assert re.search(r"\n +10\.77\.0\.0 +255\.255\.255\.0 +\S+ +10\.77\.0\.20 +\d+\n", routes)
    assert "02 42 0A 4D 00 14" in routes
    refused = box.run("route add 10.0.0.0 mask 255.0.0.0 10.77.0.1")
    assert refused.code == 1
    assert "docker network create" in refused.err
    known = box.run("ping -n 1 10.77.0.1 >nul", "arp -a").out
    assert re.search(r"Interface: 10\.77\.0\.20 --- 0x\w+\n.*\n  10\.77\.0\.1 +(\w\w-){5}\w\w +dynamic\n", known)
    assert box.run("arp -d").code == 1


def test_addresses_are_the_containers(box: Box) -> None:
    assert box.run("getmac /fo csv /nh").out.startswith('"02-42-0A-4D-00-14","\\Device\\Tcpip_{')
    short = box.run("ipconfig").out
    assert short.startswith("\nWindows IP Configuration\n\n\nEthernet adapter ")
    assert "\n   IPv4 Address. . . . . . . . . . . : 10.77.0.20\n" in short
    assert "\n   Subnet Mask . . . . . . . . . . . : 255.255.255.0\n" in short
    assert "\n   Default Gateway . . . . . . . . . : 10.77.0.1" in short
    whole = box.run("ipconfig /all").out
    assert "\n   Host Name . . . . . . . . . . . . : TOOLBOX\n" in whole
    assert "\n   Physical Address. . . . . . . . . : 02-42-0A-4D-00-14\n" in whole
    assert re.search(r"\n   DNS Servers . . . . . . . . . . . : \d", whole)
    assert box.run("ipconfig /release").code == 1
    assert box.run("ipconfig /nosuch").code == 1


def test_adapters_are_shown_and_not_changed_by_netsh(box: Box) -> None:
    shown = box.run("netsh int ip show config").out
    assert re.search(
        r"\n    IP Address: +10\.77\.0\.20\n    Subnet Prefix: +10\.77\.0\.0/24 \(mask 255\.255\.255\.0\)\n", shown
    )
    assert re.search(r"\n    Default Gateway: +10\.77\.0\.1\n", shown)
    assert re.search(r"\n +\d+ +\d+ +\d+  connected     \S+\n", box.run("netsh interface ipv4 show interfaces").out)
    assert re.search(r"Start Port +: \d+\n", box.run("netsh int ipv4 show dynamicport tcp").out)
    refused = box.run("netsh interface ip set address name=eth0 static 1.2.3.4 255.0.0.0")
    assert (refused.code, refused.out) == (1, "")
    assert "docker run" in refused.err
    assert "-p" in box.run("netsh interface portproxy add v4tov4 listenport=1 connectport=2").err


def test_routers_on_the_way_answer(box: Box) -> None:
    assert box.run("tracert -d 127.0.0.1").out == (
        "\nTracing route to 127.0.0.1\nover a maximum of 30 hops:\n\n"
        "  1    <1 ms    <1 ms    <1 ms  127.0.0.1 \n\nTrace complete.\n"
    )
    beyond = box.run("tracert -d -h 1 192.0.2.77").out
    assert re.search(r"\n  1 +(<?\d+ ms +){3}10\.77\.0\.1 \n", beyond), beyond
    assert box.run("tracert nosuch.invalid").code == 1


def test_names_of_containers_are_found(box: Box, network: str) -> None:
    options = ("--network", network, "--ip", "10.77.0.30")
    box.engine.docker("run", "-di", "--name", "neighbour", *options, SERVERCORE, "cmd")
    found = box.run("nslookup neighbour")
    box.engine.docker("rm", "-f", "neighbour")
    missing = box.run("nslookup neighbour.invalid")

    assert (found.code, found.err) == (0, "")
    assert re.search(r"Name: +neighbour\nAddress:  10\.77\.0\.30\n", found.out)
    assert missing.code == 1
    assert missing.err == "*** UnKnown can't find neighbour.invalid: Non-existent domain\n"
    assert box.run("nslookup -type=NOSUCH x").code == 1


def test_other_name_servers_are_asked_and_names_typed_in(box: Box, network: str) -> None:
    options = ("--network", network, "--ip", "10.77.0.31")
    box.engine.docker("run", "-di", "--name", "other", *options, SERVERCORE, "cmd")
    own = box.run("nslookup -type=A other 127.0.0.11")
    typed = box.run("(echo set q=A& echo other& echo set q=NOSUCH& echo exit)|nslookup - 127.0.0.11")
    back = box.run("nslookup 10.77.0.31")
    box.engine.docker("rm", "-f", "other")
    silent = box.run("nslookup -timeout=1 -retry=1 other 10.77.0.99")

    assert re.search(r"Address:  127\.0\.0\.11\n\n.*\nName: +other\nAddress:  10\.77\.0\.31\n", own.out), own
    assert typed.out.startswith("Default Server:  ") and "\nName:    other\nAddress:  10.77.0.31\n" in typed.out
    assert typed.err == "*** Invalid option: q=NOSUCH\n"
    assert re.search(r"\nName:    other\S*\nAddress:  10\.77\.0\.31\n", back.out)
    assert (silent.code, silent.err) == (1, "*** Request to UnKnown timed-out\n")
    assert "DNS request timed out.\n    timeout was 1 seconds.\n" in silent.out
    assert box.run("nslookup x nosuchserver.invalid").code == 1


def test_ping_shows_who_answers(box: Box) -> None:
    answered = box.run("ping -n 2 -l 100 10.77.0.1")
    assert answered.code == 0
    assert re.match(r"\nPinging 10\.77\.0\.1 with 100 bytes of data:\n", answered.out)
    assert len(re.findall(r"\nReply from 10\.77\.0\.1: bytes=100 time[<=]\d+ms TTL=64(?=\n)", answered.out)) == 2
    assert "\n    Packets: Sent = 2, Received = 2, Lost = 0 (0% loss),\n" in answered.out
    assert "\nReply from 10.77.0.1: TTL expired in transit.\n" in box.run("ping -n 1 -i 1 192.0.2.77").out
    assert "DF set" in box.run("ping -n 1 -f -l 60000 10.77.0.1").out
    assert box.run("ping -n 1 -6 ::1").code == 0
    silent = box.run("ping -n 1 -w 200 10.77.0.99")
    assert silent.code == 1
    assert "Request timed out." in silent.out
    assert "could not find host nosuch.invalid." in box.run("ping nosuch.invalid").out
    assert box.run("ping -n 0 127.0.0.1").code == 1
