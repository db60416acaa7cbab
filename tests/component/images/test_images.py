import io
import json
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.image_store import ImageStore, image_store
from tests.support.images import busybox_archive, directory, file, layer, make, symlink, write_archive

from transom.engine.images.changes import apply_changes
from transom.engine.images.remove import ImageUser
from transom.errors import Conflict, InvalidParameter, NoSuchImage, NotFound, Unavailable
from transom.model.oci import RunConfig
from transom.model.platform import Platform
from transom.snapshots.layers import LayerForm

pytestmark = pytest.mark.root


async def two_images(store: ImageStore, tmp_path: Path) -> tuple[str, str]:
    """Load two images that share a layer; return their IDs."""
    shared, one, two = layer(file("s", "shared")), layer(file("o", "one")), layer(file("t", "two"))
    made = [make(shared, one, names=["one:v1", "one:v2"]), make(shared, two, names=["example.org/two"])]
    write_archive(str(tmp_path / "x.tar"), *made)
    await store.load(tmp_path / "x.tar")
    return made[0].id, made[1].id


@pytest.mark.needs("skopeo")
@pytest.mark.parametrize("compression", ["", "gzip", "zstd"])
async def test_saved_archive_is_read_by_skopeo(store: ImageStore, tmp_path: Path, compression: str) -> None:
    made = make(layer(file("a", "one")), layer(file("b", "two")), names=["x:1"], config={"Cmd": ["sh"]})
    write_archive(str(tmp_path / "x.tar"), made, compression=compression)
    await store.load(tmp_path / "x.tar")

    await store.save(tmp_path / "out.tar", "x:1")

    (tmp_path / "layout").mkdir()
    subprocess.run(["tar", "-xf", tmp_path / "out.tar", "-C", tmp_path / "layout"], check=True)
    for source in (f"docker-archive:{tmp_path}/out.tar", f"oci:{tmp_path}/layout:1"):
        if compression == "zstd" and source.startswith("docker"):
            continue  # skopeo of Debian 12 takes no zstd in this form
        shown = subprocess.run(["skopeo", "inspect", "--config", source], check=True, capture_output=True).stdout
        assert json.loads(shown)["rootfs"]["diff_ids"] == list(made.diff_ids)
        subprocess.run(["skopeo", "copy", "-q", source, f"dir:{tmp_path}/copy"], check=True)


async def test_saved_archive_loads_again_byte_for_byte(store: ImageStore, tmp_path: Path) -> None:
    first, second = await two_images(store, tmp_path)
    manifest = store.lookup("one:v1").image.manifest

    await store.save(tmp_path / "out.tar", "one", second)
    async with image_store(tmp_path / "other") as other:
        images, messages = await other.load(tmp_path / "out.tar")
        await other.save(tmp_path / "again.tar", "one", second)

    assert {image.id for image in images} == {first, second}
    assert [m["stream"] for m in messages if "stream" in m] == [
        "Loaded image: one:v1\n",
        "Loaded image: one:v2\n",
        f"Loaded image ID: {second}\n",
    ]
    assert images[0].manifest == manifest
    assert (tmp_path / "again.tar").read_bytes() == (tmp_path / "out.tar").read_bytes()


async def test_list_filters(store: ImageStore, tmp_path: Path) -> None:
    first, second = await two_images(store, tmp_path)
    labelled = make(layer(file("l")), names=["lab"], config={"Labels": {"a": "1", "b": "2"}})
    write_archive(str(tmp_path / "l.tar"), labelled)
    await store.load(tmp_path / "l.tar")
    await store.tag("one:v1", "deep/er", "v9")

    def ids(**filters: list[str]) -> set[str]:
        return {row.image.id for row in store.list({name.replace("_", "!"): each for name, each in filters.items()})}

    assert ids() == {first, second, labelled.id}
    assert ids(reference=["one"]) == {first}
    assert ids(reference=["one:v*"]) == {first}
    assert ids(reference=["example.org/*"]) == {second}
    assert ids(reference=["*"]) == {first, labelled.id}  # a star stops at a slash
    assert ids(reference=["*/*:v9"]) == {first}
    assert ids(label=["a"]) == ids(label=["a=1", "b"]) == {labelled.id}
    assert ids(label=["a=2"]) == set()
    assert ids(label_=["a"]) == {first, second}
    assert ids(dangling=["true"]) == set()
    assert ids(dangling=["false"]) == ids(until=["1h"]) == ids()
    assert ids(until=["2000-01-01"]) == set()
    with pytest.raises(InvalidParameter, match="invalid filter 'nonsense'"):
        ids(nonsense=["x"])
    with pytest.raises(InvalidParameter, match="dangling"):
        ids(dangling=["perhaps"])
    with pytest.raises(NoSuchImage):
        ids(before=["missing"])


