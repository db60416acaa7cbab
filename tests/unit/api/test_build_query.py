"""POST /build's query: every parameter is honoured or refused."""

import json

import pytest
from multidict import MultiDict

from transom.api.routes.build import build_request
from transom.errors import InvalidParameter, NotSupported
from transom.model.platform import Platform


def query(**values: object) -> "MultiDict[str]":
    return MultiDict({key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()})


def test_what_the_docker_cli_sends() -> None:
    asked = query(
        buildargs={"a": "1", "b": None}, cachefrom=["x"], cgroupparent="", cpuperiod="0", cpuquota="0", cpusetcpus="0",
        cpusetmems="", cpushares="5", dockerfile="D", labels={"l": "v"}, memory="7", memswap="9", networkmode="none",
        nocache="1", platform="windows/amd64", pull="1", rm="1", shmsize="3", target="t",
        ulimits=[{"Name": "nofile", "Soft": 1, "Hard": 2}], version="1",
    )  # fmt: skip
    asked.extend([("t", "a"), ("t", "b:1"), ("t", "a:latest"), ("extrahosts", "h:1.2.3.4")])
    wanted = build_request(asked)
    assert [str(tag) for tag in wanted.tags] == ["docker.io/library/a:latest", "docker.io/library/b:1"]
    assert (wanted.dockerfile, wanted.target, wanted.use_cache, wanted.pull) == ("D", "t", False, True)
    assert (wanted.build_args, wanted.labels) == ({"a": "1", "b": None}, {"l": "v"})
    assert wanted.platform == Platform("windows", "amd64")
    host = wanted.host
    assert (host.memory, host.memory_swap, host.cpu_shares, host.cpuset_cpus, host.shm_size) == (7, 9, 5, "0", 3)
    assert (host.network_mode, host.extra_hosts) == ("none", ["h:1.2.3.4"])
    assert (host.ulimits[0].name, host.ulimits[0].soft, host.ulimits[0].hard) == ("nofile", 1, 2)


def test_docker_20_sends_null_for_what_was_not_given() -> None:
    names = ("buildargs", "cachefrom", "labels", "ulimits")

    assert build_request(query(**dict.fromkeys(names, "null"))) == build_request(query())


def test_docker_py_sends_hosts_as_an_object() -> None:
    assert build_request(query(extrahosts={"h": "1.2.3.4"})).host.extra_hosts == ["h:1.2.3.4"]


@pytest.mark.parametrize(
    ("text", "remove", "force"), [({}, True, False), ({"rm": "0"}, False, False), ({"forcerm": "1"}, True, True)]
)
def test_removal_of_containers(text: dict[str, str], remove: bool, force: bool) -> None:
    wanted = build_request(query(**text))
    assert (wanted.remove, wanted.force_remove) == (remove, force)


@pytest.mark.parametrize(
    ("asked", "kind", "message"),
    [
        (query(squash="1"), NotSupported, "--squash is not supported"),
        (query(version="2"), NotSupported, "set DOCKER_BUILDKIT=0"),
        (query(version="3"), InvalidParameter, 'invalid version "3"'),
        (query(remote="https://x/y.git"), NotSupported, "building from https://x/y.git is not supported"),
        (query(remote="client-session"), InvalidParameter, "no longer supported"),
        (query(outputs=[{"Type": "local"}]), NotSupported, "--output needs BuildKit"),
        (query(securityopt="x"), InvalidParameter, "security options are not supported on linux"),
        (query(isolation="vm"), InvalidParameter, 'unsupported isolation: "vm"'),
        (query(buildargs="{"), InvalidParameter, "error reading build args"),
        (query(labels=[1]), InvalidParameter, "error reading labels"),
        (query(memory="x"), InvalidParameter, "invalid syntax"),
        (query(t="A"), InvalidParameter, "must be lowercase"),
        (query(t="a@sha256:" + "0" * 64), InvalidParameter, "build tag cannot contain a digest"),
        (query(platform="a/b/c/d"), InvalidParameter, "invalid OS/arch specifier"),
        (query(frobnicate="1"), NotSupported, "does not know the parameter frobnicate"),
    ],
)
def test_refused(asked: "MultiDict[str]", kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        build_request(asked)
