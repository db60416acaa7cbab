"""Which configuration a rebased image has."""

from dataclasses import replace

import pytest

from transom.errors import InvalidParameter
from transom.images.image import Image
from transom.images.rebasing import own_history, rebased
from transom.model.ids import Digest, ImageId
from transom.model.oci import Descriptor, HistoryEntry, ImageConfig, RunConfig
from transom.model.platform import Platform


def digest(number: int) -> Digest:
    return Digest(f"sha256:{number:064x}")


def image(config: ImageConfig, base_layers: int = 0) -> Image:
    layers = tuple(Descriptor("", found, 1) for found in config.diff_ids)
    return Image(ImageId(digest(0)), b"", config, Descriptor("", digest(0), 1), layers, 0, base_layers)


REAL = ImageConfig(
    Platform("windows", "amd64", "", "10.0.20348.9"),
    RunConfig(cmd=("cmd",)),
    (digest(1), digest(2)),
    (HistoryEntry(created_by="Apply image"), HistoryEntry(created_by="Install update")),
    ("win32k",),
)
BUILT = ImageConfig(
    Platform("windows", "amd64", "", "10.0.20348.1"),
    RunConfig(cmd=("app",)),
    (digest(3),),
    (HistoryEntry(created_by="COPY"), HistoryEntry(created_by="CMD", empty_layer=True)),
    created="2026",
    unrooted="mcr.microsoft.com/windows/nanoserver:ltsc2022",
)


def test_unrooted_image_is_put_on_a_real_base() -> None:
    assert rebased(image(BUILT), image(REAL, 2)) == ImageConfig(
        REAL.platform,
        BUILT.config,
        (digest(1), digest(2), digest(3)),
        (*REAL.history, *BUILT.history),
        ("win32k",),
        created="2026",
    )


def test_base_of_a_rooted_image_is_replaced() -> None:
    other = replace(REAL, diff_ids=(digest(9),), history=REAL.history[:1], platform=BUILT.platform)
    once = rebased(image(BUILT), image(REAL, 2))
    again = rebased(image(once, 2), image(other, 1))
    assert again.diff_ids == (digest(9), digest(3))
    assert again.history == (*other.history, *BUILT.history)
    assert again.platform == BUILT.platform


def test_history_of_an_image_that_keeps_none_is_nobody_s() -> None:
    assert own_history(replace(BUILT, history=()), 1) == ()


@pytest.mark.parametrize(
    "base",
    [image(BUILT), image(REAL, 0), image(replace(REAL, platform=Platform("windows", "arm64")), 2)],
)
def test_what_is_no_base_for_it_is_refused(base: Image) -> None:
    with pytest.raises(InvalidParameter):
        rebased(image(BUILT), base)
