"""A container's registry, from template, layers and identity."""

from dataclasses import replace
from pathlib import Path

import pytest

from transom.drivers.exec.wine import prefix, registry
from transom.errors import InvalidParameter, NotFound
from transom.execution.spec import ExecSpec, ProcessSpec
from transom.model.ids import ContainerId
from transom.model.mount import Mount, MountKind

NAME = r"system\\controlset001\\control\\computername\\computername"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    directory = tmp_path / "base/registry"
    directory.mkdir(parents=True)
    (directory / "system.reg").write_text(registry.HEADERS["system"] + '\n[Software\\\\Old]\n"v"="1"\n')
    user = '\n[Env]\n"Profile"="C:\\\\Users\\\\ContainerAdministrator"\n'
    (directory / "user.reg").write_text(registry.HEADERS["user"] + user)
    return tmp_path / "base"


@pytest.fixture
def spec(tmp_path: Path) -> ExecSpec:
    root = Mount(MountKind.BIND, source="/u", upper="/u", work="/w")
    return ExecSpec(
        ContainerId("ab" * 32), "windows", ProcessSpec(("cmd",)), root, str(tmp_path / "state"), "",
        hostname="web-1.example", os_version="10.0.17763.1",
    )  # fmt: skip


def branch(made: Path, name: str = "system") -> registry.Branch:
    return registry.parse((made / f"{name}.reg").read_text())


def change(made: Path, text: str, name: str = "system") -> None:
    with (made / f"{name}.reg").open("a") as file:
        file.write(text)


def delta_file(path: Path, before: str, after: str) -> str:
    parsed = [{"system": registry.parse(registry.HEADERS["system"] + text)} for text in (before, after)]
    path.write_bytes(registry.dump_delta(registry.diff(*parsed, base="sha256:b")))
    return str(path)


def test_identity_is_written(base: Path, spec: ExecSpec) -> None:
    system = branch(prefix.prepare(spec, base, {"c": "/c"}))
    assert system[NAME].values['"computername"'][1] == '"WEB-1"'
    version = system[r"software\\microsoft\\windows nt\\currentversion"].values
    assert version['"currentbuild"'][1] == '"17763"'
    assert version['"productname"'][1] == '"Windows Server 2019 Datacenter"'


def test_drives_are_links_and_old_ones_go(base: Path, spec: ExecSpec) -> None:
    prefix.prepare(spec, base, {"c": "/c", "d": "/drives/d"})
    made = prefix.prepare(spec, base, {"c": "/c"})
    assert {each.name: str(each.readlink()) for each in (made / "dosdevices").iterdir()} == {"c:": "/c"}


def test_layers_add_in_order(base: Path, spec: ExecSpec, tmp_path: Path) -> None:
    one = delta_file(tmp_path / "1", "", '\n[A]\n"x"="1"\n')
    two = delta_file(tmp_path / "2", '\n[A]\n"x"="1"\n', '\n[A]\n"x"="2"\n"y"="3"\n')
    system = branch(prefix.prepare(replace(spec, registry_deltas=(one, two)), base, {}))
    assert system["a"].values == {'"x"': ('"x"', '"2"'), '"y"': ('"y"', '"3"')}


def test_layer_that_removes_takes_the_key_out(base: Path, spec: ExecSpec, tmp_path: Path) -> None:
    gone = delta_file(tmp_path / "1", '\n[Software\\\\Old]\n"v"="1"\n', "")
    system = branch(prefix.prepare(replace(spec, registry_deltas=(gone,)), base, {}))
    assert r"software\\old" not in system
    assert NAME in system


def test_malformed_delta_leaves_no_registry(base: Path, spec: ExecSpec, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"{}")
    with pytest.raises(InvalidParameter):
        prefix.prepare(replace(spec, registry_deltas=(str(tmp_path / "bad"),)), base, {})
    assert not (tmp_path / "state/wine/system.reg").exists()


def test_registry_of_an_earlier_run_is_kept(base: Path, spec: ExecSpec) -> None:
    change(prefix.prepare(spec, base, {}), '\n[Mine]\n"a"="b"\n')
    assert "mine" in branch(prefix.prepare(spec, base, {}))


def test_delta_is_what_the_container_changed(base: Path, spec: ExecSpec) -> None:
    made = prefix.prepare(spec, base, {})
    change(made, '\n[Mine]\n"a"="b"\n')
    change(
        made, "\n[System\\\\ControlSet001\\\\Control\\\\ComputerName\\\\ComputerName]\n" + '"ComputerName"="OTHER"\n'
    )
    delta = registry.load_delta(prefix.registry_delta(spec.state_dir, "sha256:b"))
    assert delta.base == "sha256:b"
    assert delta.branches["system"].set == {"Mine": {'"a"': '"b"'}}


def test_delta_of_an_untouched_container_is_empty(base: Path, spec: ExecSpec) -> None:
    prefix.prepare(spec, base, {})
    assert prefix.registry_delta(spec.state_dir, "sha256:b") == b""


def test_links_that_a_container_left_lead_nowhere(base: Path, spec: ExecSpec, tmp_path: Path) -> None:
    """A Windows program reaches its prefix, and the engine writes there as root when the container starts again."""
    made = prefix.prepare(spec, base, {"c": "/c"})
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("kept")
    for name in ("system.reg", "user.reg"):
        (made / name).unlink()
        (made / f"{name}.part").symlink_to(outside / "precious")
    (made / "system.reg").symlink_to(outside / "new")
    (made / "dosdevices/c:").unlink()
    (made / "dosdevices").rmdir()
    (made / "dosdevices").symlink_to(outside)
    prefix.prepare(spec, base, {"c": "/c"})
    assert [each.name for each in outside.iterdir()] == ["precious"]
    assert (outside / "precious").read_text() == "kept"
    assert NAME in branch(made)


def test_registry_file_that_is_a_link_is_not_read(base: Path, spec: ExecSpec, tmp_path: Path) -> None:
    made = prefix.prepare(spec, base, {})
    (tmp_path / "secret").write_text(registry.HEADERS["user"] + '\n[Secret]\n"x"="y"\n')
    (made / "user.reg").unlink()
    (made / "user.reg").symlink_to(tmp_path / "secret")
    with pytest.raises(InvalidParameter):
        prefix.registry_delta(spec.state_dir, "sha256:b")


def test_delta_of_a_container_never_started(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        prefix.registry_delta(str(tmp_path), "sha256:b")


@pytest.mark.parametrize(
    ("hostname", "name"),
    [("web", "WEB"), ("a-very-long-host-name", "A-VERY-LONG-HOS"), ("", "CONTAINER"), ("ü_x.y", "--X")],
)
def test_computer_name(hostname: str, name: str) -> None:
    assert prefix.computer_name(hostname) == name
