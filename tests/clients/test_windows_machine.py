"""The machine that a Windows program sees: its network, drives, names, processors, memory, time."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.compiled import compiled
from tests.support.engine import Engine
from tests.support.windows import COMPILER, PROBE, node_exe

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", "busybox", COMPILER),
    pytest.mark.timeout(600),
]

OS_FACTS = """\
const os = require("os");
const dns = require("dns");
dns.lookup(os.hostname(), (error, address) => console.log(JSON.stringify({
  address: error ? String(error) : address, cpus: os.cpus().length, host: os.hostname(), home: os.homedir(),
  interfaces: os.networkInterfaces(), user: os.userInfo().username, total: os.totalmem(), free: os.freemem(),
  model: os.cpus()[0].model, version: os.version(),
})));
"""


@pytest.fixture(scope="module")
def programs() -> Iterator[Path]:
    with compiled(("machine", ("iphlpapi", "ws2_32"))) as directory:
        yield directory


def facts(engine: Engine, programs: Path, *options: str, echo: tuple[str, ...] = ()) -> dict[str, str]:
    mount = ("-v", f"{programs}:C:\\t:ro")
    out = engine.docker("run", "--rm", *mount, *options, PROBE, "C:\\t\\machine.exe", *echo).out
    return dict(line.split(": ", 1) for line in out.splitlines() if ": " in line)


def test_network_is_the_containers(probed: Engine, programs: Path) -> None:
    probed.docker("network", "create", "--subnet", "10.213.7.0/24", "lan")
    options = ("--network", "lan", "--ip", "10.213.7.9", "--mac-address", "02:42:0a:d5:07:09", "-h", "web1")
    seen = facts(probed, programs, *options, echo=("127.0.0.1", "10.213.7.1", "10.213.7.77"))
    probed.docker("network", "rm", "lan")

    assert seen["address eth0"].split() == ["10.213.7.9/24"]
    assert (seen["gateway"], seen["mac eth0"]) == ("10.213.7.1", "02:42:0a:d5:07:09")
    assert seen["address lo"] == "127.0.0.1/8"
    assert (seen["interface table"], seen["routes"], seen["sockets"]) == ("2", "some", "listed")
    assert seen["host"] == "web1 10.213.7.9"
    assert (seen["echo 127.0.0.1"], seen["echo 10.213.7.1"]) == ("1 0", "1 0")
    assert seen["echo 10.213.7.77"].startswith("0 110")  # IP_REQ_TIMED_OUT or IP_DEST_HOST_UNREACHABLE
    assert seen["notification"] == "997 1 0"  # pending; taken back; which ends the wait


def test_ping_reaches_by_name(probed: Engine) -> None:
    done = probed.docker("run", "--rm", PROBE, "ping", "-n", "1", "localhost")

    assert "Received = 1, Lost = 0" in done.out


def test_names_and_drives(probed: Engine, programs: Path) -> None:
    options = ("--network", "none", "-h", "a-long-host-name-of-a-container", "--domainname", "corp.example")
    seen = facts(probed, programs, *options, "-v", f"{programs}:D:")

    assert (seen["name 0"], seen["name 1"]) == ("A-LONG-HOST-NAM", "a-long-host-name-of-a-container")
    assert seen["volume"].startswith("[] ")
    assert seen["volume"].endswith(" NTFS")
    serial = seen["volume"].split()[1]
    assert seen["volume name"] == f"\\\\?\\Volume{{{serial}-0000-0000-0000-000000000063}}\\"
    assert seen["drives"] == "c"
    assert seen["adapters"] == "0"
    available, total = map(int, seen["space"].split())
    assert 0 < available <= total


def test_time_zones_are_there(probed: Engine, programs: Path) -> None:
    zone = "HKLM\\Software\\Microsoft\\Windows NT\\CurrentVersion\\Time Zones\\Tokyo Standard Time"
    told = probed.docker("run", "--rm", "--network", "none", PROBE, "reg", "query", zone, "/v", "TZI").out
    seen = facts(probed, programs, "--network", "none")

    assert "E4FDFFFF" in told.upper()  # 540 minutes east of Greenwich
    assert seen["zone"] == "0 0 UTC"


def test_node_knows_its_machine(probed: Engine, tmp_path: Path) -> None:
    (tmp_path / "os.js").write_text(OS_FACTS)
    mounts = ("-v", f"{tmp_path}:C:\\t:ro", "-v", f"{node_exe()}:C:\\node.exe:ro")
    seen = json.loads(probed.docker("run", "--rm", "-h", "web1", *mounts, PROBE, "C:\\node.exe", "C:\\t\\os.js").out)

    assert (seen["host"], seen["user"], seen["home"]) == ("web1", "ContainerUser", "C:\\Users\\ContainerUser")
    assert seen["address"] == seen["interfaces"]["eth0"][0]["address"]
    assert seen["cpus"] >= 1
    assert seen["model"].strip()
    assert 0 < seen["free"] < seen["total"]
    assert seen["version"] == "Windows Server 2022 Datacenter"


def test_limits_are_the_machine(probed: Engine, programs: Path) -> None:
    limited = facts(probed, programs, "--network", "none", "-m", "512m", "--cpuset-cpus", "0")
    whole = facts(probed, programs, "--network", "none")
    total, free = map(int, limited["memory"].split())

    assert limited["processors"] == "1 1"
    assert (512 << 20) - (1 << 20) < total <= 512 << 20
    assert total - (200 << 20) < free < total
    assert int(whole["memory"].split()[0]) > total


@pytest.mark.parametrize(
    ("options", "zone", "winter", "summer"),
    [
        (("-e", "TZ=Europe/Vienna"), "1 -60 W. Europe Standard Time", 13, 14),
        (("-e", "TZ=Asia/Tokyo"), "0 -540 Tokyo Standard Time", 21, 21),
        (("-e", "TZ=Nowhere/Land"), "0 0 UTC", 12, 12),
    ],
)
def test_time_zone_is_the_one_that_tz_names(
    probed: Engine, programs: Path, options: tuple[str, ...], zone: str, winter: int, summer: int
) -> None:
    seen = facts(probed, programs, "--network", "none", *options)

    assert re.sub(r"^[12]", "1", seen["zone"]) == zone  # 1 in winter, 2 in summer
    assert seen["noon"].split() == [str(winter), str(summer)]


def test_tzutil_sets_the_zone_of_an_image(probed: Engine, programs: Path, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f'FROM {PROBE}\nRUN tzutil /s "w. europe standard time"\n')
    probed.docker("build", "-q", "-t", "zoned", str(tmp_path), timeout_s=300)
    try:
        assert probed.docker("run", "--rm", "zoned", "tzutil", "/g").out == "W. Europe Standard Time"
        mount = ("-v", f"{programs}:C:\\t:ro")
        assert "noon: 13 14" in probed.docker("run", "--rm", *mount, "zoned", "C:\\t\\machine.exe").out
        overruled = probed.docker("run", "--rm", "-e", "TZ=Asia/Kolkata", *mount, "zoned", "C:\\t\\machine.exe")
        assert "noon: 17 17" in overruled.out
        listed = probed.docker("run", "--rm", "zoned", "tzutil", "/l").out
        assert "(UTC+09:00) Osaka, Sapporo, Tokyo\nTokyo Standard Time\n" in listed.replace("\r", "")
        refused = probed.docker("run", "--rm", "zoned", "tzutil", "/s", "Nowhere", check=False)
        assert (refused.code, refused.err) == (1, "Invalid time zone ID.\r\n")
    finally:
        probed.docker("rmi", "-f", "zoned")
