"""The engines that are measured, each behind a command that takes docker's arguments.

Transom always; Docker and Podman where they are installed, else where bench/peers has put them. An engine that is
started here has network, mount and process namespaces of its own and ends with the benchmark.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench import memory
from bench.measure import CommandFailed, run

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache"
PEERS = CACHE / "peers"

# The peer's root gets the kernel's file systems, and a hybrid host's second hierarchy is hidden, which crun refuses.
ENTER_PEER = """
set -e
mount --make-rprivate /
mount --bind "$0" "$0"
mount -t proc proc "$0/proc"
mount --rbind /sys "$0/sys"
mount --rbind /dev "$0/dev"
if [ -d /sys/fs/cgroup/unified ]; then mount -t tmpfs tmpfs "$0/sys/fs/cgroup/unified"; fi
mount -t tmpfs tmpfs "$0/run"
mkdir -p "$0/run/lock"
ip link set lo up
cd "$0"
pivot_root . mnt
exec chroot . sh -c 'umount -l /mnt; exec "$0" "$@"' "$@"
"""
OWN_NETWORK = 'ip link set lo up; exec "$0" "$@"'


@dataclass(slots=True)
class Target:
    """One engine; client is a command that takes docker's arguments."""

    name: str
    version: str
    client: tuple[str, ...]
    socket: Path | None = None
    engine_pid: int = 0
    runs_windows: bool = False
    close: Callable[[], None] = field(default=lambda: None)

    def __call__(self, *arguments: str, stdin: bytes | None = None, timeout_s: float = 300) -> str:
        """Run one docker command and return what it wrote."""
        return run((*self.client, *arguments), stdin=stdin, timeout_s=timeout_s)

    def main_pid(self, container: str) -> int:
        """Return the pid, as this process sees it, of a running container's main process."""
        pid = int(self("inspect", "-f", "{{.State.Pid}}", container))
        return pid if not self.own_pids else _pid_seen_from_here(self.engine_pid, pid)

    @property
    def own_pids(self) -> bool:
        """Say whether the engine counts pids in a namespace of its own."""
        return self.engine_pid > 0 and _children_namespace(self.engine_pid) != os.readlink("/proc/self/ns/pid")


def _children_namespace(pid: int) -> str:
    return os.readlink(f"/proc/{pid}/ns/pid_for_children")


def _pid_seen_from_here(engine_pid: int, inner: int) -> int:
    """Translate a pid of the engine's namespace: /proc/<pid>/status lists a process' pids from outside in."""
    for pid in memory.descendants(engine_pid):
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        numbers = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]
        if len(numbers) >= 2 and int(numbers[1]) == inner:
            return pid
    raise CommandFailed(f"no process {inner} below {engine_pid}")


def docker_cli() -> str:
    """Return the docker CLI that script/setup found or installed."""
    beside = ROOT / ".venv" / "bin" / "docker"
    found = shutil.which("docker") or (str(beside) if beside.exists() else None)
    if found is None:
        raise CommandFailed("no docker CLI; run script/setup")
    return found


def _ended(process: subprocess.Popen[bytes], log: Path) -> CommandFailed:
    return CommandFailed(f"{process.args!r} ended: {log.read_text(errors='replace')[-1500:]}")


def _wait_until_it_answers(process: subprocess.Popen[bytes], client: tuple[str, ...], log: Path) -> str:
    """Return the engine's version once it answers."""
    deadline = time.monotonic() + 60
    while True:
        if process.poll() is not None:
            raise _ended(process, log)
        try:
            return run((*client, "version", "-f", "{{.Server.Version}}"), timeout_s=10).strip()
        except CommandFailed:
            if time.monotonic() > deadline:
                process.terminate()
                raise
            time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes], *, pid: int = 0, timeout_s: float = 30) -> None:
    """Ask pid, or process itself, to end; kill process if it does not."""
    os.kill(pid or process.pid, signal.SIGTERM)
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def transom(work: Path) -> Target:
    """Start an engine of this checkout; its data root is kept from run to run, for the Windows base in it."""
    socket, log = work / "transom.sock", work / "transom.log"
    # fmt: off
    engine = (
        str(ROOT / ".venv" / "bin" / "transomd"), "-H", f"unix://{socket}", "--pidfile", str(work / "transom.pid"),
        "--data-root", str(CACHE / "bench" / "data"), "--exec-root", str(work / "exec"),
    )
    # fmt: on
    with log.open("wb") as output:
        process = subprocess.Popen(
            ("unshare", "--net", "sh", "-c", OWN_NETWORK, *engine),
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )
    client = (docker_cli(), "-H", f"unix://{socket}")
    version = _wait_until_it_answers(process, client, log)
    return Target("transom", version, client, socket, process.pid, runs_windows=True, close=lambda: _stop(process))


