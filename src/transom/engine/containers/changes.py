"""GET /containers/{id}/changes: `docker diff`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from transom.engine.containers.mount_points import mount_points
from transom.engine.containers.run_state import RunState
from transom.guest import guest_for
from transom.images.layer import form_for
from transom.snapshots.layers import Change, Layers


@dataclass(frozen=True, slots=True)
class ListChanges:
    """Compares a container's files with its image's."""

    state: RunState
    layers: Layers

    async def __call__(self, ref: str) -> Sequence[Change]:
        """Return what was added, changed and deleted, paths as the guest writes them.

        Raises:
            NoSuchContainer: there is none.
        """
        container = self.state.containers.get(ref)
        guest = guest_for(container.os)
        points = mount_points(container, guest)
        found = await self.layers.changes(container.id, form_for(guest), points, container.base)
        return [replace(change, path=guest.guest_path(change.path.lstrip("/"))) for change in found]
