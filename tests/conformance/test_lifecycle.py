"""From create to remove: states, codes, events, limits."""

import json
import time

import pytest
from tests.conformance.conftest import Door

pytestmark = [pytest.mark.root, pytest.mark.needs("crun", "conmon", "busybox")]


def events(docker_: Door, name: str) -> list[str]:
    asked = ["--since", "1m", "--until", f"{time.time():.6f}", "--filter", f"container={name}"]
    return docker_.ok("events", *asked, "--filter", "type=container", "--format", "{{.Action}}").splitlines()


def test_events_of_a_run_come_in_order(docker_: Door) -> None:
    docker_.ok("run", "--rm", "--name", "short-lived", "busybox", "true")
    script = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    docker_.ok("run", "-d", "--name", "stopped-one", "busybox", "sh", "-c", script)
    deadline = time.monotonic() + 20
    while "ready" not in docker_.ok("logs", "stopped-one"):  # else the signal comes before the trap
        assert time.monotonic() < deadline
    docker_.ok("stop", "stopped-one")

    assert events(docker_, "short-lived") == ["create", "attach", "start", "die", "destroy"]
    stopping = events(docker_, "stopped-one")
    assert stopping[:3] == ["create", "start", "kill"]
    assert sorted(stopping[3:]) == ["die", "stop"]


def test_events_tell_of_volumes_and_networks_and_of_prunes(docker_: Door) -> None:
    since = f"{time.time():.6f}"
    docker_.ok("run", "--name", "it", "-v", "it-vol:/d:ro", "busybox", "true")
    docker_.ok("container", "prune", "-f")
    docker_.ok("volume", "prune", "-af")

    asked = ["events", "--since", since, "--until", f"{time.time():.6f}", "--format"]
    told = docker_.ok(*asked, "{{.Type}} {{.Action}}").splitlines()

    assert [each for each in told if not each.startswith("container exec_")] == [
        "volume create", "container create", "container attach", "volume mount", "network connect", "container start",
        "network disconnect", "volume unmount", "container die", "container destroy", "container prune",
        "volume destroy", "volume prune",
    ]  # fmt: skip
    mounted = json.loads(docker_.ok(*asked, "{{json .Actor.Attributes}}", "--filter", "event=mount"))
    assert (mounted["destination"], mounted["read/write"]) == ("/d", "false")
    of_image = docker_.ok(*asked, "{{.Action}}", "--filter", "image=busybox", "--filter", "type=container")
    assert of_image.split() == ["create", "attach", "start", "die", "destroy"]


def test_restart_on_failure_gives_up_after_its_count(docker_: Door) -> None:
    docker_.ok("run", "-d", "--name", "it", "--restart", "on-failure:2", "busybox", "sh", "-c", "echo run; exit 3")
    deadline = time.monotonic() + 20
    while docker_.ok("logs", "it") != "run\n" * 3:
        assert time.monotonic() < deadline
    docker_.ok("wait", "it")

    shown = json.loads(docker_.ok("inspect", "it"))[0]

    assert (shown["RestartCount"], shown["State"]["Status"], shown["State"]["ExitCode"]) == (2, "exited", 3)


def test_a_container_of_rm_outlives_a_restart_and_keeps_its_files(docker_: Door) -> None:
    docker_.ok("run", "-d", "--rm", "--name", "it", "busybox", "sh", "-c", "echo run >> /runs; exec sleep 1000")
    docker_.ok("restart", "-t", "0", "it")
    deadline = time.monotonic() + 20
    while docker_.ok("exec", "it", "cat", "/runs").split() != ["run", "run"]:
        assert time.monotonic() < deadline
    docker_.ok("stop", "-t", "0", "it")
    while docker_.ok("ps", "-aq"):
        assert time.monotonic() < deadline


def test_stop_by_hand_ends_a_restart_policy(docker_: Door) -> None:
    docker_.ok("run", "-d", "--name", "it", "--restart", "always", "busybox", "sleep", "1000")

    docker_.ok("stop", "-t", "0", "it")

    assert docker_.ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "it") == "exited 137\n"