async def test_remove_last_name_deletes_image_and_what_only_it_used(store: ImageStore, tmp_path: Path) -> None:
    first, second = await two_images(store, tmp_path)

    lines = await store.remove("one:v1")
    assert [line.untagged for line in lines] == ["one:v1"]
    lines = await store.remove("one:v2")

    assert [line.untagged for line in lines[:1]] == ["one:v2"]
    assert [line.deleted for line in lines[1:]] == [first, *store_chain(first, tmp_path)]
    assert [image.id for image in store.images.all()] == [second]
    assert len([name for name in await store.snapshots.list() if name.startswith("sha256:")]) == 2
    lines = await store.remove(second)
    assert lines[-1].deleted.startswith("sha256:")
    assert store.leftovers() == []


def store_chain(image_id: str, tmp_path: Path) -> list[str]:
    """Return the chain-id of the topmost layer of the first of two_images."""
    from transom.images.layer import chain_id
    from transom.model.ids import Digest

    with tarfile.open(tmp_path / "x.tar") as archive:
        data = archive.extractfile("blobs/sha256/" + image_id.removeprefix("sha256:"))
        assert data is not None
        return [chain_id([Digest(text) for text in json.load(data)["rootfs"]["diff_ids"]])]


async def test_remove_says_what_is_in_the_way(store: ImageStore, tmp_path: Path) -> None:
    first, second = await two_images(store, tmp_path)
    short = second[7:19]
    store.users[second] = [ImageUser("c" * 64, running=False)]

    with pytest.raises(Conflict) as caught:
        await store.remove("example.org/two")
    assert str(caught.value) == (
        'conflict: unable to remove repository reference "example.org/two" (must force) - container cccccccccccc is '
        f"using its referenced image {short}"
    )
    with pytest.raises(Conflict) as caught:
        await store.remove(second)
    assert str(caught.value) == (
        f"conflict: unable to delete {short} (must be forced) - image is being used by stopped container cccccccccccc"
    )
    with pytest.raises(Conflict) as caught:
        await store.remove(first)
    assert str(caught.value) == (
        f"conflict: unable to delete {first[7:19]} (must be forced) - image is referenced in multiple repositories"
    )
    store.users[second] = [ImageUser("c" * 64, running=True)]
    with pytest.raises(Conflict) as caught:
        await store.remove(second, force=True)
    assert str(caught.value) == (
        f"conflict: unable to delete {short} (cannot be forced) - image is being used by running container cccccccccccc"
    )
    # The name may go if the user insists; the container keeps the image.
    assert [line.untagged for line in await store.remove("example.org/two", force=True)] == ["example.org/two:latest"]
    assert store.images.find(second) is not None


async def test_remove_unknown_is_no_such_image(store: ImageStore) -> None:
    with pytest.raises(NoSuchImage, match=r"^No such image: missing:latest$"):
        await store.remove("missing")
    with pytest.raises(NoSuchImage, match=r"^No such image: 0123456789ab:latest$"):
        store.lookup("0123456789ab")


async def test_forced_removal_leaves_a_container_s_layers(store: ImageStore, tmp_path: Path) -> None:
    _, second = await two_images(store, tmp_path)
    image = store.lookup(second).image
    await store.snapshots.prepare("c1", image.snapshot)
    store.users[second] = [ImageUser("c1" * 32, running=False)]

    await store.remove(second, force=True)

    assert store.images.find(second) is None
    assert (await store.snapshots.mounts("c1")).lowers
    await store.snapshots.remove("c1")
    assert len((await store.collect()).snapshots) == 1


