"""Which base a new Windows container is pinned to."""

import logging
from dataclasses import dataclass

from transom.execution.bases import BaseBuilder, BaseOptions, BaseStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChooseBase:
    """Implements engine.containers.facilities.Bases."""

    store: BaseStore
    builder: BaseBuilder

    async def choose(self, wanted: str) -> str:
        """Return the digest of the base that wanted names (digest, prefix; empty for the newest).

        The first Windows container of a machine has its base built; whoever else wants one meanwhile waits for it.

        Raises:
            NotFound: no base is called so.
            InvalidParameter: wanted fits more than one, or no base can be built here.
            Unavailable: the mirror cannot be reached.
        """
        if not wanted and not await self.store.list():
            log.info("building a Windows base, as there is none yet")
            info = await self.builder.build(BaseOptions(), lambda progress: None)
            log.info("built a Windows base", extra={"base": info.digest, "seconds": info.build_seconds})
            return info.digest
        return (await self.store.get(wanted)).digest
