"""docker build of Windows images by the real CLI: each instruction, what it leaves, what is refused."""

import io
import os
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.engine import WINDOWS, Done, Engine
from tests.support.windows import COMPILER, PROBE, probe

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", "busybox", COMPILER),
    pytest.mark.timeout(600),
]
Build = Callable[..., Done]


@pytest.fixture
def build(probed: Engine, tmp_path: Path) -> Build:
    """Build a Dockerfile, escape directive added, with files beside it."""

    def run(dockerfile: str, *options: str, files: dict[str, str | bytes] | None = None, check: bool = True) -> Done:
        for name, content in {"Dockerfile": f"# escape=`\n{dockerfile}", **(files or {})}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        done = probed.docker("build", "--network", "none", *options, str(tmp_path), check=check, timeout_s=120)
        assert os.listdir(probed.data / "builds") == []
        return done

    return run


def run(engine: Engine, *arguments: str) -> list[str]:
    out = engine.docker("run", "--rm", "--network", "none", *arguments).out
    return [line.rstrip() for line in out.splitlines() if line.strip()]


def archive_of(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content.encode()))
    return out.getvalue()


MAIN = f"""\
FROM {WINDOWS}
WORKDIR C:\\app
COPY probe.exe tool.exe
RUN mkdir "data dir" && `
    echo by %USERNAME% in %CD%>"data dir\\made.txt" && `
    reg add HKLM\\Software\\Transom /v Machine /d yes /f && `
    reg add HKCU\\Software\\Transom /v User /t REG_DWORD /d 42 /f
RUN echo changed>>"data dir\\made.txt"
ENV GREETING="hello world"
ENV PATH="C:\\app;C:\\Windows\\System32"
CMD tool args "%GREETING%" two & type "data dir\\made.txt" & `
    reg query HKLM\\Software\\Transom & reg query HKCU\\Software\\Transom & cd
"""


def test_main_job_survives_save_rmi_and_load(probed: Engine, build: Build, tmp_path: Path) -> None:
    build(MAIN, "-t", "main", files={"probe.exe": probe()})
    first = run(probed, "main")
    archive = tmp_path / "main.tar"
    probed.docker("save", "-o", str(archive), "main")
    probed.docker("rmi", "main")
    probed.docker("builder", "prune", "-af")
    probed.docker("load", "-i", str(archive))
    archive.unlink()

    assert first[:4] == ["hello world", "two", "by ContainerUser in C:\\app", "changed"]
    assert [line.split() for line in first if "REG_" in line] == [
        ["Machine", "REG_SZ", "yes"],
        ["User", "REG_DWORD", "0x2a"],
    ]
    assert first[-1] == "C:\\app"
    assert run(probed, "main") == first


def test_every_instruction_reaches_the_image(probed: Engine, build: Build) -> None:
    dockerfile = f"""\
ARG TAG=ltsc2022
FROM mcr.microsoft.com/windows/servercore:${{TAG}} AS first
ARG WHO=nobody
WORKDIR C:\\made
RUN echo by %WHO%>made.txt & whoami
ADD packed.tar.gz C:\\unpacked\\
FROM mcr.microsoft.com/windows/server:ltsc2022 AS second
COPY --from=first C:\\made\\made.txt C:\\unpacked\\deep\\data.txt C:\\out\\
FROM {PROBE}
LABEL a=b
EXPOSE 80
USER ContainerAdministrator
RUN echo %USERNAME%>C:\\who.txt
COPY --from=second C:/OUT C:/App/Out
WORKDIR C:\\app
WORKDIR sub
COPY ["with blank.txt", "C:\\\\APP\\\\SUB\\\\"]
SHELL ["cmd", "/V:ON", "/S", "/C"]
RUN set X=delayed&& echo !X!>shell.txt
RUN ["cmd", "/c", "echo exec form>exec.txt"]
VOLUME C:\\vol
VOLUME ["D:"]
STOPSIGNAL SIGINT
HEALTHCHECK --interval=1s --retries=1 CMD if exist C:\\sick.txt exit 1
USER ContainerUser
ONBUILD RUN echo triggered>C:\\app\\triggered.txt
ENTRYPOINT ["probe.exe", "args"]
CMD ["a b", "say \\"hi\\"", "Grüße 日本", "C:\\\\x y\\\\"]
"""
    packed = archive_of({"deep/data.txt": "packed\r\n"})
    files: dict[str, str | bytes] = {"packed.tar.gz": packed, "with blank.txt": "!"}
    done = build(dockerfile, "-t", "all", "--build-arg", "WHO=me", "--label", "c=d", files=files)
    config = probed.client().images.get("all").attrs["Config"]

    assert "user manager\\containeradministrator" in done.out
    assert run(probed, "all") == ["a b", 'say "hi"', "Grüße 日本", "C:\\x y\\"]
    assert run(probed, "all", "one", "two three") == ["one", "two three"]
    files_of_it = "C:\\who.txt shell.txt exec.txt ..\\out\\made.txt ..\\out\\data.txt"
    look = f"cd & type {files_of_it} & dir /b . C:\\app & dir /b C:\\"
    told = run(probed, "--entrypoint", "cmd", "all", "/c", look)
    assert told[0] == "C:\\app\\sub"
    for expected in ("ContainerAdministrator", "delayed", "exec form", "by me", "packed", "with blank.txt"):
        assert expected in told
    assert [line.lower() for line in told].count("app") == 1
    assert [line.lower() for line in told].count("sub") == 1
    assert config["Labels"] == {"a": "b", "c": "d"}
    assert (config["User"], config["StopSignal"], config["WorkingDir"]) == ("ContainerUser", "SIGINT", "C:\\app\\sub")
    assert (set(config["Volumes"]), set(config["ExposedPorts"])) == ({"C:\\vol", "D:"}, {"80/tcp"})
    assert config["Healthcheck"]["Test"] == ["CMD-SHELL", "if exist C:\\sick.txt exit 1"]

    on_top = 'FROM all\nENTRYPOINT []\nCMD echo shell form of "%USERNAME%" & type C:\\app\\triggered.txt\n'
    child = build(on_top, "-t", "child")
    assert "# Executing 1 build trigger" in child.out
    assert run(probed, "child") == ['shell form of "ContainerUser"', "triggered"]


