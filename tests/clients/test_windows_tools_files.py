"""Tools of system32 for files and text: attrib, fc, forfiles, fsutil, more, sort, where, xcopy, clip, chcp."""

import hashlib
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


@pytest.fixture(scope="module")
def shared_box(shared_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with batch_box(shared_engine, tmp_path_factory.mktemp("files")) as made:
        yield made


@pytest.fixture
def box(shared_box: Box) -> Box:
    """The container, with its directory empty."""
    shared_box.empty()
    return shared_box


def test_attrib_sets_shows_and_takes_away(box: Box) -> None:
    box.run("mkdir d", "echo x>d\\f.txt", "echo x>d\\g.log", "attrib +r d\\*.txt", "attrib +h d\\g.log")

    assert box.run("attrib d\\*").out == (
        "A    R                 C:\\w\\d\\f.txt\nA   H                  C:\\w\\d\\g.log\n"
    )
    assert box.run("del d\\f.txt 2>nul", "if exist d\\f.txt echo kept").out == "kept\n"
    assert box.run("dir /b d").out == "f.txt\n"
    assert box.run("attrib -r -h d\\* /s", "del d\\f.txt", "dir /b d").out == "g.log\n"
    assert "not found" in box.run("attrib nosuch").out.lower()
    assert "Parameter format not correct" in box.run("attrib +q d").out


def test_fc_compares_lines_and_bytes(box: Box) -> None:
    box.run("(echo a& echo b& echo c)>one.txt", "(echo a& echo B& echo c& echo d)>two.txt")

    assert box.run("fc one.txt one.txt").code == 0
    different = box.run("fc /n one.txt two.txt")
    assert different.code == 1
    assert "*****\n" in different.out
    assert "    2:  b" in different.out
    assert "    2:  B" in different.out
    assert "00000003: 62 42" in box.run("fc /b one.txt two.txt").out
    assert box.run("fc /c /lb3 one.txt one.txt").code == 0
    assert "    4:" not in box.run("fc /c /n one.txt one.txt").out
    missing = box.run("fc one.txt nosuch.txt")
    assert missing.code == 2
    assert "cannot open NOSUCH.TXT" in missing.out + missing.err


def test_forfiles_runs_a_command_for_each(box: Box) -> None:
    box.run("mkdir d\\e", "echo x>d\\one.txt", "echo xyz>d\\e\\two.txt")

    assert box.run('forfiles /p d /s /m *.txt /c "cmd /c echo @relpath @fsize"').out.split("\n") == [
        '".\\one.txt" 3',
        '".\\e\\two.txt" 5',
        "",
    ]
    assert box.run('forfiles /p d /c "cmd /c if @isdir==TRUE echo @fname"').out == '"e"\n'
    assert box.run("forfiles /p d /m *.txt").out.strip() == '"one.txt"'
    none = box.run("forfiles /p d /m *.none")
    assert (none.code, none.err or none.out) == (1, 'ERROR: Files of type "*.none" not found.\n')
    assert box.run("forfiles /p d /d -1 /m *.txt").code == 1, "no file is a day old"


def test_fsutil_makes_files_and_links(box: Box) -> None:
    box.run("fsutil file createnew big 1048577", "fsutil hardlink create link big")

    assert (int(box.run("for %%f in (link) do @echo %%~zf").out)) == 1048577
    assert box.run("fsutil file createnew big 1").code == 1
    assert box.run("fsutil behavior set symlinkevaluation L2L:1").code != 0, "it is not said that it was done"


def test_more_lets_lines_pass(box: Box) -> None:
    (box.shared / "lines.txt").write_bytes(b"one\ttab\r\n\r\n\r\ntwo\r\n")
    (box.shared / "wide.txt").write_bytes("\ufeffgrüße\r\n".encode("utf-16-le"))

    assert box.run("more C:\\t\\lines.txt").out == "one     tab\n\n\ntwo\n"
    assert box.run("more /s /t2 +1 < C:\\t\\lines.txt").out == "\ntwo\n"
    assert box.run("set MORE=/S", "more +3 C:\\t\\lines.txt C:\\t\\wide.txt").out == "two\ngrüße\n"
    assert box.run("echo x|more").out == "x\n\n", "a line follows what came through a pipe, as on Windows"
    missing = box.run("more nosuch.txt")
    assert (missing.code, missing.err) == (0, "Cannot access file C:\\w\\nosuch.txt\n")
    assert box.run("more /x C:\\t\\lines.txt").code == 1


def test_sort_orders_as_windows_does(box: Box) -> None:
    (box.shared / "lines.txt").write_text("b 2\r\nC 1\r\na 3\r\nb 2\r\n")

    assert box.run("sort C:\\t\\lines.txt").out.split("\n") == ["a 3", "b 2", "b 2", "C 1", ""]
    assert box.run("sort /r < C:\\t\\lines.txt").out.split("\n") == ["C 1", "b 2", "b 2", "a 3", ""]
    assert box.run("sort /unique /+3 C:\\t\\lines.txt /o out", "type out").out.split("\n")[0] == "C 1"
    assert box.run("sort C:\\t\\nosuch").code == 1


def test_where_finds_programs_and_files(box: Box) -> None:
    box.run("mkdir d", "echo x>d\\tool.bat", "echo x>here.cmd")

    assert box.run("where cmd").out.lower() == "c:\\windows\\system32\\cmd.exe\n"
    assert box.run("where here").out == "C:\\w\\here.cmd\n"
    assert box.run("where /r C:\\w *.bat").out == "C:\\w\\d\\tool.bat\n"
    assert box.run("set MINE=C:\\w\\d", "where $MINE:tool").out == "C:\\w\\d\\tool.bat\n"
    assert box.run("where /q nosuch").code == 1
    missing = box.run("where nosuch")
    assert (missing.code, missing.err) == (1, "INFO: Could not find files for the given pattern(s).\n")


def test_xcopy_copies_trees_and_says_so(box: Box) -> None:
    box.run("mkdir a\\b a\\empty", "echo 1 >a\\1.txt", "echo 2 >a\\b\\2.log", "attrib +r a\\1.txt")

    copied = box.run("xcopy a z /E /I")
    assert (copied.code, copied.out) == (0, "a\\1.txt\na\\b\\2.log\n2 File(s) copied\n")
    assert box.run("if exist z\\empty echo there").out == "there\n"
    assert box.run("attrib z\\1.txt").out.startswith("A                 "), "read-only is left off without /K"
    assert box.run("xcopy a y /S /I /Q & if not exist y\\empty echo none").out == "2 File(s) copied\nnone\n"
    assert box.run("xcopy a\\b z\\b /D /Y").out == "0 File(s) copied\n", "what is not newer stays"
    (box.shared / "leave.txt").write_text("\\b\\\r\n")
    assert box.run("xcopy a x /S /I /EXCLUDE:C:\\t\\leave.txt").out == "a\\1.txt\n1 File(s) copied\n"
    assert box.run("xcopy a\\b\\2.log new.txt* /Y & type new.txt").out == "a\\b\\2.log\n1 File(s) copied\n2 \n"
    missing = box.run("xcopy nosuch z")
    assert (missing.code, missing.out + missing.err) == (4, "File not found - nosuch\n0 File(s) copied\n")
    assert box.run("xcopy a z /NOSUCH").code == 4
    assert box.run("echo N| xcopy a\\b z\\b").code in (0, 2)
    assert box.run("type z\\b\\2.log").out == "2 \n"


def test_xcopy_keeps_bytes(box: Box) -> None:
    data = hashlib.sha512(b"seed").digest() * 100_000
    (box.shared / "big.bin").write_bytes(data)

    box.run("xcopy C:\\t\\big.bin C:\\w\\ /Q", "copy /b big.bin C:\\t\\back.bin")

    assert hashlib.sha256((box.shared / "back.bin").read_bytes()).digest() == hashlib.sha256(data).digest()
    (box.shared / "big.bin").unlink()
    (box.shared / "back.bin").unlink()


def test_code_page_is_shown_and_refused(box: Box) -> None:
    assert box.run("chcp").out == "Active code page: 65001\n"
    assert box.run("chcp 437").out == "Active code page: 437\n"
    refused = box.run("chcp 99999")
    assert refused.code == 1
    assert "Invalid code page" in refused.out + refused.err
    assert box.run("echo text| clip").code == 0
