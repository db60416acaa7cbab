"""Fifty lines of RUN as Windows Dockerfiles have them, in one build: each does what it does on Windows."""

import hashlib
import io
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.engine import Engine
from tests.support.windows import COMPILER

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", COMPILER),
    pytest.mark.timeout(600),
]
DOCKERFILE = Path(__file__).parents[1] / "support" / "dockerfiles" / "fifty.Dockerfile"
IMAGE = "fifty:1"
SETTINGS = (
    "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Acme]\r\n"
    '"Home"="C:\\\\acme"\r\n"Level"=dword:00000007\r\n'
)


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("tool-1.2/bin/tool.cmd", "@echo tool 1.2 %*\r\n")
        archive.writestr("tool-1.2/README.md", "read me")
    return buffer.getvalue()


TOOL = zipped()

SAID = {
    "tool.txt": "tool 1.2 hello\n",
    "if.txt": "yes\n",
    "hard.txt": "yes\n",
    "for.txt": "a\nb\nc\n",
    "chcp.txt": "cp 65001\n",
    "forr.txt": "settings.reg\n",
    "count.txt": "2\n",
    "findstr.txt": "line two \n",
    "sorted.txt": "a \nb \nc \n",
    "sha.txt": f"{hashlib.sha256(TOOL).hexdigest()}\n",
    "where.txt": "C:\\tools\\tool\\bin\\tool.cmd\n",
    "ver.txt": "\nMicrosoft Windows [Version 10.0.20348.2655]\n",
    "whoami.txt": "user manager\\containeradministrator\n",
    "set.txt": "bar \n",
    "seta.txt": "35",
    "cd.txt": "C:\\tools\n",
    "dir.txt": "f1.txt\nf2.txt\nf3.txt\n",
    "start.txt": "started\n",
    "ping.txt": "pinged\n",
    "timeout.txt": "no console\n",
    "ps-code.txt": "refused\n",
    "unknown-code.txt": "missing\n",
    "dism-code.txt": "refused\n",
    "forfiles.txt": f'"settings" {len(SETTINGS)}\n',
    "quiet.txt": "quiet\n",
    "late.txt": "late\n",
    "continued.txt": "two \n",
}
"""What the lines wrote into files of C:\\logs."""


@pytest.fixture(scope="module")
def fifty(shared_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    shared_engine.ensure_base()
    context = tmp_path_factory.mktemp("fifty")
    shutil.copy(DOCKERFILE, context / "Dockerfile")
    (context / "tool.zip").write_bytes(TOOL)
    (context / "settings.reg").write_bytes(SETTINGS.encode())
    shared_engine.docker("build", "--network", "none", "-t", IMAGE, str(context), timeout_s=300)
    yield shared_engine
    shared_engine.docker("rmi", "-f", IMAGE)


def ask(engine: Engine, *lines: str) -> str:
    """Return what a command line says in a container of the image, as its administrator."""
    run = ("run", "--rm", "--network", "none", "--user", "ContainerAdministrator", IMAGE)
    return engine.docker(*run, "cmd", "/c", " & ".join(lines)).out.replace("\r\n", "\n")


def test_there_are_fifty() -> None:
    assert len(re.findall(r"^RUN ", DOCKERFILE.read_text(), re.MULTILINE)) >= 50


def test_what_the_lines_wrote(fifty: Engine) -> None:
    told = ask(fifty, "for %f in (C:\\logs\\*.txt) do @(echo ==%~nxf& type %f)")
    written = {name: text for name, text in (part.split("\n", 1) for part in told.split("==")[1:] if "\n" in part)}

    assert {name: written.get(name) for name in SAID} == SAID
    assert "PowerShell is not part of this Windows base" in written["ps.txt"]
    assert "'nosuchcommand' is not recognized as an internal or external command" in written["unknown.txt"]
    assert "Features of Windows are not part of this Windows base" in written["dism.txt"]
    assert written["wmic.txt"].strip() == "Version=10.0.20348"
    assert re.search(r"^cmd\.exe +\d+ Console +1 +[\d,]+ K$", written["tasks.txt"], re.MULTILINE)
    assert re.fullmatch(r"[0-9A-F]{12}\n", written["hostname.txt"])


def test_what_the_lines_made(fifty: Engine) -> None:
    registry = ask(
        fifty,
        "reg query HKLM\\SOFTWARE\\Acme",
        "reg query HKLM\\SYSTEM\\CurrentControlSet\\Control\\FileSystem /v LongPathsEnabled",
    )
    assert re.findall(r"^    (\w+) +(REG_\w+) +(.*)$", registry, re.MULTILINE) == [
        ("Home", "REG_SZ", "C:\\acme"),
        ("Path", "REG_EXPAND_SZ", "C:\\Program Files\\Acme"),
        ("LongPathsEnabled", "REG_DWORD", "0x1"),
    ]
    assert ask(fifty, "echo %ACME_HOME% %EDITOR%") == "C:\\acme notepad\n"
    assert ask(fifty, "echo %PATH%").endswith(";C:\\tools;C:\\tools\\tool\\bin\n")
    assert ask(fifty, "dir /b /o:n C:\\app").split() == [
        "big.bin", "copy.reg", "f1.txt", "f3.txt", "mirror", "three.reg",
    ]  # fmt: skip
    assert ask(fifty, "dir /b /o:n C:\\app\\mirror", "dir /b /o:n C:\\link").split() == [
        "Dockerfile", "settings.reg", "tool.zip", "bin", "README.md",
    ]  # fmt: skip
    assert ask(fifty, "for %f in (C:\\app\\big.bin) do @echo %~zf", "if exist C:\\made echo made") == "1048576 \nmade\n"
    assert ask(fifty, "attrib C:\\app\\f1.txt").startswith("A    R ")
    assert "Comment        they test\n" in ask(fifty, "net localgroup testers")
    assert "builder" in ask(fifty, "net localgroup Administrators")
    assert "3   DEMAND_START" in ask(fifty, "sc qc acme")
    assert ask(fifty, "tzutil /g") == "W. Europe Standard Time"


def test_what_the_image_runs_as(fifty: Engine) -> None:
    assert fifty.docker("run", "--rm", "--network", "none", IMAGE).out == "tool 1.2 hello\r\n"
    me = fifty.docker("run", "--rm", "--network", "none", IMAGE, "cmd", "/c", "whoami & cd").out.split()
    assert me[0].endswith("\\builder")
    assert me[1] == "C:\\app"
    assert ask(fifty, "type C:\\Users\\builder\\me.txt").strip().endswith("\\builder")
