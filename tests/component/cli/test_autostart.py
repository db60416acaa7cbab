"""An engine that is started because none listens: once, apart from its starter, or not at all with a reason."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from transom.client.autostart import EnginePlan, ensure_engine
from transom.client.endpoint import Endpoint
from transom.client.errors import ConnectionFailed

pytestmark = pytest.mark.root

ENGINE = """
import os, socket, sys, time
with open(sys.argv[2], "a") as started:
    started.write(f"{os.getpid()}\\n")
print("first words", flush=True)
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(16)
kind, name = socket.AF_UNIX, os.environ["NOTIFY_SOCKET"].replace("@", "\\0", 1)
socket.socket(kind, socket.SOCK_DGRAM).sendto(b"READY=1", name)
while True:
    listener.accept()[0].close()
"""


@pytest.fixture
def endpoint(tmp_path: Path) -> Endpoint:
    return Endpoint(f"unix://{tmp_path}/run/t.sock", is_default=True)


@pytest.fixture
def plan(tmp_path: Path, endpoint: Endpoint) -> Iterator[EnginePlan]:
    started = tmp_path / "started"
    command = (sys.executable, "-P", "-c", ENGINE, endpoint.address, str(started))
    group = f"transom-test-{os.getpid()}"
    yield EnginePlan(command, cgroup=group, ready_s=15)
    if started.exists():
        for pid in map(int, started.read_text().split()):
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
    for directory in Path("/sys/fs/cgroup").glob(f"**/{group}"):
        directory.rmdir()


def ignore(_: str) -> None:
    return None


def test_two_callers_start_one_engine(tmp_path: Path, endpoint: Endpoint, plan: EnginePlan) -> None:
    said: list[str] = []
    callers = [
        threading.Thread(target=lambda: ensure_engine(endpoint, announce=said.append, plan=plan)) for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    endpoint.connect().close()
    assert len((tmp_path / "started").read_text().split()) == 1
    assert len(said) == 1


def test_engine_belongs_to_nobody(
    tmp_path: Path, endpoint: Endpoint, plan: EnginePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_TRACKING_ID", "job")
    ensure_engine(endpoint, announce=ignore, plan=plan)
    pid = int((tmp_path / "started").read_text())
    assert os.getsid(pid) == pid != os.getsid(0)
    assert "RUNNER_TRACKING_ID" not in Path(f"/proc/{pid}/environ").read_text()
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    groups = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    assert any(line.endswith(f"/{plan.cgroup}") for line in groups)
    descriptors = {os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")}
    assert not any(target.endswith("start.lock") for target in descriptors)


def test_engine_that_ends_is_told_with_its_last_words(tmp_path: Path, endpoint: Endpoint) -> None:
    command = (sys.executable, "-c", "print('no space left'); raise SystemExit(3)")
    plan = EnginePlan(command, cgroup=f"transom-test-{os.getpid()}", ready_s=15)
    with pytest.raises(ConnectionFailed, match=r"ended with code 3 as it started:\n  no space left"):
        ensure_engine(endpoint, announce=ignore, plan=plan)
    for directory in Path("/sys/fs/cgroup").glob(f"**/{plan.cgroup}"):
        directory.rmdir()


def test_user_without_root_is_told(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ConnectionFailed, match="starting one needs root"):
        ensure_engine(endpoint, announce=ignore)
