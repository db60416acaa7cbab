import asyncio
import os
import select
from collections.abc import AsyncIterator

import pytest
from tests.component.host import worker_jobs as jobs

from transom.errors import Conflict, Unavailable
from transom.host.worker import Workers


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    workers = Workers(["tests.component.host.worker_jobs"])
    yield workers
    await workers.close()


async def test_run_gives_result_reports_and_descriptors(workers: Workers) -> None:
    reports: list[int] = []
    reader, writer = os.pipe()
    found = await workers.run(jobs.add, jobs.Numbers([1, 2, 3]), [writer], reports.append)
    os.close(writer)
    assert found.total == 6
    assert found.pid != os.getpid()
    assert reports == [1, 2, 3]
    assert os.read(reader, 10) == b"seen"
    os.close(reader)


async def test_run_takes_arguments_of_any_size(workers: Workers) -> None:
    assert (await workers.run(jobs.add, jobs.Numbers([1] * 300_000))).total == 300_000


async def test_run_passes_kinds_of_error_on(workers: Workers) -> None:
    with pytest.raises(Conflict, match="in the way"):
        await workers.run(jobs.refuse, "in the way")
    with pytest.raises(Unavailable, match="No space left"):
        await workers.run(jobs.full, "")
    with pytest.raises(Unavailable, match="memory"):
        await workers.run(jobs.greedy, "")
    with pytest.raises(Unavailable, match="died"):
        await workers.run(jobs.die, "")
    with pytest.raises(RuntimeError, match="KeyError"):
        await workers.run(jobs.bug, "")


async def test_run_cancelled_has_ended_the_job(workers: Workers) -> None:
    pid: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(workers.run(jobs.hang, "", on_report=pid.set_result))
    child = os.pidfd_open(await pid)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert select.select([child], [], [], 5)[0]
    os.close(child)


async def test_run_after_idle_end_starts_anew() -> None:
    workers = Workers(idle_s=0.01)
    for _ in range(3):
        assert (await workers.run(jobs.add, jobs.Numbers([1]))).total == 1
        process = workers._process
        assert process is not None
        await asyncio.to_thread(process.wait)
    await workers.close()
