"""reg: keys and values, searches, registration files, comparisons, files of keys."""

from collections.abc import Iterator

import pytest
from tests.support.batch import Box, batch_box
from tests.support.engine import Engine
from tests.support.windows import COMPILER

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", COMPILER),
    pytest.mark.timeout(300),
]
DONE = "The operation completed successfully.\n"
MISSING = "ERROR: The system was unable to find the specified registry key or value.\n"
K = "HKEY_CURRENT_USER\\Tools"


@pytest.fixture(scope="module")
def shared_box(shared_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with batch_box(shared_engine, tmp_path_factory.mktemp("registry")) as made:
        yield made


@pytest.fixture
def box(shared_box: Box) -> Box:
    """The container, with its directory and its key empty."""
    shared_box.empty()
    shared_box.run("reg delete HKCU\\Tools /f >nul 2>nul")
    return shared_box


def test_values_of_every_type_are_kept_and_shown(box: Box) -> None:
    added = box.run(
        "reg add HKCU\\Tools /v text /d grüße",
        "reg add HKCU\\Tools /v path /t REG_EXPAND_SZ /d %%PATH%%;x",
        "reg add HKCU\\Tools /v number /t REG_DWORD /d 0x1F",
        "reg add HKCU\\Tools /v long /t REG_QWORD /d -1",
        "reg add HKCU\\Tools /v bytes /t REG_BINARY /d abc",
        'reg add HKCU\\Tools /v list /t REG_MULTI_SZ /s # /d "a#b c#"',
        "reg add HKCU\\Tools\\below /ve /d default",
    )
    assert added.out == DONE * 7
    shown = box.run("reg query HKCU\\Tools", "reg query HKCU\\Tools /v list /se ;").out
    assert shown == (
        f"\n{K}\n    bytes    REG_BINARY    0ABC\n    list    REG_MULTI_SZ    a\\0b c\n"
        "    long    REG_QWORD    0xffffffffffffffff\n    number    REG_DWORD    0x1f\n"
        "    path    REG_EXPAND_SZ    %PATH%;x\n    text    REG_SZ    grüße\n"
        f"\n{K}\\below\n"
        f"\n{K}\n    list    REG_MULTI_SZ    a;b c\n\n"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        "add HKCU\\Tools /v n /t REG_DWORD /d 4294967296 /f",
        "add HKCU\\Tools /v n /t REG_DWORD /f",
        "add HKCU\\Tools /v n /t REG_NOSUCH /d 1 /f",
        "add HKCU\\Tools /v n /t REG_MULTI_SZ /s # /d a##b /f",
        "add HKCU\\Tools /v n /t REG_BINARY /d 0x12 /f",
        "add HKCU\\Tools /v n /d 1 /v m /f",
        "add HKCU\\ /v n /d 1 /f",
        "add \\\\machine\\HKCU\\Tools /f",
        "add HKCU\\Tools /v n /d 1 /f /reg:32 /reg:64",
        "copy HKCU\\Environment HKCU\\Environment /f",
        "nosuch",
    ],
)
def test_what_is_wrong_changes_nothing(box: Box, wrong: str) -> None:
    refused = box.run(f"reg {wrong}")

    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("ERROR: ")
    assert box.run("reg query HKCU\\Tools").err == MISSING


def test_questions_are_asked_and_no_is_the_answer_of_silence(box: Box) -> None:
    box.run("reg add HKCU\\Tools /v a /d 1")

    kept = box.run("reg add HKCU\\Tools /v a /d 2 <nul", "reg delete HKCU\\Tools <nul", "reg query HKCU\\Tools")
    assert "Value a exists, overwrite(Yes/No)? The operation was canceled by the user.\n" in kept.out
    assert "    a    REG_SZ    1\n" in kept.out
    assert box.run("echo y|reg delete HKCU\\Tools /v a >nul", "reg query HKCU\\Tools /v a").err == MISSING


def test_searches_find_keys_names_and_data(box: Box) -> None:
    box.run("reg add HKCU\\Tools\\one /v needle /d hay", "reg add HKCU\\Tools\\needles /v n /t REG_DWORD /d 7")

    assert box.run("reg query HKCU\\Tools /s /f needle").out == (
        f"\n{K}\\needles\n\n{K}\\one\n    needle    REG_SZ    hay\n\nEnd of search: 2 match(es) found.\n"
    )
    assert box.run("reg query HKCU\\Tools /s /f NEEDLE /c").code == 1
    assert box.run("reg query HKCU\\Tools /s /f needle /k /e").out == "\nEnd of search: 0 match(es) found.\n"
    assert f"\n{K}\\one\n    needle    REG_SZ    hay\n" in box.run("reg query HKCU\\Tools /s /d /f ha").out
    assert "    n    REG_DWORD (4)    0x7\n" in box.run("reg query HKCU\\Tools /s /t REG_DWORD /z").out