def docker(work: Path) -> Target | None:
    """Return the Docker that is installed, else start the one of bench/peers, else None."""
    installed = Path("/var/run/docker.sock")
    if installed.is_socket():
        client = (docker_cli(), "-H", f"unix://{installed}")
        about = json.loads(run((*client, "version", "-f", "{{json .Server}}")))
        if "transom" not in json.dumps(about).lower():
            pid = int(Path("/var/run/docker.pid").read_text()) if Path("/var/run/docker.pid").exists() else 0
            return Target("docker", about["Version"], client, installed, pid)
    if not (PEERS / "usr/sbin/dockerd").exists():
        return None
    socket, log = PEERS / "docker.sock", work / "docker.log"
    # fmt: off
    engine = (
        "dockerd", "-H", "unix:///docker.sock", "--exec-root", "/run/docker", "-p", "/run/docker.pid",
        "--cgroup-parent", "/transom-bench-docker",
    )
    # fmt: on
    process = _enter_peer(engine, log)
    client = (docker_cli(), "-H", f"unix://{socket}")
    version = _wait_until_it_answers(process, client, log)
    return Target("docker", version, client, socket, process.pid, close=lambda: _close_peer(process, "docker"))


def podman(work: Path) -> Target | None:
    """Return the Podman that is installed, else the one of bench/peers, else None."""
    if found := shutil.which("podman"):
        return Target("podman", run((found, "version", "-f", "{{.Client.Version}}")).strip(), (found,))
    if not (PEERS / "usr/bin/podman").exists():
        return None
    process = _enter_peer(("sleep", "inf"), work / "podman.log")
    deadline = time.monotonic() + 10
    while not (inside := memory.descendants(process.pid) - {process.pid}) or not _is_inside(min(inside)):
        if process.poll() is not None or time.monotonic() > deadline:
            raise _ended(process, work / "podman.log")
        time.sleep(0.05)
    client = ("nsenter", "-t", str(min(inside)), "-m", "-n", "-p", "-r", "-w", "podman", "--cgroup-manager", "cgroupfs")
    version = run((*client, "version", "-f", "{{.Client.Version}}")).strip()
    return Target("podman", version, client, None, process.pid, close=lambda: _close_peer(process, "podman"))


def _is_inside(pid: int) -> bool:
    return Path(f"/proc/{pid}/comm").read_text() == "sleep\n"


def _enter_peer(argv: tuple[str, ...], log: Path) -> subprocess.Popen[bytes]:
    command = ("unshare", "-m", "-n", "-p", "-f", "--kill-child", "sh", "-c", ENTER_PEER, str(PEERS), *argv)
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)


def _close_peer(process: subprocess.Popen[bytes], name: str) -> None:
    """End the peer's whole process namespace, then remove the control groups that it leaves."""
    # unshare ignores SIGTERM; its child is the first process of the namespace, which only hears what it has asked for.
    children = [pid for pid, parent in memory.processes().items() if parent == process.pid]
    _stop(process, pid=children[0] if children else 0, timeout_s=20 if name == "docker" else 0.1)
    groups = [
        group for pattern in ("*", "*/*") for group in Path("/sys/fs/cgroup").glob(f"{pattern}/transom-bench-{name}")
    ]
    for group in groups:
        for inner in sorted(group.rglob("*"), reverse=True):
            if inner.is_dir():
                inner.rmdir()
        group.rmdir()