def test_wait_tells_the_code_before_and_after_the_end(docker_: Door) -> None:
    docker_.ok("run", "-d", "--name", "it", "busybox", "sh", "-c", "sleep 0.3; exit 9")

    assert docker_.ok("wait", "it") == "9\n"
    assert docker_.ok("wait", "it") == "9\n"


def test_start_attached_sends_input_and_returns_code(docker_: Door) -> None:
    docker_.ok("create", "-i", "--name", "it", "busybox", "sh", "-c", "cat; exit 6")

    done = docker_("start", "-ai", "it", stdin=b"through\n")

    assert (done.code, done.out) == (6, "through\n")


def test_paused_container_is_frozen_and_says_so(docker_: Door) -> None:
    docker_.ok("run", "-d", "--name", "it", "busybox", "sleep", "1000")

    docker_.ok("pause", "it")
    refused = [
        docker_(*words, "it", *rest).err for words, rest in ((["pause"], []), (["exec"], ["true"]), (["rm"], []))
    ]
    assert docker_.ok("ps", "--format", "{{.Status}}").rstrip().endswith("(Paused)")
    docker_.ok("unpause", "it")

    assert "is already paused" in refused[0]
    assert "Container it is paused, unpause the container before exec" in refused[1]
    assert "container is paused and must be unpaused first" in refused[2]
    assert "is not paused" in docker_("unpause", "it").err


def test_rename_is_seen_by_the_network(docker_: Door) -> None:
    docker_.ok("network", "create", "rename-net")
    docker_.ok("run", "-d", "--name", "old", "--network", "rename-net", "busybox", "sleep", "1000")
    docker_.ok("rename", "old", "new")

    shown = json.loads(docker_.ok("inspect", "-f", '{{json (index .NetworkSettings.Networks "rename-net")}}', "new"))
    docker_.ok("rm", "-f", "new")
    docker_.ok("network", "rm", "rename-net")

    assert shown["DNSNames"][0] == "new"
    assert "old" not in shown["DNSNames"]


def test_inspect_shows_what_is_hidden_from_a_container(docker_: Door) -> None:
    asked = "{{json .HostConfig.MaskedPaths}} {{json .HostConfig.ReadonlyPaths}}"
    docker_.ok("create", "--name", "plain", "busybox")
    docker_.ok("create", "--name", "almighty", "--privileged", "busybox")

    masked, readonly = map(json.loads, docker_.ok("inspect", "-f", asked, "plain").split())
    assert {"/proc/kcore", "/proc/keys", "/sys/firmware"} <= set(masked)
    assert {"/proc/sys", "/proc/sysrq-trigger"} <= set(readonly)
    assert docker_.ok("inspect", "-f", asked, "almighty") == "null null\n"
    assert docker_.ok("inspect", "-f", "{{.HostConfig.CgroupnsMode}}", "plain").strip() in ("host", "private")


def test_rename_frees_the_old_name(docker_: Door) -> None:
    docker_.ok("create", "--name", "old", "busybox")
    docker_.ok("create", "--name", "taken", "busybox")

    refused = docker_("rename", "old", "taken").err
    docker_.ok("rename", "old", "new")

    assert 'The container name "/taken" is already in use' in refused
    assert docker_("inspect", "old").code == 1
    docker_.ok("create", "--name", "old", "busybox")


def test_update_is_in_force_at_once_and_shown(docker_: Door) -> None:
    docker_.ok("run", "-d", "--name", "it", "-m", "64m", "busybox", "sleep", "1000")

    docker_.ok("update", "--memory", "32m", "--memory-swap", "64m", "--pids-limit", "50", "--restart", "always", "it")
    refused = docker_("update", "--memory", "128m", "it")

    host = json.loads(docker_.ok("inspect", "-f", "{{json .HostConfig}}", "it"))
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (32 << 20, 64 << 20, 50)
    assert host["RestartPolicy"]["Name"] == "always"
    limit = "cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max"
    assert docker_.ok("exec", "it", "sh", "-c", limit) == "50\n"
    assert "Memory limit should be smaller than already set memoryswap limit" in refused.err


def test_top_lists_the_programs(docker_: Door) -> None:
    docker_.ok("run", "-d", "--name", "it", "busybox", "sleep", "1000")

    titles, row = docker_.ok("top", "it").splitlines()
    other = docker_.ok("top", "it", "-o", "pid,args").splitlines()

    assert titles.split() == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    assert row.split()[0] == "root"
    assert row.endswith("sleep 1000")
    assert other[1].split()[1:] == ["sleep", "1000"]


