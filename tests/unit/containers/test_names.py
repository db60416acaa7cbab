"""Names and filters of containers."""

import pytest

from transom.containers.filters import match_labels, parse_filters
from transom.containers.names import check_name, random_name
from transom.errors import Conflict, InvalidParameter


@pytest.mark.parametrize(("given", "name"), [("web", "web"), ("/web", "web"), ("a1", "a1"), ("A_b.c-d", "A_b.c-d")])
def test_legal_name_loses_its_slash(given: str, name: str) -> None:
    assert check_name(given) == name


@pytest.mark.parametrize("name", ["", "/", "a", "-ab", "a b", "a/b", "ä1", "ab\n"])
def test_illegal_name_is_refused_in_dockers_words(name: str) -> None:
    with pytest.raises(InvalidParameter, match="Invalid container name"):
        check_name(name)


def test_random_name_is_legal_and_free() -> None:
    taken: set[str] = set()
    for _ in range(500):
        name = random_name(taken.__contains__)
        assert check_name(name) == name
        assert name not in taken
        taken.add(name)


def test_no_name_is_free() -> None:
    with pytest.raises(Conflict):
        random_name(lambda name: True)


@pytest.mark.parametrize("text", ['{"name":["a"]}', '{"name":{"a":true,"b":false}}'])
def test_both_forms_of_filters_are_read(text: str) -> None:
    assert parse_filters(text) == {"name": ["a"]}


@pytest.mark.parametrize("text", ["[]", "{", '{"name":1}', '{"name":null}', "null", "[" * 100000])
def test_malformed_filters_are_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_filters(text)


def test_unknown_filter_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="invalid filter 'nmae'"):
        parse_filters('{"nmae":["a"]}', frozenset({"name"}))


@pytest.mark.parametrize(
    ("wanted", "fits"), [(["a"], True), (["a=1"], True), (["a=2"], False), (["a=1", "b"], False), ([], True)]
)
def test_labels(wanted: list[str], fits: bool) -> None:
    assert match_labels({"a": "1"}, wanted) is fits
