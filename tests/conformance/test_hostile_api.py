"""Requests that no honest client sends: each is answered with a sentence, changes nothing, and hurts nobody else."""

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.conformance.conftest import Door
from tests.support.images import busybox_layer, file, layer, make, write_archive

pytestmark = [pytest.mark.root, pytest.mark.needs("crun", "conmon", "busybox")]

LONG = "x" * 70_000
UPGRADE = b"Connection: Upgrade\r\nUpgrade: tcp\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine said."""

    status: int
    body: bytes

    @property
    def message(self) -> str:
        return str(json.loads(self.body)["message"])


class Wire:
    """The engine's socket, without a client's manners."""

    def __init__(self, door: Door) -> None:
        self._path = door.host.removeprefix("unix://")

    def connect(self, timeout_s: float = 20) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(timeout_s)
        sock.connect(self._path)
        return sock

    def raw(self, request: bytes, *, half_close: bool = False) -> bytes:
        """Send bytes and return everything that comes back until the engine closes."""
        with self.connect() as sock:
            with contextlib.suppress(BrokenPipeError):
                sock.sendall(request)
                if half_close:
                    sock.shutdown(socket.SHUT_WR)
            return _until_closed(sock)

    def ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Send one request and return its answer."""
        head = f"{method} {path} HTTP/1.1\r\nHost: d\r\nConnection: close\r\n"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        answer = self.raw(head.encode("latin-1") + b"\r\n" + (body or b""))
        first, _, rest = answer.partition(b"\r\n\r\n")
        return Answer(int(first.split()[1]), rest)

    def create(self, **members: Any) -> Answer:
        return self.ask(
            "POST", "/containers/create", json.dumps({"Image": "busybox", "Cmd": ["true"], **members}).encode()
        )


def _send_and_finish(sock: socket.socket, data: bytes) -> None:
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)


def _until_closed(sock: socket.socket) -> bytes:
    received = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while data := sock.recv(1 << 16):
            received += data
    return bytes(received)


@pytest.fixture
def wire(docker_: Door) -> Wire:
    return Wire(docker_)


@pytest.fixture
def pid(docker_: Door) -> int:
    if docker_.engine is None:
        pytest.skip("looks into our own engine")
    return docker_.engine.pid


@pytest.fixture
def idle(docker_: Door) -> str:
    """A container that runs and says nothing."""
    return docker_.ok("run", "-d", "-i", "--name", "idle", "busybox", "sleep", "1000").strip()


def _refused(answer: Answer) -> None:
    assert 400 <= answer.status < 500 or answer.status == 501, answer
    assert answer.message


# --- JSON ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[]", b"5", b'"x"', b"NaN", b'{"Memory":NaN}', b'{"Image":"\xff"}', b"\xef\xbb\xbf{}", b"\0",
        b'{"Image":"busybox"} x', b"[" * 1_000_000, b'{"a":' * 500_000, b'{"StopTimeout":1e400}',
    ],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
def test_what_is_no_json_object_is_refused(wire: Wire, body: bytes) -> None:
    _refused(wire.ask("POST", "/containers/create", body))


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"Cmd": {"a": 1}}, "invalid JSON"),
        ({"Env": [1]}, "invalid JSON"),
        ({"HostConfig": []}, "invalid JSON"),
        ({"HostConfig": {"Memory": "1g"}}, "invalid JSON"),
        ({"HostConfig": {"Memory": 2**70}}, "out of range"),
        ({"User": "a\0b"}, "NUL"),
        ({"Labels": {"a\0": ""}}, "NUL"),
        ({"HostConfig": {"ConsoleSize": [1]}}, "console size"),
        ({"HostConfig": {"ConsoleSize": [-1, 5]}}, "console size"),
        ({"Healthcheck": {"Test": ["CMD", "true"], "Interval": 1}}, "Interval"),
        ({"Healthcheck": {"Test": ["CMD", "true"], "Retries": -1}}, "Retries"),
        ({"ExposedPorts": {"99999/tcp": {}}}, "port"),
        ({"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "99999"}]}}}, "port"),
        ({"HostConfig": {"CgroupParent": "../../x"}}, "cgroup"),
        ({"HostConfig": {"CgroupParent": LONG}}, "cgroup"),
        ({"HostConfig": {"Ulimits": [{"Name": "x", "Soft": 1, "Hard": 1}]}}, "ulimit"),
        ({"HostConfig": {"Ulimits": [{"Name": "nofile", "Soft": 5, "Hard": 3}]}}, "ulimit"),
        ({"HostConfig": {"SecurityOpt": ["no-new-privileges=banana"]}}, "no-new-privileges"),
        ({"HostConfig": {"BlkioWeight": 1}}, "blkio"),
        ({"HostConfig": {"CpuShares": -1}}, "CPU"),
        ({"HostConfig": {"Binds": ["../x:/y"]}}, ""),
        ({"HostConfig": {"Binds": ["/tmp:/"]}}, "'/'"),
        ({"HostConfig": {"Binds": [f"/tmp:/{LONG}"]}}, ""),
        ({"HostConfig": {"Mounts": [{"Type": "bind", "Source": "/tmp", "Target": "/"}]}}, "'/'"),
        ({"HostConfig": {"Mounts": [{"Type": "volume", "Source": "a/b", "Target": "/x"}]}}, "volume"),
        ({"HostConfig": {"Mounts": [{"Type": "volume", "Source": "v" * 300, "Target": "/x"}]}}, ""),
        ({"Volumes": {"": {}}}, ""),
        ({"Domainname": "x\n1.2.3.4 bank"}, "domain"),
    ],
    ids=lambda value: str(value)[:50],
)  # fmt: skip
def test_member_that_cannot_be_is_refused_at_create(
    wire: Wire, docker_: Door, members: dict[str, Any], said: str
) -> None:
    answer = wire.create(**members)

    _refused(answer)
    if docker_.is_ours:
        assert said in answer.message
    assert docker_.ok("ps", "-aq") == ""
    assert docker_.ok("volume", "ls", "-q") == ""


def test_large_body_is_refused_while_it_comes(wire: Wire, pid: int) -> None:
    size = 256 << 20
    head = f"POST /containers/create HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n"
    before = _resident_kib(pid)

    with wire.connect() as sock:
        sock.sendall(head.encode())
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(size >> 20):
                sock.sendall(b"a" * (1 << 20))
        answer = _until_closed(sock)

    assert b"400 Bad Request" in answer
    assert _resident_kib(pid) - before < 32 << 10


# --- paths and queries --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["%2e%2e", "..%2f..%2fetc", "%00", "a%0d%0aX: y", "%ff%fe", "a" * 5000, "*", "%20", "-1", "IDLE", "🙂"]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/containers/{}/json"), ("POST", "/containers/{}/kill"), ("DELETE", "/containers/{}?force=1"),
        ("GET", "/containers/{}/archive?path=/"), ("POST", "/exec/{}/start"), ("GET", "/images/{}/json"),
        ("DELETE", "/images/{}"), ("GET", "/networks/{}"), ("DELETE", "/volumes/{}"),
    ],
)  # fmt: skip
def test_names_of_nothing_name_nothing(wire: Wire, docker_: Door, method: str, path: str, name: str) -> None:
    answer = wire.ask(method, path.format(quote(name, safe="%")), b"{}" if method == "POST" else None)

    _refused(answer)
    assert docker_("image", "inspect", "busybox").code == 0


@pytest.mark.parametrize(
    "value", ["-1", "1e9", "9" * 5000, "x", "1_000", "٣", "NaN", "inf", "1e400", "0x10", "%00", "[" * 900]
)
def test_odd_numbers_in_queries_are_no_internal_error(wire: Wire, idle: str, value: str) -> None:
    text = quote(value, safe="%")
    for method, path in (
        ("GET", f"/containers/json?limit={text}"), ("GET", f"/containers/idle/logs?stdout=1&tail={text}"),
        ("GET", f"/containers/idle/logs?stdout=1&since={text}"), ("GET", f"/events?since={text}&until=1"),
        ("POST", f"/containers/idle/resize?h={text}&w=1"), ("GET", f"/containers/idle/top?ps_args={text}"),
        ("POST", f"/containers/nothing/stop?t={text}"), ("GET", f"/images/json?filters={text}"),
        ("POST", "/containers/prune?filters=" + quote(json.dumps({"until": [value]}))),
    ):  # fmt: skip
        assert wire.ask(method, path, b"" if method == "POST" else None).status < 500, path
    assert wire.ask("GET", "/containers/idle/json").status == 200


@pytest.mark.parametrize("version", ["0.0", "1.23", "9.9", "1." + "9" * 5000, "1", "1.4.1", "-1.41", "1.4١"])
def test_unknown_versions_are_refused(wire: Wire, version: str) -> None:
    _refused(wire.ask("GET", f"/v{quote(version)}/containers/json"))


# --- HTTP ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\0\x01\0", b"FOO /_ping HTTP/1.1\r\n\r\n", b"GET /_ping HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * (2 << 20), b"GET /_ping HTTP/1.1\r\n" + b"A: b\r\n" * 100_000,
        b"POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: -5\r\n\r\n",
        b"POST /containers/create HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
    ],
    ids=lambda request: repr(request[:24]),
)  # fmt: skip
def test_what_is_no_http_is_refused(wire: Wire, request_: bytes) -> None:
    with wire.connect() as sock:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sock.sendall(request_)
        answer = _until_closed(sock)

    assert answer == b"" or b" 400 " in answer.split(b"\r\n")[0]
    assert wire.ask("GET", "/_ping").status == 200


def test_clients_that_never_finish_hold_up_nobody(wire: Wire) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(wire.connect()).sendall(
                b"POST /containers/create HTTP/1.1\r\nContent-Length: 9\r\n\r\n["
            )
        started = time.monotonic()

        assert wire.ask("GET", "/_ping").status == 200
        assert time.monotonic() - started < 1


# --- half-close, hang-up ------------------------------------------------------------------------------------------


def test_client_that_finishes_sending_first_gets_its_answer(wire: Wire, docker_: Door) -> None:
    body = b'{"Image":"busybox","Cmd":["true"]}'
    head = b"POST /containers/create?name=half HTTP/1.1\r\nHost: d\r\nContent-Length: %d\r\n\r\n" % len(body)

    assert b" 200 OK" in wire.raw(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n", half_close=True)
    assert b" 201 Created" in wire.raw(head + body, half_close=True)
    assert docker_.ok("ps", "-aq", "--filter", "name=half").strip()


def test_request_cut_off_by_the_half_close_is_not_carried_out(wire: Wire, docker_: Door) -> None:
    body = b'{"Image":"busybox","Cmd":["true"]}'
    head = b"POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: %d\r\n\r\n" % (len(body) + 1)

    assert b" 201 " not in wire.raw(head + body, half_close=True)
    assert b" 200 " not in wire.raw(b"GET /_ping HTT", half_close=True)
    assert docker_.ok("ps", "-aq") == ""


def test_input_sent_before_the_answer_reaches_the_program(wire: Wire, docker_: Door) -> None:
    docker_.ok("create", "-i", "--name", "count", "busybox", "sh", "-c", "sleep 0.2; wc -c")
    docker_.ok("start", "count")
    request = b"POST /containers/count/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\n" + UPGRADE + b"\r\n"

    with wire.connect() as sock:
        # The engine takes only so much ahead of its answer: the rest goes out while the answer is read.
        sender = threading.Thread(target=_send_and_finish, args=(sock, request + b"z" * 1_000_000))
        sender.start()
        answer = _until_closed(sock)
        sender.join()

    assert answer.endswith(b"1000000\n")


STREAMS = [
    b"POST /containers/idle/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\n" + UPGRADE + b"\r\n",
    b"POST /containers/idle/wait HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n",
    b"GET /containers/idle/logs?stdout=1&follow=1 HTTP/1.1\r\nHost: d\r\n\r\n",
    b"GET /events HTTP/1.1\r\nHost: d\r\n\r\n",
    b"GET /containers/idle/stats HTTP/1.1\r\nHost: d\r\n\r\n",
]


@pytest.mark.parametrize("manner", ["at once", "half first", "later"])
def test_clients_that_vanish_leave_nothing_open(wire: Wire, pid: int, idle: str, manner: str) -> None:
    before = _open_files(pid)

    clients = [(wire.connect(), request) for request in STREAMS for _ in range(10)]
    for sock, request in clients:
        sock.sendall(request)
        if manner == "half first":
            sock.shutdown(socket.SHUT_WR)
        if manner == "at once":
            sock.close()
    if manner != "at once":
        _eventually(lambda: _open_files(pid) >= before + len(clients))
    for sock, _ in clients:
        sock.close()

    _eventually(lambda: _open_files(pid) <= before)


def test_client_that_never_reads_does_not_stop_the_program(wire: Wire, docker_: Door) -> None:
    docker_.ok("create", "--name", "loud", "busybox", "sh", "-c", "dd if=/dev/zero bs=1M count=30 2>/dev/null; exit 7")
    request = b"POST /containers/loud/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: d\r\n" + UPGRADE + b"\r\n"

    with wire.connect() as sock:
        sock.sendall(request)
        sock.recv(1)
        docker_.ok("start", "loud")
        assert docker_.ok("wait", "loud").strip() == "7"


def test_exec_starts_once(wire: Wire, idle: str) -> None:
    made = json.loads(wire.ask("POST", "/containers/idle/exec", b'{"Cmd":["true"]}').body)["Id"]

    assert wire.ask("POST", f"/exec/{made}/start", b'{"Detach":true}').status == 200
    assert wire.ask("POST", f"/exec/{made}/start", b'{"Detach":true}').status == 409


# --- images and trees ---------------------------------------------------------------------------------------------


def test_image_of_any_date_leaves_the_list_as_it_was(docker_: Door, tmp_path: Path) -> None:
    made = make(layer(file("a")), names=["dated:1"])
    config = json.dumps({**json.loads(made.config), "created": "9999-12-31T23:59:59-23:59"}).encode()
    write_archive(str(tmp_path / "dated.tar"), type(made)(config, made.layers, made.names))
    docker_.ok("load", "-i", str(tmp_path / "dated.tar"))

    try:
        assert "dated" in docker_.ok("images")
    finally:
        docker_.ok("rmi", "dated:1")


@pytest.mark.parametrize(
    "hostile",
    [file("a", uid=2**32), file("d/" * 2000 + "x"), file("a", pax={"SCHILY.xattr.user." + "k" * 300: "v"})],
    ids=["owner", "depth", "attribute"],
)
def test_layer_beyond_what_a_file_can_be_is_no_internal_error(docker_: Door, tmp_path: Path, hostile: Any) -> None:
    write_archive(str(tmp_path / "odd.tar"), make(busybox_layer(), layer(hostile), names=["odd:1"]))

    done = docker_("load", "-i", str(tmp_path / "odd.tar"))

    assert "internal error" not in done.out + done.err
    docker_("rmi", "odd:1")


def test_tree_whose_path_no_call_takes_is_measured_and_removed(docker_: Door) -> None:
    script = "n=$(printf %0250d 0); for i in $(seq 16); do mkdir $n; cd $n || exit; done; mkdir $n"
    docker_("run", "--name", "deep", "-v", "deep:/v", "busybox", "sh", "-c", f"cd /v; ({script}); cd /root; {script}")

    docker_.ok("ps", "-as")
    docker_.ok("system", "df")
    docker_.ok("rm", "deep")
    docker_.ok("volume", "rm", "deep")


# --- containers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        "unshare -U true",
        "unshare -m true",
        "unshare -n true",
        "mkdir /m; mount -t tmpfs x /m",
        "hostname x",
        "umount /proc",
    ],
)
def test_container_cannot_do_what_docker_forbids(docker_: Door, script: str) -> None:
    assert docker_("run", "--rm", "--network", "none", "busybox", "sh", "-c", script).code != 0


# --- looking ------------------------------------------------------------------------------------------------------


def _resident_kib(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS"))


def _open_files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def _eventually(check: Callable[[], bool], *, timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.02)
