"""Work on many files in processes of their own, so that it never holds up the event loop.

One small process forks a child per job, which takes about 2 ms; it starts with the first job and ends when it has been
idle. A child may chroot, is bounded in memory, and dies with its caller: a cancel, or the end of the engine, hangs up
its socket, and the kernel sends it SIGIO. worker_main.py is the other side.
"""

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, get_type_hints

import msgspec

from transom import errors
from transom.aio.finish import finish
from transom.errors import TransomError, Unavailable
from transom.host.job import BY_FILE, FRAME, INLINE, INLINED, MAX_FRAME, A, Job, R
from transom.host.precedence import Precedence

log = logging.getLogger(__name__)

_KILL_TIMEOUT_S = 20.0


class Workers:
    """Runs jobs. modules are imported before the first fork, so that a job starts with everything loaded.

    precedence: what jobs on many files give way to; it stays the caller's.
    """

    def __init__(
        self, modules: Sequence[str] = (), *, idle_s: float = 60.0, precedence: Precedence | None = None
    ) -> None:
        self._modules = modules
        self._idle_s = idle_s
        self._precedence_fd = precedence.fd if precedence is not None else -1
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    async def run(
        self,
        job: Job[A, R],
        arguments: A,
        fds: Sequence[int] = (),
        on_report: Callable[[Any], None] | None = None,
    ) -> R:
        """Return job(arguments, fds, report), run in a child; the caller keeps its descriptors.

        Cancelled: the child is killed, and has ended before the cancel goes on.

        Raises:
            TransomError: as the job raised it.
            Unavailable: the job met an error of the system (disk full), or its process died.
        """
        request = msgspec.msgpack.encode((f"{job.__module__}:{job.__qualname__}", arguments))
        for attempt in range(2):
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            try:
                await self._submit(request, (theirs.fileno(), *fds))
                theirs.close()
                answer = await self._answer(ours, on_report)
            finally:
                theirs.close()
                ours.close()
            if answer is not None:
                return _result(job, answer)
            log.debug("the worker had ended", extra={"job": job.__qualname__, "attempt": attempt})
            self._forget()
        raise Unavailable(f"the worker process for {job.__qualname__} could not be started")

    async def close(self) -> None:
        """End the forking process; jobs that run are not waited for."""
        process = self._process
        self._forget()
        if process is not None:
            await asyncio.to_thread(process.wait)

    def _forget(self) -> None:
        if self._control is not None:
            self._control.close()
        self._control, self._process = None, None

    def _start(self) -> socket.socket:
        """Start the forking process; sys.path travels along, so that it finds what we find."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program = (
            f"import sys; sys.path[:] = {sys.path!r}\n"
            "from transom.host.worker_main import main\n"
            f"main({theirs.fileno()}, {tuple(self._modules)!r}, {self._idle_s!r}, {self._precedence_fd})"
        )
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", program],
                pass_fds=[fd for fd in (theirs.fileno(), self._precedence_fd) if fd >= 0],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            )
        except OSError as exc:
            ours.close()
            raise Unavailable(f"cannot start a worker process: {os.strerror(exc.errno or 0)}") from exc
        finally:
            theirs.close()
        ours.setblocking(False)
        self._control = ours
        return ours

    async def _submit(self, request: bytes, fds: Sequence[int]) -> None:
        if len(request) > INLINE:
            fd = _in_memory(request)
            try:
                await self._send(b"", (*fds, fd))
            finally:
                os.close(fd)
        else:
            await self._send(request, fds)

    async def _send(self, request: bytes, fds: Sequence[int]) -> None:
        if self._process is not None and self._process.poll() is not None:
            self._forget()
        while True:
            control = self._control or self._start()
            try:
                socket.send_fds(control, [BY_FILE if not request else INLINED, request], list(fds))
                return
            except BlockingIOError:
                await asyncio.sleep(0.002)
            except (BrokenPipeError, ConnectionResetError):
                self._forget()

    async def _answer(self, connection: socket.socket, on_report: Callable[[Any], None] | None) -> Any:
        """Return the job's last frame, or None if no process took it up."""
        started = False
        try:
            while True:
                frame = await _read_frame(connection)
                if frame is None:
                    if started:
                        raise Unavailable("a worker process died (out of memory?)")
                    return None
                kind, *content = msgspec.msgpack.decode(frame)
                if kind == "started":
                    started = True
                elif kind == "report":
                    if on_report is not None:
                        on_report(content[0])
                else:
                    return (kind, *content)
        except BaseException:
            connection.shutdown(socket.SHUT_WR)  # SIGIO on the other side
            await finish(_until_closed(connection), timeout_s=_KILL_TIMEOUT_S)
            raise


def _in_memory(data: bytes) -> int:
    """Return a descriptor of a file in memory that holds data: for more than one message takes."""
    fd = os.memfd_create("arguments")
    with open(fd, "wb", closefd=False) as file:
        file.write(data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


async def _read_frame(connection: socket.socket) -> bytes | None:
    head = await _read(connection, FRAME.size)
    if head is None:
        return None
    (size,) = FRAME.unpack(head)
    if size > MAX_FRAME:
        raise Unavailable("a worker's answer is too long")
    return await _read(connection, size)


async def _read(connection: socket.socket, size: int) -> bytes | None:
    loop = asyncio.get_running_loop()
    parts: list[bytes] = []
    while size:
        try:
            part = await loop.sock_recv(connection, min(size, 1 << 18))
        except ConnectionResetError:
            return None
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


async def _until_closed(connection: socket.socket) -> None:
    while await _read(connection, 1) is not None:
        pass


def _result(job: Job[A, R], answer: Any) -> R:
    kind, *content = answer
    if kind == "result":
        hints = get_type_hints(job)
        value: R = msgspec.convert(content[0], type=hints.get("return", Any))
        return value
    if kind == "error":
        name, text = content
        cls = getattr(errors, name, Unavailable)
        error: TransomError = cls.__new__(cls)
        Exception.__init__(error, text)
        raise error
    raise RuntimeError(f"worker failed in {job.__qualname__}:\n{content[0]}")
