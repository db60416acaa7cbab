"""Execs handed to the first process: what stands in for its socket and FIFO must not lead astray."""

import asyncio
import os
import socket
from pathlib import Path

from transom.drivers.exec.wine import addition
from transom.drivers.exec.wine.request import Report


def listening(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.bind(str(path))
    sock.listen()
    return sock


async def test_connection_brings_report_then_streams(tmp_path: Path) -> None:
    with listening(tmp_path / "main.execs") as server:
        connection = addition.connect(tmp_path, "exec-1")
        assert connection is not None
        peer, _ = server.accept()
        with peer:
            assert peer.recv(100) == b"exec-1"
            assert addition.is_one(tmp_path, "exec-1")
            peer.send(b"\x01started 32 \n")
            peer.send(b"\x03err")
            assert await connection.report() == Report("started", 32, "")
            assert await connection.stdio().read() == (2, b"err")
        assert await connection.report() is None
        connection.close()
    addition.disown(tmp_path, "exec-1")
    assert not addition.is_one(tmp_path, "exec-1")


def test_nobody_who_listens_is_no_connection(tmp_path: Path) -> None:
    assert addition.connect(tmp_path, "exec-1") is None
    (tmp_path / "main.execs").touch()
    assert addition.connect(tmp_path, "exec-1") is None
    assert not addition.is_one(tmp_path, "exec-1")


def test_link_is_not_followed(tmp_path: Path) -> None:
    with listening(tmp_path / "elsewhere") as server:
        (tmp_path / "main.execs").symlink_to(tmp_path / "elsewhere")
        server.setblocking(False)
        assert addition.connect(tmp_path, "exec-1") is None
        try:
            server.accept()
        except BlockingIOError:
            return
    raise AssertionError("a link of the container's was followed")


async def test_end_is_that_nobody_holds_the_fifo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "exec-1.run")
    await addition.wait_ended(tmp_path, "exec-1")
    held = os.open(tmp_path / "exec-1.run", os.O_RDWR)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        waiting = [group.create_task(addition.wait_ended(tmp_path, "exec-1")) for _ in range(2)]
        await asyncio.sleep(0)
        assert not any(each.done() for each in waiting)
        os.close(held)
    await addition.wait_ended(tmp_path, "exec-2")
