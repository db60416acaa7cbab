"""transomd: start, listen, end.

SIGTERM and SIGINT end the engine and leave containers running. Sockets may come from a service manager
(LISTEN_FDS), and readiness is told to it (NOTIFY_SOCKET). Source: man pages sd_listen_fds(3), sd_notify(3).
"""

import asyncio
import contextlib
import errno
import faulthandler
import gc
import grp
import logging
import os
import signal
import socket
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from transom import faults
from transom.aio.hangup import HangUps
from transom.api.connection import connections
from transom.daemon import logging_setup
from transom.daemon.config import Config, load
from transom.daemon.wiring.engine import Engine, build_engine
from transom.errors import Conflict, InvalidParameter, TransomError
from transom.host.cgroup import UNIFIED, detect
from transom.host.lock import locked
from transom.host.memory import give_back_memory
from transom.host.mount import private_namespace, unmount

log = logging.getLogger("transom.daemon.main")  # `python -m` calls this module __main__

_LISTEN_START = 3
_SHUTDOWN_S = 10.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the engine until it is told to end; return its exit code."""
    try:
        config = load(sys.argv[1:] if argv is None else argv, os.environ)
        faults.arm(os.environ.get("TRANSOM_FAULTS", ""))
    except (InvalidParameter, ValueError) as exc:
        print(f"transomd: {exc}", file=sys.stderr)
        return 2
    logging_setup.set_up(config.log_level)
    faulthandler.enable()  # a crash in a library written in C names the Python lines that led there
    if os.geteuid() != 0:
        print("transomd: the engine needs root: it makes mounts, networks and control groups", file=sys.stderr)
        return 1
    inherited = _inherited_sockets()
    os.umask(0o022)
    try:
        _private_mounts()
        with locked(str(config.exec_root)):
            return asyncio.run(_serve(config, inherited))
    except TransomError as exc:
        log.error("the engine cannot run", extra={"error": str(exc)})
        return 1


def _settle_memory() -> None:
    """Give back what only the boot needed; what is left stays, so the collector need not look at it again."""
    give_back_memory()
    gc.freeze()


def _private_mounts() -> None:
    """Take a mount namespace of our own, and hide the v2 tree of a mixed host, which crun refuses to see."""
    hierarchy = detect()
    private_namespace()
    if hierarchy.hybrid:
        unmount(str(UNIFIED))


async def _serve(config: Config, inherited: list[socket.socket]) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    pidfile = _write_pidfile(config.pidfile)
    try:
        engine = await build_engine(config)
        try:
            _settle_memory()
            return await _listen(config, engine, inherited, stop)
        finally:
            await engine.close()
    finally:
        if pidfile is not None:
            pidfile.unlink(missing_ok=True)


async def _listen(config: Config, engine: Engine, inherited: list[socket.socket], stop: asyncio.Event) -> int:
    runner = web.AppRunner(engine.app, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    assert runner.server is not None
    hang_ups = HangUps()
    accept = connections(runner.server, hang_ups)
    listeners: list[asyncio.Server] = []
    made: list[str] = []
    try:
        sockets = list(inherited)
        for host in config.hosts:
            if host.startswith("fd://"):
                if not inherited:
                    raise InvalidParameter("fd://: no sockets were passed by a service manager")
                continue
            if inherited and host == config.hosts[0] and len(config.hosts) == 1:
                continue  # the service manager's socket stands for the default one
            path = host.removeprefix("unix://")
            sockets.append(_bind(path, config.group))
            made.append(path)
        for sock in sockets:
            listeners.append(await asyncio.get_running_loop().create_server(accept, sock=sock, backlog=512))
            log.info("listening", extra={"socket": sock.getsockname()})
        await engine.started()
        _notify("READY=1")
        await _until_told(config, engine, stop)
        _notify("STOPPING=1")
        log.info("ending; containers go on running")
        return 0
    finally:
        for path in made:
            with contextlib.suppress(OSError):
                os.unlink(path)
        for listener in listeners:
            listener.close()
        async with asyncio.timeout(_SHUTDOWN_S):
            await runner.cleanup()
        hang_ups.close()


async def _until_told(config: Config, engine: Engine, stop: asyncio.Event) -> None:
    """Return on a signal, or when the engine has been idle for as long as configured."""
    if not config.idle_timeout_s:
        await stop.wait()
        return
    idle_s = 0
    while idle_s < config.idle_timeout_s and not stop.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await stop.wait()
        idle_s = 0 if engine.is_busy() else idle_s + 1


def _bind(path: str, group: str) -> socket.socket:
    """Return a listening socket at path for root and group.

    Raises:
        Conflict: another engine listens there, or something that is no socket is in the way.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise Conflict(f"{path} is in the way and no socket")
        _refuse_if_alive(path)
        os.unlink(path)
    sock = socket.socket(socket.AF_UNIX)
    try:
        old = os.umask(0o177)
        try:
            sock.bind(path)
        finally:
            os.umask(old)
        with contextlib.suppress(KeyError):
            os.chown(path, 0, grp.getgrnam(group).gr_gid)
        os.chmod(path, 0o660)
        sock.listen(512)
    except OSError as exc:
        sock.close()
        raise Conflict(f"cannot listen on {path}: {os.strerror(exc.errno or 0)}") from exc
    return sock


def _refuse_if_alive(path: str) -> None:
    probe = socket.socket(socket.AF_UNIX)
    probe.settimeout(1)
    try:
        probe.connect(path)
    except OSError as exc:
        if exc.errno in {errno.ECONNREFUSED, errno.ENOENT}:
            return
    finally:
        probe.close()
    raise Conflict(f"another engine listens on {path}")


def _inherited_sockets() -> list[socket.socket]:
    if os.environ.pop("LISTEN_PID", "") != str(os.getpid()):
        return []
    count = int(os.environ.pop("LISTEN_FDS", "0"))
    os.environ.pop("LISTEN_FDNAMES", None)
    sockets = []
    for fd in range(_LISTEN_START, _LISTEN_START + count):
        os.set_inheritable(fd, False)
        sockets.append(socket.socket(fileno=fd))
    return sockets


def _notify(text: str) -> None:
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(text.encode(), address)


def _write_pidfile(path: str) -> Path | None:
    if not path:
        return None
    file = Path(path)
    with contextlib.suppress(OSError, ValueError):
        other = int(file.read_text(encoding="ascii"))
        if other != os.getpid() and "transomd" in Path(f"/proc/{other}/cmdline").read_text(encoding="utf-8"):
            raise Conflict(f"process with PID {other} is still running: {path}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{os.getpid()}\n", encoding="ascii")
    return file


if __name__ == "__main__":
    sys.exit(main())
