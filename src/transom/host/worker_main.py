"""The process behind host/worker.py: takes requests, forks a child for each, and ends when idle or orphaned."""

import errno
import fcntl
import gc
import importlib
import os
import resource
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, get_type_hints

import msgspec

from transom.errors import TransomError
from transom.host.job import BY_FILE, FRAME
from transom.host.precedence import share

MAX_FDS = 253
"""SCM_MAX_FD: what one message can carry."""
RECURSION = 20_000
"""Enough for trees as deep as a path can name: 2,048 directories. A walk goes down by a few calls for each."""
MAX_DATA = 1 << 30
"""Bytes of private memory that a job may use."""


def main(control_fd: int, modules: Sequence[str], idle_s: float, precedence_fd: int) -> None:
    """Serve until the engine hangs up, or nothing has come for idle_s."""
    control = socket.socket(fileno=control_fd)
    if precedence_fd >= 0:
        share(precedence_fd)
        os.close(precedence_fd)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the kernel
    for module in modules:
        importlib.import_module(module)
    gc.freeze()
    while select.select([control], [], [], idle_s)[0]:
        request, fds, _, _ = socket.recv_fds(control, 1 << 18, MAX_FDS)
        if not request:
            return
        if os.fork() == 0:
            control.close()
            _child(request, fds)
        for fd in fds:
            os.close(fd)


def _child(request: bytes, fds: Sequence[int]) -> None:
    """Run one job and end, whatever happens."""
    try:
        connection = socket.socket(fileno=fds[0])
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _die_with(connection)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        sys.setrecursionlimit(RECURSION)
        _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        resource.setrlimit(resource.RLIMIT_DATA, (MAX_DATA, MAX_DATA))
        _send(connection, ("started",))
        if request[:1] == BY_FILE:
            with open(fds[-1], "rb") as file:
                request, fds = file.read(), fds[:-1]
        else:
            request = request[1:]
        _send(connection, _outcome(request, fds[1:], lambda value: _send(connection, ("report", value))))
    except BrokenPipeError:
        pass
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(0)


def _die_with(connection: socket.socket) -> None:
    """Have the kernel end this process (SIGIO's default) when the other side hangs up or stops sending."""
    fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(connection, fcntl.F_SETFL, fcntl.fcntl(connection, fcntl.F_GETFL) | os.O_ASYNC)
    poll = select.poll()
    poll.register(connection, select.POLLIN | select.POLLRDHUP)
    if poll.poll(0):  # it did so before we asked
        os._exit(0)


def _outcome(request: bytes, fds: Sequence[int], report: Callable[[Any], None]) -> tuple[Any, ...]:
    try:
        name, raw = msgspec.msgpack.decode(request)
        module, _, function = name.partition(":")
        job = getattr(importlib.import_module(module), function)
        arguments = msgspec.convert(raw, type=get_type_hints(job)["arguments"])
        return "result", job(arguments, fds, report)
    except TransomError as exc:
        return "error", _kind(exc), str(exc)
    except MemoryError:
        return "error", "Unavailable", "a worker process ran out of memory"
    except BrokenPipeError:
        return "error", "Unavailable", "the reader has gone away"
    except OSError as exc:
        if exc.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE}:
            return "error", "Unavailable", f"{os.strerror(exc.errno)}" + (f": {exc.filename}" if exc.filename else "")
        return "bug", traceback.format_exc()
    except Exception:
        return "bug", traceback.format_exc()


def _kind(error: TransomError) -> str:
    """Return the nearest kind that both sides know by name."""
    return next(cls.__name__ for cls in type(error).__mro__ if cls.__module__ == "transom.errors")


def _send(connection: socket.socket, value: tuple[Any, ...]) -> None:
    data = msgspec.msgpack.encode(value)
    connection.sendall(FRAME.pack(len(data)) + data)
