"""docker-py, the client of compose's ancestors and of testcontainers."""

import gc
import io
import json
import socket
import tarfile
import warnings
from collections.abc import Iterator

import docker
import pytest
from tests.conformance.conftest import Door

pytestmark = [
    pytest.mark.root,
    pytest.mark.needs("crun", "conmon", "busybox"),
    # Python 3.13 complains of what is closed in the order in which it is found.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def streams_closed() -> Iterator[None]:
    """Close the sockets of streams, which docker-py leaves to the garbage collector, before somebody else's test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


def test_run_returns_output_and_raises_on_failure(docker_: Door) -> None:
    client = docker_.client()

    assert client.containers.run("busybox", ["echo", "hello"], remove=True) == b"hello\n"
    with pytest.raises(docker.errors.ContainerError) as caught:
        client.containers.run("busybox", ["sh", "-c", "echo why >&2; exit 4"], remove=True)
    assert (caught.value.exit_status, caught.value.stderr) == (4, b"why\n")


def test_exec_returns_code_and_streams_apart(docker_: Door) -> None:
    container = docker_.client().containers.run("busybox", ["sleep", "1000"], detach=True)

    code, output = container.exec_run(["sh", "-c", "echo out; echo err >&2; exit 3"], demux=True)

    assert (code, output) == (3, (b"out\n", b"err\n"))


def test_archive_goes_in_and_comes_out(docker_: Door) -> None:
    container = docker_.client().containers.create("busybox", ["cat", "/put/file"])
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        directory = tarfile.TarInfo("put")
        directory.type = tarfile.DIRTYPE
        directory.mode = 0o755
        tar.addfile(directory)
        file = tarfile.TarInfo("put/file")
        file.size = 5
        tar.addfile(file, io.BytesIO(b"text\n"))

    assert container.put_archive("/", out.getvalue())
    chunks, stat = container.get_archive("/put/file")

    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        member = tar.extractfile("file")
        assert member is not None
        assert member.read() == b"text\n"
    assert (stat["name"], stat["size"]) == ("file", 5)
    container.start()
    container.wait()
    assert container.logs() == b"text\n"


def test_attached_socket_carries_both_ways_and_half_closes(docker_: Door) -> None:
    container = docker_.client().containers.create("busybox", ["cat"], stdin_open=True)
    attached = container.attach_socket(params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
    container.start()

    attached._sock.sendall(b"back and forth\n")
    attached._sock.shutdown(socket.SHUT_WR)
    received = b"".join(iter(lambda: attached._sock.recv(4096), b""))
    attached.close()

    assert received == b"\1\0\0\0\0\0\0\x0fback and forth\n"
    container.wait()


def test_logs_stream_until_the_end(docker_: Door) -> None:
    container = docker_.client().containers.run("busybox", ["sh", "-c", "echo 1; sleep 0.2; echo 2"], detach=True)

    assert b"".join(container.logs(stream=True, follow=True)) == b"1\n2\n"


def test_volume_and_usage_are_shown(docker_: Door) -> None:
    client = docker_.client()
    volume = client.volumes.create("kept", labels={"a": "b"})
    client.containers.create("busybox", volumes={"kept": {"bind": "/x", "mode": "ro"}})

    assert volume.attrs["Labels"] == {"a": "b"}
    assert [each.name for each in client.volumes.list(filters={"label": "a"})] == ["kept"]
    usage = client.df()
    assert [each["UsageData"]["RefCount"] for each in usage["Volumes"] if each["Name"] == "kept"] == [1]
    assert len(usage["Containers"]) == 1


def test_swarm_and_plugins_are_answered_as_by_a_single_engine(docker_: Door) -> None:
    client = docker_.client()

    assert client.plugins.list() == []
    with pytest.raises(docker.errors.NotFound):
        client.plugins.get("nosuch")
    with pytest.raises(docker.errors.APIError) as caught:
        client.nodes.list()
    assert caught.value.status_code == 503
    assert caught.value.explanation.startswith("This node is not a swarm manager.")
    assert client.info()["Swarm"]["LocalNodeState"] == "inactive"


def test_unknown_path_and_version_are_refused(docker_: Door) -> None:
    api = docker_.client().api

    unknown = api.get(f"{api.base_url}/v1.41/nosuch/path")
    too_new = api.get(f"{api.base_url}/v9.99/info")
    wrong = api.post(f"{api.base_url}/v1.41/containers/create", data="{", headers={"Content-Type": "application/json"})

    assert (unknown.status_code, unknown.json()) == (404, {"message": "page not found"})
    assert (too_new.status_code, "is too new" in too_new.json()["message"]) == (400, True)
    assert wrong.status_code == 400
    assert json.loads(wrong.text)["message"]
