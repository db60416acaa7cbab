"""A build's files on the real file system."""

import os
import stat
import tarfile
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.support.images import Member, directory, file, hardlink, layer, symlink

from transom.build.workspace import Layer, Put, Source, Wanted
from transom.drivers.build.workspace import JOBS, DiskWorkspace, DiskWorkspaces, Limits
from transom.errors import InvalidParameter, NotFound
from transom.host.worker import Workers
from transom.model.mount import Mount, MountKind

pytestmark = pytest.mark.root


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    workers = Workers(JOBS)
    yield workers
    await workers.close()


@pytest.fixture
async def workspace(tmp_path: Path, workers: Workers) -> AsyncIterator[DiskWorkspace]:
    workspace = await DiskWorkspaces(str(tmp_path), workers, Limits(1 << 24, 100)).open("b")
    yield workspace
    await workspace.close()
    assert os.listdir(tmp_path / "builds") == []


@pytest.fixture
def target(tmp_path: Path) -> Callable[..., Layer]:
    """Make an upper directory over a parent that holds what the test puts there."""

    def make(fill: Callable[[Path], None] | None = None) -> Layer:
        lower, upper = tmp_path / "lower", tmp_path / "upper"
        for path in (lower, upper):
            path.mkdir()
        if fill is None:
            return Layer(str(upper), None)
        fill(lower)
        return Layer(str(upper), Mount(MountKind.BIND, source=str(lower), readonly=True))

    return make


async def unpack(workspace: DiskWorkspace, *members: Member, data: bytes | None = None) -> None:
    with tempfile.TemporaryFile() as archive:
        archive.write(layer(*members) if data is None else data)
        archive.seek(0)
        await workspace.unpack(archive.fileno())


async def look(workspace: DiskWorkspace, *sources: str, **more: object) -> tuple[Source, ...]:
    return await workspace.look_up(Wanted("COPY", sources, **more))  # type: ignore[arg-type]


async def copy(workspace: DiskWorkspace, layer_: Layer, target: str, *sources: str, **more: object) -> Path:
    excludes = more.get("excludes", ())
    origin = more.get("origin")
    folds = more.get("folds", False)
    found = await look(workspace, *sources, excludes=excludes, origin=origin, in_context=origin is None, folds=folds)
    await workspace.copy(layer_, Put(found, target, **more))  # type: ignore[arg-type]
    return Path(layer_.upper)


async def test_context_is_read_back(workspace: DiskWorkspace) -> None:
    await unpack(workspace, file("Dockerfile", "FROM x"), file("a/b", "hi"))
    assert await workspace.read("Dockerfile", limit=100) == b"FROM x"
    assert await workspace.read("nope", limit=100) is None
    with pytest.raises(InvalidParameter, match="longer than 3 bytes"):
        await workspace.read("Dockerfile", limit=3)
    with pytest.raises(InvalidParameter, match="is a directory"):
        await workspace.read("a", limit=3)
    await workspace.exclude(["Dockerfile"])
    with pytest.raises(NotFound, match=r"excluded by \.dockerignore: stat Dockerfile: file does not exist"):
        await look(workspace, "Dockerfile")


@pytest.mark.parametrize(
    "members",
    [
        [file("../../escape", "x")],
        [Member("null", kind=tarfile.CHRTYPE, device=(1, 3))],
        [hardlink("a", "/etc/passwd")],
        [hardlink("a", "../../etc/passwd")],
        [file("a", "x"), file("a/b", "x")],
        [file(f"f{number}") for number in range(101)],
        [file("n" * 300)],
    ],
)
async def test_hostile_context_is_refused(workspace: DiskWorkspace, members: list[Member]) -> None:
    with pytest.raises(InvalidParameter):
        await unpack(workspace, *members)


