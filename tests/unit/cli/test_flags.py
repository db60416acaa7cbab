"""Flags as Docker's CLI takes them, and its words for those it does not."""

import pytest

from transom.cli import flags as flag
from transom.cli.errors import UsageError
from transom.cli.options.container_flags import CONTAINER_FLAGS

FLAGS = (
    flag.switch("interactive", "", short="i"),
    flag.switch("tty", "", short="t"),
    flag.switch("proxy", "", default=True),
    flag.many("env", "", short="e"),
    flag.many("part", "", split=True),
    flag.number("timeout", "", short="n"),
    flag.text("name", ""),
)


def parse(*argv: str, interspersed: bool = True) -> tuple[flag.Values, list[str]]:
    return flag.parse(FLAGS, argv, interspersed=interspersed)


def test_short_flags_join() -> None:
    values, rest = parse("-ite", "A=1", "-eB=2", "--env=C=3", "x")
    assert values.on("interactive") and values.on("tty")
    assert (values.many("env"), rest) == (["A=1", "B=2", "C=3"], ["x"])


def test_switch_takes_a_value_only_with_an_equals_sign() -> None:
    values, rest = parse("--proxy=false", "-t=0", "x")
    assert (values.on("proxy"), values.on("tty"), rest) == (False, False, ["x"])


def test_list_that_splits_takes_commas() -> None:
    assert parse("--part", "a,b", "--part=c")[0].many("part") == ["a", "b", "c"]


def test_arguments_end_the_flags_where_they_belong_to_the_container() -> None:
    _, rest = parse("-i", "image", "ls", "-t", interspersed=False)
    assert rest == ["image", "ls", "-t"]


def test_two_dashes_end_the_flags() -> None:
    assert parse("--", "-i", "--x")[1] == ["-i", "--x"]


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["--foo"], "unknown flag: --foo"),
        (["-tx"], "unknown shorthand flag: 'x' in -x"),
        (["--name"], "flag needs an argument: --name"),
        (["-e"], "flag needs an argument: 'e' in -e"),
        (["-n", "x"], 'invalid argument "x" for "-n, --timeout" flag: strconv.ParseInt: parsing "x": invalid syntax'),
        (["-t=maybe"], 'invalid argument "maybe" for "-t, --tty" flag: strconv.ParseBool: parsing "maybe": invalid'),
    ],
)
def test_wrong_flag_is_refused_in_docker_s_words(argv: list[str], text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(*argv)
    assert str(caught.value).startswith(text)
    assert caught.value.exit_code == 125


def test_names_of_run_s_flags_are_unique() -> None:
    names = [each.name for each in CONTAINER_FLAGS]
    shorts = [each.short for each in CONTAINER_FLAGS if each.short]
    assert len(set(names)) == len(names) and len(set(shorts)) == len(shorts)
