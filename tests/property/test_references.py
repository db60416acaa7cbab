"""parse∘print = id for image references."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transom.errors import InvalidParameter
from transom.model.reference import Reference, parse_reference

part = st.from_regex(r"[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}", fullmatch=True)
path = st.lists(part, min_size=1, max_size=4).map("/".join)
domain = st.one_of(
    st.just("docker.io"),
    st.just("localhost"),
    st.from_regex(r"[a-z]{1,5}\.[a-z]{2,3}(:[0-9]{1,5})?", fullmatch=True),
    st.from_regex(r"localhost:[0-9]{1,5}", fullmatch=True),
)
tag = st.one_of(st.just(""), st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True))
digest = st.one_of(st.just(""), st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True))
references = st.builds(Reference, domain, path, tag, digest).filter(
    lambda each: (
        each.domain != "docker.io" or ("/" in each.path and not each.path.startswith(("localhost/", "docker.io")))
    )
)


@given(references)
def test_parse_of_print_is_the_same(reference: Reference) -> None:
    assert parse_reference(str(reference)) == reference


@given(references)
def test_parse_of_the_familiar_form_is_the_same(reference: Reference) -> None:
    first = reference.path.split("/", 1)[0]
    if reference.domain == "docker.io" and ("." in first and reference.path.count("/") > 0):
        return  # Docker shows such a name in a form that it reads as a domain itself
    assert parse_reference(reference.familiar) == reference


@given(st.text(max_size=300))
def test_parse_of_anything_gives_a_reference_or_an_invalid_parameter(text: str) -> None:
    try:
        reference = parse_reference(text)
    except InvalidParameter as exc:
        assert str(exc).startswith("invalid reference format")
    else:
        assert parse_reference(str(reference)) == reference


def test_refused_texts_are_docker_s() -> None:
    for text, message in {
        "": "invalid reference format",
        "a//b": "invalid reference format",
        "Foo": "invalid reference format: repository name (library/Foo) must be lowercase",
        "docker.io/Foo/bar": "invalid reference format: repository name (Foo/bar) must be lowercase",
        "x:": "invalid reference format",
        "x@sha256:abc": "invalid reference format",
    }.items():
        with pytest.raises(InvalidParameter) as caught:
            parse_reference(text)
        assert str(caught.value) == message
