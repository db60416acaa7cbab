"""What `docker run` is asked for is what the program inside finds."""

import pytest
from tests.conformance.conftest import Door

pytestmark = [pytest.mark.root, pytest.mark.needs("crun", "conmon", "busybox")]

CASES: list[tuple[str, list[str], str, str]] = [
    ("environment", ["-e", "A=1", "-e", "B=two words"], "echo $A-$B", "1-two words\n"),
    ("workdir-that-is-missing", ["-w", "/made/here"], "pwd", "/made/here\n"),
    ("user-by-number", ["-u", "1000:2000"], "id -u; id -g", "1000\n2000\n"),
    ("groups-have-the-primary-one", ["-u", "1000:2000", "--group-add", "7"], "id -G", "2000 7\n"),
    ("hostname", ["--hostname", "other"], "hostname; cat /etc/hostname", "other\nother\n"),
    ("domain-name", ["--hostname", "h", "--domainname", "d.e"], "grep -c 'h.d.e h' /etc/hosts", "1\n"),
    ("read-only", ["--read-only"], "touch /x 2>/dev/null; echo $?; touch /dev/shm/x; echo $?", "1\n0\n"),
    ("tmpfs", ["--tmpfs", "/t:size=1m,mode=700"], "mount | grep -o ' /t type tmpfs .*noexec.*size=1024k'",
     " /t type tmpfs (rw,nosuid,nodev,noexec,relatime,size=1024k\n"),
    ("shm-size", ["--shm-size", "8m"], "mount | grep shm | grep -o size=8192k", "size=8192k\n"),
    ("no-capabilities", ["--cap-drop", "ALL"], "grep CapBnd /proc/self/status", "CapBnd:\t0000000000000000\n"),
    ("default-capabilities", [], "grep CapEff /proc/self/status", "CapEff:\t00000000a80425fb\n"),
    ("capability-added", ["--cap-add", "NET_ADMIN"], "grep CapEff /proc/self/status", "CapEff:\t00000000a80435fb\n"),
    ("capabilities-of-a-user", ["-u", "1000"], "grep CapEff /proc/self/status", "CapEff:\t0000000000000000\n"),
    ("no-new-privileges", ["--security-opt", "no-new-privileges"], "grep NoNewPrivs /proc/self/status",
     "NoNewPrivs:\t1\n"),
    ("seccomp-default", [], "grep Seccomp: /proc/self/status", "Seccomp:\t2\n"),
    ("seccomp-unconfined", ["--security-opt", "seccomp=unconfined"], "grep Seccomp: /proc/self/status",
     "Seccomp:\t0\n"),
    ("ulimit", ["--ulimit", "nofile=100:200"], "ulimit -n; ulimit -Hn", "100\n200\n"),
    ("sysctl", ["--sysctl", "net.ipv4.ip_default_ttl=77"], "cat /proc/sys/net/ipv4/ip_default_ttl", "77\n"),
    ("added-host", ["--add-host", "foo:1.2.3.4"], "grep foo /etc/hosts", "1.2.3.4\tfoo\n"),
    ("name-server", ["--dns", "1.2.3.4", "--dns-search", "x.y", "--dns-option", "ndots:2"],
     "grep -E '^(nameserver|search|options)' /etc/resolv.conf", "nameserver 1.2.3.4\nsearch x.y\noptions ndots:2\n"),
    ("address-of-hardware", ["--mac-address", "02:42:ac:11:00:99"], "cat /sys/class/net/eth0/address",
     "02:42:ac:11:00:99\n"),
    ("device", ["--device", "/dev/null:/dev/xx"], "test -c /dev/xx && echo there", "there\n"),
    ("privileged-has-the-hosts-devices", ["--privileged"], "ls /dev | grep -c loop-control", "1\n"),
    ("memory", ["-m", "32m"],
     "cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max", "33554432\n"),
    ("pids", ["--pids-limit", "20"], "cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max",
     "20\n"),
    ("no-network", ["--network", "none"], "ls /sys/class/net", "lo\n"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "script", "printed"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_run_with_option_is_seen_inside(docker_: Door, options: list[str], script: str, printed: str) -> None:
    assert docker_.ok("run", "--rm", *options, "busybox", "sh", "-c", script) == printed


def test_run_with_env_file_takes_its_lines(docker_: Door, tmp_path: object) -> None:
    file = f"{tmp_path}/env"
    with open(file, "w") as out:
        out.write("X=1\n# no\nY=two words\n")

    assert docker_.ok("run", "--rm", "--env-file", file, "busybox", "sh", "-c", "echo $X $Y") == "1 two words\n"


def test_run_with_entrypoint_replaces_the_images(docker_: Door) -> None:
    assert docker_.ok("run", "--rm", "--entrypoint", "echo", "busybox", "a", "b") == "a b\n"


def test_run_with_init_has_it_as_first_process(docker_: Door) -> None:
    first = docker_.ok("run", "--rm", "--init", "busybox", "cat", "/proc/1/cmdline")

    assert first.split("\0")[:4] == ["/sbin/docker-init", "--", "cat", "/proc/1/cmdline"]


REFUSED: list[tuple[list[str], str]] = [
    (["--cap-add", "NOPE"], 'invalid CapAdd: unknown capability: "CAP_NOPE"'),
    (["--stop-signal", "NOPE"], "invalid signal: NOPE"),
    (["-m", "1m"], "Minimum memory limit allowed is 6MB"),
    (["-w", "relative"], "the working directory 'relative' is invalid, it needs to be an absolute path"),
    (["-u", "nobody-here"], "unable to find user nobody-here: no matching entries in passwd file"),
    (["-v", "/tmp:/x", "-v", "/etc:/x"], "Duplicate mount point: /x"),
    (
        ["-v", "rel/path:/x"],
        'includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are',
    ),
    (["--mount", "type=bind,src=/nosuch,dst=/x"], "bind source path does not exist: /nosuch"),
    (["--log-driver", "nope"], 'error looking up logging plugin nope: plugin "nope" not found'),
    (["--log-opt", "nope=1"], "unknown log opt 'nope' for json-file log driver"),
    (["--uts", "host", "--hostname", "x"], "conflicting options: hostname and the UTS mode"),
    (["--network", "container:nosuch", "--hostname", "x"], "conflicting options: hostname and the network mode"),
    (["--name", "a b"], "Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"),
]


@pytest.mark.parametrize(("options", "text"), REFUSED, ids=[" ".join(options) for options, _ in REFUSED])
def test_run_with_what_cannot_be_is_refused(docker_: Door, options: list[str], text: str) -> None:
    done = docker_("run", "--rm", *options, "busybox", "true")

    assert done.code == 125
    assert text in done.err
    assert docker_.ok("ps", "-aq") == ""


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["busybox", "no-such-program"], 127, 'exec: "no-such-program": executable file not found in $PATH'),
        (
            ["busybox", "/no/such/program"],
            127,
            'exec: "/no/such/program": stat /no/such/program: no such file or directory',
        ),
        (["busybox", "/etc"], 126, 'exec: "/etc": is a directory: permission denied'),
        (["busybox", "/etc/passwd"], 126, 'exec: "/etc/passwd": permission denied'),
        (["--device", "/dev/nosuch", "busybox", "true"], 127, 'adding custom device "/dev/nosuch"'),
    ],
)
def test_run_of_what_cannot_start_has_dockers_code(docker_: Door, arguments: list[str], code: int, text: str) -> None:
    done = docker_("run", "--rm", *arguments)

    assert done.code == code
    assert text in done.err
    assert docker_.ok("ps", "-aq") == ""


def test_nobody_waits_for_the_disk_at_the_end_of_what_is_removed(docker_: Door) -> None:
    roots = ["busybox", "grep", " / overlay ", "/proc/mounts"]
    assert "volatile" in docker_.ok("run", "--rm", *roots)
    assert "volatile" not in docker_.ok("run", *roots)


def test_programs_find_the_sign_that_they_are_in_a_container(docker_: Door) -> None:
    assert docker_.ok("run", "--name", "it", "busybox", "stat", "-c", "%s %a", "/.dockerenv") == "0 755\n"
    assert docker_.ok("diff", "it") == ""
