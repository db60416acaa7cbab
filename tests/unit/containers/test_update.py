import pytest

from transom.containers.update import updated
from transom.errors import InvalidParameter
from transom.wire.containers import HostConfig, RestartPolicy


def test_update_changes_what_is_asked_and_nothing_else() -> None:
    before = HostConfig(memory=64 << 20, memory_swap=128 << 20, pids_limit=5, cpu_shares=7)

    after = updated(before, HostConfig(memory=32 << 20, restart_policy=RestartPolicy(name="always")))

    assert (after.memory, after.memory_swap, after.pids_limit, after.cpu_shares) == (32 << 20, 128 << 20, 5, 7)
    assert after.restart_policy.name == "always"


@pytest.mark.parametrize(
    ("before", "asked", "text"),
    [
        (HostConfig(memory_swap=64 << 20, memory=32 << 20), HostConfig(memory=128 << 20), "already set memoryswap"),
        (HostConfig(nano_cpus=10**9), HostConfig(cpu_quota=5000), "CPU Quota cannot be updated"),
        (HostConfig(cpu_period=5000), HostConfig(nano_cpus=10**9), "CPU Period has already been set"),
        (HostConfig(auto_remove=True), HostConfig(restart_policy=RestartPolicy(name="always")), "AutoRemove"),
    ],
)
def test_update_that_does_not_fit_is_refused(before: HostConfig, asked: HostConfig, text: str) -> None:
    with pytest.raises(InvalidParameter, match=text):
        updated(before, asked)
