"""The tools of system32 that Dockerfiles use: each proved by what it does, its words and its exit code."""

import hashlib
import re
from collections.abc import Iterator

import pytest
from tests.support.batch import Box, batch_box
from tests.support.engine import Engine
from tests.support.windows import COMPILER, probe

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", COMPILER),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def shared_box(shared_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with batch_box(shared_engine, tmp_path_factory.mktemp("tools")) as made:
        yield made


@pytest.fixture
def box(shared_box: Box) -> Box:
    """The container, with its directory empty."""
    shared_box.empty()
    return shared_box


def test_setx_keeps_variables_of_machine_and_user(box: Box) -> None:
    machine = '"HKLM\\System\\CurrentControlSet\\Control\\Session Manager\\Environment"'

    saved = box.run('setx /M TOOL_HOME "C:\\tools;%%PATH%%"', f"reg query {machine} /v TOOL_HOME")
    user = box.run("setx GREETING hello", "reg query HKCU\\Environment /v GREETING")
    wrong = box.run("setx ONLY_A_NAME")

    assert "SUCCESS: Specified value was saved." in saved.out
    assert re.search(r"TOOL_HOME +REG_EXPAND_SZ +C:\\tools;%PATH%", saved.out)
    assert re.search(r"GREETING +REG_SZ +hello", user.out)
    assert (wrong.code, wrong.err) == (1, 'ERROR: Invalid syntax.\nType "SETX /?" for usage.\n')


def test_robocopy_mirrors_and_says_so_in_its_code(box: Box) -> None:
    made = box.run("mkdir a\\b a\\empty", "echo one>a\\1.txt", "echo two>a\\b\\2.log", "robocopy a z /E /NJH /NJS")
    assert made.code == 1, "something was copied"
    assert box.run("type z\\b\\2.log & dir /b z").out.split() == ["two", "1.txt", "b", "empty"]

    assert box.run("robocopy a z /MIR").code == 0, "nothing was to do"
    (changed) = box.run("del a\\1.txt", "echo three>>a\\b\\2.log", "robocopy a z /MIR /NP")
    assert changed.code == 3, "copied, and an extra file removed"
    assert box.run("type z\\b\\2.log", "if exist z\\1.txt echo there").out.split() == ["two", "three"]

    only = box.run("robocopy a y *.log /S /XD empty /NFL /NDL /NJH /NJS", "dir /s /b y")
    assert [line.removeprefix("C:\\w\\y\\") for line in only.out.split()] == ["b", "b\\2.log"]
    assert box.run("robocopy a x /MOVE /E >nul", "if not exist a echo gone").out.strip() == "gone"
    missing = box.run("robocopy nosuch z")
    assert missing.code == 16
    assert "ERROR 2 (0x00000002) Accessing Source Directory" in missing.out
    assert box.run("robocopy a z /NOSUCH").code == 16


def test_find_and_findstr_choose_lines(box: Box) -> None:
    box.run("(echo one& echo Two words& echo grüße& echo two)>f.txt", "mkdir d", "echo a two>d\\g.txt")

    assert box.run('find "Two" f.txt').out == "\n---------- F.TXT\nTwo words\n"
    assert box.run('find /i /n "two" < f.txt').out == "[2]Two words\n[4]two\n"
    assert box.run('find /v /c "o" f.txt').out == "\n---------- F.TXT: 1\n"
    assert box.run('find "nosuch" f.txt').code == 1
    assert box.run("find Two f.txt").code == 2, "its text is in quotes"
    assert box.run('findstr /n /i "TWO one" f.txt').out == "1:one\n2:Two words\n4:two\n"
    assert box.run("findstr /s /m two *.txt").out == "f.txt\nd\\g.txt\n" or box.run(
        "findstr /s /m two *.txt"
    ).out.split() == ["d\\g.txt", "f.txt"]
    assert box.run('findstr /r "^gr.ße$" f.txt').out == "grüße\n"
    assert box.run('findstr /c:"Two words" /c:"nosuch" f.txt').out == "Two words\n"
    assert box.run("findstr /v /b /i t f.txt").out == "one\ngrüße\n"
    assert box.run("findstr /x two f.txt").out == "two\n"
    assert box.run('findstr "\\<wor[a-z]*\\>" f.txt').out == "Two words\n"
    assert box.run("findstr nosuch f.txt").code == 1


