"""Images through the docker CLI and docker-py, as their users have them."""

import io
import json
import os
import tarfile
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from docker import errors
from tests.support.engine import Engine
from tests.support.images import file, layer, make, write_archive

from transom.images.windows_layer import SPELLING, fold

pytestmark = [pytest.mark.root, pytest.mark.needs("conmon")]
NANO = "mcr.microsoft.com/windows/nanoserver"


@pytest.fixture
def small(engine: Engine, tmp_path: Path) -> str:
    """Load a small image; return its ID."""
    made = make(layer(file("a", "one")), names=["small:1"], config={"Labels": {"k": "v"}, "Cmd": ["/a"]})
    write_archive(str(tmp_path / "small.tar"), made)
    assert engine.docker("load", "-i", str(tmp_path / "small.tar")).out == "Loaded image: small:1\n"
    return made.id


def test_load_list_tag_inspect_history_save_and_remove(engine: Engine, small: str, tmp_path: Path) -> None:
    engine.docker("tag", "small:1", "example.org/team/small:two")
    shown = engine.docker("images", "--format", "{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}", "--filter", "label=k=v")
    assert sorted(shown.out.splitlines()) == [
        f"example.org/team/small:two {small[7:19]} 3B",
        f"small:1 {small[7:19]} 3B",
    ]
    found = json.loads(engine.docker("image", "inspect", "small:1").out)[0]
    assert (found["Id"], found["Os"], found["Config"]["Cmd"]) == (small, "linux", ["/a"])
    assert found["RepoTags"] == ["small:1", "example.org/team/small:two"]  # by their full names
    assert engine.docker("history", "-q", "small:1").out.split() == [small[7:19]]

    engine.docker("save", "-o", str(tmp_path / "out.tar"), "small:1")
    removed = engine.docker("rmi", small, check=False)
    assert removed.code == 1
    assert "must be forced) - image is referenced in multiple repositories" in removed.err
    gone = engine.docker("rmi", "small:1", "example.org/team/small:two").out.splitlines()
    assert gone[:2] == ["Untagged: small:1", "Untagged: example.org/team/small:two"]
    assert gone[2] == f"Deleted: {small}"
    assert engine.docker("load", "-q", "-i", str(tmp_path / "out.tar")).out == "Loaded image: small:1\n"
    engine.docker("rmi", "small:1")


def test_texts_of_what_cannot_be(engine: Engine, small: str) -> None:
    for arguments, text in {
        ("rmi", "missing"): "No such image: missing",
        ("tag", "small:1", "UP"): "must be lowercase",
        ("image", "inspect", "missing"): "No such image: missing",
        ("pull", "alpine"): "docker.io is not asked",
        ("pull", f"{NANO}:nonsense"): "no release of Windows that this engine knows",
        ("push", "small:1"): "docker.io is not asked",
        ("images", "--filter", "x=y"): "invalid filter 'x'",
    }.items():
        done = engine.docker(*arguments, check=False)
        assert done.code == 1, arguments
        assert text in done.err, arguments
    engine.docker("rmi", "small:1")


def test_load_of_junk_says_so_and_leaves_the_engine_well(engine: Engine) -> None:
    for junk in (b"", b"x" * 100_000, layer(file("etc/passwd"))):
        done = engine.docker("load", stdin=junk, check=False)
        assert done.code == 1
        assert "invalid" in done.err or "unexpected EOF" in done.err
    assert list((engine.data / "ingest").iterdir()) == []


def test_an_image_in_use_is_not_removed(engine: Engine) -> None:
    engine.docker("import", "-c", "LABEL in.use=yes", "-", "used", stdin=layer(file("a", "b")))
    container = engine.docker("create", "used", "true").out.strip()
    done = engine.docker("rmi", "used", check=False)
    assert f"(must force) - container {container[:12]} is using its referenced image" in done.err
    # The engine is shared: only what has the label is this test's to remove.
    pruned = engine.docker("image", "prune", "-af", "--filter", "label=in.use=yes").out
    assert pruned.startswith("Total reclaimed space: 0B")
    assert engine.docker("images", "-q", "used").out.strip()
    engine.docker("rm", container)
    engine.docker("rmi", "used")