def test_health_check_runs_in_cmd(probed: Engine, build: Build) -> None:
    check = "if exist C:\\sick.txt (echo sick& exit 1)"
    build(f"FROM {PROBE}\nHEALTHCHECK --interval=200ms --retries=1 CMD {check}\n", "-t", "h")
    probed.docker("run", "-d", "--name", "patient", "h", "probe", "wait")
    for wanted in ("healthy", "unhealthy"):
        deadline = time.monotonic() + 20
        while probed.docker("inspect", "-f", "{{.State.Health.Status}}", "patient").out.strip() != wanted:
            assert time.monotonic() < deadline, wanted
            time.sleep(0.05)
        probed.docker("exec", "patient", "cmd", "/c", "echo x> C:\\sick.txt")

    assert "sick" in probed.docker("inspect", "-f", "{{json .State.Health.Log}}", "patient").out


def test_spelling_of_directories_is_the_first_ones(probed: Engine, build: Build) -> None:
    dockerfile = (
        f"FROM {PROBE}\nRUN mkdir C:\\App\\Data\nCOPY f c:/APP/data/One\nCOPY f C:\\aPP\\DATA\\two\n"
        "RUN move C:\\APP\\data\\one C:\\app\\ & del c:\\APP\\data\\TWO & echo x>C:\\app\\DATA\\three\n"
    )
    build(dockerfile, "-t", "spelled", files={"f": "content\r\n"})

    told = run(probed, "spelled", "cmd", "/c", "dir /b /s C:\\app")
    assert sorted(line[len("C:\\app\\") :] for line in told) == ["Data", "Data\\three", "One"]


def test_second_build_uses_the_cache(probed: Engine, build: Build) -> None:
    dockerfile = f"FROM {PROBE}\nRUN echo cached> C:\\x.txt\nRUN reg add HKLM\\Software\\Cached /v a /d b /f\n"
    first = build(dockerfile, "-q")
    again = build(dockerfile)

    assert again.out.count(" ---> Using cache") == 2
    assert again.out.rstrip().endswith(first.out.strip()[len("sha256:") :][:12])


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("RUN no-such-command", "returned a non-zero code"),
        ("RUN exit 300", "returned a non-zero code: 300"),
        ('RUN ["C:\\\\none.exe"]', "The system cannot find the file specified"),
        ("COPY --chown=1:1 Dockerfile C:\\", "mean nothing to a Windows image"),
        ("COPY --chmod=755 Dockerfile C:\\", "mean nothing to a Windows image"),
        ("COPY Dockerfile D:\\", "not on the system drive"),
        ("COPY Dockerfile \\\\server\\share\\", "UNC"),
        ("WORKDIR D:\\x", "not on the system drive"),
        ("WORKDIR C:", "is not a directory"),
        ("COPY Dockerfile C:\\nul", "nul"),
        ("ADD --keep-git-dir=true https://example.com/x.git C:\\x", "--keep-git-dir"),
        ("USER nobody\nRUN ver", "The user name or password is incorrect. (0x52e)"),
    ],
)
def test_bad_step_says_why_and_leaves_nothing(probed: Engine, build: Build, step: str, message: str) -> None:
    images = probed.docker("images", "-aq").out

    done = build(f"FROM {PROBE}\n{step}\n", "--force-rm", "--no-cache", check=False)

    assert done.code != 0
    assert message.lower() in done.err.lower()
    assert probed.docker("ps", "-aq").out == ""
    if "\n" not in step:
        assert probed.docker("images", "-aq").out == images