def test_ten_megabytes_pass_filters_unchanged(box: Box) -> None:
    line = "0123456789 abcdefghijklmnopqrstuvwxyz äöü\r\n".encode()
    big = line * (10_000_000 // len(line))
    (box.shared / "big.txt").write_bytes(big)

    done = box.run(
        "findstr /v nosuch < C:\\t\\big.txt > C:\\t\\one.txt",
        'find /v "nosuch" < C:\\t\\big.txt | findstr /v nosuch > C:\\t\\two.txt',
        "more < C:\\t\\big.txt > C:\\t\\three.txt",
        "sort C:\\t\\big.txt /o C:\\t\\four.txt",
        'type C:\\t\\big.txt | sort | find /v "" > C:\\t\\five.txt',
        "fc C:\\t\\big.txt C:\\t\\four.txt >nul && echo alike",
        "fc /b C:\\t\\big.txt C:\\t\\five.txt >nul && echo alike",
        "comp C:\\t\\big.txt C:\\t\\one.txt /m >nul && echo alike",
        "clip < C:\\t\\big.txt && echo taken",
    )

    for name in ("one.txt", "two.txt", "three.txt", "four.txt", "five.txt"):
        assert hashlib.sha256((box.shared / name).read_bytes()).digest() == hashlib.sha256(big).digest(), name
        (box.shared / name).unlink()
    (box.shared / "big.txt").unlink()
    assert done.out.split() == ["alike", "alike", "alike", "taken"]


def test_certutil_hashes_and_converts(box: Box) -> None:
    hashed = box.run("<nul set /p=abc>f", "certutil -hashfile f SHA256")
    assert "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" in hashed.out
    assert hashed.out.endswith("CertUtil: -hashfile command completed successfully.\n")
    assert "a9993e364706816aba3e25717850c26c9cd0d89d" in box.run("certutil -hashfile f").out

    there = box.run("certutil -encode f f.b64 >nul", "type f.b64", "certutil -decode f.b64 g >nul", "comp f g /M >nul")
    assert (there.code, there.out.split("\n")[1]) == (0, "YWJj")
    assert box.run("certutil -encode f f.b64").code != 0, "what is there is not overwritten"
    assert box.run("certutil -f -encode f f.b64").code == 0
    assert box.run("certutil -hashfile nosuch").code != 0


def test_access_is_granted_and_never_said_to_be_taken_away(box: Box) -> None:
    granted = box.run("mkdir d", "echo x>d\\f", "icacls d /grant Users:(OI)(CI)F /T")
    assert (granted.code, granted.out) == (
        0,
        "processed file: d\nprocessed file: d\\f\nSuccessfully processed 2 files; Failed processing 0 files\n",
    )
    for account in ("ContainerUser", "ContainerAdministrator", '"User Manager\\ContainerUser"', "*S-1-5-93-2-2"):
        assert box.run(f"icacls d /grant {account}:F").code == 0
    assert box.run("icacls d /grant NoSuchUser:F").code == 1332 & 255
    assert box.run("icacls nosuch /grant Users:F").code != 0
    refused = box.run("icacls d /inheritance:r")
    assert refused.code != 0
    assert "not supported" in refused.err
    assert "SUCCESS" in box.run("takeown /F d /R").out


def test_timeout_wants_a_console(box: Box) -> None:
    refused = box.run("timeout /t 1")
    assert refused.code == 1
    assert refused.err == "ERROR: Input redirection is not supported, exiting the process immediately.\n"
    assert "Valid range is -1 to 99999" in box.run("timeout 100000").err


def test_tree_and_comp_show(box: Box) -> None:
    shown = box.run("mkdir a\\b c", "echo x>a\\f", "echo y>a\\g", "tree /F /A")
    assert shown.out.split("\n")[2:8] == ["C:.", "+---a", "|   |   f", "|   |   g", "|   |   ", "|   \\---b"]
    assert "Compare error at OFFSET 0" in box.run("comp a\\f a\\g /M").out
    assert "Files compare OK" in box.run("comp a\\f a\\f /M").out


@pytest.mark.parametrize("name", ["powershell", "pwsh"])
def test_powershell_is_refused_in_plain_words(box: Box, name: str) -> None:
    refused = box.run(f'{name} -Command "Write-Host hello"')

    assert refused.code == 1
    assert "PowerShell is not part of this Windows base" in refused.err
    assert refused.out == ""


def test_powershell_of_the_image_is_started_as_it_was_asked_for(box: Box) -> None:
    (box.shared / "own").mkdir()
    (box.shared / "own" / "pwsh.exe").write_bytes(probe())

    own = box.run("set PATH=%PATH%;C:\\t\\own", "pwsh line -Command \"Write-Host 'a  b'\" x")
    code = box.run("set PATH=%PATH%;C:\\t\\own", "pwsh exit 77")

    assert own.out.strip().endswith("""pwsh.exe" line -Command "Write-Host 'a  b'" x""")
    assert code.code == 77


@pytest.mark.parametrize("name", ["cacls", "cscript", "klist", "pathping", "pnputil", "wscript"])
def test_what_does_nothing_is_not_there(box: Box, name: str) -> None:
    """Wine's programs of these names report success and do nothing. The client's own exit code has 8 bits."""
    assert box.run(f"{name} /?").code == 9009 & 255
