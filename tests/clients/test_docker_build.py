"""docker build by the real CLI and docker-py: what it prints, what it makes, what it leaves."""

import hashlib
import io
import lzma
import os
import re
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import docker
import pytest
from tests.support.engine import WINDOWS, Done, Engine, docker_environment

pytestmark = [pytest.mark.root, pytest.mark.needs("crun", "conmon", "busybox"), pytest.mark.timeout(600)]

Build = Callable[..., Done]


@pytest.fixture
def build(engine: Engine, tmp_path: Path) -> Build:
    """Build a Dockerfile with files beside it; `options` go to docker build."""

    def run(dockerfile: str, *options: str, files: dict[str, str | bytes] | None = None, check: bool = True) -> Done:
        for name, content in {"Dockerfile": dockerfile, **(files or {})}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        done = engine.docker("build", "--network", "none", *options, str(tmp_path), check=check, timeout_s=120)
        left = engine.data / "builds"
        assert not left.exists() or os.listdir(left) == []
        return done

    return run


def shown(done: Done) -> list[str]:
    """Return what a build printed, IDs made equal, without what the CLI says of itself."""
    text = re.sub(r"\b[0-9a-f]{12}\b", "ID", done.out)
    return [line for line in text.splitlines() if line and not line.startswith("Sending build context")]


def run(engine: Engine, image: str, *command: str) -> str:
    return engine.docker("run", "--rm", "--network", "none", image, *command).out


def test_build_prints_what_docker_prints(build: Build) -> None:
    done = build('FROM busybox\nENV A=1\nRUN echo $A; echo err >&2\nCMD ["sh"]\n', "-t", "p:1", "-t", "q", "--no-cache")

    assert shown(done) == [
        "Step 1/4 : FROM busybox", " ---> ID",
        "Step 2/4 : ENV A=1", " ---> ID",
        "Step 3/4 : RUN echo $A; echo err >&2", " ---> Running in ID", "1", "\x1b[91merr",
        "\x1b[0m ---> Removed intermediate container ID", " ---> ID",
        'Step 4/4 : CMD ["sh"]', " ---> ID",
        "Successfully built ID", "Successfully tagged p:1", "Successfully tagged q:latest",
    ]  # fmt: skip


def test_second_build_uses_the_cache_and_gives_the_same_image(engine: Engine, build: Build) -> None:
    dockerfile = "FROM busybox\nWORKDIR /w\nCOPY f .\nRUN cat f > g\n"
    first = build(dockerfile, "-q", files={"f": "1"})
    os.utime(Path(engine.directory), None)
    second = build(dockerfile, files={"f": "1"})
    third = build(dockerfile, files={"f": "2"})

    assert second.out.count(" ---> Using cache") == 3
    assert first.out.strip().removeprefix("sha256:").startswith(second.out.split("Successfully built ")[1].strip())
    assert third.out.count(" ---> Using cache") == 1


def test_failed_build_goes_on_where_it_failed(engine: Engine, build: Build) -> None:
    failed = build("FROM busybox\nRUN echo first\nRUN exit 42\n", "--force-rm", check=False)
    again = build("FROM busybox\nRUN echo first\nRUN echo second\n")

    assert failed.code == 42
    assert "The command '/bin/sh -c exit 42' returned a non-zero code: 42" in failed.err
    assert again.out.count(" ---> Using cache") == 1
    assert engine.docker("ps", "-aq").out == ""


def test_failed_container_stays_for_the_user_unless_forced(engine: Engine, build: Build) -> None:
    build("FROM busybox\nRUN echo kept; exit 1\n", check=False)

    (container,) = engine.docker("ps", "-aq").out.split()
    assert engine.docker("logs", container).out == "kept\n"


