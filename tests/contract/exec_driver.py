"""What every ExecDriver must do: inherit, and give the fixtures `driver`, `again` and `place`."""

import asyncio
from collections.abc import Callable

import pytest
from tests.support.wine import talk

from transom.errors import Conflict, StartFailed
from transom.execution.driver import ExecDriver, ExitStatus, RuntimeStatus, SupportsExec, SupportsPause
from transom.execution.spec import ExecSpec, ProcessSpec
from transom.model.ids import ContainerId, ExecId, new_id


class ExecDriverContract:
    """The suite. Programs are named by what they do; process() says how the driver's guest does it.

    place returns a container that runs a process, with what it needs on disk; the fixture deletes it in the end.
    """

    @pytest.fixture
    def driver(self) -> ExecDriver:
        """Give a driver on empty roots."""
        raise NotImplementedError

    @pytest.fixture
    def again(self) -> ExecDriver:
        """Give another object on the same roots, as an engine that was started again has."""
        raise NotImplementedError

    @pytest.fixture
    def place(self) -> Callable[[ProcessSpec], ExecSpec]:
        """Give what makes specs."""
        raise NotImplementedError

    def process(self, name: str) -> ProcessSpec:
        """Return `sleeper` (runs on), `speaker` ("out" on stdout, "err" on stderr, exits with 3) or `missing`."""
        raise NotImplementedError

    @pytest.fixture
    def sleeper(self, place: Callable[[ProcessSpec], ExecSpec]) -> ExecSpec:
        return place(self.process("sleeper"))

    @pytest.fixture
    def speaker(self, place: Callable[[ProcessSpec], ExecSpec]) -> ExecSpec:
        return place(self.process("speaker"))

    async def start(self, driver: ExecDriver, spec: ExecSpec) -> ContainerId:
        await driver.create(spec)
        await driver.start(spec.container_id)
        return spec.container_id

    async def test_what_is_not_there_is_none_and_deleted_without_error(self, driver: ExecDriver) -> None:
        unknown = ContainerId(new_id())
        assert await driver.status(unknown) is None
        await driver.delete(unknown)
        assert unknown not in await driver.list()

    async def test_create_twice_is_conflict(self, driver: ExecDriver, sleeper: ExecSpec) -> None:
        await driver.create(sleeper)
        with pytest.raises(Conflict):
            await driver.create(sleeper)
        assert await driver.status(sleeper.container_id) is RuntimeStatus.CREATED
        assert list(await driver.list()) == [sleeper.container_id]

    async def test_cancelled_create_leaves_nothing(self, driver: ExecDriver, sleeper: ExecSpec) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await driver.create(sleeper)
        assert await driver.status(sleeper.container_id) is None
        await driver.create(sleeper)

    async def test_missing_program_is_start_failed_with_127(
        self, driver: ExecDriver, place: Callable[[ProcessSpec], ExecSpec]
    ) -> None:
        spec = place(self.process("missing"))
        with pytest.raises(StartFailed) as failed:
            await self.start(driver, spec)
        assert failed.value.exit_code == 127

    async def test_output_and_exit_code_arrive(self, driver: ExecDriver, speaker: ExecSpec) -> None:
        await driver.create(speaker)
        stdio = await driver.stdio(speaker.container_id)
        await driver.start(speaker.container_id)
        out, err = await talk(stdio, None)
        assert (out.strip(), err.strip()) == (b"out", b"err")
        assert (await driver.wait(speaker.container_id)).code == 3

    async def test_wait_gives_the_same_any_number_of_times(self, driver: ExecDriver, speaker: ExecSpec) -> None:
        container_id = await self.start(driver, speaker)
        ended = await driver.wait(container_id)
        assert await driver.wait(container_id) == ended
        assert await driver.status(container_id) is RuntimeStatus.STOPPED
        assert await driver.pid(container_id) == 0

    async def test_kill_ends_wait(self, driver: ExecDriver, sleeper: ExecSpec) -> None:
        container_id = await self.start(driver, sleeper)
        assert await driver.status(container_id) is RuntimeStatus.RUNNING
        ended: list[ExitStatus] = []

        async def wait() -> None:
            ended.append(await driver.wait(container_id))

        async with asyncio.TaskGroup() as group:
            group.create_task(wait())
            await driver.kill(container_id, "SIGKILL")
        assert ended[0].code == 137
        with pytest.raises(Conflict):
            await driver.kill(container_id, "SIGKILL")

    async def test_delete_ends_what_runs(self, driver: ExecDriver, sleeper: ExecSpec) -> None:
        container_id = await self.start(driver, sleeper)
        await driver.delete(container_id)
        assert await driver.status(container_id) is None
        assert not await driver.list()
        await driver.delete(container_id)

    async def test_another_object_takes_it_over(self, driver: ExecDriver, again: ExecDriver, sleeper: ExecSpec) -> None:
        container_id = await self.start(driver, sleeper)
        assert list(await again.list()) == [container_id]
        assert await again.status(container_id) is RuntimeStatus.RUNNING
        assert await again.pid(container_id) == await driver.pid(container_id)
        await again.kill(container_id, "SIGKILL")
        assert await again.wait(container_id) == await driver.wait(container_id)

    async def test_pause_and_unpause(self, driver: ExecDriver, sleeper: ExecSpec) -> None:
        assert isinstance(driver, SupportsPause)
        container_id = await self.start(driver, sleeper)
        await driver.pause(container_id)
        assert await driver.status(container_id) is RuntimeStatus.PAUSED
        await driver.unpause(container_id)
        assert await driver.status(container_id) is RuntimeStatus.RUNNING

    async def test_exec_runs_beside(self, driver: ExecDriver, sleeper: ExecSpec) -> None:
        assert isinstance(driver, SupportsExec)
        container_id, exec_id = await self.start(driver, sleeper), ExecId(new_id())
        await driver.exec_create(container_id, exec_id, self.process("speaker"))
        stdio = await driver.exec_start(container_id, exec_id, detach=False)
        assert stdio is not None
        out, err = await talk(stdio, None)
        assert (out.strip(), err.strip()) == (b"out", b"err")
        assert (await driver.exec_wait(container_id, exec_id)).code == 3
        await driver.exec_delete(container_id, exec_id)
        assert await driver.status(container_id) is RuntimeStatus.RUNNING

    async def test_exec_of_a_missing_program_is_start_failed(self, driver: ExecDriver, sleeper: ExecSpec) -> None:
        assert isinstance(driver, SupportsExec)
        container_id, exec_id = await self.start(driver, sleeper), ExecId(new_id())
        with pytest.raises(StartFailed) as failed:
            await driver.exec_create(container_id, exec_id, self.process("missing"))
            await driver.exec_start(container_id, exec_id, detach=False)
        assert failed.value.exit_code == 127
