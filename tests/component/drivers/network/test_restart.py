"""An engine goes, its containers stay, the next one takes over."""

import asyncio
import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address

import pytest
from tests.component.drivers.network.conftest import Engine, FixedDirectory, Start, bridge_network, cid
from tests.support.nethost import NetHost, Server, call, inside, sh

from transom.aio.operations import Operations
from transom.drivers.network.bridge import BridgeDriver
from transom.networks.dns import Names, encode_name
from transom.networks.driver import Attached, Living
from transom.networks.endpoint import PortRequest
from transom.networks.naming import Naming

pytestmark = [pytest.mark.root, pytest.mark.needs("ip", "nsenter")]


MONITOR = """
import os, subprocess, sys
fd = int(sys.argv[1])
child = subprocess.Popen(["nsenter", f"--net=/proc/self/fd/{fd}", "sleep", "1000"], pass_fds=[fd])
os.close(fd)
print(child.pid, flush=True)
sys.stdin.readline()
child.kill()
child.wait()
"""


@contextlib.contextmanager
def container(attached: Attached, *, monitored: bool = True) -> Iterator[int]:
    """A process in the namespace, below another that holds what a monitor is given; yields its pid."""
    keep = attached.keep_fds if monitored else ()
    fd = int(attached.path.rsplit("/", 1)[1])
    monitor = subprocess.Popen(
        [sys.executable, "-c", MONITOR, str(fd)],
        pass_fds=[*keep, fd],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )
    assert monitor.stdout is not None
    pid = int(monitor.stdout.readline())
    while os.readlink(f"/proc/{pid}/ns/net") != f"net:[{os.fstat(fd).st_ino}]":
        pass  # nsenter is about to
    try:
        yield pid
    finally:
        monitor.communicate("end\n", timeout=10)


async def restarted(engine: Engine, operations: Operations, living: dict[str, Living]) -> BridgeDriver:
    """Return the driver of the engine that follows on engine's."""
    driver = BridgeDriver(Naming("ttest"), engine.directory, operations)
    await driver.open([engine.default])
    for container_id, each in living.items():
        await driver.rejoin(container_id, each)
    await driver.settle()
    return driver


def question(name: str) -> bytes:
    return struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + encode_name(name) + struct.pack(">HH", 1, 1)


def ask(fd: int, name: str, *, stream: bool = False, wait_s: float = 5) -> bytes:
    """Ask the name service of namespace fd."""

    def work() -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM) as sock:
            sock.settimeout(wait_s)
            sock.connect(("127.0.0.11", 53))
            message = question(name)
            sock.sendall(struct.pack(">H", len(message)) + message if stream else message)
            return sock.recv(1000)[2 if stream else 0 :]

    return inside(fd, work)


async def test_ports_stay_taken_and_callers_wait_while_no_engine_runs(
    host: NetHost, start: Start, operations: Operations
) -> None:
    engine = await start()
    web, attached = await engine.attach(2, PortRequest(80, host_port="8080"))
    with container(attached) as pid, contextlib.closing(Server(web, 80)):
        await engine.driver.close(leave=True)
        with pytest.raises(OSError, match="in use"):
            socket.create_server(("0.0.0.0", 8080)).close()
        assert await asyncio.to_thread(call, host.outside, "192.0.2.2", 8080) == "192.0.2.1 1000"  # the kernel's work
        waiting = asyncio.get_running_loop().run_in_executor(None, lambda: call(host.home, "::1", 8080, wait_s=20))
        driver = await restarted(engine, operations, {cid(2): Living(pid, (engine.endpoint(2),), attached.ports)})
        assert (await waiting).endswith(" 1000")
        assert (await asyncio.to_thread(call, host.home, "127.0.0.1", 8080)).endswith(" 1000")
        assert driver.path(cid(2)) is not None
        await driver.detach(cid(2))
        socket.create_server(("0.0.0.0", 8080)).close()
        await driver.close(leave=False)


async def test_ports_are_taken_again_where_no_monitor_kept_them(
    host: NetHost, start: Start, operations: Operations, caplog: pytest.LogCaptureFixture
) -> None:
    engine = await start()
    web, attached = await engine.attach(2, PortRequest(80, host_port="8080"), PortRequest(81, host_port="8181"))
    with container(attached, monitored=False) as pid, contextlib.closing(Server(web, 80)):
        await engine.driver.close(leave=True)
        with socket.create_server(("0.0.0.0", 8181)):
            driver = await restarted(engine, operations, {cid(2): Living(pid, (engine.endpoint(2),), attached.ports)})
        assert "a published port is somebody else's" in caplog.text
        assert (await asyncio.to_thread(call, host.home, "::1", 8080)).endswith(" 1000")
        await driver.close(leave=False)