async def test_links_in_a_context_lead_nowhere_else(workspace: DiskWorkspace, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    await unpack(workspace, symlink("out", str(secret)), symlink("up", "../../../secret"), symlink("host", "/etc"))
    for name in ("out", "up", "host/passwd"):
        with pytest.raises(NotFound):
            await look(workspace, name)
        assert await workspace.read(name, limit=100) is None


async def test_truncated_context_is_refused(workspace: DiskWorkspace) -> None:
    with pytest.raises(InvalidParameter, match="unexpected EOF"):
        await unpack(workspace, data=layer(file("a", b"x" * 5000))[:2000])


async def test_file_reaches_the_layer_by_a_link(workspace: DiskWorkspace, target: Callable[..., Layer]) -> None:
    await unpack(workspace, file("a", "hi", mode=0o640, mtime=1000))
    upper = await copy(workspace, target(), "x/y", "a")
    status = (upper / "x/y").stat()
    assert (upper / "x/y").read_text() == "hi"
    assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_mtime, status.st_nlink) == (0o640, 0, 1000, 2)


async def test_file_with_another_owner_or_mode_is_a_copy(
    workspace: DiskWorkspace, target: Callable[..., Layer]
) -> None:
    await unpack(workspace, file("a", "hi"), directory("d"), file("d/s", mode=0o4755))
    into = target(lambda lower: ((lower / "etc").mkdir(), (lower / "etc/passwd").write_text("me:x:7:8::/:\n")))
    (Path(into.upper).parent / "lower/etc/group").write_text("us:x:9:\n")
    upper = await copy(workspace, into, "x/", "a", "d", owner="me:us", mode=0o600)
    status = (upper / "x/a").stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode), status.st_nlink) == (7, 9, 0o600, 1)
    with pytest.raises(NotFound, match="can't find uid for user nobody: no such user: nobody"):
        await copy(workspace, into, "z", "a", owner="nobody")
    await copy(workspace, into, "suid/", "d", owner="5")
    assert stat.S_IMODE((upper / "suid/s").stat().st_mode) == 0o4755


async def test_target_directory_decides_the_name(workspace: DiskWorkspace, target: Callable[..., Layer]) -> None:
    await unpack(workspace, file("a", "hi"), symlink("b", "a"))
    into = target(lambda lower: (lower / "there").mkdir(mode=0o711))
    upper = await copy(workspace, into, "there", "b")
    await copy(workspace, into, "new/", "a")
    await copy(workspace, into, "", "a")
    assert (upper / "there/b").read_text() == "hi"
    assert stat.S_IMODE((upper / "there").stat().st_mode) == 0o711
    assert (upper / "new/a").exists()


async def test_directory_is_copied_by_its_content(workspace: DiskWorkspace, target: Callable[..., Layer]) -> None:
    members = [directory("d", mode=0o700), file("d/a", "1"), directory("d/e", mode=0o750), symlink("d/e/l", "../a")]
    await unpack(workspace, *members, hardlink("d/h", "d/a"))
    upper = await copy(workspace, target(), "x", "d")
    assert (upper / "x/e/l").readlink() == Path("../a")
    assert (upper / "x/h").stat().st_ino == (upper / "x/a").stat().st_ino
    modes = [stat.S_IMODE((upper / name).stat().st_mode) for name in ("x", "x/e")]
    assert modes == [0o700, 0o750]


async def test_existing_directory_keeps_its_attributes_at_the_top_only(
    workspace: DiskWorkspace, target: Callable[..., Layer]
) -> None:
    await unpack(workspace, directory("d", mode=0o700), directory("d/e", mode=0o750), file("d/e/f"))

    def fill(lower: Path) -> None:
        (lower / "tmp").mkdir()
        (lower / "tmp").chmod(0o1777)
        (lower / "tmp/e").mkdir(mode=0o711)

    upper = await copy(workspace, target(fill), "tmp/", "d")
    assert [stat.S_IMODE((upper / name).stat().st_mode) for name in ("tmp", "tmp/e")] == [0o1777, 0o750]


