"""`transom base import`: take in a base that another machine exported."""

from dataclasses import dataclass

from transom.execution.bases import BaseInfo, BaseStore, Progress


@dataclass(frozen=True, slots=True)
class ImportBase:
    """`transom base import FILE`."""

    store: BaseStore

    async def __call__(self, path: str, progress: Progress) -> BaseInfo:
        """Take in the file path and return the base in it; one that is there already stays.

        Raises:
            InvalidParameter: it is no base, is damaged, or is not what its digest says.
        """
        return await self.store.import_(path, progress)
