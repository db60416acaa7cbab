import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from tests.contract.exec_driver import ExecDriverContract
from tests.support.engine import base_archive
from tests.support.wine import Machine

from transom.drivers.exec.wine.base.store import DiskBaseStore
from transom.execution.driver import ExecDriver
from transom.execution.spec import ExecSpec, ProcessSpec
from transom.model.ids import ContainerId, new_id
from transom.model.mount import Mount, MountKind

pytestmark = [pytest.mark.root, pytest.mark.needs("conmon"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DiskBaseStore]:
    store = DiskBaseStore(tmp_path_factory.mktemp("bases"))
    yield store
    shutil.rmtree(store.directory)


@pytest.fixture
async def machine(bases: DiskBaseStore, short_tmp: Path) -> AsyncIterator[Machine]:
    made = Machine(short_tmp, bases)
    yield made
    await made.close()


class TestOciDriver(ExecDriverContract):
    @pytest.fixture
    def driver(self, machine: Machine) -> ExecDriver:
        return machine.oci

    @pytest.fixture
    def again(self, machine: Machine) -> ExecDriver:
        return Machine(machine.top, machine.bases).oci

    @pytest.fixture
    async def place(self, machine: Machine) -> AsyncIterator[Callable[[ProcessSpec], ExecSpec]]:
        made: list[ContainerId] = []

        def place(process: ProcessSpec) -> ExecSpec:
            container_id = ContainerId(new_id())
            root, log = machine.top / f"root-{container_id[:12]}", machine.top / f"{container_id[:12]}.log"
            (root / "bin").mkdir(parents=True)
            shutil.copy("/bin/busybox", root / "bin")
            (root / "bin/sh").symlink_to("busybox")
            made.append(container_id)
            mount = Mount(MountKind.BIND, source=str(root))
            return ExecSpec(container_id, "linux", process, mount, state_dir="", log_path=str(log))

        yield place
        for container_id in made:
            await machine.oci.delete(container_id)

    def process(self, name: str) -> ProcessSpec:
        script = {"sleeper": "busybox sleep 1000", "speaker": "echo out; echo err >&2; exit 3"}
        args = ("sh", "-c", script[name]) if name in script else ("missing",)
        return ProcessSpec(args, env=("PATH=/bin",))


@pytest.mark.wine
class TestWineDriver(ExecDriverContract):
    @pytest.fixture
    async def driver(self, machine: Machine) -> ExecDriver:
        if not await machine.bases.list():
            await machine.bases.import_(str(base_archive()), lambda progress: None)
        return machine.driver

    @pytest.fixture
    def again(self, machine: Machine) -> ExecDriver:
        return Machine(machine.top, machine.bases).driver

    @pytest.fixture
    def place(self, machine: Machine) -> Callable[[ProcessSpec], ExecSpec]:
        def place(process: ProcessSpec) -> ExecSpec:
            spec = machine.spec(process.command_line)
            machine.made.append(spec.container_id)
            return spec

        return place

    def process(self, name: str) -> ProcessSpec:
        line = {"sleeper": "waitfor never", "speaker": "cmd /c echo out& echo err>&2& exit 3"}
        return ProcessSpec((), command_line=line.get(name, "missing.exe"))