async def test_prune_takes_the_unnamed_and_on_request_all(store: ImageStore, tmp_path: Path) -> None:
    first, second = await two_images(store, tmp_path)
    write_archive(str(tmp_path / "d.tar"), make(layer(file("d", "dangling"))))
    dangling = (await store.load(tmp_path / "d.tar"))[0][0].id
    store.users[first] = [ImageUser("c" * 64, running=False)]

    pruned = await store.prune({})
    assert pruned.lines[0].deleted == dangling
    assert pruned.freed_bytes == len("dangling")
    pruned = await store.prune({"dangling": ["false"]})
    assert second in [line.deleted for line in pruned.lines]
    assert [image.id for image in store.images.all()] == [first]


async def test_prune_of_all_takes_images_and_what_they_were_built_on(store: ImageStore, tmp_path: Path) -> None:
    """An image that others were built on loses its names, and goes with the last of them."""
    first, second = await two_images(store, tmp_path)
    for image_id, parent in ((second, first), (first, "")):
        image = store.images.find(image_id)
        assert image is not None
        await store.images.add(replace(image, parent=parent))
    store.users[second] = [ImageUser("c" * 64, running=False)]

    await store.prune({"dangling": ["false"]})
    assert {image.id for image in store.images.all()} == {first, second}
    assert store.images.names_of(first) == []
    del store.users[second]
    await store.prune({"dangling": ["false"]})
    assert store.images.all() == []
    assert store.leftovers() == []


async def test_disk_usage_counts_shared_layers_once(store: ImageStore, tmp_path: Path) -> None:
    first, second = await two_images(store, tmp_path)
    usage = await store.measure()
    assert usage.layers_bytes == len("shared" + "one" + "two")
    assert usage.shared == {first: 6, second: 6}


async def test_a_lease_keeps_what_belongs_to_nothing_yet(store: ImageStore, tmp_path: Path) -> None:
    from transom.images.repository import LeaseKind

    async with store.leases.lease("test") as lease:
        digest = await store.content.put(b"x")
        await lease.hold(LeaseKind.BLOB, digest)
        await store.collect()
        assert await store.content.find(digest) is not None
    await store.collect()
    assert await store.content.find(digest) is None


async def test_tag_of_an_index_takes_all_variants(store: ImageStore, tmp_path: Path) -> None:
    await two_images(store, tmp_path)
    await store.tag("one:v1", "Example.org:5000/a/b", "")
    assert store.lookup("example.org:5000/a/b".replace("example", "Example")).name is not None
    for repository, tag, text in (
        ("UPPER", "", "must be lowercase"),
        ("a", "!", "invalid tag format"),
        ("", "x", "invalid reference format"),
        ("sha256", "", "ambiguous tag"),
        ("a@sha256:" + "0" * 64, "", "digest"),
    ):
        with pytest.raises(InvalidParameter, match=text):
            await store.tag("one:v1", repository, tag)


# Stand-ins for Microsoft's base images


async def test_pull_of_windows_base_is_answered_by_the_engine_s(store: ImageStore, tmp_path: Path) -> None:
    messages: list[str] = []

    (image_id,) = await store.pull(
        "mcr.microsoft.com/windows/nanoserver", "ltsc2022", lambda m: messages.append(str(m["status"]))
    )

    image = store.lookup("mcr.microsoft.com/windows/nanoserver:ltsc2022").image
    assert image.id == image_id
    assert image.platform.os == "windows"
    assert image.platform.os_version.startswith("10.0.20348.")
    assert image.config.config.user == "ContainerUser"
    assert image.config.unrooted == "mcr.microsoft.com/windows/nanoserver:ltsc2022"
    assert image.snapshot == ""
    assert "nothing was downloaded" in messages[0]
    assert await store.pull("mcr.microsoft.com/windows/nanoserver", "ltsc2022", lambda _: None) == [image_id]


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("ltsc2025", "10.0.26100."),
        ("1809-amd64", "10.0.17763."),
        ("20H2", "10.0.19042."),
        ("10.0.20348.2227", "10.0.20348.2227"),
        ("10.0.17763.1-amd64", "10.0.17763.1"),
        ("ltsc2022-KB5034129", "10.0.20348."),
    ],
)
async def test_stand_in_takes_the_version_from_the_tag(store: ImageStore, tag: str, version: str) -> None:
    image = await store.stand_in(f"mcr.microsoft.com/windows/servercore:{tag}")
    assert image is not None
    assert image.platform.os_version.startswith(version)
    assert image.config.config.user == ""


