"""POST /containers/prune."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from transom.containers.container import Container
from transom.containers.filters import match_labels
from transom.containers.lifecycle import Status
from transom.engine.containers.remove import RemoveContainer
from transom.engine.containers.run_state import RunState
from transom.errors import TransomError

FILTERS = frozenset({"label", "label!", "until"})
_PRUNABLE = frozenset({Status.CREATED, Status.EXITED, Status.DEAD})


@dataclass(frozen=True, slots=True)
class PruneContainers:
    """Removes containers that do not run. until: filters → seconds since 1970. size: container ID → bytes."""

    state: RunState
    remove: RemoveContainer
    until: Callable[[Mapping[str, Sequence[str]]], float | None]
    size: Callable[[str], Awaitable[int]]

    async def __call__(self, filters: Mapping[str, Sequence[str]]) -> tuple[list[str], int]:
        """Remove them; return their IDs and the bytes freed.

        Raises:
            InvalidParameter: `until` is no time.
        """
        before = self.until(filters)
        removed: list[str] = []
        freed = 0
        for container in self.state.containers.all():
            if not _is_wanted(container, filters, before):
                continue
            try:
                size = await self.size(container.id)
                await self.remove(container.id)
            except TransomError:
                continue  # started or removed meanwhile
            removed.append(container.id)
            freed += size
        self.state.announce.pruned(freed)
        return removed, freed


def _is_wanted(container: Container, filters: Mapping[str, Sequence[str]], before: float | None) -> bool:
    if container.status not in _PRUNABLE or container.restarting or container.build:
        return False
    if before is not None and container.created_at.timestamp() >= before:
        return False
    labels = container.config.labels
    return match_labels(labels, filters.get("label", ())) and not any(
        match_labels(labels, [label]) for label in filters.get("label!", ())
    )
