"""Die at every point of a base's build, which takes a minute and a mirror; that it works in the end, every test of
a Windows container shows.
"""

import pytest
from tests.fault.actions import SLOW
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
