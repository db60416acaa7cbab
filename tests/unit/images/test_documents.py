import json

import pytest
from tests.support.images import file, layer, make

from transom.errors import InvalidParameter, NotFound, NotSupported
from transom.images import archive_reading
from transom.images.archive import Extracted, Member, blob_name
from transom.images.document import read_config, read_index, read_manifest, write_config, write_manifest
from transom.images.gc import live_blobs, live_snapshots
from transom.images.image import Image, Name, best_variant, version_key
from transom.images.layer import chain_id, clean_name, split_whiteout
from transom.images.progress import bar, size_text
from transom.images.repository import Held, LeaseKind
from transom.images.security import DIRECTORY_SECURITY, FILE_SECURITY
from transom.images.standin import base_steps, foreign_layers, is_base_layer, is_stand_in, platform_of
from transom.images.windows_layer import (
    attributes_of,
    check_written,
    fold,
    link_target,
    read_registry,
    registry_records,
    route,
)
from transom.model.ids import Digest
from transom.model.moment import parse_moment, print_moment_ns
from transom.model.oci import Descriptor, Healthcheck, HistoryEntry, ImageConfig, Manifest, MediaType, RunConfig
from transom.model.platform import Platform, host_architecture
from transom.model.reference import parse_reference

A, B, C = (Digest(f"sha256:{char * 64}") for char in "abc")


def test_config_written_is_read_the_same() -> None:
    config = ImageConfig(
        Platform("windows", "amd64", "", "10.0.20348.1"),
        RunConfig(
            user="u",
            exposed_ports=("80/tcp",),
            env=("A=b",),
            entrypoint=(),
            cmd=("c",),
            volumes=("C:\\v",),
            working_dir="C:\\",
            labels={"a": "1", "b": ""},
            stop_signal="SIGINT",
            healthcheck=Healthcheck(("CMD", "x"), 1, 2, 3, 4, 5),
            on_build=("RUN x",),
            shell=("cmd", "/S"),
            args_escaped=True,
        ),
        (A, B),
        (HistoryEntry("2024-01-01T00:00:00Z", "x", "me", "c", True),),
        ("win32k",),
        "2024-01-01T00:00:00Z",
        "me",
        "comment",
        "28",
        "mcr.microsoft.com/windows/nanoserver:ltsc2022",
    )
    raw = write_config(config)
    assert read_config(raw) == config
    assert json.loads(raw)["transom.unrooted"] == config.unrooted
    assert write_config(read_config(raw)) == raw


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{", b'{"os":"linux"}', b'{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":["x"]}}',
     b'{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":5}}', b'{"architecture":"a","rootfs":{}}',
     b"[" * 100_000],
)  # fmt: skip
def test_config_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidParameter):
        read_config(data)


def test_manifest_keeps_foreign_urls_and_refuses_nonsense() -> None:
    foreign = Descriptor(MediaType.DOCKER_FOREIGN_LAYER_GZIP, A, 5, ("https://go.microsoft.com/x",))
    manifest = Manifest(Descriptor(MediaType.OCI_CONFIG, B, 2), (foreign,))
    assert read_manifest(write_manifest(manifest)) == manifest
    for data in (b"{}", b'{"config":{"digest":"sha256:x","size":1}}'):
        with pytest.raises(InvalidParameter):
            read_manifest(data)
    with pytest.raises(InvalidParameter):
        read_index(b'{"manifests":[{"digest":"' + A.encode() + b'","size":-1}]}')


def test_chain_id_is_the_specification_s() -> None:
    import hashlib

    assert chain_id([]) == ""
    assert chain_id([A]) == A
    assert chain_id([A, B]) == "sha256:" + hashlib.sha256(f"{A} {B}".encode()).hexdigest()


def test_names_and_whiteouts() -> None:
    assert clean_name("./a//b/") == "a/b"
    assert clean_name("/") == ""
    assert split_whiteout("a/.wh.b") == ("a", "b")
    assert split_whiteout("a/.wh..wh..opq") == ("a", "")
    assert split_whiteout("a/b") is None
    for name in ("..", "a/../..", "a" * 256, "a/" * 3000):
        with pytest.raises(InvalidParameter):
            clean_name(name)


def test_best_variant_prefers_the_host_then_the_newest() -> None:
    arch = host_architecture()
    linux, other = Platform("linux", arch), Platform("linux", "riscv64")
    old, new = (Platform("windows", arch, "", f"10.0.{build}.1") for build in (9999, 20348))
    assert best_variant([other, old, new, linux], None) == linux
    assert best_variant([other, old, new], None) == new
    assert best_variant([old, new], Platform("windows", arch, "", "10.0.9999.1")) == old
    assert best_variant([linux], Platform("windows", arch)) is None
    assert version_key("10.0.9999.2") < version_key("10.0.20348.1")


def test_name_keeps_variants_of_one_index_alone() -> None:
    made = make(layer(file("a")))
    config = read_config(made.config)
    image = Image(Digest(made.id), made.config, config, Descriptor("", A, 1), (), 0)  # type: ignore[arg-type]
    index = Descriptor("", B, 1)
    name = Name("n", index, "t", {Platform("windows", "amd64"): Digest("w")})  # type: ignore[dict-item]
    assert len(name.with_variant(index, image, "t2").variants) == 2
    assert list(name.with_variant(Descriptor("", C, 1), image, "t2").variants.values()) == [image.id]