async def test_links_of_the_image_are_followed_to_the_target(
    workspace: DiskWorkspace, target: Callable[..., Layer]
) -> None:
    await unpack(workspace, file("a", "hi"))

    def fill(lower: Path) -> None:
        (lower / "run").mkdir()
        (lower / "var").mkdir()
        (lower / "var/run").symlink_to("/run")
        (lower / "loop").symlink_to("loop")
        (lower / "file").write_text("")
        (lower / "out").symlink_to("../../../../etc")

    into = target(fill)
    upper = await copy(workspace, into, "var/run/x", "a")
    assert (upper / "run/x").read_text() == "hi"
    assert not (upper / "var").exists()
    await copy(workspace, into, "out/x", "a")
    assert (upper / "etc/x").exists()
    with pytest.raises(InvalidParameter, match="too many levels of symbolic links"):
        await copy(workspace, into, "loop/x", "a")
    with pytest.raises(InvalidParameter, match="not a directory"):
        await copy(workspace, into, "file/x", "a")


async def test_later_source_replaces_an_earlier_one(workspace: DiskWorkspace, target: Callable[..., Layer]) -> None:
    await unpack(workspace, file("1/a", "old"), directory("2/a"), file("2/a/b"), file("3/a", "new"))
    into = target()
    upper = await copy(workspace, into, "x/", "1", "2")
    assert (upper / "x/a/b").exists()
    await copy(workspace, into, "x/", "3")
    assert (upper / "x/a").read_text() == "new"


async def test_wildcards_and_excludes(workspace: DiskWorkspace, target: Callable[..., Layer]) -> None:
    await unpack(workspace, *(file(name) for name in ("a.txt", "b.txt", "c.md", "d/x.o", "d/y.c", "d/e/z.o")))
    assert [source.path for source in await look(workspace, "*.txt")] == ["a.txt", "b.txt"]
    with pytest.raises(InvalidParameter, match="COPY failed: no source files were specified"):
        await look(workspace, "*.zip")
    upper = await copy(workspace, target(), "t", "d", excludes=("**/*.o", "!e/z.o"))
    assert sorted(path.name for path in upper.rglob("*") if path.is_file()) == ["y.c", "z.o"]


async def test_digest_tells_content_mode_and_name_but_not_time(workspace: DiskWorkspace) -> None:
    await unpack(
        workspace,
        file("1/a", "x", mtime=1), file("2/a", "x", mtime=2), file("3/a", "y"), file("4/a", "x", mode=0o600),
        file("5/b", "x"), symlink("6/a", "x"),
    )  # fmt: skip
    digests = [(await look(workspace, f"{number}"))[0].digest for number in range(1, 7)]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 5
    assert (await look(workspace, "1/a"))[0].digest.startswith("file:")


async def test_paths_outside_the_context_are_forbidden(workspace: DiskWorkspace) -> None:
    await unpack(workspace, file("a"))
    with pytest.raises(InvalidParameter, match=r"COPY failed: forbidden path outside the build context: \.\./x \(\)"):
        await look(workspace, "../x")
    assert (await look(workspace, "/a"))[0].path == (await look(workspace, "./x/../a"))[0].path == "a"


async def test_entries_through_a_link_are_found_where_they_are(workspace: DiskWorkspace) -> None:
    await unpack(
        workspace, directory("real"), symlink("via", "real"), file("via/x", "1"), file("y", "1"), file("y", "2")
    )
    assert (await look(workspace, "via/x"))[0].path == "real/x"
    assert (await look(workspace, "real/x"))[0].digest == (await look(workspace, "via/x"))[0].digest


async def test_origin_is_another_images_root(
    workspace: DiskWorkspace, target: Callable[..., Layer], tmp_path: Path
) -> None:
    root = tmp_path / "image"
    (root / "d").mkdir(parents=True)
    (root / "d/a").write_text("hi")
    os.chown(root / "d/a", 7, 8)
    os.link(root / "d/a", root / "d/b")
    os.mkfifo(root / "d/p")
    (root / "l").symlink_to("/d")
    origin = Mount(MountKind.BIND, source=str(root), readonly=True)
    into = target()
    upper = await copy(workspace, into, "x", "l", origin=origin, keep_owners=True)
    assert [(upper / "x" / name).lstat().st_uid for name in ("a", "b", "p")] == [7, 7, 0]
    assert (upper / "x/a").stat().st_ino == (upper / "x/b").stat().st_ino != (root / "d/a").stat().st_ino
    with pytest.raises(NotFound, match="COPY failed: stat nope: file does not exist"):
        await copy(workspace, into, "x", "nope", origin=origin)