async def test_name_service_goes_on_and_answers_what_was_asked_meanwhile(
    host: NetHost, start: Start, operations: Operations
) -> None:
    engine = await start()
    engine.directory.known = Names({"web": [IPv4Address("10.99.0.9")]}, {})
    fd, attached = await engine.attach(2, names=True)
    answered = IPv4Address("10.99.0.9").packed
    with container(attached) as pid:
        assert (await asyncio.to_thread(ask, fd, "web")).endswith(answered)
        assert (await asyncio.to_thread(ask, fd, "web", stream=True)).endswith(answered)
        mine = os.dup(fd)
        await engine.driver.close(leave=True)
        waiting = asyncio.get_running_loop().run_in_executor(None, lambda: ask(mine, "web", wait_s=20))
        living = {cid(2): Living(pid, (engine.endpoint(2),), (), names=True)}
        driver = await restarted(engine, operations, living)
        assert (await waiting).endswith(answered)
        await driver.close(leave=True)
        # Without a monitor's sockets new ones are made, in place of the old ones.
        os.kill(pid, signal.SIGKILL)
        os.close(mine)


async def test_name_service_is_made_anew_where_no_monitor_kept_it(
    host: NetHost, start: Start, operations: Operations
) -> None:
    engine = await start()
    engine.directory.known = Names({"web": [IPv4Address("10.99.0.9")]}, {})
    _, attached = await engine.attach(2, names=True)
    with container(attached, monitored=False) as pid:
        await engine.driver.close(leave=True)
        driver = await restarted(engine, operations, {cid(2): Living(pid, (engine.endpoint(2),), (), names=True)})
        path = driver.path(cid(2))
        assert path is not None
        fd = int(path.rsplit("/", 1)[1])
        assert (await asyncio.to_thread(ask, fd, "web")).endswith(IPv4Address("10.99.0.9").packed)
        await driver.close(leave=False)


async def test_name_service_asks_outside_and_says_so_when_nobody_answers(
    host: NetHost, start: Start, operations: Operations
) -> None:
    engine = await start()
    fd, _ = await engine.attach(2, names=True)
    refused = await asyncio.to_thread(ask, fd, "example.org")
    assert refused[3] & 15 == 2
    server = inside(host.outside, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    server.bind(("192.0.2.1", 53))

    def serve() -> None:
        message, peer = server.recvfrom(1000)
        server.sendto(b"\xff\xff" + message[2:], peer)  # not the number that was asked under: let pass
        server.sendto(message[:2] + b"\x81\x80" + message[4:] + b"answer", peer)

    engine.directory.outside = ["192.0.2.1"]
    serving = asyncio.get_running_loop().run_in_executor(None, serve)
    assert (await asyncio.to_thread(ask, fd, "example.org")).endswith(b"answer")
    await serving
    server.close()


async def test_container_may_serve_names_itself(host: NetHost, start: Start) -> None:
    engine = await start()
    fd, _ = await engine.attach(2, names=True)
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        sock = inside(fd, lambda kind=kind: socket.socket(socket.AF_INET, kind))  # type: ignore[misc]
        sock.bind(("0.0.0.0", 53))
        sock.close()


async def test_what_no_record_names_is_swept(host: NetHost, start: Start, operations: Operations) -> None:
    engine = await start()
    second = bridge_network("second", 1)
    second = type(second)(**{**fields(second), "bridge": Naming("ttest").bridge("second", second.id)})
    await engine.driver.create(second)
    _, attached = await engine.attach(2, PortRequest(80, host_port="8080"))
    with container(attached, monitored=False):
        await engine.driver.close(leave=True)
        assert names_of_links() >= {"ttest0", second.bridge}
        driver = await restarted(engine, operations, {})
        left = names_of_links()
        assert second.bridge not in left
        assert not any(name.startswith(Naming("ttest").veth_prefix) for name in left)
        assert "8080" not in sh("nft list table ip transom-ttest")
        await driver.close(leave=False)
    assert names_of_links() == {"lo", "up0"}
    assert sh("nft list tables") == ""


async def test_two_engines_share_a_host(host: NetHost, start: Start, operations: Operations) -> None:
    engine = await start()
    other = BridgeDriver(Naming("tother"), FixedDirectory(), operations)
    network = bridge_network("bridge", 5)
    await other.open([network])
    await other.settle()
    web, _ = await engine.attach(2, PortRequest(80, host_port="8080"))
    with contextlib.closing(Server(web, 80)):
        await other.close(leave=False)
        assert (await asyncio.to_thread(call, host.outside, "192.0.2.2", 8080)).endswith(" 1000")
    assert "ttest0" in names_of_links()


def fields(network: object) -> dict[str, object]:
    return {name: getattr(network, name) for name in type(network).__dataclass_fields__}  # type: ignore[attr-defined]


def names_of_links() -> set[str]:
    lines: Sequence[str] = sh("ip -br link").splitlines()
    return {line.split()[0].partition("@")[0] for line in lines}
