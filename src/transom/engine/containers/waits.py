"""Who waits for a container's end or removal."""

import asyncio
from enum import StrEnum

from transom.containers.container import Container
from transom.containers.repository import ContainerRepository


class Condition(StrEnum):
    """`condition` of POST /containers/{id}/wait."""

    NOT_RUNNING = "not-running"
    NEXT_EXIT = "next-exit"
    REMOVED = "removed"


class Waits:
    """Futures per container; told by exit.py and remove.py."""

    def __init__(self) -> None:
        self._exits: dict[str, set[asyncio.Future[Container]]] = {}
        self._removals: dict[str, set[asyncio.Future[Container]]] = {}

    def exited(self, container: Container) -> None:
        """Wake who waits for the end."""
        _wake(self._exits.pop(container.id, set()), container)

    def removed(self, container: Container) -> None:
        """Wake who waits for the removal, and for an end that will never come."""
        _wake(self._removals.pop(container.id, set()), container)
        _wake(self._exits.pop(container.id, set()), container)

    def exit_of(self, container_id: str) -> "asyncio.Future[Container]":
        """Return a future of the next end."""
        return self.add(container_id, Condition.NEXT_EXIT)

    def removal_of(self, container_id: str) -> "asyncio.Future[Container]":
        """Return a future of the removal."""
        return self.add(container_id, Condition.REMOVED)

    def add(self, container_id: str, condition: Condition) -> "asyncio.Future[Container]":
        """Return a future that condition completes with the container's last record."""
        table = self._removals if condition is Condition.REMOVED else self._exits
        future: asyncio.Future[Container] = asyncio.get_running_loop().create_future()
        waiting = table.setdefault(container_id, set())
        waiting.add(future)
        future.add_done_callback(waiting.discard)
        return future


def _wake(futures: set["asyncio.Future[Container]"], container: Container) -> None:
    for future in list(futures):
        if not future.done():
            future.set_result(container)


class WaitContainer:
    """POST /containers/{id}/wait."""

    def __init__(self, containers: ContainerRepository, waits: Waits) -> None:
        self._containers = containers
        self._waits = waits

    def __call__(self, ref: str, condition: Condition) -> "asyncio.Future[Container]":
        """Return a future of the container as it is when condition has come true.

        Raises:
            NoSuchContainer: no container is called ref.
        """
        container = self._containers.get(ref)
        if condition is Condition.NOT_RUNNING and not container.is_running:
            done: asyncio.Future[Container] = asyncio.get_running_loop().create_future()
            done.set_result(container)
            return done
        return self._waits.add(container.id, condition)