async def test_stand_in_unknown_release_says_what_is_known(store: ImageStore) -> None:
    for tag in ("latest", "ltsc1999", "10.0.99999.1"):
        with pytest.raises(NotFound, match="ltsc2022"):
            await store.stand_in(f"mcr.microsoft.com/windows/servercore:{tag}")
    with pytest.raises(NotFound, match="no matching manifest for linux/amd64"):
        await store.stand_in("mcr.microsoft.com/windows/server:ltsc2022", Platform("linux", "amd64"))
    assert await store.stand_in("mcr.microsoft.com/dotnet/runtime:8.0") is None


async def test_pull_from_a_registry_that_is_not_asked_says_so(store: ImageStore) -> None:
    with pytest.raises(Unavailable, match=r"docker\.io is not asked"):
        await store.pull("busybox", "latest", lambda _: None)


async def test_saved_child_of_a_stand_in_names_its_base(store: ImageStore, tmp_path: Path) -> None:
    from tests.component.images.test_diff import commit, mounted

    base = await store.stand_in("mcr.microsoft.com/windows/nanoserver:ltsc2022")
    assert base is not None
    await store.snapshots.prepare("c1", base.snapshot)
    with mounted(await store.snapshots.mounts("c1"), tmp_path) as root:
        (root / "app.txt").write_text("mine")
    made = await commit(store, base, "c1")

    await store.save(tmp_path / "out.tar", "new")
    async with image_store(tmp_path / "other") as other:
        images, _ = await other.load(tmp_path / "out.tar")
        assert images[0] == made.__class__(**{**fields(made), "parent": "", "base": ""})
        assert (Path(other.snapshots.lowers(images[0].snapshot)[0]) / "app.txt").read_text() == "mine"
    with tarfile.open(tmp_path / "out.tar") as archive:
        absent = json.loads(archive.extractfile("transom-absent.json").read())  # type: ignore[union-attr]
    assert absent == [{"image": made.id, "base": base.config.unrooted, "blobs": []}]


def fields(value: object) -> dict[str, object]:
    return {name: getattr(value, name) for name in type(value).__slots__}  # type: ignore[attr-defined]


@pytest.mark.parametrize("present", [True, False])
async def test_real_base_layers_are_kept_and_not_unpacked(store: ImageStore, tmp_path: Path, present: bool) -> None:
    base = layer(
        directory("Files"), directory("Hives"), directory("UtilityVM"), file("Files/Windows/big.dll", "x" * 99)
    )
    mine = layer(directory("Files"), file("Files/app.exe", "MZ"))
    made = make(
        base,
        mine,
        names=["app"],
        os="windows",
        os_version="10.0.20348.5256",
        history=[{"created_by": "Apply image 10.0.20348.5256"}, {"created_by": "COPY app"}],
    )
    write_archive(str(tmp_path / "x.tar"), made)
    if not present:
        drop_member(tmp_path / "x.tar", "blobs/sha256/" + made.diff_ids[0].removeprefix("sha256:"))

    images, _ = await store.load(tmp_path / "x.tar")

    image = images[0]
    assert image.base_layers == 1
    assert image.missing == (() if present else (made.diff_ids[0],))
    lowers = store.snapshots.lowers(image.snapshot)
    assert [sorted(p.name for p in Path(lower).iterdir()) for lower in lowers] == [["app.exe"]]
    await store.save(tmp_path / "out.tar", "app")
    with tarfile.open(tmp_path / "out.tar") as archive:
        assert (f"blobs/sha256/{made.diff_ids[0][7:]}" in archive.getnames()) is present
    async with image_store(tmp_path / "other") as other:
        assert (await other.load(tmp_path / "out.tar"))[0] == [image]


