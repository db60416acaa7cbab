"""GET /transom/bases: the bases there are."""

from collections.abc import Sequence
from dataclasses import dataclass

from transom.execution.bases import BaseInfo, BaseStore


@dataclass(frozen=True, slots=True)
class ListBases:
    """`transom base ls`."""

    store: BaseStore

    async def __call__(self) -> Sequence[BaseInfo]:
        """Return every base, the newest first."""
        return await self.store.list()
