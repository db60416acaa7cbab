"""GET /distribution/{name}/json and POST /auth: what a registry says, without fetching an image."""

from collections.abc import Sequence
from dataclasses import dataclass

from transom.engine.images.pull import refusal
from transom.errors import InvalidParameter, TransomError
from transom.images.document import MAX_DOCUMENT, read_config, read_index, read_manifest
from transom.images.registry import Access, Credentials, Registries
from transom.model.digest import digest_of
from transom.model.oci import INDEX_TYPES, Descriptor
from transom.model.platform import Platform
from transom.model.reference import parse_reference


@dataclass(frozen=True, slots=True)
class Distribution:
    """What a reference leads to in its registry."""

    descriptor: Descriptor
    platforms: Sequence[Platform]


@dataclass(frozen=True, slots=True)
class InspectDistribution:
    """Asks a registry for a manifest and the platforms behind it."""

    registries: Registries

    async def __call__(self, name: str, credentials: Credentials) -> Distribution:
        """Return what the registry has under name.

        Raises:
            NotFound: it has nothing so called, or does not show it. TransferFailed: it does not answer.
        """
        reference = parse_reference(name).with_default_tag()
        try:
            async with self.registries.repository(reference, Access.PULL, credentials) as remote:
                found = await remote.manifest(reference.digest or reference.tag, limit=MAX_DOCUMENT)
                if found.descriptor.media_type in INDEX_TYPES:
                    entries = read_index(found.data)
                    return Distribution(found.descriptor, [each.platform for each in entries if each.platform])
                config = read_manifest(found.data).config
                if config.size > MAX_DOCUMENT:
                    raise InvalidParameter(f"image configuration is larger than {MAX_DOCUMENT} bytes")
                async with remote.blob(config) as pieces:
                    data = b"".join([piece async for piece in pieces])
                if digest_of(data) != config.digest:
                    raise InvalidParameter(f"image config verification failed for digest {config.digest}")
                return Distribution(found.descriptor, [read_config(data).platform])
        except TransomError as exc:
            raise refusal(exc, reference) from exc


@dataclass(frozen=True, slots=True)
class LogIn:
    """Proves credentials at a registry; nothing of them is kept."""

    registries: Registries

    async def __call__(self, server: str, credentials: Credentials) -> str:
        """Return the identity token that the registry gives in their place, or empty.

        Raises:
            Unauthorized: they are refused. TransferFailed: the registry does not answer.
        """
        return await self.registries.login(server, credentials)