async def test_real_base_without_history_is_known_by_its_files(store: ImageStore, tmp_path: Path) -> None:
    made = make(layer(directory("Files"), file("Files/Windows/System32/ntdll.dll")), names=["raw"], os="windows")
    write_archive(str(tmp_path / "x.tar"), made)
    images, _ = await store.load(tmp_path / "x.tar")
    assert images[0].base_layers == 1
    assert images[0].snapshot == ""


async def test_missing_layer_of_one_s_own_is_an_error(store: ImageStore, tmp_path: Path) -> None:
    made = busybox_archive(tmp_path / "x.tar")
    drop_member(tmp_path / "x.tar", "blobs/sha256/" + made.diff_ids[0].removeprefix("sha256:"))
    with pytest.raises(InvalidParameter, match="is not in it"):
        await store.load(tmp_path / "x.tar")
    assert store.leftovers() == []


def drop_member(path: Path, name: str) -> None:
    out = io.BytesIO()
    with tarfile.open(path) as old, tarfile.open(fileobj=out, mode="w") as new:
        for member in old:
            if member.name != name:
                new.addfile(member, old.extractfile(member))
    path.write_bytes(out.getvalue())


# import, history


@pytest.mark.parametrize("outer", ["", "gzip", "zstd", "xz"])
async def test_import_makes_a_layer_of_any_compression(store: ImageStore, tmp_path: Path, outer: str) -> None:
    import gzip
    import lzma

    import zstandard

    data = layer(directory("bin"), file("bin/sh", "x", mode=0o755))
    packed = {"": data, "gzip": gzip.compress(data), "zstd": zstandard.compress(data), "xz": lzma.compress(data)}[outer]
    (tmp_path / "x.tar").write_bytes(packed)
    config = apply_changes(
        RunConfig(), Platform("linux", "amd64"), ["CMD /bin/sh -c ls", "ENV A=b", "EXPOSE 80", "WORKDIR /x"]
    )

    image = await store.import_(tmp_path / "x.tar", repository="imp", tag="1", message="hello", config=config)

    assert store.lookup("imp:1").image == image
    assert (Path(store.snapshots.lowers(image.snapshot)[0]) / "bin/sh").read_text() == "x"
    assert image.config.config.cmd == ("/bin/sh", "-c", "/bin/sh -c ls")
    assert image.config.config.env == ("A=b",)
    steps = await store.history("imp:1")
    assert [(step.entry.comment, step.size_bytes, step.image_id, step.tags) for step in steps] == [
        ("hello", 1, image.id, ("imp:1",))
    ]
    with pytest.raises(InvalidParameter, match="RUN is not a valid change command"):
        apply_changes(RunConfig(), Platform("linux", "amd64"), ["RUN true"])


async def test_import_for_windows_writes_a_windows_layer(store: ImageStore, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(layer(file("App/x.txt", "x"), symlink("App/l", "x.txt")))
    image = await store.import_(tmp_path / "x.tar", platform=Platform("windows", "amd64"), repository="w")
    from tests.component.images.test_diff import layer_members

    await store.save(tmp_path / "out.tar", "w")
    assert list(layer_members(tmp_path / "out.tar", image)) == [
        "Hives",
        "Files",
        "Files/App",
        "Files/App/x.txt",
        "Files/App/l",
    ]


async def test_import_of_a_broken_tar_leaves_nothing(store: ImageStore, tmp_path: Path) -> None:
    for data in (b"", b"junk" * 1000, layer(file("../x"))):
        (tmp_path / "x.tar").write_bytes(data)
        with pytest.raises(InvalidParameter):
            await store.import_(tmp_path / "x.tar", repository="bad")
        assert store.leftovers() == []


async def test_a_128_layer_image_mounts(store: ImageStore, tmp_path: Path) -> None:
    from tests.component.images.test_diff import mounted

    made = make(*(layer(file(f"f{number}", str(number))) for number in range(128)), names=["deep"])
    write_archive(str(tmp_path / "x.tar"), made)
    images, _ = await store.load(tmp_path / "x.tar")
    await store.snapshots.prepare("c1", images[0].snapshot)
    with mounted(await store.snapshots.mounts("c1"), tmp_path) as root:
        assert len(list(root.iterdir())) == 128
        (root / "f0").unlink()
    assert [change.path for change in await store.layers.changes("c1", LayerForm.POSIX)] == ["/f0"]
