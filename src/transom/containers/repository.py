"""ContainerRepository: where records are kept and found."""

from collections.abc import Sequence
from typing import Protocol

from transom.containers.container import Container


class ContainerRepository(Protocol):
    """Holds every record in memory; what it returns from a change is on disk."""

    def get(self, ref: str) -> Container:
        """Return the container that ref (ID, unambiguous ID prefix, name) names.

        Raises:
            NoSuchContainer: there is none.
            InvalidParameter: a prefix fits several.
        """
        ...

    def find(self, container_id: str) -> Container | None:
        """Return the container with exactly this ID, if there is one."""
        ...

    def named(self, name: str) -> Container | None:
        """Return the container with exactly this name, if there is one."""
        ...

    def all(self) -> Sequence[Container]:
        """Return every container, newest first."""
        ...

    async def add(self, container: Container) -> None:
        """Record a new container.

        Raises:
            Conflict: its name is taken.
        """
        ...

    def note(self, container: Container) -> None:
        """Take a change into memory alone: one that the next save, or recovery from the driver, makes good."""
        ...

    async def save(self, container: Container, *, durable: bool = True) -> None:
        """Record a change; durable=False: it need not survive a power loss."""
        ...

    async def rename(self, container: Container, name: str) -> Container:
        """Give it another name.

        Raises:
            Conflict: the name is taken.
        """
        ...

    async def remove(self, container_id: str) -> None:
        """Forget it; one that is not there is no error."""
        ...
