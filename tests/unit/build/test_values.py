"""Durations, ports, arguments."""

import pytest

from transom.build.args import BuildArgs, automatic_args
from transom.build.duration import parse_duration, print_duration
from transom.build.ports import exposed
from transom.errors import InvalidParameter


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("1s", 10**9), ("1m30s", 90 * 10**9), ("1.5h", 5400 * 10**9), ("500ms", 5 * 10**8), ("-1s", -(10**9))],
)
def test_parse_duration(text: str, value: int) -> None:
    assert parse_duration(text) == value


@pytest.mark.parametrize("text", ["", "1", "s", "1x", "1s 2s", "--1s"])
def test_parse_duration_of_nonsense(text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_duration(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0s"), (1500, "1.5µs"), (5 * 10**8, "500ms"), (90 * 10**9, "1m30s"), (3600 * 10**9, "1h0m0s")],
)
def test_print_duration(value: int, text: str) -> None:
    assert print_duration(value) == text


def test_exposed_ports() -> None:
    assert exposed(["80", "53/UDP", "8000-8002/tcp", "80/tcp"]) == (
        "80/tcp", "53/udp", "8000/tcp", "8001/tcp", "8002/tcp"
    )  # fmt: skip


@pytest.mark.parametrize("word", ["x", "70000", "80/ip", "9-8", "/tcp", "-1"])
def test_exposed_nonsense(word: str) -> None:
    with pytest.raises(InvalidParameter):
        exposed([word])


def test_arguments_reach_only_where_they_are_declared() -> None:
    args = BuildArgs({"a": "given", "HTTP_PROXY": "p", "lost": "x"}, automatic_args(None))
    args.declare_global("a", "default")
    args.declare_global("g", "global")
    stage = args.stage()
    assert stage.visible() == {"HTTP_PROXY": "p"}
    stage.declare("a", None)
    stage.declare("g", None)
    stage.declare("TARGETOS", None)
    assert stage.visible() == {"HTTP_PROXY": "p", "a": "given", "g": "global", "TARGETOS": "linux"}
    assert stage.beside(["a=hidden"]) == {"HTTP_PROXY": "p", "g": "global", "TARGETOS": "linux"}
    assert not stage.counts("HTTP_PROXY")
    assert args.unused() == ["lost"]
    assert args.stage().visible() == {"HTTP_PROXY": "p"}


def test_argument_without_any_value_is_unset() -> None:
    args = BuildArgs({"a": None}).stage()
    args.declare("a", None)
    args.declare("b", "")
    assert args.visible() == {"b": ""}
