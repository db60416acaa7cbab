"""GET /containers/{id}/export."""

from dataclasses import dataclass

from transom.engine.containers.files import FindRoot
from transom.engine.containers.run_state import RunState
from transom.snapshots.files import Files


@dataclass(frozen=True, slots=True)
class ExportContainer:
    """Writes a container's files as one tar, without its volumes and whatever else is mounted."""

    state: RunState
    roots: FindRoot
    files: Files

    async def __call__(self, ref: str, target: int) -> None:
        """Write the tar to descriptor target.

        Raises:
            NoSuchContainer: there is none. Conflict: it is being removed.
        """
        container_id = self.state.containers.get(ref).id
        async with self.state.locks(container_id):
            container = self.state.containers.get(container_id)
            self.roots.check_here(container)
            await self.roots.flush(container)
            await self.files.export(await self.roots.root(container), target)
            self.state.announce("export", container)
