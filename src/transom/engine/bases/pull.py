"""`transom base pull`: a base from a registry, as `transom base push` stored it."""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from transom import faults
from transom.errors import InvalidParameter
from transom.execution.bases import BaseInfo, BaseProgress, BaseStore, Progress
from transom.host.spool import write
from transom.images.artifact import BaseArtifact, read_artifact
from transom.images.document import MAX_DOCUMENT
from transom.images.registry import Access, Credentials, Registries, Repository
from transom.model.reference import Reference

_FETCHED = faults.declare("base.pull.fetched", "a base's archive came, nothing is unpacked")


@dataclass(frozen=True, slots=True)
class PullBase:
    """`transom base pull REFERENCE`."""

    store: BaseStore
    registries: Registries

    async def __call__(self, source: Reference, path: str, credentials: Credentials, progress: Progress) -> BaseInfo:
        """Bring the base that source leads to; one that is here already is not fetched. path: for its archive.

        Raises:
            NotFound: there is no such tag. InvalidParameter: it is no base, or damaged.
            Unauthorized, Forbidden, Unavailable: the registry's answer.
        """
        async with self.registries.repository(source, Access.PULL, credentials) as repository:
            found = await repository.manifest(source.digest or source.tag, limit=MAX_DOCUMENT)
            artifact = read_artifact(found.data, source.familiar)
            known = [info for info in await self.store.list() if info.digest == artifact.base]
            if known:
                return known[0]
            await self._fetch(repository, artifact, path, progress)
            faults.point(_FETCHED)
        info = await self.store.import_(path, progress)
        if info.digest != artifact.base:
            raise InvalidParameter(f"{source.familiar} says that it holds base {artifact.base}, and held {info.digest}")
        return info

    async def _fetch(self, repository: Repository, artifact: BaseArtifact, path: str, progress: Progress) -> None:
        digest, size = hashlib.sha256(), artifact.archive.size
        done = 0

        async def checked(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
            nonlocal done
            async for piece in pieces:
                digest.update(piece)
                done += len(piece)
                progress(BaseProgress("Downloading", done, size))
                yield piece

        async with repository.blob(artifact.archive) as pieces, aclosing(checked(pieces)) as blocks:
            await write(Path(path), blocks)
        if f"sha256:{digest.hexdigest()}" != artifact.archive.digest:
            raise InvalidParameter(f"the archive is not {artifact.archive.digest}, as its manifest says: it is damaged")