def test_pull_of_a_windows_base_needs_no_network(engine: Engine) -> None:
    out = engine.docker("pull", f"{NANO}:ltsc2019").out
    assert "nothing was downloaded" in out
    found = json.loads(engine.docker("image", "inspect", f"{NANO}:ltsc2019").out)[0]
    assert (found["Os"], found["OsVersion"][:9]) == ("windows", "10.0.1776")
    assert found["Transom"]["Unrooted"] == f"{NANO}:ltsc2019"
    assert engine.docker("images", "--filter", f"reference={NANO}:ltsc201*", "-q").out.split() == [found["Id"][7:19]]
    engine.docker("rmi", f"{NANO}:ltsc2019")


def test_commit_diff_export_and_import(engine: Engine) -> None:
    engine.docker("run", "--name", "cc", "busybox", "sh", "-c", "echo new >/new; rm /etc/group; mkdir /d; touch /d/f")
    assert engine.docker("diff", "cc").out.splitlines() == ["A /d", "A /d/f", "C /etc", "D /etc/group", "A /new"]
    made = engine.docker("commit", "-m", "msg", "-a", "me", "-c", 'CMD ["cat","/new"]', "cc", "made:1").out.strip()
    assert engine.docker("run", "--rm", "made:1").out == "new\n"
    assert engine.docker("run", "--rm", "made:1", "ls", "/etc", "/d").out.split() == ["/d:", "f", "/etc:", *IN_ETC]
    found = json.loads(engine.docker("image", "inspect", "made:1").out)[0]
    assert (found["Id"], found["Comment"], found["Author"]) == (made, "msg", "me")
    data = engine.client().containers.get("cc").export()
    flat = b"".join(data)
    with tarfile.open(fileobj=io.BytesIO(flat)) as archive:
        assert {"new", "d/f", "bin/busybox"} <= set(archive.getnames())
    imported = engine.docker("import", "-c", "CMD ls /d", "-", "flat:1", stdin=flat).out.strip()
    assert engine.docker("run", "--rm", "flat:1").out == "f\n"
    assert imported.startswith("sha256:")
    engine.docker("rm", "cc")
    engine.docker("rmi", "made:1", "flat:1")


def test_import_fetches_what_a_url_leads_to(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "root.tar").write_bytes(layer(file("a", "one")))
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        at = f"http://127.0.0.1:{server.server_port}"
        try:
            made = engine.docker("import", f"{at}/root.tar", "fetched:1").out.splitlines()
            missing = engine.docker("import", f"{at}/nothing", "fetched:2", check=False)
        finally:
            server.shutdown()
            serving.join()
    gone = engine.docker("import", f"{at}/root.tar", "fetched:2", check=False)

    assert made[0] == f"Downloading from {at}/root.tar"
    shown = engine.docker("image", "inspect", "-f", "{{.Id}} {{.Comment}} {{.Size}}", "fetched:1").out
    assert shown == f"{made[-1]} Imported from {at}/root.tar 3\n"
    assert (missing.code, gone.code) == (1, 1)
    assert "404" in missing.err
    assert "Cannot connect" in gone.err
    assert engine.docker("images", "-q", "fetched:2").out == ""
    engine.docker("rmi", "fetched:1")


IN_ETC = ["hostname", "hosts", "passwd", "resolv.conf"]


@pytest.mark.parametrize("running", [True, False])
def test_copy_into_and_out_of_a_container(engine: Engine, tmp_path: Path, running: bool) -> None:
    engine.docker("run", "-d", "--name", "cp", "-v", "vol:/vol", "busybox", "sleep", "1000")
    if not running:
        engine.docker("stop", "-t", "0", "cp")
    (tmp_path / "tree/sub").mkdir(parents=True)
    (tmp_path / "tree/sub/f").write_text("hello")
    engine.docker("cp", str(tmp_path / "tree"), "cp:/root/new")
    engine.docker("cp", str(tmp_path / "tree/sub/f"), "cp:/vol/in-volume")
    engine.docker("cp", "cp:/root/new/sub", str(tmp_path / "back"))
    assert (tmp_path / "back/f").read_text() == "hello"
    engine.docker("cp", "cp:/vol/in-volume", str(tmp_path / "v"))
    assert (tmp_path / "v").read_text() == "hello"
    assert (engine.data / "volumes/vol/_data/in-volume").read_text() == "hello"
    done = engine.docker("cp", "cp:/missing", str(tmp_path), check=False)
    # docker before 23 has words of its own
    assert "Could not find the file /missing in container cp" in done.err or "No such container:path" in done.err
    engine.docker("rm", "-fv", "cp")
    engine.docker("volume", "rm", "vol")


