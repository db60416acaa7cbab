import json
import os
import stat
import tarfile
from pathlib import Path

import pytest
from tests.support.image_store import ImageStore, image_store
from tests.support.images import (
    Member,
    busybox_archive,
    directory,
    file,
    hardlink,
    layer,
    make,
    symlink,
    write_archive,
)

from transom.errors import InvalidParameter, NotFound, NotSupported
from transom.model.platform import Platform

pytestmark = pytest.mark.root


def tree(store: ImageStore, snapshot: str) -> Path:
    """Return the directory of a snapshot's own files."""
    return Path(store.snapshots.lowers(snapshot)[0])


async def test_load_busybox_gives_runnable_files_and_says_so(store: ImageStore, tmp_path: Path) -> None:
    made = busybox_archive(tmp_path / "b.tar")

    images, messages = await store.load(tmp_path / "b.tar")

    assert [image.id for image in images] == [made.id]
    assert {"stream": "Loaded image: busybox:latest\n"} in messages
    root = tree(store, images[0].snapshot)
    assert (root / "bin/sh").stat().st_ino == (root / "bin/busybox").stat().st_ino
    assert stat.S_IMODE((root / "tmp").stat().st_mode) == 0o1777
    assert os.readlink(root / "sbin") == "bin"
    assert store.lookup("busybox").image == images[0]
    assert store.lookup(made.id[7:19]).image == images[0]


@pytest.mark.parametrize("form", ["docker", "legacy", "oci"])
@pytest.mark.parametrize("compression", ["", "gzip", "zstd"])
@pytest.mark.parametrize("outer", ["", "gzip", "zstd", "xz"])
async def test_load_every_form_gives_the_same_image(
    store: ImageStore, tmp_path: Path, form: str, compression: str, outer: str
) -> None:
    made = make(layer(file("a", "one")), layer(file("b", "two")), names=["example.org/two:v1", "two:latest"])
    write_archive(str(tmp_path / "x.tar"), made, form=form, compression=compression, outer=outer)

    images, _ = await store.load(tmp_path / "x.tar")

    assert images[0].id == made.id
    assert images[0].size_bytes == 6
    assert list(store.images.names_of(made.id)) == ["docker.io/library/two:latest", "example.org/two:v1"]
    assert (tree(store, images[0].snapshot) / "b").read_text() == "two"


async def test_load_twice_reads_no_layer_again(store: ImageStore, tmp_path: Path) -> None:
    busybox_archive(tmp_path / "b.tar")
    await store.load(tmp_path / "b.tar")
    before = store.leftovers()
    await store.load(tmp_path / "b.tar")
    assert store.leftovers() == before


async def test_load_survives_a_restart(tmp_path: Path) -> None:
    made = busybox_archive(tmp_path / "b.tar")
    async with image_store(tmp_path / "data") as store:
        images, _ = await store.load(tmp_path / "b.tar")
    async with image_store(tmp_path / "data") as store:
        assert store.lookup("busybox:latest").image == images[0]
        assert store.inspect(made.id).tags[0].familiar == "busybox:latest"
        assert (await store.collect()).snapshots == ()


async def test_load_index_of_two_systems_keeps_both_under_one_name(store: ImageStore, tmp_path: Path) -> None:
    linux = make(layer(file("a")), names=["both"])
    windows = make(layer(directory("Files"), directory("Hives"), file("Files/a")), names=["both"], os="windows",
                   os_version="10.0.20348.1")  # fmt: skip
    write_index(tmp_path / "x.tar", linux, windows)

    await store.load(tmp_path / "x.tar")

    assert store.lookup("both").image.id == linux.id
    assert store.lookup("both", Platform("windows", "amd64")).image.id == windows.id
    with pytest.raises(NotFound, match="does not provide the specified platform"):
        store.lookup("both", Platform("linux", "riscv64"))


