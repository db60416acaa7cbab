"""Streams of Windows programs, by the real docker CLI: who else holds them, and what text is in them."""

import pytest
from tests.support.engine import Engine
from tests.support.windows import COMPILER, PROBE

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", COMPILER),
    pytest.mark.timeout(600),
]
LEAVES_A_CHILD = "start /b probe wait & probe apart & exit 6"
"""The child has the same streams, and lives on."""


def test_child_that_holds_the_streams_holds_up_neither_container_nor_exec(probed: Engine) -> None:
    run = probed.docker("run", "--rm", "--network", "none", PROBE, "cmd", "/c", LEAVES_A_CHILD, check=False)
    probed.docker("run", "-d", "--name", "idle", "--network", "none", PROBE, "probe", "wait")
    made = probed.docker("exec", "idle", "cmd", "/c", LEAVES_A_CHILD, check=False)

    for done in (run, made):
        assert (done.code, done.err) == (6, "err\n")
        assert "out\n" in done.out
    assert probed.docker("exec", "idle", "probe", "exit", "3", check=False).code == 3


@pytest.mark.parametrize(
    ("page", "data", "text"),
    [(437, "8494", "äö"), (1252, "e4f680", "äö€"), (932, "93fa967b", "日本"), (65001, "c3a4e697a5", "ä日")],
)
def test_code_pages_are_there(probed: Engine, page: int, data: str, text: str) -> None:
    assert probed.docker("run", "--rm", "--network", "none", PROBE, "probe", "page", str(page), data).out == f"{text}\n"
