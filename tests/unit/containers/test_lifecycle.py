"""Statuses: a table without holes, and what a boot makes of them."""

import itertools

import pytest

from transom.containers.lifecycle import NEXT, Action, Status, after, reconcile
from transom.errors import Conflict
from transom.execution.driver import RuntimeStatus

OBSERVED = [None, *RuntimeStatus]


@pytest.mark.parametrize(("status", "action"), list(itertools.product(Status, Action)))
def test_every_action_has_an_outcome(status: Status, action: Action) -> None:
    if (status, action) in NEXT:
        assert after(status, action, "c") is NEXT[status, action]
    else:
        with pytest.raises(Conflict):
            after(status, action, "c")


@pytest.mark.parametrize(
    ("status", "action", "text"),
    [
        (Status.PAUSED, Action.START, "cannot start a paused container, try unpause instead"),
        (Status.PAUSED, Action.PAUSE, "Container c is already paused"),
        (Status.RUNNING, Action.UNPAUSE, "Container c is not paused"),
        (Status.DEAD, Action.START, "container is marked for removal and cannot be started"),
        (Status.EXITED, Action.PAUSE, "ontainer c is not running"),
    ],
)
def test_refusal_has_dockers_text(status: Status, action: Action, text: str) -> None:
    with pytest.raises(Conflict, match=text):
        after(status, action, "c")


@pytest.mark.parametrize(("stored", "observed"), list(itertools.product(Status, OBSERVED)))
def test_reconcile_is_total_and_idempotent(stored: Status, observed: RuntimeStatus | None) -> None:
    once = reconcile(stored, observed)

    assert reconcile(once, observed) is once


@pytest.mark.parametrize("observed", OBSERVED)
@pytest.mark.parametrize("stored", [Status.REMOVING, Status.DEAD])
def test_unfinished_removal_is_taken_up(stored: Status, observed: RuntimeStatus | None) -> None:
    assert reconcile(stored, observed) is stored


@pytest.mark.parametrize(
    ("stored", "observed", "wanted"),
    [
        (Status.CREATED, RuntimeStatus.RUNNING, Status.RUNNING),
        (Status.CREATED, RuntimeStatus.CREATED, Status.CREATED),
        (Status.CREATED, RuntimeStatus.STOPPED, Status.EXITED),
        (Status.RUNNING, None, Status.EXITED),
        (Status.RUNNING, RuntimeStatus.PAUSED, Status.PAUSED),
        (Status.PAUSED, RuntimeStatus.RUNNING, Status.RUNNING),
        (Status.EXITED, RuntimeStatus.CREATED, Status.EXITED),
    ],
)
def test_what_the_driver_sees_is_the_truth(stored: Status, observed: RuntimeStatus | None, wanted: Status) -> None:
    assert reconcile(stored, observed) is wanted
