"""Restart policies, pure: does it start again, and after how long.

Source: Docker documentation, "Start containers automatically"; the wait doubles from 100 ms and is forgotten after
10 s of running.
"""

from transom.errors import InvalidParameter
from transom.wire.containers import RestartPolicy

FIRST_DELAY_S = 0.1
MAX_DELAY_S = 60.0
SETTLED_S = 10.0

_NAMES = frozenset({"", "no", "always", "unless-stopped", "on-failure"})


def check_policy(policy: RestartPolicy, *, auto_remove: bool) -> None:
    """Refuse what cannot be.

    Raises:
        InvalidParameter: the name is unknown, the count does not fit it, or --rm is asked for too.
    """
    if policy.name not in _NAMES:
        raise InvalidParameter(
            f"invalid restart policy: unknown policy '{policy.name}'; use one of 'no', 'always', 'on-failure', or "
            "'unless-stopped'"
        )
    if policy.maximum_retry_count and policy.name != "on-failure":
        raise InvalidParameter("invalid restart policy: maximum retry count can only be used with 'on-failure'")
    if policy.maximum_retry_count < 0:
        raise InvalidParameter("invalid restart policy: maximum retry count cannot be negative")
    if auto_remove and policy.name not in {"", "no"}:
        raise InvalidParameter("can't create 'AutoRemove' container with restart policy")


def restarts(policy: RestartPolicy, *, exit_code: int, count: int, stopped_by_hand: bool) -> bool:
    """Tell whether a container that has just ended is started again."""
    if stopped_by_hand:
        return False
    match policy.name:
        case "always" | "unless-stopped":
            return True
        case "on-failure":
            return exit_code != 0 and (not policy.maximum_retry_count or count < policy.maximum_retry_count)
        case _:
            return False


def starts_at_boot(policy: RestartPolicy, *, was_running: bool, stopped_by_hand: bool) -> bool:
    """Tell whether a container that does not run is started when the engine starts."""
    match policy.name:
        case "always":
            return True
        case "unless-stopped":
            return not stopped_by_hand
        case "on-failure":
            return was_running
        case _:
            return False


def next_delay_s(last_delay_s: float, ran_s: float) -> float:
    """Return how long to wait before the next start."""
    if ran_s >= SETTLED_S or last_delay_s <= 0:
        return FIRST_DELAY_S
    return min(last_delay_s * 2, MAX_DELAY_S)
