"""Output as clients get it: unchanged, whole, in time."""

import hashlib
import os
import subprocess
import time

import pytest
from tests.conformance.conftest import Door
from tests.support.engine import docker_environment

pytestmark = [pytest.mark.root, pytest.mark.needs("crun", "conmon", "busybox")]

LINE = b"0123456789012345678901234567890123456789\n"


def test_logs_of_text_without_line_end_are_unchanged(docker_: Door) -> None:
    docker_.ok("run", "--name", "it", "busybox", "printf", "a\\nb\\nc")

    assert docker_.ok("logs", "it") == "a\nb\nc"
    assert docker_.ok("logs", "--tail", "1", "it") == "c"
    assert docker_.ok("logs", "--tail", "2", "it") == "b\nc"


def test_logs_of_bytes_are_unchanged(docker_: Door) -> None:
    if not docker_.is_ours:
        pytest.skip("Docker's json-file keeps text alone")
    docker_.ok(
        "run", "--name", "it", "busybox", "sh", "-c", "printf '\\0\\377\\r\\n\\033[1m'; head -c 100000 /dev/zero"
    )

    done = subprocess.run(docker_.argv("logs", "it"), capture_output=True, check=True, env=docker_environment())

    assert done.stdout == b"\0\xff\r\n\x1b[1m" + bytes(100_000)


def test_logs_pick_streams_times_and_tails(docker_: Door) -> None:
    docker_.ok(
        "run", "--name", "it", "busybox", "sh", "-c", "for i in 1 2 3; do echo o$i; sleep 0.02; done; echo e >&2"
    )

    both = docker_("logs", "it")
    stamped = docker_.ok("logs", "-t", "it").splitlines()

    assert (both.out, both.err) == ("o1\no2\no3\n", "e\n")
    assert [line.split(" ", 1)[1] for line in stamped] == ["o1", "o2", "o3"]
    assert len(stamped[0].split(" ")[0]) == len("2026-01-01T00:00:00.123456789Z")
    assert docker_.ok("logs", "--since", "1h", "it") == "o1\no2\no3\n"
    assert docker_.ok("logs", "--until", "1h", "it") == ""
    assert docker_.ok("logs", "--since", stamped[2].split(" ")[0], "it") == "o3\n"
    assert docker_("logs", "--details", "--tail", "1", "it").err == " e\n"
    assert docker_.ok("logs", "--tail", "0", "it") == ""


def test_logs_follow_at_once_and_end_with_the_program(docker_: Door) -> None:
    docker_.ok("run", "-d", "-i", "--name", "it", "busybox", "sh", "-c", "while read line; do echo $line; done")
    attached = subprocess.Popen(docker_.argv("attach", "it"), stdin=subprocess.PIPE, env=docker_environment())
    following = subprocess.Popen(docker_.argv("logs", "-f", "it"), stdout=subprocess.PIPE, env=docker_environment())
    assert attached.stdin is not None and following.stdout is not None
    attached.stdin.write(b"first\n")
    attached.stdin.flush()
    assert following.stdout.readline() == b"first\n"

    began = time.monotonic()
    attached.stdin.write(b"second\n")
    attached.stdin.flush()
    assert following.stdout.readline() == b"second\n"
    took = time.monotonic() - began
    attached.stdin.close()
    docker_.ok("kill", "it")

    assert following.wait(10) == 0
    attached.wait(10)
    following.stdout.close()
    assert took < 0.08, "a poll would take longer"


def test_attached_client_that_lags_gets_everything_and_stops_nobody(docker_: Door) -> None:
    size = 12_000_000
    script = f'yes "{LINE.decode().strip()}" | head -c {size}; touch /finished; sleep 100'
    argv = docker_.argv("run", "--name", "it", "--log-driver", "none", "busybox", "sh", "-c", script)
    client = subprocess.Popen(argv, stdout=subprocess.PIPE, env=docker_environment())
    assert client.stdout is not None
    if docker_.is_ours:  # Docker stops the program until the client reads on
        deadline = time.monotonic() + 40
        while docker_("exec", "it", "ls", "/finished").code:
            assert time.monotonic() < deadline, "the program is held up"

    found, count = hashlib.sha256(), 0
    while count < size:
        data = os.read(client.stdout.fileno(), 1 << 20)
        found.update(data)
        count += len(data)
    docker_.ok("rm", "-f", "it")
    client.wait(10)
    client.stdout.close()

    assert found.hexdigest() == hashlib.sha256((LINE * (size // len(LINE) + 1))[:size]).hexdigest()


def test_log_with_limits_rotates_and_loses_nothing_it_should_keep(docker_: Door) -> None:
    script = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done"
    options = ["--log-opt", "max-size=40k", "--log-opt", "max-file=20"]

    following = docker_.ok("run", "--name", "it", *options, "busybox", "sh", "-c", script)

    expected = [f"line {number}" for number in range(3000)]
    assert following.splitlines() == expected
    assert docker_.ok("logs", "it").splitlines() == expected
    assert docker_.ok("logs", "--tail", "2500", "it").splitlines() == expected[-2500:]


def test_log_with_limits_forgets_the_oldest(docker_: Door) -> None:
    page = "head -c 5000 /dev/zero | tr '\\0' x; echo; echo line $i; usleep 2000"
    script = f"i=0; while [ $i -lt 60 ]; do {page}; i=$((i+1)); done"
    options = ["--log-opt", "max-size=20k", "--log-opt", "max-file=2"]

    docker_.ok("run", "--name", "it", *options, "busybox", "sh", "-c", script)

    kept = [line for line in docker_.ok("logs", "it").splitlines() if line.startswith("line")]
    assert kept[-1] == "line 59"
    assert len(kept) < 40
    assert kept == [f"line {number}" for number in range(60 - len(kept), 60)]


def test_logs_without_a_log_are_refused(docker_: Door) -> None:
    docker_.ok("run", "--name", "it", "--log-driver", "none", "busybox", "echo", "x")

    done = docker_("logs", "it")

    assert done.code == 1
    assert "configured logging driver does not support reading" in done.err
