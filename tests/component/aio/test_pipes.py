import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from transom.aio.complete import complete
from transom.aio.pipes import make_pipe, read_all, write_all


async def pieces(count: int, size: int) -> AsyncIterator[bytes]:
    for number in range(count):
        yield bytes([number % 256]) * size


async def test_more_than_a_pipe_holds_goes_through() -> None:
    reader, writer = make_pipe()
    received = bytearray()
    async with asyncio.TaskGroup() as group:
        group.create_task(write_all(writer, pieces(40, 100_001)))
        async for data in read_all(reader):
            received += data
    os.close(reader)
    assert len(received) == 40 * 100_001
    assert set(received[-100_001:]) == {39}


async def test_writer_ends_quietly_when_the_reader_goes() -> None:
    reader, writer = make_pipe()
    os.close(reader)
    await write_all(writer, pieces(3, 10))
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(writer)


async def test_cancelled_writer_has_closed_its_end() -> None:
    reader, writer = make_pipe()
    task = asyncio.ensure_future(write_all(writer, pieces(1000, 1 << 20)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(writer)
    os.close(reader)


async def test_complete_gives_the_result_before_two_cancels() -> None:
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    seen: list[str] = []

    async def caller() -> None:
        seen.append(await complete(future))
        await asyncio.sleep(0)
        seen.append("not reached")

    task = asyncio.ensure_future(caller())
    for _ in range(2):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    future.set_result("done")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["done"]
