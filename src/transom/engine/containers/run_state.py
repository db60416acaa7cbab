"""What all use cases that change a container share: its lock, its driver, its hub, its waiters."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from transom.aio.locks import KeyedLock
from transom.aio.operations import Operations
from transom.containers.container import Container
from transom.containers.repository import ContainerRepository
from transom.engine.containers.announce import Announce
from transom.engine.containers.hub import Hubs
from transom.engine.containers.waits import Waits
from transom.errors import NotSupported, Unavailable
from transom.execution.driver import ExecDriver

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunState:
    """The engine's live side of containers; what must survive is in records and with the drivers."""

    containers: ContainerRepository
    drivers: Mapping[str, ExecDriver]
    hubs: Hubs
    waits: Waits
    announce: Announce
    operations: Operations
    hurry: Callable[[], None]
    """Says that somebody waits for a container: work on many files stands still for a moment."""
    locks: KeyedLock = field(default_factory=KeyedLock)
    restarts: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    restarted_by_hand: set[str] = field(default_factory=set)
    """Containers that `docker restart` is stopping: `--rm` does not remove them."""

    def driver(self, container: Container) -> ExecDriver:
        """Return the driver that runs container.

        Raises:
            NotSupported: this engine has none of that name (another host, a removed runtime).
        """
        driver = self.drivers.get(container.driver)
        if driver is None:
            raise NotSupported(
                f"container {container.id} needs the driver {container.driver}, which this engine does not have: "
                "remove it and create it again"
            )
        return driver

    async def save_if_possible(self, container: Container) -> None:
        """Record what has happened already: a disk that takes no more does not undo it, so memory goes on from it."""
        try:
            await self.containers.save(container)
        except Unavailable as exc:
            log.error("a change is not on disk", extra={"container": container.id, "error": str(exc)})
            self.containers.note(container)
