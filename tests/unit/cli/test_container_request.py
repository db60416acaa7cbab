"""From run's command line to the body of POST /containers/create."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transom.cli import flags as flag
from transom.cli.errors import CliError, UsageError
from transom.cli.options import limits, mounts, ports
from transom.cli.options.container import ContainerRequest, container_request
from transom.cli.options.container_flags import CONTAINER_FLAGS
from transom.cli.options.pairs import environment


def request(*argv: str, detached: bool = False) -> ContainerRequest:
    values, rest = flag.parse(CONTAINER_FLAGS, [*argv, "image", "cmd", "-x"], interspersed=False)
    return container_request(values, rest[0], rest[1:], detached=detached)


def host(*argv: str) -> dict[str, Any]:
    found = request(*argv).body["HostConfig"]
    assert isinstance(found, dict)
    return found


def test_plain_run_attaches_output_and_passes_the_command_on() -> None:
    made = request()
    assert (made.body["Image"], made.body["Cmd"]) == ("image", ["cmd", "-x"])
    assert made.streams == {"stdout", "stderr"}
    assert not made.body["AttachStdin"] and not made.body["OpenStdin"] and not made.tty


def test_interactive_closes_stdin_after_us() -> None:
    made = request("-it")
    assert made.body["AttachStdin"] and made.body["OpenStdin"] and made.body["StdinOnce"] and made.tty
    assert not request("-i", detached=True).body["StdinOnce"]


def test_limits_arrive_in_the_api_s_units() -> None:
    made = host("-m", "64m", "--cpus", "1.5", "--pids-limit", "7", "--memory-swap", "-1", "--shm-size=1g")
    assert made["Memory"] == 64 * 1024**2
    assert made["NanoCpus"] == 1_500_000_000
    assert (made["PidsLimit"], made["MemorySwap"], made["ShmSize"]) == (7, -1, 1024**3)


def test_isolation_and_runtime_are_passed_on() -> None:
    made = host("--isolation=hyperv", "--runtime", "wine")
    assert (made["Isolation"], made["Runtime"]) == ("hyperv", "wine")


def test_empty_entrypoint_takes_the_image_s_away() -> None:
    assert request("--entrypoint", "").body["Entrypoint"] == [""]
    assert request("--entrypoint", "sh").body["Entrypoint"] == ["sh"]
    assert "Entrypoint" not in request().body


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["--rm", "--restart", "always"], "cannot specify both --restart and --rm"),
        (["--restart", "on-failure:x"], "maximum retry count must be an integer"),
        (["--no-healthcheck", "--health-cmd", "x"], "--no-healthcheck conflicts"),
        (["--memory-swappiness", "101"], "Valid memory swappiness range is 0-100"),
        (["-p", "80/foo"], "invalid proto: foo"),
        (["--security-opt", "foo"], 'Invalid --security-opt: "foo"'),
    ],
)
def test_flags_that_contradict_are_refused(argv: list[str], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        request(*argv)


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["--ulimit", "x"], "invalid ulimit argument: x"),
        (["--ulimit", "nofile=5:3"], "soft limit must be less"),
        (["--cpus", "x"], "failed to parse x as a rational number"),
        (["--cpus", "0.0000000001"], "value is too precise"),
        (["-m", "x"], "invalid size: 'x'"),
        (["-m", "1x"], "invalid suffix: 'x'"),
        (["--health-interval", "5"], "missing unit in duration"),
        (["-e", "=x"], "invalid environment variable: =x"),
        (["-a", "stdfoo"], "valid streams are STDIN, STDOUT and STDERR"),
        (["--add-host", "x:y"], "invalid IP address in add-host"),
        (["--mount", "type=bind,source=/x"], "target is required"),
        (["--mount", "target"], "must be a key=value pair"),
    ],
)
def test_values_are_checked_with_the_flag_s_name(argv: list[str], text: str) -> None:
    with pytest.raises(UsageError, match=text) as caught:
        request(*argv)
    assert f"--{CONTAINER_FLAGS and str(caught.value).split('--')[1].split()[0].strip(chr(34))}" in str(caught.value)


# --- volumes and mounts ---


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("/srv:/data", ["/srv", "/data"]),
        ("/srv:/data:ro", ["/srv", "/data", "ro"]),
        (r"/srv/data:C:\data", ["/srv/data", r"C:\data"]),
        (r"/srv/data:C:\data:ro", ["/srv/data", r"C:\data", "ro"]),
        ("/srv:c:/data:ro", ["/srv", "c:/data", "ro"]),
        ("vol:D:", ["vol", "D:"]),
        ("vol:D::ro", ["vol", "D:", "ro"]),
        (r"C:\data", [r"C:\data"]),
        ("/data", ["/data"]),
    ],
)
def test_volume_is_split_without_regard_to_the_system(spec: str, parts: list[str]) -> None:
    assert mounts.split_volume(spec) == parts


def test_volumes_with_a_source_are_binds() -> None:
    binds, anonymous = mounts.volumes(["vol:/a", r"C:\only", "./rel:/b:ro", "/only"])
    assert binds == ["vol:/a", f"{Path.cwd()}/rel:/b:ro"]
    assert anonymous == {r"C:\only": {}, "/only": {}}


@pytest.mark.parametrize("spec", ["", ":/a", "vol::b"])
def test_volume_with_an_empty_part_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match="empty"):
        mounts.volumes([spec])


def test_mount_s_fields_find_their_place() -> None:
    made = mounts.parse_mount("type=volume,src=v,dst=C:\\x,ro,volume-opt=o=1,volume-label=l=2,volume-driver=local")
    assert made == {
        "Type": "volume",
        "Source": "v",
        "Target": "C:\\x",
        "ReadOnly": True,
        "VolumeOptions": {"DriverConfig": {"Options": {"o": "1"}, "Name": "local"}, "Labels": {"l": "2"}},
    }
    assert mounts.parse_mount("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1770")["TmpfsOptions"] == {
        "SizeBytes": 1024**2,
        "Mode": 0o1770,
    }


def test_mount_options_of_another_type_are_refused() -> None:
    with pytest.raises(ValueError, match=r"cannot mix 'bind-\*' options with mount type 'volume'"):
        mounts.parse_mount("type=volume,bind-propagation=shared,target=/a")


# --- ports ---


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("80", [("80/tcp", {"HostIp": "", "HostPort": ""})]),
        ("8080:80", [("80/tcp", {"HostIp": "", "HostPort": "8080"})]),
        ("127.0.0.1:8080:80/udp", [("80/udp", {"HostIp": "127.0.0.1", "HostPort": "8080"})]),
        ("[::1]:8080:80", [("80/tcp", {"HostIp": "::1", "HostPort": "8080"})]),
        ("127.0.0.1::80", [("80/tcp", {"HostIp": "127.0.0.1", "HostPort": ""})]),
        ("8000-8001:80", [("80/tcp", {"HostIp": "", "HostPort": "8000-8001"})]),
        (
            "8000-8001:80-81",
            [("80/tcp", {"HostIp": "", "HostPort": "8000"}), ("81/tcp", {"HostIp": "", "HostPort": "8001"})],
        ),
        ("published=8080,target=80", [("80/tcp", {"HostIp": "", "HostPort": "8080"})]),
    ],
)
def test_publish_is_read(spec: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert ports.parse_publish(spec) == expected


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("", "no port specified: <empty>"),
        ("x:80", "invalid hostPort: x"),
        ("80:x", "invalid containerPort: x"),
        ("99999:80", "invalid hostPort: 99999"),
        ("80-82:80-81", "invalid ranges specified for container and host Ports: 80-81 and 80-82"),
        ("1.2.3.4.5:80:80", "invalid IP address: 1.2.3.4.5"),
        ("82-80:80", "invalid hostPort: 82-80"),
    ],
)
def test_publish_that_means_nothing_is_refused(spec: str, text: str) -> None:
    with pytest.raises(ValueError) as caught:
        ports.parse_publish(spec)
    assert str(caught.value) == text


@given(st.integers(1, 65000), st.integers(1, 65000), st.integers(0, 20), st.sampled_from(["tcp", "udp", "sctp"]))
def test_ranges_publish_each_port_once(first: int, container: int, count: int, protocol: str) -> None:
    spec = f"{first}-{first + count}:{container}-{container + count}/{protocol}"
    found = ports.parse_publish(spec)
    assert [port for port, _ in found] == [f"{container + index}/{protocol}" for index in range(count + 1)]
    assert {binding["HostPort"] for _, binding in found} == {str(first + index) for index in range(count + 1)}


# --- environment, networks ---


def test_environment_file_comes_before_the_flags(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_bytes("\ufeff# no\n\nA=1 \n  B=x=y\r\nHOME\nGONE\n".encode())
    assert environment(["A=2", "HOME", "GONE"], [str(file)], {"HOME": "/h"}) == [
        "A=1 ",
        "B=x=y",
        "HOME=/h",
        "A=2",
        "HOME=/h",
        "GONE",
    ]


def test_environment_file_with_a_blank_in_a_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("A B=1\n")
    with pytest.raises(CliError, match="variable 'A B' contains whitespaces"):
        environment([], [str(tmp_path / "env")])


def test_network_s_settings_go_to_its_endpoint() -> None:
    made = request("--network", "n1", "--network-alias", "a", "--ip", "10.0.0.9").body
    assert made["HostConfig"]["NetworkMode"] == "n1"
    assert made["NetworkingConfig"]["EndpointsConfig"] == {
        "n1": {"Aliases": ["a"], "IPAMConfig": {"IPv4Address": "10.0.0.9"}}
    }


def test_long_network_form_is_read() -> None:
    made = request("--network", "name=n1,alias=a,alias=b", "--network", "n2").body
    assert made["NetworkingConfig"]["EndpointsConfig"] == {"n1": {"Aliases": ["a", "b"]}, "n2": {}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/dev/a", ("/dev/a", "/dev/a", "rwm")),
        ("/dev/a:/dev/b", ("/dev/a", "/dev/b", "rwm")),
        ("/dev/a:r", ("/dev/a", "/dev/a", "r")),
        ("/dev/a:/dev/b:rw", ("/dev/a", "/dev/b", "rw")),
    ],
)
def test_device_is_read(text: str, expected: tuple[str, str, str]) -> None:
    assert tuple(limits.device(text).values()) == expected
