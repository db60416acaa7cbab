"""Restart policies."""

import pytest

from transom.containers.restart import MAX_DELAY_S, check_policy, next_delay_s, restarts, starts_at_boot
from transom.errors import InvalidParameter
from transom.wire.containers import RestartPolicy


def policy(name: str, count: int = 0) -> RestartPolicy:
    return RestartPolicy(name=name, maximum_retry_count=count)


@pytest.mark.parametrize(
    ("name", "limit", "code", "count", "again"),
    [
        ("no", 0, 1, 0, False),
        ("", 0, 1, 0, False),
        ("always", 0, 0, 9, True),
        ("unless-stopped", 0, 0, 9, True),
        ("on-failure", 0, 1, 99, True),
        ("on-failure", 0, 0, 0, False),
        ("on-failure", 3, 1, 2, True),
        ("on-failure", 3, 1, 3, False),
    ],
)
def test_ended_by_itself(name: str, limit: int, code: int, count: int, again: bool) -> None:
    assert restarts(policy(name, limit), exit_code=code, count=count, stopped_by_hand=False) is again


@pytest.mark.parametrize("name", ["always", "unless-stopped", "on-failure"])
def test_stopped_by_hand_stays_so_while_the_engine_runs(name: str) -> None:
    assert not restarts(policy(name), exit_code=1, count=0, stopped_by_hand=True)


@pytest.mark.parametrize(
    ("name", "was_running", "by_hand", "starts"),
    [
        ("always", False, True, True),
        ("unless-stopped", True, True, False),
        ("unless-stopped", False, False, True),
        ("on-failure", True, False, True),
        ("on-failure", False, False, False),
        ("no", True, False, False),
    ],
)
def test_boot(name: str, was_running: bool, by_hand: bool, starts: bool) -> None:
    assert starts_at_boot(policy(name), was_running=was_running, stopped_by_hand=by_hand) is starts


def test_wait_doubles_to_a_limit_and_is_forgotten() -> None:
    delays = [0.0]
    for _ in range(20):
        delays.append(next_delay_s(delays[-1], ran_s=0.1))

    assert delays[1:4] == [0.1, 0.2, 0.4]
    assert delays[-1] == MAX_DELAY_S
    assert next_delay_s(MAX_DELAY_S, ran_s=11) == 0.1


@pytest.mark.parametrize(
    ("wanted", "auto_remove"),
    [
        (policy("sometimes"), False),
        (policy("always", 3), False),
        (policy("on-failure", -1), False),
        (policy("always"), True),
    ],
)
def test_policy_that_cannot_be_is_refused(wanted: RestartPolicy, auto_remove: bool) -> None:
    with pytest.raises(InvalidParameter):
        check_policy(wanted, auto_remove=auto_remove)