def test_registration_files_carry_everything(box: Box) -> None:
    box.run(
        "reg add HKCU\\Tools\\ünter /v \"quo\\\"te\" /d \"back\\slash\"",
        "reg add HKCU\\Tools /v list /t REG_MULTI_SZ /d one\\0two\\0three\\0four\\0five",
        "reg export HKCU\\Tools C:\\t\\one.reg /y",
        "reg delete HKCU\\Tools /f",
    )  # fmt: skip
    text = (box.shared / "one.reg").read_bytes()
    assert text.startswith("\ufeffWindows Registry Editor Version 5.00\r\n\r\n[HKEY_CURRENT_USER\\".encode("utf-16-le"))
    assert '"quo\\"te"="back\\\\slash"\r\n'.encode("utf-16-le") in text

    back = box.run("reg import C:\\t\\one.reg", "reg export HKCU\\Tools C:\\t\\two.reg /y")
    assert (back.code, back.out, back.err) == (0, DONE, DONE), "import speaks on standard error, as on Windows"
    assert (box.shared / "two.reg").read_bytes() == text
    assert box.run("reg import nosuch.reg").code == 1
    assert "not a registry script" in box.run("reg import C:\\t\\run.cmd").err


def test_old_registration_files_are_read(box: Box) -> None:
    lines = (
        "REGEDIT4", "", "[HKEY_CURRENT_USER\\Tools]", '"e"=hex(2):25,50,\\', "  25,00", '"gone"="x"', "; a word",
        "@=dword:1F",
        '"gone"=-', '"bad"=hex:zz', "[-HKEY_CURRENT_USER\\Tools\\below]", "",
    )  # fmt: skip
    (box.shared / "old.reg").write_bytes("\r\n".join(lines).encode())

    read = box.run("reg add HKCU\\Tools\\below /f >nul", "reg import C:\\t\\old.reg 2>nul", "reg query HKCU\\Tools")

    assert read.out == f"\n{K}\n    (Default)    REG_DWORD    0x1f\n    e    REG_EXPAND_SZ    %P%\n\n"


def test_keys_are_copied_and_compared(box: Box) -> None:
    box.run("reg add HKCU\\Tools\\a\\deep /v n /d 1", "reg copy HKCU\\Tools\\a HKCU\\Tools\\b /s /f")

    alike = box.run("reg compare HKCU\\Tools\\a HKCU\\Tools\\b /s")
    assert (alike.code, alike.out) == (0, f"\nResults Compared:  Identical\n\n{DONE}")
    different = box.run(
        "reg add HKCU\\Tools\\b\\deep /v n /d 2 /f >nul", "reg compare HKCU\\Tools\\a HKCU\\Tools\\b /s"
    )
    assert different.code == 2
    assert f"< Value: {K}\\a\\deep  n  REG_SZ  1\n> Value: {K}\\b\\deep  n  REG_SZ  2\n" in different.out
    assert box.run("reg compare HKCU\\Tools\\a HKCU\\Tools\\nosuch").code == 1


def test_keys_are_files_and_come_back(box: Box) -> None:
    saved = box.run(
        "reg add HKCU\\Tools /v n /d 1 >nul",
        "reg save HKCU\\Tools k.hiv",
        "reg load HKLM\\Loaded k.hiv",
        "reg add HKLM\\Loaded /v more /d x >nul",
        "reg unload HKLM\\Loaded",
        "reg delete HKCU\\Tools /va /f >nul",
        "reg restore HKCU\\Tools k.hiv",
        "reg query HKCU\\Tools",
    )
    assert saved.out == DONE * 4 + f"\n{K}\n    more    REG_SZ    x\n    n    REG_SZ    1\n\n", saved
    assert box.run("reg query HKLM\\Loaded").err == MISSING
    (box.shared / "foreign.dat").write_bytes(b"regf" + bytes(4096))
    assert "is a hive of Windows" in box.run("reg load HKU\\Foreign C:\\t\\foreign.dat").err
