"""Boot: what builds of an earlier run left is removed."""

import logging
from dataclasses import dataclass

from transom.build.workspace import Workspaces
from transom.engine.build.prune import PruneBuilds
from transom.engine.build.steps import SNAPSHOT_PREFIX
from transom.snapshots.snapshotter import Snapshotter

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SweepBuilds:
    """Removes workspaces and snapshots of builds that died with the engine; containers are recover.py's."""

    workspaces: Workspaces
    snapshots: Snapshotter
    prune: PruneBuilds

    async def __call__(self) -> None:
        """Do it, and forget steps that nobody has used lately; nothing builds yet."""
        found = await self.workspaces.sweep()
        for key in await self.snapshots.list():
            if key.startswith(SNAPSHOT_PREFIX):
                await self.snapshots.remove(key)
                found += 1
        await self.prune.lately_unused()
        if found:
            log.info("removed what unfinished builds left", extra={"count": found})
