"""Our own command line beside docker's, on one engine: the same command, the same output, the same code."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.engine import PROGRAMS, Done, Engine, docker_environment, docker_release

pytestmark = pytest.mark.root


def transom(engine: Engine, *arguments: str, stdin: bytes = b"") -> Done:
    done = subprocess.run(
        [str(PROGRAMS / "transom"), "-H", f"unix://{engine.socket}", *arguments],
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
        env=docker_environment(),
    )
    return Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


@pytest.fixture
def web(engine: Engine) -> Iterator[str]:
    """A container that runs, and one that does not."""
    command = "echo out; echo err >&2; touch /new; sleep 1000"
    engine.docker("run", "-d", "--name", "web", "-p", "18731:80", "-l", "a.b=1", "busybox", "sh", "-c", command)
    engine.docker("create", "--name", "idle", "busybox", "true")
    yield "web"


DOCKER_RELEASE = 28
SAME = (
    "ps -a --no-trunc --format {{.ID}}|{{.Image}}|{{.Command}}|{{.Ports}}|{{.Names}}|{{.State}}|{{.Networks}}",
    "ps -a --format {{.Labels}}|{{.LocalVolumes}}|{{.Mounts}}|{{.Size}}",
    "ps -q",
    "ps -aq --filter name=idle",
    "ps --format table\t{{.Names}}\t{{.Image}}",
    "images --no-trunc --format {{.Repository}}:{{.Tag}}|{{.ID}}|{{.Size}}",
    "inspect web --format {{.Name}}|{{.State.Status}}|{{json.Config.Labels}}",
    "inspect web --format {{.Nope}}",
    "inspect nosuch",
    "image inspect busybox --format {{.Os}}/{{.Architecture}}",
    "history busybox --format {{.CreatedBy}}|{{.Size}}",
    "logs web",
    "diff web",
    "port web",
    "port web 80",
    "port web 81",
    "exec web sh -c exit\t7",
    "exec web nosuch",
    "exec nosuch true",
    "run --rm busybox sh -c echo\thi;exit\t3",
    "run --rm busybox nosuch",
    "run --rm busybox /etc",
    "run --rm -p x:80 busybox true",
    "run --name web busybox true",
    "network ls --format {{.Name}}|{{.Driver}}|{{.Scope}}",
    "stop nosuch",
    "rm nosuch",
    "rm web",
    "kill idle",
    "rename idle web",
    "start nosuch",
    "wait nosuch",
    "rmi nosuch",
    "tag nosuch x:y",
    "cp nosuch:/x .",
    "cp web:/nope .",
    "ps --foo",
    "run",
)


@pytest.mark.may_skip
@pytest.mark.parametrize("command", SAME)
def test_command_answers_as_docker_s_does(engine: Engine, web: str, command: str) -> None:
    if docker_release() < DOCKER_RELEASE:
        pytest.skip(f"the words compared are those of docker {DOCKER_RELEASE}")
    argv = [word.replace("\t", " ") for word in command.replace("{{json.", "{{json\t.").split(" ")]
    theirs, ours = engine.docker(*argv, check=False), transom(engine, *argv)
    assert (ours.code, ours.out) == (theirs.code, theirs.out.replace("docker", "transom"))
    # Docker prints an empty line where a template fails, and its own name in hints.
    told = theirs.err.strip().replace("docker", "transom")
    assert ours.err.strip() == told


def test_streams_are_carried_whole(engine: Engine) -> None:
    data = bytes(range(256)) * 4000
    done = subprocess.run(
        [str(PROGRAMS / "transom"), "-H", f"unix://{engine.socket}", "run", "-i", "--rm", "busybox", "cat"],
        input=data,
        capture_output=True,
        timeout=60,
        check=False,
        env=docker_environment(),
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, data, b"")


def test_files_go_in_and_come_out(engine: Engine, web: str, tmp_path: Path) -> None:
    (tmp_path / "tree/sub").mkdir(parents=True)
    (tmp_path / "tree/sub/f").write_bytes(b"content")
    (tmp_path / "tree/l").symlink_to("sub/f")
    assert transom(engine, "cp", str(tmp_path / "tree"), "web:/there").code == 0
    assert transom(engine, "exec", "web", "cat", "/there/l").out == "content"
    assert transom(engine, "cp", "web:/there/.", str(tmp_path / "back")).code == 0
    assert (tmp_path / "back/sub/f").read_bytes() == b"content"
    assert (tmp_path / "back/l").readlink() == Path("sub/f")


def test_image_is_built_saved_and_loaded(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text('FROM busybox\nCOPY kept /kept\nRUN test ! -e /left\nCMD ["cat", "/kept"]\n')
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "left").write_text("left")
    (tmp_path / ".dockerignore").write_text("left\n")
    built = transom(engine, "build", "-q", "-t", "mine:1", str(tmp_path))
    assert built.code == 0, built.err
    assert built.out.startswith("sha256:")
    assert transom(engine, "run", "--rm", "mine:1").out == "kept"
    archive = str(tmp_path / "mine.tar")
    assert transom(engine, "save", "-o", archive, "mine:1").code == 0
    assert transom(engine, "rmi", "mine:1").code == 0
    assert transom(engine, "load", "-i", archive).out == "Loaded image: mine:1\n"
    assert transom(engine, "run", "--rm", "mine:1").out == "kept"
    transom(engine, "rmi", "mine:1")


def test_failed_step_ends_a_build_with_its_code(engine: Engine) -> None:
    done = transom(engine, "build", "-", stdin=b"FROM busybox\nRUN exit 5\n")
    assert done.code == 5
    assert done.err == "The command '/bin/sh -c exit 5' returned a non-zero code: 5\n"