@pytest.mark.parametrize(
    ("dockerfile", "message"),
    [
        ("FOO x\n", "dockerfile parse error on line 1: unknown instruction: FOO"),
        ("RUN x\n", "no build stage in current context"),
        ("FROM busybox\nENV x\n", "failed to parse Dockerfile: ENV must have two arguments"),
        ("FROM nosuchimage\n", "docker.io is not asked"),
        ("FROM busybox\nCOPY nope /\n", "COPY failed: file not found in build context or excluded by .dockerignore"),
        ("FROM busybox\nCOPY ../x /\n", "COPY failed: forbidden path outside the build context: ../x ()"),
        ("FROM busybox\nCOPY --from=3 x /\n", "invalid from flag value 3: index out of bounds"),
        ("FROM busybox\nRUN --mount=type=cache,target=/x y\n", "the --mount option requires BuildKit"),
        ('FROM busybox\nRUN ["nope"]\n', "executable file not found"),
        ("FROM busybox\nCOPY --chown=nobody:nope Dockerfile /\n", "no such group: nope"),
        ("FROM busybox\nADD https://x/y.git /\n", "git repositories are not supported"),
    ],
)
def test_bad_dockerfile_says_why_and_leaves_nothing(
    engine: Engine, build: Build, dockerfile: str, message: str
) -> None:
    images = engine.docker("images", "-aq").out

    done = build(dockerfile, "--force-rm", check=False)

    assert done.code == 1
    assert message in done.err
    assert engine.docker("ps", "-aq").out == ""
    assert engine.docker("images", "-aq").out == images


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--squash"], "squash"), (["--security-opt", "x=y"], "security options"), (["--pull"], "docker.io is not asked")],
)
def test_unsupported_options_are_refused(build: Build, options: list[str], message: str) -> None:
    done = build("FROM busybox\n", *options, check=False)

    assert done.code == 1
    assert message in done.err


def test_every_instruction_reaches_the_image(engine: Engine, build: Build) -> None:
    dockerfile = """\
ARG base=busybox
FROM $base AS first
ARG who=nobody
WORKDIR /w
RUN echo "made by $who" > made && ln -s made link
FROM busybox
LABEL a=b
EXPOSE 80 53/udp
VOLUME /data
COPY --from=first --chown=nobody:nogroup /w/made /w/link /out/
ADD in.tar.xz /unpacked/
COPY --chmod=755 <<"script.sh" /bin/script
#!/bin/sh
echo "script: $1"
script.sh
USER nobody
STOPSIGNAL INT
HEALTHCHECK --interval=7s CMD true
SHELL ["/bin/sh", "-ec"]
ENTRYPOINT ["script"]
CMD ["default"]
ONBUILD RUN echo triggered > /tmp/t
"""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        info = tarfile.TarInfo("d/f")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"xyz"))

    options = ["-t", "all", "--build-arg", "who=me", "--label", "c=d"]
    build(dockerfile, *options, files={"in.tar.xz": lzma.compress(archive.getvalue())})
    config = engine.client().images.get("all").attrs["Config"]

    assert run(engine, "all") == "script: default\n"
    assert run(engine, "all", "x") == "script: x\n"
    look = ["run", "--rm", "--network", "none", "--entrypoint", "sh", "all", "-c"]
    assert engine.docker(*look, "cat /out/made /out/link /unpacked/d/f; id -un; stat -c %U:%G /out/made").out == (
        "made by me\nmade by me\nxyznobody\nnobody:nogroup\n"
    )
    assert config["Labels"] == {"a": "b", "c": "d"}
    assert set(config["ExposedPorts"]) == {"80/tcp", "53/udp"}
    assert (config["User"], config["StopSignal"], config["Shell"]) == ("nobody", "INT", ["/bin/sh", "-ec"])
    assert config["Healthcheck"] == {"Test": ["CMD-SHELL", "true"], "Interval": 7_000_000_000}
    assert "/data" in config["Volumes"]
    child = build("FROM all\n", "-t", "child")
    assert "# Executing 1 build trigger" in child.out
    assert run(engine, "child", "y") == "script: y\n"


def test_history_has_an_entry_for_each_step(engine: Engine, build: Build) -> None:
    build("FROM busybox\nENV a=b\nRUN echo > /x\nRUN true\n", "-t", "steps")

    lines = engine.docker("history", "--format", "{{.CreatedBy}}|{{.Size}}", "--no-trunc", "steps").out.splitlines()
    assert lines[:3] == ["/bin/sh -c true|0B", "/bin/sh -c echo > /x|1B", "/bin/sh -c #(nop)  ENV a=b|0B"]
    layers = engine.client().images.get("steps").attrs["RootFS"]["Layers"]
    assert len(layers) == 2


