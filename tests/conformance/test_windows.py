"""The same commands on Windows containers, where their answers differ."""

import io
import tarfile
import time

import pytest
from tests.conformance.conftest import Door
from tests.support.engine import WINDOWS

pytestmark = [pytest.mark.root, pytest.mark.wine, pytest.mark.needs("crun", "conmon"), pytest.mark.timeout(900)]


@pytest.fixture
def windows(docker_: Door) -> Door:
    if docker_.engine is None:
        pytest.skip("no other engine runs Windows containers here")
    docker_.engine.ensure_base()
    return docker_


@pytest.fixture
def idle(windows: Door) -> Door:
    """An idle Windows container called idle, with a volume at C:\\data."""
    windows.ok("run", "-d", "-i", "--name", "idle", "-v", "kept:C:\\data", WINDOWS, "cmd", "/q", timeout_s=120)
    return windows


def test_top_has_windows_columns(idle: Door) -> None:
    titles, *rows = idle.ok("top", "idle").splitlines()

    assert titles.split() == ["Name", "PID", "CPU", "Private", "Working", "Set"]
    assert any(row.startswith("cmd") for row in rows)


def test_stats_and_update_work(idle: Door) -> None:
    idle.ok("update", "-m", "512m", "--memory-swap", "1g", "idle")

    usage = idle.ok("stats", "--no-stream", "--format", "{{.MemUsage}}", "idle")

    assert usage.strip().endswith("/ 512MiB")


def test_files_are_copied_by_windows_paths(idle: Door, tmp_path: object) -> None:
    file = f"{tmp_path}/file.txt"
    with open(file, "w") as out:
        out.write("copied\n")

    idle.ok("cp", file, "idle:C:\\data\\")
    idle.ok("cp", file, "idle:C:\\new.txt")
    idle.ok("cp", file, "idle:/Users/other.txt")
    archive = idle.client().containers.get("idle").get_archive("C:\\USERS\\Other.TXT")[0]

    assert idle.ok("exec", "idle", "cmd", "/c", "type C:\\data\\file.txt C:\\new.txt").count("copied") == 2
    with tarfile.open(fileobj=io.BytesIO(b"".join(archive))) as tar:
        member = tar.extractfile(tar.getmembers()[0])
        assert member is not None
        assert member.read() == b"copied\n"


def test_check_runs_in_cmd(windows: Door) -> None:
    options = ["--health-cmd", "if exist C:\\ok (exit 0) else (exit 1)", "--health-interval", "300ms"]
    windows.ok("run", "-d", "-i", "--name", "it", *options, WINDOWS, "cmd", "/q", timeout_s=120)
    windows.ok("exec", "it", "cmd", "/c", "echo yes> C:\\ok")

    deadline = time.monotonic() + 20
    while windows.ok("inspect", "-f", "{{.State.Health.Status}}", "it") != "healthy\n":
        assert time.monotonic() < deadline


def test_volume_of_windows_is_not_filled_and_keeps_files(idle: Door) -> None:
    idle.ok("exec", "idle", "cmd", "/c", "echo text> C:\\data\\file.txt")
    idle.ok("rm", "-f", "idle")

    shown = idle.ok("run", "--rm", "-v", "kept:D:", WINDOWS, "cmd", "/c", "dir /b D:\\ & type D:\\file.txt")

    assert shown.replace("\r", "").split("\n")[:2] == ["file.txt", "text"]


def test_linux_only_options_are_refused(windows: Door) -> None:
    assert (
        "privileged mode is not supported for Windows containers"
        in windows("run", "--rm", "--privileged", WINDOWS, "cmd").err
    )