def test_marks_follow_images_names_and_leases() -> None:
    made = make(layer(file("a")), layer(file("b")))
    config = read_config(made.config)
    image = Image(Digest(made.id), made.config, config, Descriptor("", A, 1), (Descriptor("", B, 1),), 0, 1)  # type: ignore[arg-type]
    held = [Held(LeaseKind.BLOB, "blob"), Held(LeaseKind.SNAPSHOT, "snapshot")]
    assert live_blobs([image], [Name("n", Descriptor("", C, 1), "")], held) == {made.id, A, B, C, "blob"}
    assert live_snapshots([image], held) == {chain_id(config.diff_ids), "snapshot"}  # the base layer has none


def test_links_of_an_archive_are_followed_and_loops_end() -> None:
    member = Member("a/layer.tar", 0, 1, A)
    extracted = Extracted([member], {"b/layer.tar": "../a/layer.tar", "x": "y", "y": "x", "h": "/a/layer.tar"})
    for name in ("a/layer.tar", "b/layer.tar", "./b/../b/layer.tar", "h"):
        assert archive_reading.find_member(extracted, name) == member
    for name in ("x", "../../a/layer.tar", "missing"):
        assert archive_reading.find_member(extracted, name) is None


def test_nested_indexes_end() -> None:
    inner = json.dumps({"manifests": [{"mediaType": MediaType.OCI_INDEX, "digest": A, "size": 1}]}).encode()
    top = [Descriptor(MediaType.OCI_INDEX, A, 1)]
    with pytest.raises(InvalidParameter, match="nested"):
        archive_reading.manifests_in(Extracted([]), {blob_name(A): inner}, top)


def test_forms_that_cannot_be_loaded_are_explained() -> None:
    with pytest.raises(NotSupported):
        archive_reading.check_known_form(["repositories", "x/json"])
    with pytest.raises(InvalidParameter, match="docker import"):
        archive_reading.check_known_form(["etc/passwd"])


def test_stand_ins() -> None:
    assert is_stand_in(parse_reference("mcr.microsoft.com/windows/nanoserver:x"))
    assert not is_stand_in(parse_reference("mcr.microsoft.com/dotnet/sdk"))
    assert not is_stand_in(parse_reference("windows/nanoserver"))
    assert platform_of(parse_reference("mcr.microsoft.com/windows/server:ltsc2025-arm64")).architecture == "arm64"
    with pytest.raises(InvalidParameter, match="not to digests"):
        platform_of(parse_reference(f"mcr.microsoft.com/windows/server@{A}"))
    with pytest.raises(NotFound):
        platform_of(parse_reference("mcr.microsoft.com/windows/server:1"))


def test_base_layers_are_recognised() -> None:
    steps = [HistoryEntry(created_by=text) for text in ("Apply image 10.0", "Install update 10.0", "RUN x")]
    assert base_steps(steps) == 2
    assert base_steps(steps[2:]) == 0
    assert foreign_layers([MediaType.DOCKER_FOREIGN_LAYER_GZIP, MediaType.OCI_LAYER]) == 1
    assert is_base_layer(["Files", "files/windows/SYSTEM32/ntdll.dll"])
    assert is_base_layer(["UtilityVM"])
    assert not is_base_layer(["Files/app/ntdll.dll", "UtilityVMx"])


def test_windows_routes_names_and_links() -> None:
    assert [route(name)[0].value for name in ("Files/a", "FILES", "hives/x", "UtilityVM/Files/a", "etc")] == [
        "files", "files", "hives", "utilityvm", "other",
    ]  # fmt: skip
    assert fold("straße") == "STRAßE"
    assert link_target("C:\\a\\b") == (True, "a/b")
    assert link_target("..\\a") == (False, "../a")
    assert link_target("\\??\\C:\\a") == (True, "a")
    assert link_target("D:\\a") is link_target("\\\\server\\share") is None
    assert attributes_of({"MSWINDOWS.fileattr": "35"}, directory=False) == 35
    assert attributes_of({"MSWINDOWS.fileattr": "x"}, directory=True) == 16
    check_written("Program Files (x86)/a.b")
    for name in ("a/aux", "COM1.txt", "a ", "b.", "a|b"):
        with pytest.raises(InvalidParameter):
            check_written(name)


def test_registry_records_are_bounded() -> None:
    import os

    on_hives, on_files = registry_records(b"delta")
    assert read_registry({**on_hives, **on_files}) == b"delta"
    assert registry_records(b"") == ({}, {})
    with pytest.raises(InvalidParameter, match="too large"):
        registry_records(os.urandom(2_000_000))
    with pytest.raises(InvalidParameter, match="damaged"):
        read_registry({"TRANSOM.registry": on_hives["TRANSOM.registry"][:-8]})


def test_security_descriptors_have_the_known_lengths() -> None:
    assert (len(DIRECTORY_SECURITY), len(FILE_SECURITY)) == (216, 124)
    assert DIRECTORY_SECURITY[:4] == FILE_SECURITY[:4] == b"\x01\x00\x04\x80"


def test_progress_is_drawn_as_docker_does() -> None:
    assert size_text(1_982_370) == "1.982MB"
    assert size_text(512) == "512B"
    shown = bar("Loading layer", "abc", 50, 100)
    assert shown["progress"] == "[" + "=" * 25 + ">" + " " * 24 + "]  50B/100B"
    assert bar("x", "y", 100, 100)["progress"].startswith("[" + "=" * 50 + ">]")
    assert bar("x", "y", 7, 0)["progress"] == "7B"


def test_moments() -> None:
    assert parse_moment("2024-01-02T03:04:05.5Z") == parse_moment("2024-01-02T04:04:05.500000000+01:00")
    assert parse_moment("0001-01-01T00:00:00Z") == parse_moment("yesterday") == parse_moment("") == 0
    assert print_moment_ns(1_500_000_000) == "1970-01-01T00:00:01.5Z"
    assert print_moment_ns(0) == "1970-01-01T00:00:00Z"
