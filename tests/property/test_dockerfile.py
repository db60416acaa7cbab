"""What must hold for every Dockerfile, word and pattern."""

import re
import shlex

from hypothesis import given
from hypothesis import strategies as st

from transom.build.duration import parse_duration, print_duration
from transom.build.expand import Lexer
from transom.build.graph import program
from transom.build.ignore import IgnoreFile, clean
from transom.build.parser import NAMES, parse
from transom.errors import InvalidParameter

PIECES = st.sampled_from(
    [*(name.upper() for name in NAMES), " ", "\\", "`", "\n", "$", "{", "}", "a", "--", "=", '"', "'", "[", "]", "<<E",
     "E", "#", "# escape=`", ":", "-", "/", "%", ","]
)  # fmt: skip
NAME = st.from_regex(r"[a-zA-Z0-9_.-]{1,8}", fullmatch=True).filter(lambda name: name not in {".", ".."})
PATH = st.lists(NAME, min_size=1, max_size=4).map("/".join)


@given(st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=60))
def test_any_text_is_a_dockerfile_or_a_clear_error(text: str) -> None:
    try:
        dockerfile = parse(text)
        found = program(dockerfile.nodes, escape=dockerfile.escape)
    except InvalidParameter as exc:
        assert str(exc)
    else:
        assert found.stages


@given(st.lists(PIECES, max_size=20).map("".join) | st.text(max_size=40), st.sampled_from(["\\", "`"]))
def test_any_word_expands_or_is_a_clear_error(text: str, escape: str) -> None:
    try:
        word = Lexer(escape).word(text, {"a": "value"})
    except InvalidParameter as exc:
        assert "failed to process" in str(exc)
    else:
        assert isinstance(word, str)


@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=30))
def test_quoted_word_is_itself(text: str) -> None:
    assert Lexer().word(shlex.quote(text) if text else "''", {}) == text


@given(st.text(max_size=20), st.text(max_size=20))
def test_variable_is_put_in_as_it_is(value: str, default: str) -> None:
    assert Lexer().word('"${v}"', {"v": value}) == value
    quoted = default.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    assert Lexer().word(f'"${{v:-x}}{quoted}"', {"v": value}) == (value or "x") + default


@given(st.text(alphabet="ab/.*", max_size=12), st.text(alphabet="ab/.*?", max_size=5))
def test_trimmed_prefix_and_suffix_are_parts_of_the_value(value: str, pattern: str) -> None:
    pattern = pattern.replace("/", "")
    for modifier in ("#", "##"):
        assert value.endswith(Lexer().word(f"${{v{modifier}{pattern}}}", {"v": value}))
    for modifier in ("%", "%%"):
        assert value.startswith(Lexer().word(f"${{v{modifier}{pattern}}}", {"v": value}))


@given(st.lists(PATH, max_size=4), PATH)
def test_last_match_decides(patterns: list[str], path: str) -> None:
    assert IgnoreFile([*patterns, path]).ignores(path)
    assert not IgnoreFile([*patterns, "!" + path]).ignores(path)
    assert IgnoreFile([*patterns, path]).ignores(f"{path}/below")


@given(PATH, PATH)
def test_literal_pattern_matches_itself_and_what_is_below(pattern: str, path: str) -> None:
    assert IgnoreFile([pattern]).ignores(path) is (path == pattern or path.startswith(pattern + "/"))


@given(st.text(alphabet=r"ab*?[]^-!\/.", max_size=10), PATH)
def test_any_pattern_compiles_or_is_a_clear_error(pattern: str, path: str) -> None:
    if not pattern.strip():
        return
    try:
        IgnoreFile([pattern]).ignores(path)
    except InvalidParameter as exc:
        assert re.search("pattern", str(exc))


@given(PATH)
def test_clean_path_stays_as_it_is(path: str) -> None:
    assert clean(path) == path


@given(st.integers(min_value=-(10**16), max_value=10**16))
def test_duration_survives_printing(value: int) -> None:
    assert parse_duration(print_duration(value)) == value
