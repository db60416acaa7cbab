"""Die, or fail, at every fault point there is; start again; nothing is left, nothing is lost, and it works again."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest
from tests.fault.actions import ACTIONS, BY_NAME, FROZEN, IN_TRANSFERS, MOVED, SLOW, Action
from tests.fault.witness import Witness
from tests.support.engine import Engine
from tests.support.residue import Residue

import transom
from transom import faults

pytestmark = [pytest.mark.root, pytest.mark.needs("crun", "conmon", "busybox"), pytest.mark.timeout(180)]

WITH_POINT = [
    pytest.param(each, point, id=point, marks=[pytest.mark.wine] if each.windows else [])
    for each in ACTIONS
    for point in each.points
]
WITH_ERRORS = [
    pytest.param(each, id=each.name, marks=[pytest.mark.wine] if each.windows else [])
    for each in ACTIONS
    if each.failing
]


@pytest.fixture(scope="module")
def standing(broken_engine: Engine) -> Witness:
    return Witness.start(broken_engine, "standing")


@pytest.fixture
def witness(broken_engine: Engine, standing: Witness) -> Iterator[Witness]:
    """A container that runs on whatever happens to the engine."""
    if not broken_engine.is_running:
        broken_engine.start()
    yield standing


@pytest.fixture
def residue(witness: Witness, broken_engine: Engine) -> Residue:
    return Residue(broken_engine)


def clear(engine: Engine, *, but: Witness) -> None:
    """Remove what a client that was cut off has left for its user: a container that was created."""
    names = set(engine.docker("ps", "-a", "--format", "{{.Names}}").out.split()) - {but.name}
    if names:
        engine.docker("rm", "-f", "-v", *names)


def test_every_point_is_reached_by_an_action() -> None:
    for module in pkgutil.walk_packages(transom.__path__, "transom."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)

    claimed = [point for action in BY_NAME.values() for point in action.points] + [*SLOW, *MOVED, *IN_TRANSFERS, FROZEN]

    assert sorted(claimed) == sorted(faults.POINTS)


@pytest.mark.parametrize(("action", "point"), WITH_POINT)
def test_kill_leaves_nothing_and_loses_nothing(
    action: Action, point: str, broken_engine: Engine, witness: Witness, residue: Residue
) -> None:
    engine = broken_engine
    clear(engine, but=witness)
    action.prepare(engine)
    engine.kill()
    engine.start(faults=f"{point}=kill")

    action.do(engine)
    engine.wait_until_dead()  # a point that the action does not reach fails here
    engine.start()

    assert residue.settle() == []
    witness.check()
    clear(engine, but=witness)
    action.undo(engine)
    action.prepare(engine)
    done = action.do(engine)
    assert done.code == 0 or action.name == "end", done.err
    action.undo(engine)
    assert residue.settle() == []


@pytest.mark.parametrize("action", WITH_ERRORS)
@pytest.mark.parametrize("code", ["ENOSPC"])
def test_failing_step_is_told_and_undone(
    action: Action, code: str, broken_engine: Engine, witness: Witness, residue: Residue
) -> None:
    engine = broken_engine
    clear(engine, but=witness)
    action.prepare(engine)
    engine.kill()
    engine.start(faults=";".join(f"{point}=error({code})" for point in action.failing))

    told = []
    while (done := action.do(engine)).code != 0:
        told.append(done.err)
        assert "no space left on device" in done.err.lower()
        # A removal that failed says so, and can be asked for again.
        assert [line for line in residue.settle(timeout_s=3) if not re.search(" is dead: | removing-", line)] == []
        assert len(told) <= len(action.failing)
        action.undo(engine)
        action.prepare(engine)

    assert len(told) == len(action.failing)
    action.undo(engine)
    assert residue.settle() == []
    witness.check()
