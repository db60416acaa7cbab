"""conmon as the monitor of one process: it holds the streams, the log and the exit code while the engine restarts.

Paths are all below one directory per monitored process: `attach` (socket), `conmon.pid`, `pid`, `exit/<id>`,
`persist/oom`.
Source: conmon's man page; its attach protocol: sequenced packets, first byte 2 stdout, 3 stderr, then data.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from transom.aio.finish import finish
from transom.errors import Conflict, TransomError
from transom.execution.driver import ExitStatus
from transom.execution.stdio import STDERR, STDOUT
from transom.host.process import Child, spawn, start_time, wait_pid, wait_readable

_STREAMS = {2: STDOUT.number, 3: STDERR.number}
_PACKET = 32 * 1024 + 1
_CHUNK = 8 * 1024
_LAUNCH_TIMEOUT_S = 60
_REAP_TIMEOUT_S = 5
_CONSOLE_RESIZE, _REOPEN_LOG = 1, 2


class MonitorFailed(TransomError):
    """conmon or the runtime under it failed; the text is the runtime's own."""


@dataclass(frozen=True, slots=True)
class Monitored:
    """What one conmon watches.

    runtime_args come before the runtime's sub-command. exec_spec is a process.json for an exec, empty for create.
    """

    id: str
    container_id: str
    directory: Path
    bundle: Path
    log_path: str
    terminal: bool
    stdin: bool
    keep_stdin: bool
    runtime: str
    runtime_args: tuple[str, ...]
    exec_spec: str = ""
    log_size_max: int = 0
    keep_fds: tuple[int, ...] = ()


def _arguments(conmon: str, what: Monitored) -> list[str]:
    d = what.directory
    argv = [
        conmon, "--api-version", "1", "-c", what.container_id, "-u", what.id, "-r", what.runtime,
        "-b", str(what.bundle),
        "-p", str(d / "pid"), "-P", str(d / "conmon.pid"), "--exit-dir", str(d / "exit"),
        "--persist-dir", str(d / "persist"),
        "-l", f"k8s-file:{what.log_path}" if what.log_path else "none", "--full-attach", "--no-sync-log",
        "--log-level", "error", "-n", what.id,
    ]  # fmt: skip
    for arg in what.runtime_args:
        argv += ["--runtime-arg", arg]
    if what.terminal:
        argv.append("-t")
    if what.stdin:
        argv.append("-i")
    if what.keep_stdin:
        argv.append("--leave-stdin-open")
    if what.log_size_max:
        argv += ["--log-size-max", str(what.log_size_max)]
    if what.exec_spec:
        argv += ["-e", "--exec-process-spec", what.exec_spec, "--exec-attach"]
    return argv


class Monitor:
    """Starts conmons and finds those that an earlier engine started."""

    def __init__(self, conmon: str) -> None:
        self._conmon = conmon

    async def launch(
        self,
        what: Monitored,
        *,
        env: dict[str, str],
        attach: Callable[[], Awaitable[None]] | None = None,
    ) -> int:
        """Start conmon and let it run the runtime's create or exec; return the pid of the process made.

        attach, for an exec, is awaited once its streams can be connected to and before it runs.

        Raises:
            MonitorFailed: the runtime refused; its text.
        """
        what.directory.mkdir(parents=True, exist_ok=True)
        (what.directory / "exit").mkdir(exist_ok=True)
        (what.directory / "persist").mkdir(exist_ok=True)
        sync_read, sync_write = os.pipe2(os.O_CLOEXEC)
        start_read, start_write = os.pipe2(os.O_CLOEXEC)
        attach_read, attach_write = os.pipe2(os.O_CLOEXEC)
        open_fds = {sync_read, sync_write, start_read, start_write, attach_read, attach_write}

        def close(*fds: int) -> None:
            for fd in fds:
                open_fds.discard(fd)
                os.close(fd)

        try:
            fds = [sync_write, start_read, *([attach_write] if what.exec_spec else ()), *what.keep_fds]
            environment = {**env, "_OCI_SYNCPIPE": str(sync_write), "_OCI_STARTPIPE": str(start_read)}
            if what.exec_spec:
                environment["_OCI_ATTACHPIPE"] = str(attach_write)
            child = _spawn_logged(_arguments(self._conmon, what), environment, fds, what.directory / "conmon.log")
            async with _reaped(child):
                close(sync_write, start_read, attach_write)
                _go_on(start_write)
                if what.exec_spec:
                    await self._sync_exec(attach_read, start_write, attach)
                async with asyncio.timeout(_LAUNCH_TIMEOUT_S):
                    pid = await _read_sync(sync_read, what)
                await child.wait()  # conmon forks: the first one ends at once
            return pid
        except TimeoutError:
            # conmon reads the runtime's complaint when the runtime has ended: one longer than a pipe stops both.
            if monitor := monitor_pid(what.directory):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(monitor, signal.SIGKILL)
            raise MonitorFailed(f"the runtime did not answer within {_LAUNCH_TIMEOUT_S} seconds") from None
        finally:
            close(*open_fds)

    async def _sync_exec(
        self, attach_read: int, start_write: int, attach: Callable[[], Awaitable[None]] | None
    ) -> None:
        await wait_readable(attach_read)
        os.read(attach_read, 4096)
        if attach is not None:
            await attach()
        _go_on(start_write)


def _go_on(start_write: int) -> None:
    """Let conmon go on; one that has ended already says why in its log."""
    with contextlib.suppress(BrokenPipeError):
        os.write(start_write, b"\0")


