"""Published ports and outgoing traffic beside other owners of the firewall: each is the real program."""

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.component.drivers.network.conftest import Engine, Start
from tests.support.nethost import NetHost, call, sh

from transom.networks.endpoint import PortRequest

pytestmark = [pytest.mark.root, pytest.mark.needs("ip")]


async def works(engine: Engine, host: NetHost, *, within_s: float = 8) -> None:
    """Assert that packets pass in and out, once the engine had time to notice a reload."""
    answers: dict[str, str] = {}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while True:
                answers = {
                    "outside": await asyncio.to_thread(call, host.outside, "192.0.2.2", 8080, wait_s=0.4),
                    "loopback": await asyncio.to_thread(call, host.home, "127.0.0.1", 8080, wait_s=0.4),
                    "IPv6": await asyncio.to_thread(call, host.home, "::1", 8080, wait_s=0.4),
                    "out": await asyncio.to_thread(call, engine.client, "192.0.2.1", 7000, wait_s=0.4),
                    "hairpin": await asyncio.to_thread(call, engine.client, "192.0.2.2", 8080, wait_s=0.4),
                }
                if all(answer.endswith(" 1000") for answer in answers.values()):
                    return
    raise AssertionError(answers)


async def populate(engine: Engine, host: NetHost) -> None:
    web, _ = await engine.attach(2, PortRequest(80, host_port="8080"))
    engine.client, _ = await engine.attach(3)
    engine.serve(web, 80)
    engine.serve(host.outside, 7000)


def in_private_mounts(script: str, tmp_path: Path, *copied: str) -> "subprocess.Popen[bytes]":
    """Start script where the directories copied are copies of the host's own."""
    lines = ["set -e", "mount --make-rprivate /"]
    for number, directory in enumerate(copied):
        copy = tmp_path / f"copy{number}"
        copy.mkdir(exist_ok=True)
        lines += [f"cp -a {directory}/. {copy}/ 2>/dev/null || true", f"mount --bind {copy} {directory}"]
    return subprocess.Popen(["unshare", "-m", "sh", "-c", "\n".join([*lines, script])], stdin=subprocess.PIPE)


def ufw(tmp_path: Path, *commands: str) -> None:
    """Run ufw on a copy of its files."""
    script = "\n".join(f"ufw {command} >/dev/null" for command in commands)
    process = in_private_mounts(script, tmp_path, "/etc/ufw", "/etc/default", "/run")
    process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.mark.needs("ufw", "iptables")
async def test_ufw_on_before_the_engine(host: NetHost, start: Start, tmp_path: Path) -> None:
    ufw(tmp_path, "--force enable")
    assert "-P FORWARD DROP" in sh("iptables -S FORWARD")
    engine = await start()
    await populate(engine, host)
    await works(engine, host)


@pytest.mark.needs("ufw", "iptables")
async def test_ufw_turned_on_and_reloaded_beside_the_engine(host: NetHost, start: Start, tmp_path: Path) -> None:
    engine = await start()
    await populate(engine, host)
    await works(engine, host)
    ufw(tmp_path, "--force enable")
    await works(engine, host)
    ufw(tmp_path, "reload")
    await works(engine, host)


@pytest.mark.needs("iptables")
async def test_policy_drop_has_one_marked_accept_and_it_goes_at_the_end(host: NetHost, start: Start) -> None:
    sh("iptables -P FORWARD DROP")
    engine = await start()
    await populate(engine, host)
    await works(engine, host)
    assert sh("iptables -S FORWARD").count("transom:ttest") == 1
    await engine.driver._firewall.close(leave=False)
    assert "transom:ttest" not in sh("iptables -S FORWARD")


@pytest.mark.needs("iptables")
async def test_docker_user_chain_is_the_door_and_a_flush_is_mended(host: NetHost, start: Start) -> None:
    sh("iptables -P FORWARD DROP; iptables -N DOCKER-USER; iptables -A DOCKER-USER -j RETURN")
    sh("iptables -I FORWARD -j DOCKER-USER")
    engine = await start()
    await populate(engine, host)
    await works(engine, host)
    assert "transom:ttest" not in sh("iptables -S FORWARD")
    sh("iptables -F DOCKER-USER; iptables -A DOCKER-USER -j RETURN")
    await works(engine, host)
    assert sh("iptables -S DOCKER-USER").count("transom:ttest") == 1


