"""`transom base export`: write a base to a file, for machines without a network."""

from dataclasses import dataclass

from transom.execution.bases import BaseInfo, BaseStore, Progress


@dataclass(frozen=True, slots=True)
class ExportBase:
    """`transom base export REF FILE`."""

    store: BaseStore

    async def __call__(self, ref: str, path: str, progress: Progress) -> BaseInfo:
        """Write the base that ref names to path as tar.zst, whole or not at all.

        Raises:
            NotFound: no base is called so.
            InvalidParameter: ref fits more than one, or path cannot be written.
        """
        info = await self.store.get(ref)
        await self.store.export(info.digest, path, progress)
        return info