def test_docker_py_loads_saves_and_removes(engine: Engine, small: str) -> None:
    client = engine.client()
    image = client.images.get("small:1")
    assert image.id == small
    assert image.history()[0]["Id"] == small
    data = b"".join(image.save(named=True))
    client.images.remove("small:1")
    with pytest.raises(errors.ImageNotFound):
        client.images.get("small:1")
    assert client.images.load(data)[0].tags == ["small:1"]
    assert client.images.prune(filters={"label": "nobody.has.it"})["SpaceReclaimed"] == 0
    client.images.remove(small, force=True)


def test_events_of_images_are_published(engine: Engine, small: str) -> None:
    since = str(int(time.time()) - 5)
    engine.docker("tag", "small:1", "small:2")
    engine.docker("rmi", "small:1", "small:2")
    until = str(int(time.time()) + 1)
    out = engine.docker(
        "events", "--since", since, "--until", until, "--filter", "type=image", "--format", "{{.Action}}"
    )
    assert out.out.split()[-4:] == ["tag", "untag", "untag", "delete"]


def test_engine_killed_in_a_load_leaves_nothing_and_loads_again(engine: Engine, tmp_path: Path) -> None:
    made = make(*(layer(file(f"f{n}", "x" * 1000)) for n in range(5)), names=["killed:1"])
    write_archive(str(tmp_path / "k.tar"), made)
    for point in ("image.load.stored", "layer.apply.unpacked", "image.config.stored"):
        engine.stop()
        engine.start(faults=f"{point}=kill")
        engine.docker("load", "-i", str(tmp_path / "k.tar"), check=False)
        engine.wait_until_dead()
        engine.start()
        assert list((engine.data / "ingest").iterdir()) == []
        assert engine.docker("images", "-q", "killed").out == ""
    engine.docker("load", "-i", str(tmp_path / "k.tar"))
    engine.docker("rmi", "killed:1")


@pytest.mark.wine
@pytest.mark.parametrize("running", [True, False])
def test_windows_container_is_copied_compared_and_committed(windows: Engine, tmp_path: Path, running: bool) -> None:
    program = r"echo made>C:\Users\made.txt & reg add HKLM\Software\Made /v kept /d yes /f & ping -n 600 127.0.0.1 >nul"
    windows.docker("run", "-d", "--name", "wc", f"{NANO}:ltsc2022", "cmd", "/c", program)
    for _ in range(100):
        if windows.docker("cp", "wc:C:\\USERS\\made.txt", str(tmp_path / "made.txt"), check=False).code == 0:
            break
        time.sleep(0.1)
    assert (tmp_path / "made.txt").read_text().strip() == "made"
    (tmp_path / "in.txt").write_text("in")
    if not running:
        windows.docker("stop", "-t", "1", "wc")
    windows.docker("cp", str(tmp_path / "in.txt"), "wc:C:\\Users\\")
    windows.docker("cp", "wc:/users/IN.TXT", str(tmp_path / "out.txt"))
    assert (tmp_path / "out.txt").read_text() == "in"
    changed = windows.docker("diff", "wc").out.splitlines()
    assert [line for line in changed if "in.txt" in line or "made.txt" in line] == [
        r"A C:\Users\in.txt",
        r"A C:\Users\made.txt",
    ]

    windows.docker("commit", "wc", "wine:made")

    asked = r"type C:\users\in.txt & reg query HKLM\Software\Made /v kept"
    shown = windows.docker("run", "--rm", "wine:made", "cmd", "/c", asked).out
    assert "in" in shown
    assert "yes" in shown
    windows.docker("rm", "-f", "wc")
    windows.docker("rmi", "wine:made")


def test_windows_base_spells_its_directories_as_layers_do(windows: Engine) -> None:
    """What is unpacked before there is a base must fit on it later: overlayfs joins equal spellings only."""
    for base in (windows.data / "bases").glob("*/c"):
        for spelled in SPELLING.values():
            parts = spelled.split("/")
            for depth in range(len(parts)):
                above = base.joinpath(*parts[:depth])
                if above.is_dir():
                    same = [name for name in os.listdir(above) if fold(name) == fold(parts[depth])]
                    assert same in ([], [parts[depth]])
