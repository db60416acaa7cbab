"""Windows layers as a Windows host makes them, and as one takes them: through the docker CLI."""

from pathlib import Path

import pytest
from tests.support.engine import Engine
from tests.support.hives import SZ, Node, environment, hive, text
from tests.support.hives import path as at
from tests.support.images import directory, file, layer, make, write_archive
from tests.support.windows import COMPILER, probe

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", COMPILER),
    pytest.mark.timeout(600),
]

BASE = make(
    layer(
        directory("Files"),
        directory("Files/Windows"),
        file("Files/Windows/System32/ntdll.dll", "MZ"),
        directory("Hives"),
    ),
    os="windows",
    architecture="amd64",
    os_version="10.0.20348.2655",
    history=[{"created_by": "Apply image 10.0.20348.2655"}],
)


def test_program_on_a_path_that_delta_hives_set_starts_by_its_name(windows: Engine, tmp_path: Path) -> None:
    """Also after a commit on top, whose layer has our own form of registry changes beside."""
    own = layer(
        directory("Files"),
        directory("Files/Tools"),
        file("Files/Tools/probe.exe", probe(), pax={"MSWINDOWS.fileattr": "32"}),
        directory("Hives"),
        file("Hives/System_Delta", environment(Path=r"%SystemRoot%\system32;%SystemRoot%;C:\Tools", LAYER="hive")),
        file("Hives/Software_Delta", hive(at(r"Vendor\Thing", Node({"v": (SZ, text("software"))})))),
    )
    image = make(
        *BASE.layers, own, names=["hived:1"], os="windows", architecture="amd64", os_version="10.0.20348.2655",
        history=[{"created_by": "Apply image 10.0.20348.2655"}, {"created_by": "COPY"}],
        config={"Cmd": ["probe.exe", "args"]},
    )  # fmt: skip
    write_archive(str(tmp_path / "hived.tar"), image)
    windows.docker("load", "-i", str(tmp_path / "hived.tar"))

    windows.docker("run", "--rm", "hived:1")
    assert "hive" in windows.docker("run", "--rm", "hived:1", "cmd", "/c", "echo %LAYER%").out
    query = ("reg", "query", r"HKLM\Software\Vendor\Thing", "/v", "v")
    assert "software" in windows.docker("run", "--rm", "hived:1", *query).out

    added = ("reg", "add", r"HKLM\Software\Vendor\Thing", "/v", "w", "/d", "ours", "/f")
    windows.docker("run", "--name", "hived", "hived:1", *added)
    windows.docker("commit", "hived", "hived:2")
    assert "ours" in windows.docker("run", "--rm", "hived:2", "reg", "query", r"HKLM\Software\Vendor\Thing").out
    windows.docker("run", "--rm", "hived:2", "probe.exe", "args")