def test_dockerignore_may_hide_the_dockerfile(engine: Engine, build: Build) -> None:
    files: dict[str, str | bytes] = {
        ".dockerignore": "Dockerfile\n*.log\n!keep.log\n",
        "a.log": "",
        "keep.log": "",
        "b": "",
    }
    build("FROM busybox\nCOPY . /c/\n", "-t", "ignored", files=files)

    assert run(engine, "ignored", "ls", "-A", "/c").split() == [".dockerignore", "b", "keep.log"]


def test_target_and_intermediate_containers_kept(engine: Engine, build: Build) -> None:
    done = build("FROM busybox AS a\nRUN echo a > /a\nFROM busybox\nRUN false\n", "--target", "A", "--rm=false")

    assert "Step 2/2" in done.out
    (container,) = engine.docker("ps", "-aq").out.split()
    assert engine.docker("inspect", "-f", "{{.State.Status}}", container).out == "exited\n"


def test_limits_hosts_and_network_reach_the_run(engine: Engine, build: Build) -> None:
    options = ["--ulimit", "nofile=55:66", "--add-host", "there:10.9.8.7", "--shm-size", "1m", "--memory", "64m"]
    done = build(
        "FROM busybox\nRUN ulimit -n; grep there /etc/hosts; df -k /dev/shm | tail -n 1; ls /sys/class/net\n", *options
    )

    assert "55\n10.9.8.7\tthere\n" in done.out
    assert re.search(r"shm +1024 ", done.out)
    assert "\nlo\n" in done.out


def test_context_from_standard_input(engine: Engine) -> None:
    done = engine.docker("build", "-q", "-", stdin=b'FROM busybox\nCMD ["x"]\n')

    assert done.out.startswith("sha256:")


