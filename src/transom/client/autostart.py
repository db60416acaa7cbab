"""Bringing an engine up where none listens on the default socket.

It happens once however many callers come at the same time (a lock), and the engine belongs to none of
them: own session, own control group in every hierarchy, an environment without the caller's marks (CI
runners find what to kill by those), no descriptor of theirs. It ends by itself when it has been idle.
"""

import contextlib
import fcntl
import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from transom.client.endpoint import Endpoint
from transom.client.errors import ConnectionFailed

IDLE_S = 600
POLL_S = 0.05
LOG_LINES = 15
KEPT_VARIABLES = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TZ",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def engine_command() -> tuple[str, ...]:
    """Return how the engine is started: this Python, and no module of the current directory."""
    return (sys.executable, "-P", "-m", "transom.daemon.main", "--idle-timeout", str(IDLE_S))


@dataclass(frozen=True, slots=True)
class EnginePlan:
    """What is started, the control group it is put into, and how long it may take to answer."""

    command: Sequence[str] = field(default_factory=engine_command)
    cgroup: str = "transom-engine"
    ready_s: float = 60.0


def ensure_engine(endpoint: Endpoint, *, announce: Callable[[str], None], plan: EnginePlan | None = None) -> None:
    """Return once an engine answers at endpoint; start one if none does.

    Raises:
        ConnectionFailed: we may not start one, or the one we started does not answer.
    """
    if os.geteuid() != 0:
        raise ConnectionFailed(
            f"No engine runs at {endpoint.host}, and starting one needs root: "
            "run this command with sudo, or have transomd started"
        )
    directory = Path(endpoint.address).parent
    try:
        directory.mkdir(mode=0o711, parents=True, exist_ok=True)
        with _lock(directory / "start.lock"):
            if _answers(endpoint):
                return  # somebody else started it while we waited for the lock
            announce(f"Starting the Transom engine; it ends after {IDLE_S // 60} minutes without use.")
            _start(endpoint, plan or EnginePlan(), directory / "engine.log")
    except OSError as exc:
        raise ConnectionFailed(f"the engine cannot be started: {exc.filename or ''}: {exc.strerror or exc}") from exc


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _answers(endpoint: Endpoint) -> bool:
    try:
        endpoint.connect().close()
    except ConnectionFailed:
        return False
    return True


def _start(endpoint: Endpoint, plan: EnginePlan, log: Path) -> None:
    environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    environment.setdefault("PATH", DEFAULT_PATH)
    with (
        _ready_socket() as (ready, address),
        open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), "wb") as output,
    ):
        groups = _own_cgroups(plan.cgroup)
        process = subprocess.Popen(
            plan.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={**environment, "NOTIFY_SOCKET": address},
            start_new_session=True,
            preexec_fn=lambda: _enter(groups),  # noqa: PLW1509 - this program has no other thread yet
        )
        deadline = time.monotonic() + plan.ready_s
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise ConnectionFailed(f"the engine ended with code {process.returncode} as it started{_tail(log)}")
            if _told_ready(ready) or _answers(endpoint):
                process.returncode = 0  # nobody waits for it, on purpose: without this Popen would warn of that
                return
        process.returncode = 0
        # It is left running: it may be taking up many containers, and killing it half-way helps nobody.
        raise ConnectionFailed(f"the engine was started and does not answer after {plan.ready_s:.0f} s{_tail(log)}")


@contextlib.contextmanager
def _ready_socket() -> Iterator[tuple[socket.socket, str]]:
    """Yield a socket that sd_notify(3) messages arrive at, and its address for NOTIFY_SOCKET."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.bind("")  # the kernel picks an abstract name
        ready.settimeout(POLL_S)
        name = ready.getsockname()
        yield ready, "@" + (name.decode() if isinstance(name, bytes) else name).lstrip("\0")


def _told_ready(ready: socket.socket) -> bool:
    try:
        return b"READY=1" in ready.recv(4096)
    except TimeoutError:
        return False


def _tail(log: Path) -> str:
    try:
        with log.open(encoding="utf-8", errors="replace") as stream:
            lines = deque((line.rstrip() for line in stream), LOG_LINES)
    except OSError:
        return ""
    return ":\n" + "\n".join(f"  {line}" for line in lines) if lines else f" ({log} is empty)"


def _own_cgroups(name: str) -> list[str]:
    """Make the engine's group in every hierarchy that is mounted (v1, v2, both), and return their member files.

    Where a hierarchy cannot be written to, the engine stays in our group there: that is all this user's
    surroundings allow.
    """
    found = []
    for mount_point in _hierarchies():
        directory = mount_point / name
        with contextlib.suppress(OSError):
            directory.mkdir(exist_ok=True)
            for setting in ("cpuset.cpus", "cpuset.mems"):  # v1: an empty cpuset takes no process
                if (mount_point / setting).exists() and not (directory / setting).read_text().strip():
                    (directory / setting).write_text((mount_point / setting).read_text())
            found.append(str(directory / "cgroup.procs"))
    return found


def _hierarchies() -> list[Path]:
    """Return where control group hierarchies are mounted. Source: man page proc(5), /proc/pid/mountinfo."""
    found = []
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as stream:
        for line in stream:
            fields = line.split()
            kind = fields[fields.index("-") + 1]
            if kind in ("cgroup", "cgroup2"):
                found.append(Path(fields[4]))
    return found


def _enter(groups: Sequence[str]) -> None:
    """Move this process into the groups; runs between fork and exec."""
    for path in groups:
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_WRONLY)
            try:
                os.write(descriptor, b"0")
            finally:
                os.close(descriptor)