@pytest.mark.needs("iptables-legacy")
async def test_legacy_tables_are_asked_too(host: NetHost, start: Start) -> None:
    sh("iptables-legacy -P FORWARD DROP")
    engine = await start()
    await populate(engine, host)
    await works(engine, host)
    assert sh("iptables-legacy -S FORWARD").count("transom:ttest") == 1


@pytest.fixture
def firewalld(host: NetHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[bytes]"]:
    """firewalld on a bus of its own."""
    bus = tmp_path / "bus"
    (tmp_path / "bus.conf").write_text(
        '<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" '
        '"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd"><busconfig><type>system</type>'
        f"<listen>unix:path={bus}</listen><auth>EXTERNAL</auth><policy context='default'><allow send_destination='*'/>"
        "<allow send_type='*'/><allow receive_type='*'/><allow own='*'/><allow user='*'/></policy></busconfig>"
    )
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={bus}")
    daemon = subprocess.Popen(["dbus-daemon", f"--config-file={tmp_path}/bus.conf", "--nofork", "--nopidfile"])
    server = in_private_mounts("exec /usr/sbin/firewalld --nofork --nopid", tmp_path, "/etc/firewalld", "/var/log")
    try:
        for _ in range(200):
            state = subprocess.run(["firewall-cmd", "--state"], capture_output=True, check=False)
            if state.returncode == 0:
                break
            assert server.poll() is None, "firewalld ended"
        else:
            pytest.fail("firewalld did not start")
        sh("firewall-cmd --zone=public --change-interface=up0")
        yield server
    finally:
        for process in (server, daemon):
            process.terminate()
            process.wait(timeout=10)
            if process.stdin is not None:
                process.stdin.close()


@pytest.mark.may_skip
@pytest.mark.skipif(not shutil.which("firewalld"), reason="firewalld is not installed: it would guard this machine")
@pytest.mark.needs("firewall-cmd", "dbus-daemon")
async def test_firewalld_before_the_engine_and_reloaded(host: NetHost, firewalld: object, start: Start) -> None:
    engine = await start()
    await populate(engine, host)
    await works(engine, host)
    sh("firewall-cmd --reload")
    await works(engine, host)
    assert sh("firewall-cmd --get-zone-of-interface=ttest0").strip() == "trusted"


DOCKERD = os.environ.get("TRANSOM_TEST_DOCKERD", "dockerd")


@pytest.mark.may_skip
@pytest.mark.skipif(not shutil.which(DOCKERD), reason="dockerd is not installed: it would serve this machine")
@pytest.mark.needs("containerd")
async def test_dockerd_started_and_restarted_beside_the_engine(host: NetHost, start: Start, short_tmp: Path) -> None:
    engine = await start()
    await populate(engine, host)
    for round_number in range(2):
        with dockerd(short_tmp):
            assert "DOCKER-USER" in sh("iptables -S")
            await works(engine, host)
        if round_number == 0:
            sh("iptables -F; iptables -X DOCKER-USER", check=False)
    sh("ip link del docker0", check=False)


@contextlib.contextmanager
def dockerd(root: Path) -> Iterator[None]:
    """A dockerd with a bridge of its own, in a mount namespace that takes what it leaves along."""
    process = subprocess.Popen(
        [
            "unshare", "-m", "sh", "-c",
            "mount --make-rprivate /; mount -t tmpfs none /run; "
            f"exec {DOCKERD} --data-root {root}/d --exec-root {root}/x -p {root}/p -H unix://{root}/s "
            "--storage-driver vfs",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if b"API listen on" in line:
                break
        else:
            pytest.fail("dockerd did not start")
        yield
    finally:
        process.terminate()
        process.communicate(timeout=30)