def test_stats_count_memory_processes_and_network(docker_: Door) -> None:
    client = docker_.client()
    container = client.containers.run("busybox", ["sleep", "1000"], name="it", detach=True, mem_limit="64m")

    found = container.stats(stream=False)

    assert found["name"] == "/it"
    assert found["pids_stats"]["current"] == 1
    assert found["memory_stats"]["limit"] == 64 << 20
    assert 0 < found["memory_stats"]["usage"] < 64 << 20
    assert found["cpu_stats"]["system_cpu_usage"] > found["precpu_stats"]["system_cpu_usage"] > 0
    assert found["networks"]["eth0"].keys() >= {"rx_bytes", "rx_packets", "rx_errors", "rx_dropped", "tx_bytes"}
    container.kill()
    ended = container.stats(stream=False)
    assert (ended["memory_stats"], ended["read"]) == ({}, "0001-01-01T00:00:00Z")


def test_prune_takes_what_does_not_run(docker_: Door) -> None:
    docker_.ok("run", "-d", "--name", "runs", "busybox", "sleep", "1000")
    docker_.ok("run", "--name", "ended", "busybox", "true")
    docker_.ok("create", "--name", "kept", "--label", "keep", "busybox")

    docker_.ok("container", "prune", "-f", "--filter", "label!=keep")

    assert sorted(docker_.ok("ps", "-a", "--format", "{{.Names}}").split()) == ["kept", "runs"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["logs", "nosuch"], "No such container: nosuch"),
        (["exec", "nosuch", "true"], "No such container: nosuch"),
        (["rm", "nosuch"], "No such container: nosuch"),
        (["inspect", "nosuch"], "no such object: nosuch"),
        (["ps", "--filter", "status=nope"], "invalid value for state (nope)"),
        (["ps", "--filter", "health=nope"], "invalid value for health (nope)"),
        (["ps", "--filter", "nope=1"], "invalid filter 'nope'"),
        (["kill", "-s", "NOPE", "nosuch"], "invalid signal: NOPE"),
        (["ps", "--filter", "publish=x"], 'error while looking up for publish x: strconv.ParseUint: parsing "x"'),
        (["ps", "--filter", "is-task=x"], "invalid filter 'is-task=[x]'"),
        (["images", "--filter", "dangling=x"], "invalid filter 'dangling=[x]'"),
        (["images", "--filter", "reference=["], "syntax error in pattern"),
        (["network", "ls", "--filter", "dangling=x"], "invalid value for filter 'dangling', must be"),
        (["container", "prune", "-f", "--filter", "until=x"], 'failed to parse value as time or duration: "x"'),
        (["image", "prune", "-f", "--filter", "until=x"], 'failed to parse value as time or duration: "x"'),
        (["image", "prune", "-f", "--filter", "until=1s", "--filter", "until=2s"], "more than one until filter"),
        (["builder", "prune", "-f", "--filter", "nope=1"], "failed to prune build cache: invalid filter 'nope'"),
    ],
)
def test_command_that_cannot_be_says_why(docker_: Door, arguments: list[str], text: str) -> None:
    done = docker_(*arguments)

    assert done.code == 1
    assert text.lower() in done.err.lower()


@pytest.mark.parametrize(
    ("options", "program", "code", "text"),
    [
        (["-u", "nosuch"], "true", 1, "unable to find user nosuch: no matching entries in passwd file"),
        (["-w", "/nosuch"], "true", 127, "OCI runtime exec failed"),
        ([], "nosuch", 127, 'exec: "nosuch": executable file not found in $PATH'),
        ([], "/etc", 126, 'exec: "/etc": is a directory: permission denied'),
    ],
)
def test_exec_that_cannot_start_has_dockers_code(
    docker_: Door, options: list[str], program: str, code: int, text: str
) -> None:
    docker_.ok("run", "-d", "--name", "it", "busybox", "sleep", "1000")

    done = docker_("exec", *options, "it", program)

    assert done.code == code
    assert text in done.out + done.err