@contextlib.asynccontextmanager
async def _reaped(child: Child) -> AsyncIterator[None]:
    """Leave no zombie of child where the block fails or is cancelled."""
    try:
        yield
    except BaseException:
        child.kill()
        with contextlib.suppress(TimeoutError):
            await finish(child.wait(), timeout_s=_REAP_TIMEOUT_S)
        raise


def _spawn_logged(argv: list[str], env: dict[str, str], fds: Sequence[int], log: Path) -> Child:
    """Start conmon; its own complaints go where the operator finds them, beside the container."""
    with open(log, "ab") as stderr:
        # When memory has run out conmon puts a file `oom` into its working directory too, not only where it is told.
        return spawn(argv, env=env, pass_fds=fds, stderr=stderr.fileno(), cwd=str(log.parent))


async def _read_sync(fd: int, what: Monitored) -> int:
    """Return the pid that conmon reports on its sync pipe.

    Raises:
        MonitorFailed: it reports an error, or nothing.
    """
    os.set_blocking(fd, False)
    buffer = b""
    while b"\n" not in buffer:
        await wait_readable(fd)
        chunk = os.read(fd, 65536)
        if not chunk:
            break
        buffer += chunk
    try:
        answer = json.loads(buffer.partition(b"\n")[0])  # an exec's exit code may have followed already
    except ValueError:
        log = what.directory / "conmon.log"
        text = log.read_text(errors="replace").strip() if log.exists() else ""
        raise MonitorFailed(text or "the container's monitor ended without an answer") from None
    pid = int(answer.get("data", answer.get("pid", -1)))
    if pid <= 0:
        raise MonitorFailed(str(answer.get("message") or f"runtime error {pid}").strip())
    return pid


async def connect(directory: Path) -> "ConmonStdio":
    """Connect to the attach socket in directory; its path may exceed what a socket address holds.

    Raises:
        Conflict: nobody listens there: the process has ended.
    """
    fd = os.open(directory, os.O_PATH | os.O_DIRECTORY)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        sock.setblocking(False)
        sock.connect(f"/proc/self/fd/{fd}/attach")
    except OSError as exc:
        sock.close()
        raise Conflict("the process has ended: its streams cannot be attached") from exc
    finally:
        os.close(fd)
    return ConmonStdio(sock)


class ConmonStdio:
    """A Stdio on conmon's attach socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    async def read(self) -> tuple[int, bytes] | None:
        """Return (stream, bytes), None at the end."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                packet = await loop.sock_recv(self._sock, _PACKET)
            except OSError:
                return None
            if not packet:
                return None
            stream = _STREAMS.get(packet[0])
            if stream is not None and len(packet) > 1:
                return stream, packet[1:]

    async def write(self, data: bytes) -> None:
        """Send data to stdin in packets that conmon takes whole."""
        loop = asyncio.get_running_loop()
        view = memoryview(data)
        try:
            while view:
                await loop.sock_sendall(self._sock, view[:_CHUNK])
                view = view[_CHUNK:]
        except OSError as exc:
            raise ConnectionError("the process reads no more") from exc

    async def close_stdin(self) -> None:
        """Half-close."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    async def close(self) -> None:
        """Let go."""
        self._sock.close()


def monitor_pid(directory: Path) -> int:
    """Return the pid of directory's live conmon, 0 if there is none.

    A pid file may outlive its process and the pid be another's: conmon's command line has to name the directory.
    """
    try:
        pid = int((directory / "conmon.pid").read_text(encoding="ascii"))
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return 0
    return pid if os.fsencode(str(directory)) in command and start_time(pid) else 0


async def end_all(directory: Path) -> None:
    """End every process that was started for directory: a monitor, the runtime under it, the container's first one."""
    for pid in await asyncio.to_thread(_working_for, os.fsencode(str(directory))):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        await wait_pid(pid)


def _working_for(directory: bytes) -> list[int]:
    """Return the processes that have directory, or a path below it, among their arguments."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdecimal() and int(entry) != os.getpid():
            with contextlib.suppress(OSError):
                arguments = Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")
                if any(each == directory or each.startswith(directory + b"/") for each in arguments):
                    found.append(int(entry))
    return found


async def wait_exit(directory: Path, exit_id: str) -> ExitStatus:
    """Return how the monitored process ended, once it has.

    A monitor that was killed leaves no exit file: 137 then, as for a process that nobody saw end.
    """
    file = directory / "exit" / exit_id
    if not file.exists():
        pid = monitor_pid(directory)
        if pid:
            await wait_pid(pid)
    return read_exit(directory, exit_id) or ExitStatus(137, finished_at=datetime.now(UTC))


def read_exit(directory: Path, exit_id: str) -> ExitStatus | None:
    """Return the recorded end, None if there is none yet."""
    file = directory / "exit" / exit_id
    try:
        text = file.read_text(encoding="ascii")
        finished_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except OSError:
        return None
    code = int(text or 137)
    return ExitStatus(code if code >= 0 else 128 - code, (directory / "persist" / "oom").exists(), finished_at)


def resize(directory: Path, rows: int, columns: int) -> None:
    """Set the terminal's size through conmon's control pipe."""
    _control(directory, f"{_CONSOLE_RESIZE} {rows} {columns}\n")


def reopen_log(directory: Path) -> None:
    """Have conmon begin a new log file: it writes it under a temporary name and renames it to its path."""
    _control(directory, f"{_REOPEN_LOG} 0 0\n")


def _control(directory: Path, line: str) -> None:
    with contextlib.suppress(OSError):
        fd = os.open(directory / "ctl", os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(fd, line.encode())
        finally:
            os.close(fd)
