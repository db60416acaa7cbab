"""From flags to mounts, for both guests."""

import pytest

from transom.containers.mounts import size_bytes, wanted_mounts
from transom.errors import InvalidParameter, NotSupported
from transom.guest import guest_for
from transom.wire.containers import HostConfig, MountSpec

LINUX, WINDOWS = guest_for("linux"), guest_for("windows")


def test_bind_volume_and_image_volume() -> None:
    found = wanted_mounts(HostConfig(binds=["/srv:/a/b:ro", "data:/a"]), ["/a", "/c"], LINUX)

    assert [(each.type, each.source, each.name, each.target, each.readonly, each.anonymous) for each in found] == [
        ("volume", "", "data", "/a", False, False),
        ("volume", "", "", "/c", False, True),
        ("bind", "/srv", "", "/a/b", True, False),
    ]


def test_windows_targets_are_one_whatever_their_case() -> None:
    with pytest.raises(InvalidParameter, match="Duplicate mount point"):
        wanted_mounts(HostConfig(binds=["/srv:C:\\data", "vol:c:\\DATA"]), [], WINDOWS)


@pytest.mark.parametrize(
    "bind", ["/srv:relative", "/srv:/", "a:b:c:d", "/srv:/x:wrong", "/srv:/x:ro,rw", "vol:/x:rslave"]
)
def test_malformed_bind_is_refused(bind: str) -> None:
    with pytest.raises(InvalidParameter):
        wanted_mounts(HostConfig(binds=[bind]), [], LINUX)


@pytest.mark.parametrize(
    "mount",
    [
        MountSpec(type="bind", target="/x"),
        MountSpec(type="bind", source="relative", target="/x"),
        MountSpec(type="tmpfs", source="/y", target="/x"),
        MountSpec(type="volume", source="v", target=""),
        MountSpec(type="nothing", source="v", target="/x"),
        MountSpec(type="volume", source="v", target="x"),
    ],
)
def test_malformed_mount_is_refused(mount: MountSpec) -> None:
    with pytest.raises(InvalidParameter, match="invalid mount config"):
        wanted_mounts(HostConfig(mounts=[mount]), [], LINUX)


def test_shared_propagation_is_not_supported() -> None:
    with pytest.raises(NotSupported, match="rslave"):
        wanted_mounts(HostConfig(binds=["/srv:/x:rshared"]), [], LINUX)


@pytest.mark.parametrize(("text", "size"), [("1", 1), ("64m", 64 << 20), ("2G", 2 << 30), ("3k", 3072)])
def test_size(text: str, size: int) -> None:
    assert size_bytes(text) == size


@pytest.mark.parametrize("text", ["", "m", "1x", "-1", "1.5g", "٣"])
def test_no_size(text: str) -> None:
    with pytest.raises(InvalidParameter):
        size_bytes(text)
