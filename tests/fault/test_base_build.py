"""Die at every point of a base's build, which takes a minute and a mirror, and of its way through a registry.

That a build works in the end, every test of a Windows container shows.
"""

import pytest
from tests.fault.actions import MOVED, SLOW
from tests.support.engine import Engine
from tests.support.residue import Residue

pytestmark = [pytest.mark.root, pytest.mark.wine, pytest.mark.needs("crun", "conmon"), pytest.mark.timeout(600)]


def test_killed_build_of_a_base_leaves_nothing(engine: Engine, residue: Residue) -> None:
    for point in SLOW:
        engine.kill()
        engine.start(faults=f"{point}=kill")

        done = engine.transom("base", "build", "-q", check=False, timeout_s=300)
        assert done.code != 0
        engine.wait_until_dead()

        engine.start()
        assert residue.settle() == []
        assert engine.transom("base", "ls", "-q").out == ""


def test_killed_push_and_pull_of_a_base_leave_nothing_and_work_again(engine: Engine, residue: Residue) -> None:
    engine.ensure_base()
    (base,) = engine.transom("base", "ls", "-q", "--no-trunc").out.split()
    there = f"{engine.registry}/team/base:1"
    for command, point in ((["push", base, there], MOVED[0]), (["pull", there], MOVED[1])):
        engine.kill()
        engine.start(faults=f"{point}=kill")

        assert engine.transom("base", *command, check=False, timeout_s=300).code != 0
        engine.wait_until_dead()

        engine.start()
        assert residue.settle() == []
        assert list(engine.data.glob("transfer/*")) == []
        assert engine.transom("base", *command, timeout_s=300).out
        engine.transom("base", "rm", base, timeout_s=60)
    assert residue.settle() == []
