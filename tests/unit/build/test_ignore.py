"""`.dockerignore` and wildcards."""

import pytest

from transom.build.ignore import IgnoreFile, has_wildcard, read_ignore_file, select
from transom.errors import InvalidParameter


@pytest.mark.parametrize(
    ("patterns", "path", "ignored"),
    [
        (["*"], "a", True),
        (["*.go"], "a.go", True),
        (["*.go"], "d/a.go", False),
        (["d"], "d/a.go", True),
        (["d/*"], "d/a/b", True),
        (["**"], "a/b", True),
        (["**/*.go"], "a.go", True),
        (["**/*.go"], "d/e/a.go", True),
        (["**/x"], "a/bx", False),
        (["**.log"], "a/b.log", True),
        (["a/**"], "a/b/c", True),
        (["a/**"], "a", False),
        (["a/**/z"], "a/z", True),
        (["a/**/z"], "a/b/c/z", True),
        (["a?c"], "abc", True),
        (["a?c"], "a/c", False),
        (["a[b-d]e"], "ace", True),
        (["a[^b-d]e"], "ace", False),
        (["a[^b]e"], "a/e", False),
        ([r"a\*"], "a*", True),
        ([r"a\*"], "ab", False),
        (["*.md", "!README.md"], "README.md", False),
        (["*.md", "!README.md", "README*"], "README.md", True),
        (["*", "!keep"], "keep/x", False),
        (["*", "!keep/x"], "keep/y", True),
        (["!x", "x"], "x", True),
        (["a.b"], "aXb", False),
    ],
)
def test_ignores(patterns: list[str], path: str, ignored: bool) -> None:
    assert IgnoreFile(patterns).ignores(path) is ignored


@pytest.mark.parametrize("pattern", ["[", "[]a]", "[a", "a[x-]", "[-x]", "a\\", "!"])
def test_malformed_pattern(pattern: str) -> None:
    with pytest.raises(InvalidParameter):
        IgnoreFile([pattern])


def test_file_is_cleaned() -> None:
    text = "\ufeff# comment\n\n /abs/ \n./x//y\n! z \n  # kept\na/../b\n"
    assert read_ignore_file(text) == ["abs", "x/y", "!z", "# kept", "b"]


def test_wildcards_of_a_source() -> None:
    assert has_wildcard("a*")
    assert not has_wildcard(r"a\*")
    assert select("d/*.go", ["d", "d/a.go", "d/e/b.go", "x.go"]) == ["d/a.go"]
