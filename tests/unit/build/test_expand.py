"""Variables and quotes."""

import pytest

from transom.build.expand import ExpandError, Lexer

VARIABLES = {"HOME": "/home", "NULL": "", "file": "a/b.tar.gz", "star": "f*o"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("two words", "two words"),
        ("he'l l'o", "hel lo"),
        (r"he\'llo", "he'llo"),
        (r"a\tb", "atb"),
        (r'"a\tb"', r"a\tb"),
        (r"'a\tb'", r"a\tb"),
        ("end\\", "end"),
        (r'"end\"', None),
        ("'open", None),
        ("$HOME", "/home"),
        ("${HOME}x", "/homex"),
        ("x$HOME.y", "x/home.y"),
        ("$NOPE", ""),
        ("$.", "$."),
        ("$1x", "x"),
        (r"\$HOME", "$HOME"),
        (r"\\$HOME", r"\/home"),
        (r'"\$HOME"', "$HOME"),
        ("'$HOME'", "$HOME"),
        ("${NOPE:-d}", "d"),
        ("${NULL:-d}", "d"),
        ("${NULL-d}", ""),
        ("${NOPE-d}", "d"),
        ("${HOME:+set}", "/set"[1:]),
        ("${NOPE:+set}", ""),
        ("${NULL+set}", "set"),
        ("${NOPE:-$HOME}", "/home"),
        ("${NOPE:-${ALSO:-deep}}", "deep"),
        ("${HOME?}", "/home"),
        ("${NOPE?}", None),
        ("${NULL:?empty}", None),
        ("${file##*/}", "b.tar.gz"),
        ("${file#*.}", "tar.gz"),
        ("${file##*.}", "gz"),
        ("${file%.*}", "a/b.tar"),
        ("${file%%.*}", "a/b"),
        ("${file/b/c}", "a/c.tar.gz"),
        ("${file//a/o}", "o/b.tor.gz"),
        (r"${star#f\*}", "o"),
        ("${}", None),
        ("${HOME", None),
        ("${HOME:x}", None),
        ("${HOME@x}", None),
        ("${{x}}", None),
    ],
)
def test_word(text: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(ExpandError, match="failed to process"):
            Lexer().word(text, VARIABLES)
    else:
        assert Lexer().word(text, VARIABLES) == expected


def test_error_names_variable_and_message() -> None:
    with pytest.raises(ExpandError, match=r"NOPE: give it$"):
        Lexer().word("${NOPE:?give it}", VARIABLES)


def test_backtick_escape_leaves_backslashes_alone() -> None:
    assert Lexer("`").word(r"C:\app\$HOME`$", VARIABLES) == r"C:\app\/home$"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("80 443", ["80", "443"]),
        ("$PORTS/udp", ["80", "443/udp"]),
        ("'80 443' x", ["80 443", "x"]),
        ("<< EOF x", ["<< EOF", "x"]),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert Lexer().words(text, {"PORTS": "80 443"}) == expected


def test_names_fold_where_the_guest_ignores_case() -> None:
    assert Lexer(fold=str.upper).word("$path", {"PATH": "x"}) == "x"


def test_unset_reference_stays_when_asked() -> None:
    lexer = Lexer(keep_unset=True)
    assert lexer.word("$a ${b} ${c:-d}", {}) == "$a ${b} ${c:-d}"
