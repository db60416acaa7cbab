"""Grammars of both guests take anything, and what they take they take again."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from transom.errors import InvalidParameter
from transom.guest import guest_for
from transom.guest.windows import escape_arg

GUESTS = st.sampled_from([guest_for("linux"), guest_for("windows")])
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
PATHS = st.text(alphabet="abC:\\/. -", max_size=20)
VARIABLES = st.lists(
    st.tuples(st.sampled_from(["a", "A", "b", "Path"]), st.text("=xy", max_size=3)).map("=".join), max_size=6
)


@given(GUESTS, PATHS, PATHS)
def test_joined_path_is_absolute_and_stays_as_it_is(guest, base, path) -> None:  # type: ignore[no-untyped-def]
    with contextlib.suppress(InvalidParameter):
        joined = guest.join(base, path)
        assert guest.is_absolute(joined)
        assert guest.join(base, joined) == joined


@given(GUESTS, PATHS)
def test_path_below_the_root_never_leaves_it(guest, path) -> None:  # type: ignore[no-untyped-def]
    with contextlib.suppress(InvalidParameter):
        below = guest.root_path(path)
        assert not below.startswith("/")
        assert ".." not in below.split("/")


@given(GUESTS, TEXT)
def test_bind_is_split_or_refused(guest, spec) -> None:  # type: ignore[no-untyped-def]
    with contextlib.suppress(InvalidParameter):
        source, target, mode = guest.parse_bind(spec)
        again = ":".join(part for part in (source, target, mode) if part)
        assert guest.parse_bind(again) == (source, target, mode)


@given(GUESTS, VARIABLES, VARIABLES)
def test_merged_variables_have_one_value_each(guest, base, override) -> None:  # type: ignore[no-untyped-def]
    merged = guest.merge_env(base, override)
    names = [guest.merge_env([], [each])[0].partition("=")[0] for each in merged]
    keys = [name.upper() if guest.name == "windows" else name for name in names]
    assert len(set(keys)) == len(keys)
    assert guest.merge_env(merged, override) == merged


def split(line: str) -> list[str]:
    """Split a command line as Windows' C library does (no doubled quotes inside quotes, which are never written)."""
    found, at = [], 0
    while at < len(line):
        if line[at] in " \t":
            at += 1
            continue
        out, quoted = "", False
        while at < len(line) and (quoted or line[at] not in " \t"):
            slashes = len(line[at:]) - len(line[at:].lstrip("\\"))
            at += slashes
            if line[at : at + 1] == '"':
                out += "\\" * (slashes // 2)
                if slashes % 2:
                    out += '"'
                else:
                    quoted = not quoted
                at += 1
            else:
                out += "\\" * slashes
                if not slashes:
                    out += line[at]
                    at += 1
        found.append(out)
    return found


@given(st.lists(st.text('ab "\\\t', max_size=8), min_size=1, max_size=4))
def test_windows_arguments_arrive_as_they_were(args: list[str]) -> None:
    assert split(" ".join(map(escape_arg, args))) == args
