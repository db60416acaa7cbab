"""What a kernel cannot do is left away, and said."""

import pytest

from transom.containers.limits import drop_oom_kill_disable
from transom.wire.containers import HostConfig


@pytest.mark.parametrize(
    ("asked", "warns"),
    [(None, False), (False, False), (True, True)],
)
def test_control_groups_v2_have_no_switch_for_the_oom_killer(asked: bool | None, warns: bool) -> None:
    host, warnings = drop_oom_kill_disable(HostConfig(memory=64 << 20, oom_kill_disable=asked))
    assert host == HostConfig(memory=64 << 20)
    assert warnings == ["Your kernel does not support OomKillDisable. OomKillDisable discarded."] * warns
