"""Nodes to stages of instructions."""

import pytest

from transom.build import instructions as it
from transom.build.graph import Program, program, stage_index
from transom.build.parser import parse
from transom.errors import InvalidParameter


def read(text: str) -> Program:
    dockerfile = parse(text)
    return program(dockerfile.nodes, escape=dockerfile.escape)


def step(line: str) -> it.Step:
    return read(f"FROM x\n{line}\n").stages[0].steps[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("FROM a\nWINDOWS b", "dockerfile parse error on line 2: unknown instruction: WINDOWS"),
        ("FROM a\nRUNN b", "dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)"),
        ("FROM a\ncopi b", "dockerfile parse error on line 2: unknown instruction: copi (did you mean copy?)"),
        ("RUN a", "no build stage in current context"),
        ("FROM a b", "dockerfile parse error on line 1: FROM requires either one or three arguments"),
        (
            "FROM a AS 1x",
            'dockerfile parse error on line 1: invalid name for build stage: "1x", '
            "name can't start with a number or contain symbols",
        ),
        ("FROM a AS x\nFROM b AS X", "x stage name already used"),
        ("FROM a\nCOPY --frm=b c d", "dockerfile parse error on line 2: unknown flag: --frm (did you mean from?)"),
        ("FROM a\nCOPY --from=b --from=c d e", "dockerfile parse error on line 2: duplicate flag specified: --from"),
        ("FROM a\nCOPY --from d e", "dockerfile parse error on line 2: missing a value on flag: --from"),
        (
            "FROM a\n\n\nCOPY b",
            "dockerfile parse error on line 4: COPY requires at least two arguments, but only one was provided. "
            "Destination could not be determined",
        ),
        ("FROM a\nCMD --x y", "dockerfile parse error on line 2: unknown flag: --x"),
        ("FROM a\nWORKDIR", "dockerfile parse error on line 2: WORKDIR requires exactly one argument"),
        ("FROM a\nLABEL", "dockerfile parse error on line 2: LABEL requires at least one argument"),
        ("FROM a\nENV =b", "dockerfile parse error on line 2: ENV names can not be blank"),
        ("FROM a\nSHELL sh -c", "dockerfile parse error on line 2: SHELL requires the arguments to be in JSON form"),
        (
            "FROM a\nONBUILD ONBUILD RUN x",
            "dockerfile parse error on line 2: Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
        ),
        ("FROM a\nONBUILD FROM x", "dockerfile parse error on line 2: FROM isn't allowed as an ONBUILD trigger"),
        ("FROM a\nHEALTHCHECK NONE x", "dockerfile parse error on line 2: HEALTHCHECK NONE takes no arguments"),
        ("FROM a\nHEALTHCHECK FOO x", 'dockerfile parse error on line 2: Unknown type "FOO" in HEALTHCHECK (try CMD)'),
        (
            "FROM a\nHEALTHCHECK --interval=1us CMD x",
            'dockerfile parse error on line 2: Interval "interval" cannot be less than 1ms',
        ),
        (
            "FROM a\nCOPY a <<EOF\nEOF",
            "dockerfile parse error on line 2: COPY cannot accept a heredoc as a destination",
        ),
    ],
)
def test_malformed(text: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        read(text)
    assert str(caught.value) == message


def test_stages_and_global_arguments() -> None:
    found = read("ARG v=1\nFROM a AS One\nRUN b\nFROM One\nCOPY --from=0 c d\n")
    assert [stage.start.name for stage in found.stages] == ["one", ""]
    assert found.args[0].pairs == (it.Pair("v", "1"),)
    assert found.length == 5
    assert found.up_to("ONE").length == 3
    with pytest.raises(InvalidParameter, match='target stage "two" could not be found'):
        found.up_to("two")


def test_labels_go_to_the_last_stage_sorted() -> None:
    found = read("FROM a\nFROM b\n").labelled([("z", "$x"), ("a", "1")])
    assert [one.code for one in found.stages[1].steps] == ["LABEL a=1", "LABEL z=$x"]


@pytest.mark.parametrize(
    ("reference", "expected"), [("one", 0), ("ONE", 0), ("0", 0), ("busybox", None), ("1.0", None)]
)
def test_stage_index(reference: str, expected: int | None) -> None:
    assert stage_index(read("FROM a AS one\nFROM b\n"), 1, reference) == expected


@pytest.mark.parametrize(("index", "reason"), [("1", "refers to current build stage"), ("2", "index out of bounds")])
def test_stage_index_of_no_earlier_stage(index: str, reason: str) -> None:
    with pytest.raises(InvalidParameter, match=f"invalid from flag value {index}: {reason}"):
        stage_index(read("FROM a AS one\nFROM b\n"), 1, index)


def test_copy_and_add() -> None:
    copy = step("COPY --from=b --chown=1:2 --chmod=644 --exclude=*.o --exclude=x c d /e/")
    assert isinstance(copy, it.Transfer)
    assert (copy.origin, copy.chown, copy.chmod, copy.excludes) == ("b", "1:2", "644", ("*.o", "x"))
    assert (copy.sources, copy.target, copy.adds) == (("c", "d"), "/e/", False)
    add = step("ADD --checksum=sha256:ab --unpack=false http://x/y /z")
    assert isinstance(add, it.Transfer)
    assert (add.adds, add.checksum, add.unpack) == (True, "sha256:ab", False)


def test_healthcheck() -> None:
    check = step("HEALTHCHECK --interval=1m30s --timeout=2s --retries=4 CMD curl x")
    assert check == it.Healthcheck(
        "HEALTHCHECK --interval=1m30s --timeout=2s --retries=4 CMD curl x",
        "HEALTHCHECK",
        2,
        ("CMD-SHELL", "curl x"),
        interval_ns=90 * 10**9,
        timeout_ns=2 * 10**9,
        retries=4,
    )


def test_onbuild_keeps_the_expression_as_written() -> None:
    trigger = step("ONBUILD  copy  a   b")
    assert isinstance(trigger, it.Onbuild)
    assert trigger.expression == "copy  a   b"


def test_run_names_its_flags() -> None:
    run = step("RUN --mount=type=cache,target=/x --network=none echo")
    assert isinstance(run, it.Run)
    assert run.flags == ("mount", "network")
