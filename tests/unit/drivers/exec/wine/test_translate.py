"""A Windows container as a Linux one."""

from dataclasses import replace
from pathlib import Path

import pytest

from transom.drivers.exec.wine import translate
from transom.drivers.exec.wine.owners import Owners
from transom.drivers.exec.wine.translate import Places
from transom.errors import InvalidParameter, NotSupported
from transom.execution.spec import ExecSpec, ProcessSpec, Security
from transom.model.ids import ContainerId
from transom.model.mount import Mount, MountKind


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "base/c/Program Files").mkdir(parents=True)
    (tmp_path / "base/c/windows").mkdir()
    for name in ("upper", "work", "layer"):
        (tmp_path / name).mkdir()
    return Places(tmp_path / "base", tmp_path / "control", tmp_path / "prefix")


@pytest.fixture
def spec(tmp_path: Path) -> ExecSpec:
    upper, work = str(tmp_path / "upper"), str(tmp_path / "work")
    root = Mount(MountKind.BIND, source=upper, upper=upper, work=work)
    return ExecSpec(ContainerId("c" * 64), "windows", ProcessSpec(("cmd",), env=("A=b",)), root, str(tmp_path), "/log")


def bind(target: str) -> Mount:
    return Mount(MountKind.BIND, target=target, source="/srv/data")


def targets(spec: ExecSpec, places: Places) -> list[str]:
    return [mount.target for mount in translate.linux_spec(spec, places, "Bob").mounts]


def test_drive_c_is_the_container_over_its_layers_over_the_base(spec: ExecSpec, places: Places) -> None:
    root = replace(spec.root, kind=MountKind.OVERLAY, lowers=("/l2", "/l1"))
    c = translate.drive_c(root, places.base)
    assert c.lowers == ("/l2", "/l1", str(places.base / "c"))
    assert (c.upper, c.work, c.target) == (root.upper, root.work, "/c")


def test_drive_c_of_an_image_without_layers(spec: ExecSpec, places: Places) -> None:
    c = translate.drive_c(spec.root, places.base)
    assert c.lowers == (str(places.base / "c"),)
    assert c.upper == spec.root.upper


def test_read_only_drive_has_no_upper(spec: ExecSpec, places: Places) -> None:
    view = Mount(MountKind.BIND, source="/l1", lowers=("/l1",), readonly=True)
    c = translate.drive_c(view, places.base)
    assert (c.upper, c.work, c.readonly) == ("", "", True)
    assert c.lowers == ("/l1", str(places.base / "c"))


def test_nothing_of_the_windows_process_reaches_the_linux_one(spec: ExecSpec, places: Places) -> None:
    made = translate.linux_spec(spec, places, "Bob")
    assert made.process.args == ("/transom/init",)
    assert made.process.env == ("USER=Bob",)
    assert made.readonly_root and made.security.no_new_privileges and made.security.cap_drop == ("ALL",)


def test_targets_take_the_spelling_that_is_there(spec: ExecSpec, places: Places) -> None:
    spec = replace(spec, mounts=(bind("C:\\PROGRAM FILES\\App"), bind("c:/new")))
    assert targets(spec, places)[-2:] == ["/c/Program Files/App", "/c/new"]


def test_drives_are_mounted_whole_or_in_part(spec: ExecSpec, places: Places) -> None:
    mounts = (bind("D:"), bind("E:\\sub\\dir"), bind("E:\\other"))
    made = translate.linux_spec(replace(spec, mounts=mounts), places, "Bob").mounts[4:]
    assert [(mount.kind, mount.target) for mount in made] == [
        (MountKind.BIND, "/drives/d"),
        (MountKind.TMPFS, "/drives/e"),
        (MountKind.BIND, "/drives/e/sub/dir"),
        (MountKind.BIND, "/drives/e/other"),
    ]
    assert translate.drives(mounts) == {"c": "/c", "d": "/drives/d", "e": "/drives/e"}


def test_target_without_drive_is_refused(spec: ExecSpec, places: Places) -> None:
    with pytest.raises(InvalidParameter):
        translate.linux_spec(replace(spec, mounts=(bind("/data"),)), places, "Bob")


def test_privileged_is_not_supported(spec: ExecSpec, places: Places) -> None:
    with pytest.raises(NotSupported):
        translate.linux_spec(replace(spec, security=Security(privileged=True)), places, "Bob")


def test_everything_writable_is_the_containers_own(spec: ExecSpec, places: Places, tmp_path: Path) -> None:
    mount = Mount(MountKind.BIND, target="C:\\data", source=str(tmp_path))
    owners = Owners(1 << 30)
    made = translate.linux_spec(replace(spec, mounts=(mount,)), replace(places, owners=owners), "Bob")

    assert made.idmap == owners.whole
    binds = [each for each in made.mounts if each.kind is not MountKind.TMPFS and not each.readonly]
    assert len(binds) == 4
    assert all(each.idmap for each in binds)


def test_little_of_sys_is_shown_where_the_base_has_places_for_it(spec: ExecSpec, places: Places) -> None:
    assert translate.linux_spec(spec, places, "Bob").has_sysfs

    for path in translate.SYSTEM:
        (places.base / "linux" / path[1:]).mkdir(parents=True)
    made = translate.linux_spec(spec, places, "Bob")

    assert not made.has_sysfs
    shown = [each for each in made.mounts if each.target.startswith("/sys")]
    assert shown and all(each.readonly and each.target in translate.SYSTEM for each in shown)
