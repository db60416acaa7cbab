"""Windows programs on the real base, by the driver alone."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.engine import base_archive
from tests.support.wine import Machine, read_until, talk

from transom.drivers.exec.wine import registry
from transom.drivers.exec.wine.base.store import DiskBaseStore
from transom.drivers.exec.wine.prefix import registry_delta
from transom.errors import Conflict, StartFailed
from transom.execution.driver import RuntimeStatus
from transom.execution.spec import ProcessSpec
from transom.model.mount import Mount, MountKind

pytestmark = [pytest.mark.root, pytest.mark.wine, pytest.mark.needs("conmon"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DiskBaseStore]:
    store = DiskBaseStore(tmp_path_factory.mktemp("bases"))
    asyncio.run(store.import_(str(base_archive()), lambda progress: None))
    yield store
    shutil.rmtree(store.directory)


@pytest.fixture
async def machine(bases: DiskBaseStore, short_tmp: Path) -> AsyncIterator[Machine]:
    made = Machine(short_tmp, bases)
    yield made
    await made.close()


async def test_version_is_the_images(machine: Machine) -> None:
    assert await machine.run("cmd /c ver") == (b"\r\nMicrosoft Windows [Version 10.0.20348.2527]\r\n", b"", 0)
    assert b"10.0.17763" in (await machine.run("cmd /c ver", os_version="10.0.17763.1")).out


async def test_exit_code_has_32_bits(machine: Machine) -> None:
    assert (await machine.run("cmd /c exit 300")).code == 300
    assert (await machine.run("cmd /c exit -1073741819")).code == 0xC0000005


async def test_command_line_keeps_quotes_and_letters(machine: Machine) -> None:
    ran = await machine.run('cmd /c echo {"a":"b c"} ^& äöü 中文')
    assert ran.out.decode() == '{"a":"b c"} & äöü 中文\r\n'


async def test_environment_is_windows_own_and_the_containers(machine: Machine) -> None:
    ran = await machine.run("cmd /c set", env=("Path=C:\\tools", "GREETING=grüß dich", "EMPTY="))
    variables = dict(line.split("=", 1) for line in ran.out.decode().splitlines())
    assert [value for name, value in variables.items() if name.upper() == "PATH"] == ["C:\\tools"]
    assert variables["GREETING"] == "grüß dich"
    assert variables["COMPUTERNAME"] == "WEB1"
    assert variables["USERPROFILE"] == "C:\\Users\\ContainerAdministrator"
    assert not {"HOME", "PWD", "LANG", "TERM", "LC_CTYPE", "WINEPREFIX", "WINEDEBUG", "XDG_RUNTIME_DIR"} & set(
        variables
    )


async def test_user_and_working_directory(machine: Machine) -> None:
    ran = await machine.run(
        "cmd /c cd & echo %USERNAME% & echo x> %TEMP%\\t & type %TEMP%\\t", user="ContainerUser", cwd="C:\\new\\dir"
    )
    assert ran.out.split() == [b"C:\\new\\dir", b"ContainerUser", b"x"]


async def test_directory_listing_and_volume(machine: Machine) -> None:
    ran = await machine.run("cmd /c dir C:\\")
    assert ran.code == 0
    assert b"Volume Serial Number is" in ran.out and b"<DIR>          windows" in ran.out


async def test_ten_megabytes_pass_unchanged(machine: Machine) -> None:
    data = b"".join(b"%08d the quick brown fox\r\n" % number for number in range(320_000))
    ran = await machine.run("findstr fox", stdin=data)
    assert (ran.out == data, ran.code) == (True, 0)


async def test_end_of_stdin_is_seen(machine: Machine) -> None:
    ran = await machine.run("cmd /c sort", stdin=b"b\r\na\r\n")
    assert ran.out.split() == [b"a", b"b"]


async def test_script_on_cmds_stdin_runs_line_by_line(machine: Machine) -> None:
    script = b"@echo off\r\nset /p x=\r\nvalue\r\necho got %x%\r\nexit 7\r\n"
    ran = await machine.run("cmd", stdin=script)
    assert b"got value" in ran.out and ran.code == 7


async def test_streams_are_apart(machine: Machine) -> None:
    assert await machine.run("cmd /c echo out& echo err>&2") == (b"out\r\n", b"err\r\n", 0)


async def test_child_that_holds_the_pipe_is_not_waited_for(machine: Machine) -> None:
    async with asyncio.timeout(20):
        ran = await machine.run('cmd /c "start /b cmd /c pause & echo done"', stdin=None)
    assert ran.out.endswith(b"done\r\n")


@pytest.mark.parametrize("line", ["nosuch.exe arg", "C:\\no\\such.exe"])
async def test_missing_program_is_127(machine: Machine, line: str) -> None:
    with pytest.raises(StartFailed, match="The system cannot find the file specified") as caught:
        await machine.run(line)
    assert caught.value.exit_code == 127


async def test_linux_program_is_126(machine: Machine) -> None:
    busybox = Mount(MountKind.BIND, target="C:\\busybox.exe", source="/bin/true")
    with pytest.raises(StartFailed, match=r"not a valid Win32 application.*permission denied") as caught:
        await machine.run("C:\\busybox.exe", mounts=(busybox,))
    assert caught.value.exit_code == 126


async def test_unknown_user_leaves_nothing(machine: Machine) -> None:
    with pytest.raises(StartFailed, match="The user name or password is incorrect"):
        await machine.run("cmd", user="1000")
    assert await machine.driver.list() == []


async def test_create_twice_is_conflict(machine: Machine) -> None:
    spec = machine.spec("cmd", open_stdin=True)
    stdio = await machine.create(spec)
    with pytest.raises(Conflict):
        await machine.driver.create(spec)
    assert await machine.driver.status(spec.container_id) is RuntimeStatus.RUNNING
    await stdio.close()


async def test_mounts_below_c_and_as_a_drive(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("from outside")
    mounts = (
        Mount(MountKind.BIND, target="D:", source=str(tmp_path)),
        Mount(MountKind.BIND, target="C:\\DATA", source=str(tmp_path), readonly=True),
    )
    line = "cmd /c type D:\\in.txt & echo inside> D:\\OUT.txt & dir /b C:\\data & echo no> C:\\data\\x"
    ran = await machine.run(line, mounts=mounts)
    assert ran.out.startswith(b"from outside")
    assert b"in.txt" in ran.out and b"OUT.txt" in ran.out
    assert (tmp_path / "OUT.txt").read_bytes().strip() == b"inside"
    assert not (tmp_path / "x").exists()


async def test_files_and_registry_of_a_stopped_container_are_kept(machine: Machine) -> None:
    spec = machine.spec('cmd /c "reg add HKLM\\Software\\Mine /v a /d 1 & echo x> C:\\kept.txt"')
    await machine.run_spec(spec)
    again = replace(spec, process=ProcessSpec((), 'cmd /c "reg query HKLM\\Software\\Mine & dir /b C:\\kept.txt"'))
    ran = await machine.run_spec(again)
    assert b"a    REG_SZ    1" in ran.out and b"kept.txt" in ran.out


async def test_registry_delta_of_one_container_is_in_force_in_the_next(machine: Machine, tmp_path: Path) -> None:
    environment = '"HKLM\\System\\CurrentControlSet\\Control\\Session Manager\\Environment"'
    changes = f"reg add {environment} /v MINE /d wert & reg delete HKLM\\Software\\Classes\\.chm /f"
    spec = machine.spec(f"cmd /c {changes}")
    await machine.run_spec(spec)
    data = registry_delta(spec.state_dir, "sha256:" + "0" * 64)
    part = registry.load_delta(data).branches
    assert [list(each.set) for each in part.values()] == [
        [r"System\\ControlSet001\\Control\\Session Manager\\Environment"],
        [],
    ]
    assert part["system"].removed == (r"Software\\Classes\\.chm",)
    (tmp_path / "delta").write_bytes(data)
    ran = await machine.run(
        "cmd /c echo %MINE% & reg query HKLM\\Software\\Classes\\.chm", registry_deltas=(str(tmp_path / "delta"),)
    )
    assert ran.out.startswith(b"wert") and ran.code == 1


async def test_flush_writes_the_registry_of_a_running_container(machine: Machine) -> None:
    spec = machine.spec("cmd", open_stdin=True)
    stdio = await machine.create(spec)
    assert (await machine.exec(spec.container_id, "reg add HKCU\\Software\\Mine /v a /d 1")).code == 0
    await machine.driver.flush(spec.container_id)
    delta = registry.load_delta(registry_delta(spec.state_dir, ""))
    assert delta.branches["user"].set == {r"Software\\Mine": {'"a"': '"1"'}}
    await stdio.close()


async def test_exec_has_its_own_streams_code_and_environment(machine: Machine) -> None:
    spec = machine.spec("cmd", open_stdin=True)
    stdio = await machine.create(spec)
    ran = await machine.exec(spec.container_id, "cmd /c echo %A% & echo e>&2 & exit 70000", env=("A=b",))
    assert (ran.out.split(), ran.err.split(), ran.code) == ([b"b"], [b"e"], 70000)
    with pytest.raises(StartFailed):
        await machine.exec(spec.container_id, "nosuch")
    assert await machine.driver.status(spec.container_id) is RuntimeStatus.RUNNING
    await stdio.close()


async def test_another_driver_object_carries_on(machine: Machine) -> None:
    spec = machine.spec("cmd", open_stdin=True)
    stdio = await machine.create(spec)
    other = Machine(machine.top, machine.bases)
    assert spec.container_id in await other.driver.list()
    assert (await other.exec(spec.container_id, "cmd /c exit 3")).code == 3
    await stdio.write(b"exit 5\r\n")
    assert (await other.driver.wait(spec.container_id)).code == 5
    assert (await machine.driver.wait(spec.container_id)).code == 5
    await stdio.close()


async def test_kill_ends_everything_and_keeps_the_registry(machine: Machine) -> None:
    spec = machine.spec('cmd /c "reg add HKCU\\Software\\Mine /v a /d 1 & pause"', open_stdin=True)
    stdio = await machine.create(spec)
    await read_until(stdio, b"Press any key")
    await machine.driver.kill(spec.container_id, "SIGKILL")
    assert (await machine.driver.wait(spec.container_id)).code == 137
    await machine.driver.delete(spec.container_id)
    assert registry.load_delta(registry_delta(spec.state_dir, "")).branches["user"].set
    await stdio.close()


async def test_kill_ends_a_paused_container(machine: Machine) -> None:
    spec = machine.spec("cmd", open_stdin=True)
    stdio = await machine.create(spec)
    await machine.driver.pause(spec.container_id)
    assert await machine.driver.status(spec.container_id) is RuntimeStatus.PAUSED
    async with asyncio.timeout(5):
        await machine.driver.kill(spec.container_id, "SIGKILL")
    assert (await machine.driver.wait(spec.container_id)).code == 137
    await stdio.close()


async def test_stop_reaches_the_program(machine: Machine) -> None:
    spec = machine.spec("cmd /c pause", open_stdin=True)
    stdio = await machine.create(spec)
    await read_until(stdio, b"Press any key")
    async with asyncio.timeout(10):
        await machine.driver.stop(spec.container_id, "SIGINT")
        assert (await machine.driver.wait(spec.container_id)).code == 0xC000013A
    await stdio.close()


async def test_what_is_typed_before_a_prompt_is_not_lost(machine: Machine) -> None:
    spec = machine.spec("cmd", terminal=True, open_stdin=True)
    stdio = await machine.create(spec)
    await stdio.write(b"echo typed on %OS%\rexit 6\r")
    out, _ = await talk(stdio, None)
    assert b"typed on Windows_NT" in out
    assert (await machine.driver.wait(spec.container_id)).code == 6


async def test_terminal_is_a_console(machine: Machine) -> None:
    spec = machine.spec("cmd", terminal=True, open_stdin=True, console_size=(30, 100))
    stdio = await machine.create(spec)
    await read_until(stdio, b"C:\\>")
    await stdio.write(b"echo typed on %OS%\r")
    await read_until(stdio, b"typed on Windows_NT")
    await stdio.write(b"exit 9\r")
    await talk(stdio, None)
    assert (await machine.driver.wait(spec.container_id)).code == 9


async def test_read_only_container(machine: Machine) -> None:
    ran = await machine.run('cmd /c "echo x> C:\\new.txt"', readonly_root=True)
    assert b"Access denied" in ran.err or ran.code != 0


async def test_128_layers_mount(machine: Machine, tmp_path: Path) -> None:
    layers = []
    for number in range(127):
        layer = tmp_path / f"{number:064x}" / "fs"
        layer.mkdir(parents=True)
        (layer / f"file{number}.txt").touch()
        layers.append(str(layer))
    spec = machine.spec("cmd /c dir /b C:\\file*")
    root = replace(spec.root, kind=MountKind.OVERLAY, source="", lowers=tuple(layers))
    ran = await machine.run_spec(replace(spec, root=root))
    assert len(ran.out.split()) == 127


async def test_linux_side_holds_no_secret_and_cannot_be_written(machine: Machine) -> None:
    """The path form that reaches below Wine is a known hole: what is there is the base, read-only."""
    ran = await machine.run(
        'cmd /c "type \\\\?\\unix\\etc\\passwd & echo x> \\\\?\\unix\\etc\\evil & dir /b \\\\?\\unix\\root"'
    )
    assert b"root:" not in ran.out
    assert not any((base / "linux/etc/evil").exists() for base in machine.bases.directory.iterdir())