def write_index(path: Path, *images: object) -> None:
    """Write an OCI layout whose one name is an index of images."""
    import hashlib
    import io

    blobs: dict[str, bytes] = {}

    def put(data: bytes) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = data
        return {"digest": f"sha256:{digest}", "size": len(data)}

    entries = []
    for image in images:
        config = json.loads(image.config)  # type: ignore[attr-defined]
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **put(image.config)},  # type: ignore[attr-defined]
            "layers": [
                {"mediaType": "application/vnd.oci.image.layer.v1.tar", **put(data)}
                for data in image.layers  # type: ignore[attr-defined]
            ],
        }
        platform = {"os": config["os"], "architecture": config["architecture"]}
        entries.append({"mediaType": manifest["mediaType"], **put(json.dumps(manifest).encode()), "platform": platform})
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries}
    top = {"mediaType": index["mediaType"], **put(json.dumps(index).encode())}
    top["annotations"] = {"io.containerd.image.name": "docker.io/library/both:latest"}
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', **blobs}
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [top]}).encode()
    with tarfile.open(path, "w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


HOSTILE = {
    "climbs": layer(file("../outside", "x")),
    "climbs in the middle": layer(file("a/../../outside", "x")),
    "hard link out": layer(hardlink("a", "../../etc/passwd")),
    "hard link to nothing": layer(hardlink("a", "etc/passwd")),
    "whiteout of nothing": layer(file("a/.wh..")),
    "overlay's own attribute": layer(
        directory("a", pax={"SCHILY.xattr.trusted.overlay.redirect": "/etc"}),
    ),
    "whiteout device": layer(Member("a", kind=tarfile.CHRTYPE, device=(0, 0))),
    "file in a file": layer(file("a"), file("a/b")),
    "link loop": layer(symlink("a", "b"), symlink("b", "a"), file("a/x")),
    "name too long": layer(file("n" * 300)),
    "truncated": layer(file("a", b"x" * 5000))[:2000],
    "garbage": b"\x7fELF" + bytes(2000),
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_load_hostile_layer_is_refused_and_leaves_nothing(store: ImageStore, tmp_path: Path, case: str) -> None:
    (tmp_path / "outside").write_text("untouched")
    write_archive(str(tmp_path / "x.tar"), make(HOSTILE[case], names=["evil"]))

    with pytest.raises(InvalidParameter):
        await store.load(tmp_path / "x.tar")

    assert store.leftovers() == []
    assert store.images.all() == []
    assert (tmp_path / "outside").read_text() == "untouched"


WINDOWS_HOSTILE = {
    "climbs": layer(directory("Files"), file("Files/../../x")),
    "absolute": layer(file("/Files/x")),
    "backslash": layer(file("Files/..\\..\\x")),
    "outside": layer(file("etc/passwd")),
    "device": layer(directory("Files"), Member("Files/x", kind=tarfile.BLKTYPE, device=(8, 0))),
    "hard link out": layer(directory("Files"), hardlink("Files/x", "Hives/x")),
    "hard link to nothing": layer(directory("Files"), hardlink("Files/x", "Files/y")),
    "hard link into the utility VM": layer(directory("Files"), hardlink("Files/x", "UtilityVM/Files/y")),
    "registry": layer(directory("Hives", pax={"TRANSOM.registry": "AAAA"})),
    "descriptor": layer(directory("Files"), file("Files/x", pax={"MSWINDOWS.rawsd": "?"})),
}


@pytest.mark.parametrize("case", WINDOWS_HOSTILE)
async def test_load_hostile_windows_layer_is_refused_and_leaves_nothing(
    store: ImageStore, tmp_path: Path, case: str
) -> None:
    write_archive(str(tmp_path / "x.tar"), make(WINDOWS_HOSTILE[case], names=["evil"], os="windows"))
    with pytest.raises(InvalidParameter):
        await store.load(tmp_path / "x.tar")
    assert store.leftovers() == []


async def test_load_links_that_lead_out_stay_inside(store: ImageStore, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    made = make(
        layer(symlink("abs", str(tmp_path / "outside")), symlink("up", "../../../.."), file("up/in", "x")),
        names=["links"],
    )
    write_archive(str(tmp_path / "x.tar"), made)

    images, _ = await store.load(tmp_path / "x.tar")

    root = tree(store, images[0].snapshot)
    assert (root / "in").read_text() == "x"
    assert os.readlink(root / "abs") == str(tmp_path / "outside")
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "data", "kind", "text"),
    [
        ("nothing", b"", InvalidParameter, "neither manifest.json nor index.json"),
        ("a text", b"hello, world" * 100, InvalidParameter, "invalid tar"),
        ("a plain tar", layer(file("etc/passwd")), InvalidParameter, "docker import"),
        ("an old archive", layer(file("repositories", "{}")), NotSupported, "before 1.10"),
        ("an empty listing", layer(file("manifest.json", "[]")), InvalidParameter, "holds no image"),
        ("broken JSON", layer(file("manifest.json", "[{")), InvalidParameter, "manifest.json"),
        ("lie", layer(file(f"blobs/sha256/{'0' * 64}", "x"), file("manifest.json", "[]")), InvalidParameter, "is sha"),
    ],
)  # fmt: skip
async def test_load_what_is_no_archive_says_what_it_is(
    store: ImageStore, tmp_path: Path, name: str, data: bytes, kind: type[Exception], text: str
) -> None:
    (tmp_path / "x.tar").write_bytes(data)
    with pytest.raises(kind, match=text):
        await store.load(tmp_path / "x.tar")
    assert store.leftovers() == []


async def test_load_layer_that_is_not_the_config_s_is_refused(store: ImageStore, tmp_path: Path) -> None:
    good = make(layer(file("a", "good")), names=["x"])
    bad = type(good)(good.config, (layer(file("a", "evil")),), good.names)
    write_archive(str(tmp_path / "bad.tar"), bad)
    with pytest.raises(InvalidParameter, match="invalid diffID"):
        await store.load(tmp_path / "bad.tar")
    assert store.leftovers() == []
    # And no less where the layer is here already and would not be unpacked again.
    write_archive(str(tmp_path / "good.tar"), good)
    await store.load(tmp_path / "good.tar")
    with pytest.raises(InvalidParameter, match="invalid diffID"):
        await store.load(tmp_path / "bad.tar")
    assert store.lookup("x").image.id == good.id


async def test_load_sparse_member_is_not_supported(store: ImageStore, tmp_path: Path) -> None:
    write_archive(str(tmp_path / "x.tar"), make(layer(file("a", pax={"GNU.sparse.major": "1"})), names=["x"]))
    with pytest.raises(NotSupported, match="--sparse"):
        await store.load(tmp_path / "x.tar")
    assert store.leftovers() == []


async def test_load_whiteouts_and_opaque_directories_reach_the_mount(store: ImageStore, tmp_path: Path) -> None:
    made = make(
        layer(
            directory("d", mode=0o750, uid=7), file("d/gone"), file("d/kept"), directory("o"), file("o/old"), file("f")
        ),
        layer(file("d/.wh.gone"), file("o/.wh..wh..opq"), file("o/new"), file(".wh.f"), directory("f")),
        names=["w"],
    )
    write_archive(str(tmp_path / "x.tar"), made)

    images, _ = await store.load(tmp_path / "x.tar")

    with mounted(store, images[0].snapshot, tmp_path) as root:
        assert sorted(p.relative_to(root).as_posix() for p in root.rglob("*")) == ["d", "d/kept", "f", "o", "o/new"]
        assert (root / "d").stat().st_uid == 7  # only implied by the second layer, and as the first has it
        assert stat.S_IMODE((root / "d").stat().st_mode) == 0o750
        assert (root / "f").is_dir()


def mounted(store: ImageStore, snapshot: str, tmp_path: Path):  # type: ignore[no-untyped-def]
    """Mount a read-only view of a snapshot for the time of a block."""
    from contextlib import contextmanager

    from transom.host.mount import mount_root, unmount
    from transom.model.mount import Mount, MountKind

    @contextmanager
    def block():  # type: ignore[no-untyped-def]
        target = tmp_path / "mnt"
        target.mkdir(exist_ok=True)
        lowers = store.snapshots.lowers(snapshot)
        kind = MountKind.OVERLAY if len(lowers) > 1 else MountKind.BIND
        mount_root(Mount(kind, source=lowers[0], lowers=lowers, readonly=True), str(target))
        try:
            yield target
        finally:
            unmount(str(target))

    return block()


async def test_windows_directories_beside_files_are_left_out(store: ImageStore, tmp_path: Path) -> None:
    """Builders that know Linux alone make `C:\\\\app` for WORKDIR, one name as they see it."""
    data = layer(directory("C:\\app"), directory("./"), directory("Files"), file("Files/x", "x"))
    write_archive(str(tmp_path / "x.tar"), make(data, names=["win"], os="windows"))
    images, _ = await store.load(tmp_path / "x.tar")
    assert [path.name for path in tree(store, images[0].snapshot).iterdir()] == ["x"]

    write_archive(str(tmp_path / "y.tar"), make(layer(directory("C:"), file("C:/x", "x")), names=["y"], os="windows"))
    with pytest.raises(InvalidParameter, match=r"copy to /Files/app"):
        await store.load(tmp_path / "y.tar")
