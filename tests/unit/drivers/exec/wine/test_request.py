"""What the driver asks and what it makes of the answer."""

import pytest

from transom.drivers.exec.wine import request
from transom.drivers.exec.wine.request import Machine, Report
from transom.errors import InvalidParameter
from transom.execution.spec import ProcessSpec

MACHINE = Machine("10.0.20348", 2000, "cd", 7)


def fields(process: ProcessSpec) -> list[str]:
    return request.encode(process, MACHINE).decode().rstrip("\0").split("\0")


def test_command_line_goes_verbatim() -> None:
    line = 'cmd /c echo {"a":"b"} "x y"'
    assert f"command={line}" in fields(ProcessSpec(args=("ignored",), command_line=line))


def test_arguments_are_quoted_as_windows_splits_them() -> None:
    assert r'command=a "b c" d\"e' in fields(ProcessSpec(args=("a", "b c", 'd"e')))


def test_defaults_are_administrator_on_c() -> None:
    found = fields(ProcessSpec(args=("a",), env=("A=1", "B=ü")))
    assert {"cwd=C:\\", "user=ContainerAdministrator", "env=A=1", "env=B=ü", "drives=cd", "terminal=0"} <= set(found)


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ("containeruser", "ContainerUser"),
        ("User Manager\\ContainerUser", "ContainerUser"),
        (".\\CONTAINERADMINISTRATOR", "ContainerAdministrator"),
        ("S-1-5-93-2-2", "ContainerUser"),
        ("", "ContainerAdministrator"),
    ],
)
def test_known_users(user: str, name: str) -> None:
    assert request.user_name(user) == name


@pytest.mark.parametrize("user", ["builder", "HOST\\builder", "OTHER\\ContainerUser", "User Manager\\", "S-1-5-18"])
def test_other_users_are_the_containers_to_know(user: str) -> None:
    assert request.user_name(user) == user


@pytest.mark.parametrize(
    "process",
    [
        ProcessSpec(args=()),
        ProcessSpec(args=(), command_line="  "),
        ProcessSpec(args=("x" * 40_000,)),
        ProcessSpec(args=("a",), env=("A=1\0env=B=2",)),
        ProcessSpec(args=("a",), user="one\0env=B=2"),
    ],
)
def test_bad_process_is_refused(process: ProcessSpec) -> None:
    with pytest.raises(InvalidParameter):
        request.encode(process, MACHINE)


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (2, 127, "The system cannot find the file specified"),
        (3, 127, "system cannot find the file specified"),
        (193, 126, "permission denied"),
        (5, 126, "permission denied"),
        (267, 128, "0x10b"),
    ],
)
def test_start_failed_has_dockers_words(number: int, code: int, words: str) -> None:
    text = "The system cannot find the file specified." if number == 2 else "some reason"
    error = request.start_failed(Report("failed", number, text), "nosuch.exe")
    assert error.exit_code == code
    assert words in str(error) and "nosuch.exe" in str(error)


@pytest.mark.parametrize(
    ("data", "report"),
    [
        (b"started 44 \n", Report("started", 44, "")),
        (b"failed 2 The system.\nmore", Report("failed", 2, "The system.")),
        (b"", None),
        (b"\xff\xfe garbage\n", None),
        (b"started many\n", None),
    ],
)
def test_reports_from_the_container(data: bytes, report: Report | None) -> None:
    assert request.parse_report(data) == report


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("10.0.17763.5329", ("10.0.17763", 5329)),
        ("10.0.26100", ("10.0.26100", 0)),
        ("", ("10.0.20348", 0)),
        ("rubbish", ("10.0.20348", 0)),
    ],
)
def test_windows_version(text: str, version: tuple[str, int]) -> None:
    assert request.windows_version(text) == version


@pytest.mark.parametrize(
    ("wanted", "can"),
    [
        (b"command=a\0user=ContainerUser\0terminal=0\0", True),
        (b"command=a\0user=ContainerUser\0terminal=1\0", False),
        (b"command=a\0user=ContainerAdministrator\0terminal=0\0", False),
        (b"", False),
    ],
)
def test_added_are_programs_of_the_same_user_without_a_terminal(wanted: bytes, can: bool) -> None:
    assert request.can_be_added(wanted, b"command=b\0user=ContainerUser\0terminal=1\0") is can
