"""What Microsoft's own bases of a release are made of, asked of their registry."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from transom.engine.images.silence import Silence
from transom.errors import TransomError
from transom.images.document import MAX_DOCUMENT, read_config, read_manifest
from transom.images.registry import Access, Credentials, Registries, Repository, TransferFailed
from transom.images.standin import references_of
from transom.model.digest import digest_of
from transom.model.ids import Digest
from transom.model.platform import Platform
from transom.model.reference import Reference

_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class AskForBases:
    """Fetches the documents, and none of the layers, of the bases that an image of a platform may stand on."""

    registries: Registries
    silence: Silence
    _known: dict[Platform, Sequence[Sequence[Digest]]] = field(default_factory=dict)

    async def __call__(self, platform: Platform) -> Sequence[Sequence[Digest]]:
        """Return the diff-ids of each; nothing where the registry does not answer."""
        if platform not in self._known:
            references = references_of(platform)
            if not references or self.silence.holds(references[0].domain):
                return ()
            try:
                async with asyncio.timeout(_TIMEOUT_S):
                    found = [await self._diff_ids(each) for each in references]
            except (TransferFailed, TimeoutError):
                self.silence.note(references[0].domain)
                return ()
            self._known[platform] = [each for each in found if each]
        return self._known[platform]

    async def _diff_ids(self, reference: Reference) -> Sequence[Digest]:
        try:
            async with self.registries.repository(reference, Access.PULL, Credentials()) as remote:
                return await _read(remote, reference)
        except TransferFailed:
            raise
        except TransomError:
            return ()  # there is no such base of this release


async def _read(remote: Repository, reference: Reference) -> Sequence[Digest]:
    blob = read_manifest((await remote.manifest(reference.tag, limit=MAX_DOCUMENT)).data).config
    if blob.size > MAX_DOCUMENT:
        return ()
    async with remote.blob(blob) as pieces:
        raw = b"".join([piece async for piece in pieces])
    return read_config(raw).diff_ids if digest_of(raw) == blob.digest else ()
