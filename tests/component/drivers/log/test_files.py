"""Logs on disk, with a monitor played by the test."""

import asyncio
import os
from pathlib import Path

import pytest

from transom.drivers.log.files import LogFiles
from transom.logs.record import parse_lines
from transom.logs.store import LogReader, Rotation


class PlayedMonitor:
    """Writes a log as conmon does, and opens it again when told."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def say(self, text: str, *, stream: str = "stdout", flag: str = "F") -> None:
        os.write(self._fd, f"2026-01-01T00:00:00.000000000+00:00 {stream} {flag} {text}\n".encode())

    def reopen(self) -> None:
        os.close(self._fd)
        self._fd = os.open(f"{self._path}.tmp", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.rename(f"{self._path}.tmp", self._path)

    def close(self) -> None:
        os.close(self._fd)


@pytest.fixture
def monitor(tmp_path: Path):  # type: ignore[no-untyped-def]
    played = PlayedMonitor(tmp_path / "container.log")
    yield played
    played.close()


@pytest.fixture
def logs(tmp_path: Path) -> LogFiles:
    return LogFiles(lambda _: str(tmp_path / "container.log"), str(tmp_path))


async def read_all(reader: LogReader) -> list[str]:
    found = []
    while block := await reader.read():
        found += [record.data.decode().rstrip("\n") for record in parse_lines(block)]
    return found


async def test_reader_goes_on_over_rotations(logs: LogFiles, monitor: PlayedMonitor) -> None:
    reader = await logs.open("c")
    monitor.say("1")
    assert await read_all(reader) == ["1"]

    assert await logs.rotate("c", Rotation(10, 3))
    monitor.say("2, still to the old file")
    assert await read_all(reader) == ["2, still to the old file"]
    monitor.say("3")
    monitor.reopen()
    monitor.say("4")
    assert await logs.rotate("c", Rotation(10, 3))
    monitor.reopen()
    monitor.say("5")

    assert await read_all(reader) == ["3", "4", "5"]
    reader.close()


async def test_rotation_keeps_so_many_files(logs: LogFiles, monitor: PlayedMonitor, tmp_path: Path) -> None:
    for number in range(6):
        monitor.say(str(number))
        assert await logs.rotate("c", Rotation(10, 3))
        monitor.reopen()
    assert not await logs.rotate("c", Rotation(10, 3))

    assert sorted(os.listdir(tmp_path)) == ["container.log", "container.log.1", "container.log.2"]
    reader = await logs.open("c")
    assert await read_all(reader) == ["4", "5"]
    reader.close()


async def test_rotation_is_not_told_twice_but_taken_up_after_a_crash(logs: LogFiles, monitor: PlayedMonitor) -> None:
    monitor.say("text")
    assert await logs.rotate("c", Rotation(10, 2))

    assert not await logs.rotate("c", Rotation(10, 2)), "the monitor has yet to open its log again"
    assert await logs.rotate("c", Rotation(10, 2), resume=True)


async def test_tail_counts_lines_of_wanted_streams_over_files(logs: LogFiles, monitor: PlayedMonitor) -> None:
    monitor.say("o1")
    monitor.say("e1", stream="stderr")
    assert await logs.rotate("c", Rotation(10, 5))
    monitor.reopen()
    monitor.say("o2, ", flag="P")
    monitor.say("the end of o2")
    monitor.say("e2", stream="stderr")
    monitor.say("o3 without end", flag="P")

    async def tail(lines: int, streams: tuple[bool, bool]) -> list[str]:
        reader = await logs.open("c", tail=lines, streams=streams)
        found = await read_all(reader)
        reader.close()
        return [text for text in found if streams[text.startswith("e")]]

    assert await tail(1, (True, True)) == ["o3 without end"]
    assert await tail(2, (True, False)) == ["o2, ", "the end of o2", "o3 without end"]
    assert await tail(3, (True, False)) == ["o1", "o2, ", "the end of o2", "o3 without end"]
    assert await tail(1, (False, True)) == ["e2"]
    assert await tail(2, (False, True)) == ["e1", "e2"]
    assert await tail(0, (True, True)) == []
    assert await tail(99, (True, True)) == ["o1", "e1", "o2, ", "the end of o2", "e2", "o3 without end"]


async def test_change_wakes_a_follower(logs: LogFiles, monitor: PlayedMonitor) -> None:
    reader = await logs.open("c")
    await reader.changed()  # what came before the watch
    waiting = reader.changed()
    assert not waiting.done()

    monitor.say("more")

    async with asyncio.timeout(5):
        await waiting
    assert await read_all(reader) == ["more"]
    reader.close()


async def test_log_that_is_not_there_is_empty(logs: LogFiles) -> None:
    reader = await logs.open("c")

    assert await read_all(reader) == []
    reader.close()


async def test_spool_gives_back_what_went_in(logs: LogFiles, tmp_path: Path) -> None:
    spool = logs.spool()
    pieces = [(1 + number % 2, bytes([number]) * number * 1000) for number in range(60)]
    for piece in pieces:
        await spool.write(*piece)
    assert spool.size_bytes > sum(len(data) for _, data in pieces)

    found = []
    while more := await spool.read():
        found += more

    assert found == pieces
    assert spool.size_bytes == 0
    assert os.listdir(tmp_path) == []
    spool.close()
