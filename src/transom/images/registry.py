"""Registries: what pull, push, login and build need of a server that keeps images.

An adapter does what is the wire's business: which server to ask (mirrors, plain HTTP), tokens, retries after a broken
transfer or a full server, proxies, certificates. Its callers decide what is fetched and check what came.

Source: OCI distribution-spec v1.1; Docker Registry HTTP API V2, token authentication.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from transom.errors import NotFound, Unavailable
from transom.model.ids import Digest
from transom.model.oci import Descriptor
from transom.model.reference import Reference
from transom.model.secret import Secret

Pieces = AbstractAsyncContextManager[AsyncIterator[bytes]]
"""A blob's bytes while the block lasts, in pieces of any size."""
BlobSource = Callable[[int], Pieces]
"""Gives a blob's bytes from an offset on, each time anew: an upload that broke begins where the registry has it."""
OnProgress = Callable[[int], None]
"""Takes how many of a blob's bytes have passed; it never waits, and may be told fewer than before."""
OnRetry = Callable[[float], None]
"""Takes the seconds until a transfer is tried again; it never waits."""


_NOTHING = Secret("")


class TransferFailed(Unavailable):
    """The registry does not answer, or broke off: the same call may succeed later."""


class ManifestUnknown(NotFound):
    """The repository has no such tag or digest."""


class RepositoryUnknown(NotFound):
    """The registry has no such repository."""


class Access(StrEnum):
    """What a repository is opened for: the actions of its token's scope."""

    PULL = "pull"
    PUSH = "pull,push"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client says it may do, from X-Registry-Auth; all empty for nobody in particular."""

    username: str = ""
    password: Secret = _NOTHING
    identity_token: Secret = _NOTHING
    registry_token: Secret = _NOTHING


CredentialsFor = Callable[[str], Credentials]
"""Gives the credentials for a registry's domain (as in Reference.domain)."""


def nobody(domain: str) -> Credentials:
    """Return no credentials, whatever the domain."""
    return Credentials()


@dataclass(frozen=True, slots=True)
class Document:
    """A manifest or index with its bytes; they are what descriptor's digest says."""

    descriptor: Descriptor
    data: bytes


class Uploaded(StrEnum):
    """How a blob came to be in a repository."""

    PRESENT = "present"
    MOUNTED = "mounted"
    SENT = "sent"


class Repository(Protocol):
    """One repository of a registry, opened with some access.

    Every call may raise Unauthorized (no or wrong credentials), Forbidden (the registry denies it), NotFound in one of
    the kinds above, TransferFailed (it does not answer, or breaks off again and again) and InvalidParameter (it answers
    nonsense). Calls may run side by side.
    """

    reference: Reference

    async def resolve(self, target: str) -> Descriptor:
        """Return what a tag or digest leads to, without its content; digest and size may cost a whole fetch."""
        ...

    async def manifest(self, target: str, *, limit: int) -> Document:
        """Return the manifest or index behind a tag or digest; by digest, the content is checked against it.

        Raises:
            InvalidParameter: it is larger than limit, another one, or of no type that is known.
        """
        ...

    async def tags(self) -> Sequence[str]:
        """Return every tag."""
        ...

    async def find_blob(self, digest: Digest) -> int | None:
        """Return the size of a blob, None if the repository has none such."""
        ...

    def blob(self, blob: Descriptor, offset: int = 0, *, on_retry: OnRetry | None = None) -> Pieces:
        """Read a blob from offset on, exactly to its end; a transfer that breaks is taken up again inside.

        The content is not checked: whoever keeps it hashes it. Where the registry lacks the blob its urls are tried.
        """
        ...

    async def upload(
        self,
        blob: Descriptor,
        source: BlobSource,
        *,
        mount_from: Sequence[str] = (),
        on_progress: OnProgress | None = None,
        on_retry: OnRetry | None = None,
    ) -> Uploaded:
        """See to it that the repository has a blob.

        mount_from: paths (as in Reference.path) of repositories on the same registry that may have it.

        Raises:
            InvalidParameter: the registry found another digest in what source gave.
        """
        ...

    async def put_manifest(self, target: str, media_type: str, data: bytes) -> Digest:
        """Store a manifest or index under a tag or its digest; its blobs must be there. Return its digest."""
        ...


class Registries(Protocol):
    """Opens repositories, and proves credentials."""

    def repository(
        self, reference: Reference, access: Access, credentials: Credentials
    ) -> AbstractAsyncContextManager[Repository]:
        """Open reference's repository; connections and tokens are kept until the block ends."""
        ...

    async def login(self, server: str, credentials: Credentials) -> Secret:
        """Prove credentials at a server (`docker.io`, `host:port` or a URL); return an identity token, or empty.

        Raises:
            Unauthorized: they are refused. Unavailable: the server does not answer.
        """
        ...
