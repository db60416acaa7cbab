"""Which base a new Windows container is pinned to."""

import asyncio
import logging
from dataclasses import dataclass, field

from transom.errors import NotFound
from transom.execution.bases import BaseBuilder, BaseInfo, BaseOptions, BaseStore, Progress

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChooseBase:
    """Implements engine.containers.facilities.Bases."""

    store: BaseStore
    builder: BaseBuilder
    making: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def choose(self, wanted: str) -> str:
        """Return the digest of the base that wanted names (digest, prefix; empty for the newest).

        The first Windows container of a machine has its base built; whoever else wants one meanwhile waits for it.

        Raises:
            NotFound: no base is called so.
            InvalidParameter: wanted fits more than one, or no base can be built here.
            Unavailable: the mirror cannot be reached.
        """
        try:
            return (await self.store.get(wanted)).digest
        except NotFound:
            if wanted:
                raise
        made = await self.first(lambda progress: None)
        return (made or await self.store.get("")).digest

    async def first(self, progress: Progress) -> BaseInfo | None:
        """Build a base where there is none and return it; whoever else wants one meanwhile waits, and gets None.

        Raises:
            InvalidParameter, NotSupported: no base can be built here. Unavailable: the mirror cannot be reached.
        """
        async with self.making:
            if await self.store.list():
                return None
            log.info("building a Windows base, as there is none yet")
            info = await self.builder.build(BaseOptions(), progress)
            log.info("built a Windows base", extra={"base": info.digest, "seconds": info.build_seconds})
            return info
