"""GET /containers/{id}/changes: `docker diff`."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from transom.engine.containers.files import FindRoot
from transom.engine.containers.mount_points import mount_points
from transom.engine.containers.places import Places
from transom.engine.containers.run_state import RunState
from transom.guest import guest_for
from transom.images.layer import form_for
from transom.snapshots.layers import Change, Layers


@dataclass(frozen=True, slots=True)
class ListChanges:
    """Compares a container's files, and its registry where it has one, with its image's.

    registry_changes: state directory → the keys that the container changed; blocks.
    """

    state: RunState
    layers: Layers
    roots: FindRoot
    places: Places
    registry_changes: Callable[[str], Sequence[Change]]

    async def __call__(self, ref: str) -> Sequence[Change]:
        """Return what was added, changed and deleted, paths as the guest writes them; registry keys after files.

        Raises:
            NoSuchContainer: there is none.
        """
        container = self.state.containers.get(ref)
        guest = guest_for(container.os)
        points = mount_points(container, guest)
        found = await self.layers.changes(container.id, form_for(guest), points, container.base)
        files = [replace(change, path=guest.guest_path(change.path.lstrip("/"))) for change in found]
        if not guest.keeps_registry:
            return files
        await self.roots.flush(container)
        return [*files, *await asyncio.to_thread(self.registry_changes, self.places.state(container.id))]
