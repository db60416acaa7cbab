"""The status of a container as a table; one status, never booleans.

    create ─▶ CREATED ─start─▶ RUNNING ─exit─▶ EXITED ─start─▶ RUNNING
                 │               │  ▲             │
                 │             pause unpause      │
                 │               ▼  │             │
                 │             PAUSED ─exit─▶ EXITED
                 └──remove──▶ REMOVING ◀──remove──┘      REMOVING ─fail─▶ DEAD ─remove─▶ REMOVING

"Restarting" is no status: it is EXITED with a restart that the policy has promised (`restart_at` of the engine).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from transom.errors import Conflict
from transom.execution.driver import RuntimeStatus


class Status(StrEnum):
    """What the record says."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    EXITED = "exited"
    REMOVING = "removing"
    DEAD = "dead"


class Action(StrEnum):
    """What happens to a container."""

    START = "start"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    EXIT = "exit"
    REMOVE = "remove"
    FAIL = "fail"


NEXT: Final[Mapping[tuple[Status, Action], Status]] = {
    (Status.CREATED, Action.START): Status.RUNNING,
    (Status.EXITED, Action.START): Status.RUNNING,
    (Status.RUNNING, Action.PAUSE): Status.PAUSED,
    (Status.PAUSED, Action.UNPAUSE): Status.RUNNING,
    (Status.RUNNING, Action.EXIT): Status.EXITED,
    (Status.PAUSED, Action.EXIT): Status.EXITED,
    (Status.CREATED, Action.REMOVE): Status.REMOVING,
    (Status.EXITED, Action.REMOVE): Status.REMOVING,
    (Status.DEAD, Action.REMOVE): Status.REMOVING,
    (Status.REMOVING, Action.REMOVE): Status.REMOVING,
    (Status.REMOVING, Action.FAIL): Status.DEAD,
}

_REFUSALS: Final[Mapping[tuple[Status, Action], str]] = {
    (Status.PAUSED, Action.START): "cannot start a paused container, try unpause instead",
    (Status.REMOVING, Action.START): "container is marked for removal and cannot be started",
    (Status.DEAD, Action.START): "container is marked for removal and cannot be started",
    (Status.PAUSED, Action.PAUSE): "Container {id} is already paused",
    (Status.RUNNING, Action.UNPAUSE): "Container {id} is not paused",
}


_REFUSED_ELSE: Final[Mapping[Action, str]] = {Action.UNPAUSE: "Container {id} is not paused"}


def after(status: Status, action: Action, container_id: str) -> Status:
    """Return the status that follows.

    Raises:
        Conflict: action is not possible in status; the text is Docker's.
    """
    following = NEXT.get((status, action))
    if following is None:
        text = _REFUSALS.get((status, action)) or _REFUSED_ELSE.get(action, "container {id} is not running")
        raise Conflict(text.format(id=container_id))
    return following


def reconcile(stored: Status, observed: RuntimeStatus | None) -> Status:
    """Return the status to record after a restart, from the record and what the driver sees."""
    match stored, observed:
        case ((Status.REMOVING | Status.DEAD), _):
            return stored  # an unfinished removal is taken up again
        case _, RuntimeStatus.RUNNING:
            return Status.RUNNING  # also CREATED: the engine died between start and save
        case _, RuntimeStatus.PAUSED:
            return Status.PAUSED
        case Status.CREATED, RuntimeStatus.STOPPED:
            return Status.EXITED  # it was started and has ended since
        case Status.CREATED, _:
            return Status.CREATED  # a sandbox that create() left before start() is deleted by the caller
        case _:
            return Status.EXITED