async def test_archive_is_unpacked_through_the_images_links(
    workspace: DiskWorkspace, target: Callable[..., Layer]
) -> None:
    inner = layer(
        file("bin/x", "hi", mode=0o755, uid=5, gid=6), hardlink("y", "bin/x"), symlink("z", "bin/x"),
        hardlink("old", "usr/bin/kept"), directory("d", mode=0o711),
    )  # fmt: skip
    await unpack(workspace, file("a.tar", inner), file("b.tar", "no archive"))

    def fill(lower: Path) -> None:
        (lower / "r/usr/bin").mkdir(parents=True)
        (lower / "r/usr/bin/kept").write_text("kept")
        (lower / "r/bin").symlink_to("usr/bin")

    into = target(fill)
    upper = await copy(workspace, into, "r", "a.tar", unpack=True)
    status = (upper / "r/usr/bin/x").stat()
    assert (status.st_uid, status.st_gid, status.st_nlink) == (5, 6, 2)
    assert (upper / "r/old").read_text() == "kept"
    assert stat.S_IMODE((upper / "r/d").stat().st_mode) == 0o711
    await copy(workspace, into, "r", "b.tar", unpack=True)
    assert (upper / "r/b.tar").read_text() == "no archive"


@pytest.mark.parametrize("member", [file("../x", "x"), hardlink("a", "nope"), hardlink("a", "../../etc/passwd")])
async def test_hostile_archive_is_refused(
    workspace: DiskWorkspace, target: Callable[..., Layer], member: Member
) -> None:
    await unpack(workspace, file("a.tar", layer(member)))
    with pytest.raises(InvalidParameter):
        await copy(workspace, target(), "r", "a.tar", unpack=True)


async def test_case_is_the_parents_where_the_guest_ignores_it(
    workspace: DiskWorkspace, target: Callable[..., Layer]
) -> None:
    await unpack(workspace, file("d/SYSTEM32/New.dll", "1"), file("d/system32/old.DLL", "2"))

    def fill(lower: Path) -> None:
        (lower / "windows/system32").mkdir(parents=True)
        (lower / "windows/system32/OLD.dll").write_text("")

    upper = await copy(workspace, target(fill), "Windows/", "d", folds=True)
    assert sorted(str(path.relative_to(upper)) for path in upper.rglob("*")) == [
        "windows", "windows/system32", "windows/system32/New.dll", "windows/system32/OLD.dll"
    ]  # fmt: skip


async def test_own_files_are_sources(workspace: DiskWorkspace, target: Callable[..., Layer]) -> None:
    source = await workspace.write("a.txt", b"hi", mode=0o600)
    into = target()
    await workspace.copy(into, Put((source,), "d/", own_files=True))
    assert (Path(into.upper) / "d/a.txt").read_text() == "hi"
    assert stat.S_IMODE((Path(into.upper) / "d/a.txt").stat().st_mode) == 0o600


async def test_make_directory(workspace: DiskWorkspace, target: Callable[..., Layer]) -> None:
    into = target(lambda lower: (lower / "there").mkdir())
    assert not await workspace.make_directory(into, "there", folds=False)
    assert await workspace.make_directory(into, "there/new/x", folds=False)
    assert (Path(into.upper) / "there/new/x").is_dir()
    assert not await workspace.make_directory(into, "", folds=False)


async def test_sweep_removes_what_was_left(tmp_path: Path, workers: Workers) -> None:
    workspaces = DiskWorkspaces(str(tmp_path), workers)
    await workspaces.open("a")
    assert await workspaces.sweep() == 1
    assert await workspaces.sweep() == 0


async def test_views_are_seen_by_the_worker_alone(workspace: DiskWorkspace, target: Callable[..., Layer]) -> None:
    before = Path("/proc/self/mountinfo").read_text()
    await unpack(workspace, file("a"))
    await copy(workspace, target(lambda lower: None), "x", "a")
    assert Path("/proc/self/mountinfo").read_text() == before