def test_client_that_goes_away_leaves_nothing(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN echo started; sleep 1000\n")
    argv = engine.docker_argv("build", "--network", "none", str(tmp_path))
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=docker_environment())
    assert process.stdout is not None
    with process.stdout:
        while b"started" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.wait(10)

    deadline = time.monotonic() + 20
    while engine.docker("ps", "-aq").out or os.listdir(engine.data / "builds"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


POINTS = ["build.context.unpacked", "build.copy.copied", "build.run.exited", "build.step.recorded"]


@pytest.mark.parametrize("point", POINTS)
def test_engine_killed_in_a_build_sweeps_and_builds_again(
    engine: Engine, build: Build, tmp_path: Path, point: str
) -> None:
    dockerfile = f"FROM busybox\nCOPY f /\nRUN echo {point} > /g\n"
    engine.stop()
    engine.start(faults=f"{point}=kill")
    (tmp_path / "Dockerfile").write_text(dockerfile)
    (tmp_path / "f").write_text(point)
    broken = engine.docker("build", "--network", "none", str(tmp_path), check=False)
    engine.wait_until_dead()
    engine.start()

    assert broken.code == 1
    assert engine.docker("ps", "-aq").out == ""
    assert os.listdir(engine.data / "builds") == []
    build(dockerfile, "-t", "again", files={"f": point})
    assert run(engine, "again", "cat", "/f", "/g") == f"{point}{point}\n"


def test_docker_py_builds_and_sees_the_failing_command(engine: Engine) -> None:
    client = engine.client()
    image, log = client.images.build(
        fileobj=io.BytesIO(b"FROM busybox\nARG v\nRUN echo $v > /v\n"), tag="py:1", buildargs={"v": "1"},
        network_mode="none", rm=True, extra_hosts={"h": "1.2.3.4"}, labels={"l": "1"},
    )  # fmt: skip

    assert {"aux": {"ID": image.id}} in list(log)
    assert client.containers.run("py:1", ["cat", "/v"], remove=True, network_mode="none") == b"1\n"
    with pytest.raises(docker.errors.BuildError, match="returned a non-zero code: 3"):
        client.images.build(fileobj=io.BytesIO(b"FROM busybox\nRUN exit 3\n"), network_mode="none", forcerm=True)
    with pytest.raises(docker.errors.APIError, match="unknown instruction: FROMM"):
        client.images.build(fileobj=io.BytesIO(b"FROMM busybox\n"))


def test_add_fetches_a_url_and_checks_it(engine: Engine, build: Build, tmp_path: Path) -> None:
    served = tmp_path / "served"
    served.mkdir()
    (served / "file.txt").write_text("fetched\n")
    handler = partial(SimpleHTTPRequestHandler, directory=str(served))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/file.txt"
            digest = hashlib.sha256(b"fetched\n").hexdigest()
            build(f"FROM busybox\nADD --checksum=sha256:{digest} {url} /a/\nADD {url} /b\n", "-t", "fetched")
            wrong = build(f"FROM busybox\nADD --checksum=sha256:{'0' * 64} {url} /a/\n", check=False)
            missing = build(f"FROM busybox\nADD {url}x /a/\n", check=False)
        finally:
            server.shutdown()
            thread.join()

    assert run(engine, "fetched", "sh", "-c", "cat /a/file.txt /b; stat -c %a /b") == "fetched\nfetched\n600\n"
    assert f"digest mismatch sha256:{digest}" in wrong.err
    assert "with status 404" in missing.err


def test_cache_is_pruned(engine: Engine, build: Build) -> None:
    build("FROM busybox\nRUN echo prune me > /x\nRUN false\n", "--force-rm", check=False)
    engine.docker("builder", "prune", "-f")

    again = build("FROM busybox\nRUN echo prune me > /x\n")
    assert "Using cache" not in again.out


def test_builds_at_once_may_make_the_same_layers(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM busybox\n" + "".join(f"RUN echo {n} > /f\n" for n in range(8)))
    argv = ("build", "--no-cache", "-q", "--network", "none", str(tmp_path))

    with ThreadPoolExecutor(4) as pool:
        codes = [done.code for done in pool.map(lambda _: engine.docker(*argv, check=False), range(4))]

    assert codes == [0, 0, 0, 0]


def test_cache_from_takes_an_images_steps_over(engine: Engine, build: Build, tmp_path: Path) -> None:
    dockerfile = 'FROM busybox\nENV from=cache\nRUN echo taken over > /x\nLABEL a=b\nCMD ["x"]\n'
    first = build(dockerfile, "-q", "-t", "source").out
    archive = tmp_path / "source.tar"
    engine.docker("save", "-o", str(archive), "source")
    engine.docker("rmi", "source")
    engine.docker("builder", "prune", "-af")
    engine.docker("load", "-i", str(archive))
    archive.unlink()

    again = build(dockerfile, "--cache-from", "source", "-q").out
    assert again == first


@pytest.mark.wine
def test_windows_image_is_built_run_saved_and_loaded(windows: Engine, build: Build, tmp_path: Path) -> None:
    dockerfile = f"""\
# escape=`
FROM {WINDOWS}
WORKDIR C:\\app
COPY data.txt C:\\Windows\\System32\\
ENV GREETING=hej
RUN echo by %GREETING%> built.txt && `
    mkdir "C:\\data dir"
RUN reg add HKLM\\Software\\Transom /v Built /d yes /f
CMD type built.txt & type C:\\windows\\system32\\data.txt & reg query HKLM\\Software\\Transom & cd
"""
    windows.docker("rmi", "-f", WINDOWS, check=False)  # the sentence is said once
    done = build(dockerfile, "-t", "win", files={"data.txt": "data\r\n"})
    again = build(dockerfile, files={"data.txt": "data\r\n"})
    said = run(windows, "win")
    archive = tmp_path / "win.tar"
    windows.docker("save", "-o", str(archive), "win")
    windows.docker("rmi", "win")
    windows.docker("load", "-i", str(archive))
    archive.unlink()

    assert "answered by this engine's own Windows base" in done.out
    assert again.out.count(" ---> Using cache") == 6
    for expected in ("by hej", "data", "Built", "yes", "C:\\app"):
        assert expected in said
    assert run(windows, "win") == said


@pytest.mark.wine
def test_windows_command_that_fails_has_its_code(windows: Engine, build: Build) -> None:
    done = build(f"FROM {WINDOWS}\nRUN exit 5\n", "--force-rm", check=False)

    assert done.code == 5
    assert "The command 'cmd /S /C exit 5' returned a non-zero code: 5" in done.err
