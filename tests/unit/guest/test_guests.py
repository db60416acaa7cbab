"""What differs between the two guests."""

import pytest

from transom.errors import InvalidParameter
from transom.guest import guest_for
from transom.guest.windows import escape_arg

LINUX, WINDOWS = guest_for("linux"), guest_for("Windows")


def test_unknown_guest_is_refused() -> None:
    with pytest.raises(InvalidParameter, match='"plan9" cannot be used'):
        guest_for("plan9")


@pytest.mark.parametrize(
    ("base", "path", "joined"),
    [
        ("", "app", "C:\\app"),
        ("C:\\app", "sub/dir", "C:\\app\\sub\\dir"),
        ("C:\\app", "\\other", "C:\\other"),
        ("C:\\app", "c:/x/../y", "C:\\y"),
        ("C:\\app", "D:\\x", "D:\\x"),
        ("/app", "x", "C:\\app\\x"),
        ("", "/C:\\app", "C:\\app"),
        ("/C:\\app", "x", "C:\\app\\x"),
    ],
)
def test_windows_workdir(base: str, path: str, joined: str) -> None:
    assert WINDOWS.join(base, path) == joined


@pytest.mark.parametrize("path", ["C:", "D:", "\\\\server\\share"])
def test_windows_workdir_that_is_none(path: str) -> None:
    with pytest.raises(InvalidParameter):
        WINDOWS.join("C:\\", path)


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("/srv:C:\\data", ("/srv", "C:\\data", "")),
        ("/srv:c:/data:ro", ("/srv", "C:\\data", "ro")),
        ("vol:D:", ("vol", "D:", "")),
        ("C:\\data", ("", "C:\\data", "")),
        ("/with:colon:C:\\x", ("/with:colon", "C:\\x", "")),
    ],
)
def test_windows_bind(spec: str, parts: tuple[str, str, str]) -> None:
    assert WINDOWS.parse_bind(spec) == parts


@pytest.mark.parametrize(
    "spec", ["/srv:data", "/srv:C:\\", "/srv:c:", "nul:C:\\x", "/srv:C:\\x:what", "/s:\\\\.\\pipe\\x", ""]
)
def test_windows_bind_that_is_none(spec: str) -> None:
    with pytest.raises(InvalidParameter):
        WINDOWS.parse_bind(spec)


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("/srv:/x", ("/srv", "/x", "")),
        ("v:/x/:ro", ("v", "/x", "ro")),
        ("/x", ("", "/x", "")),
        ("/a/:/b/../c", ("/a/", "/c", "")),
    ],
)
def test_linux_bind(spec: str, parts: tuple[str, str, str]) -> None:
    assert LINUX.parse_bind(spec) == parts


def test_variables_of_windows_have_no_case() -> None:
    assert WINDOWS.merge_env(["Path=a", "X=1"], ["PATH=b", "x"]) == ("PATH=b",)
    assert LINUX.merge_env(["Path=a", "X=1"], ["PATH=b", "x"]) == ("Path=a", "X=1", "PATH=b")


@pytest.mark.parametrize(
    ("arg", "quoted"),
    [
        ("plain", "plain"),
        ("", '""'),
        ("a b", '"a b"'),
        ('say "x"', '"say \\"x\\""'),
        ("a b\\", '"a b\\\\"'),
        ("c:\\d", "c:\\d"),
    ],
)
def test_windows_quoting(arg: str, quoted: str) -> None:
    assert escape_arg(arg) == quoted


def test_windows_shell_takes_the_line_as_it_is() -> None:
    assert WINDOWS.shell_args(["cmd", "/S", "/C"], 'echo "a b"') == ('cmd /S /C echo "a b"',)
    assert LINUX.shell_args(["/bin/sh", "-c"], "echo a") == ("/bin/sh", "-c", "echo a")


def test_paths_below_the_root() -> None:
    assert WINDOWS.root_path("C:\\..\\app\\x") == "app/x"
    assert WINDOWS.find_root_path("D:\\x") is None
    assert LINUX.root_path("/../../etc/../a") == "a"
    assert WINDOWS.guest_path("app/x") == "C:\\app\\x"
