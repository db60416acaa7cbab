"""Which entry of an index is meant, and how many layers are a base's."""

import pytest

from transom.images.choice import base_layers_said, choose
from transom.model.ids import Digest
from transom.model.oci import Descriptor, HistoryEntry, ImageConfig
from transom.model.platform import Platform, host_architecture

HOST = host_architecture()
OTHER = "arm64" if HOST != "arm64" else "amd64"
BOTH = ("linux", "windows")


def entry(platform: Platform | None, number: int = 1) -> Descriptor:
    return Descriptor("m", Digest(f"sha256:{number:064}"), 1, platform=platform)


LINUX, WINDOWS = entry(Platform("linux", HOST), 1), entry(Platform("windows", HOST, "", "10.0.17763.1"), 2)
NEWER = entry(Platform("windows", HOST, "", "10.0.20348.9"), 3)
FOREIGN = entry(Platform("linux", OTHER), 4)


@pytest.mark.parametrize(
    ("entries", "wanted", "expected"),
    [
        ([FOREIGN, WINDOWS, LINUX], None, LINUX),
        ([FOREIGN, WINDOWS, NEWER], None, NEWER),
        ([FOREIGN], None, None),
        ([FOREIGN, LINUX], Platform("linux", OTHER), FOREIGN),
        ([WINDOWS, NEWER, LINUX], Platform("windows", HOST, "", "10.0.17763"), WINDOWS),
        ([WINDOWS, NEWER, LINUX], Platform("windows", HOST, "", "10.0.1776"), None),
        ([entry(Platform("plan9", HOST))], None, None),
        ([entry(None)], None, entry(None)),
        ([entry(None), LINUX], None, LINUX),
        ([], None, None),
    ],
)
def test_choice(entries: list[Descriptor], wanted: Platform | None, expected: Descriptor | None) -> None:
    assert choose(entries, wanted, BOTH) == expected


DIFFS = tuple(Digest(f"sha256:{number:064}") for number in range(3))
LAYERS = [Descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", each, 1) for each in DIFFS]


def config(*steps: str, unrooted: str = "") -> ImageConfig:
    history = tuple(HistoryEntry(created_by=step) for step in steps)
    return ImageConfig(Platform("windows", "amd64"), diff_ids=DIFFS, history=history, unrooted=unrooted)


def test_base_layers() -> None:
    assert base_layers_said(config("Apply image 1", "Install update 2", "RUN x"), LAYERS, []) == 2
    assert base_layers_said(config("RUN x"), LAYERS, [DIFFS[:1], DIFFS[:2], DIFFS[1:]]) == 2
    assert base_layers_said(config("RUN x"), LAYERS, [()]) == 0
    assert base_layers_said(config("Apply image 1", unrooted="x"), LAYERS, []) == 0
    foreign = Descriptor("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", DIFFS[0], 1)
    assert base_layers_said(config(), [foreign, *LAYERS[1:]], []) == 1
