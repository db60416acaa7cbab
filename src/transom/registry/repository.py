"""One repository: manifests, tags and blobs read, from mirrors where there are some."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Final, TypeVar
from urllib.parse import urljoin, urlsplit

import aiohttp
import msgspec

from transom.errors import Forbidden, InvalidParameter, NotFound, TransomError, Unauthorized, Unavailable
from transom.images.registry import (
    Access,
    BlobSource,
    Document,
    ManifestUnknown,
    OnProgress,
    OnRetry,
    Uploaded,
)
from transom.model.digest import digest_of, parse_digest
from transom.model.ids import Digest
from transom.model.oci import Descriptor, is_foreign
from transom.model.reference import Reference
from transom.registry import upload
from transom.registry.documents import MANIFEST_TYPES, checked_document
from transom.registry.failures import Broken
from transom.registry.session import Session, pause
from transom.registry.settings import RegistrySettings
from transom.registry.transport import Call, Transport, read, translated

T = TypeVar("T")
_Source = Callable[[dict[str, str]], AbstractAsyncContextManager[tuple[Call, aiohttp.ClientResponse]]]
"""Opens a blob with these headers."""

_MAX_TAGS: Final = 16 << 20
_MAX_PAGES: Final = 1000
_LIVELY: Final = 1 << 20
"""Bytes after which a transfer that broke counts as having made way."""
_RANGE: Final = re.compile(r"bytes (\d+)-(\d*)/(\d+|\*)")
_NEXT: Final = re.compile(r'<([^>]*)>\s*;\s*rel="?next"?')
_META_TRIES: Final = 3


class _Tags(msgspec.Struct):
    tags: list[str] | None = None


class RemoteRepository:
    """A Repository over HTTP; sessions are asked in their order, the last one being the registry itself."""

    def __init__(
        self,
        reference: Reference,
        access: Access,
        sessions: Sequence[Session],
        transport: Transport,
        settings: RegistrySettings,
    ) -> None:
        self.reference = reference
        self._sessions = sessions
        self._transport = transport
        self._settings = settings
        self._base = f"/v2/{reference.path}"
        self._scopes = (f"repository:{reference.path}:{access}",)

    async def resolve(self, target: str) -> Descriptor:
        """Return what a tag or digest leads to."""

        async def head(session: Session) -> Descriptor | None:
            accept = {"Accept": ", ".join(MANIFEST_TYPES)}
            path = f"{self._base}/manifests/{target}"
            async with session.send("HEAD", path, self._scopes, headers=accept) as (_, response):
                digest, size = response.headers.get("Docker-Content-Digest", ""), response.content_length
                media_type = response.content_type
                if not digest or size is None or media_type not in MANIFEST_TYPES:
                    return None
                return Descriptor(media_type, parse_digest(digest), size)

        try:
            found = await self._ask(head)
        except NotFound as exc:
            raise await self._unknown(exc) from exc
        if found is not None:
            return found
        return (await self.manifest(target, limit=_MAX_TAGS)).descriptor

    async def _unknown(self, error: NotFound) -> NotFound:
        """Return a HEAD's 404, which says no more, as the kind that it is."""
        return error if isinstance(error, ManifestUnknown) else ManifestUnknown("manifest unknown: manifest unknown")

    async def manifest(self, target: str, *, limit: int) -> Document:
        """Return the manifest or index behind a tag or digest."""

        async def get(session: Session) -> Document:
            accept = {"Accept": ", ".join(MANIFEST_TYPES)}
            path = f"{self._base}/manifests/{target}"
            async with session.send("GET", path, self._scopes, headers=accept) as (call, response):
                media_type, data = response.content_type, await read(call, response, limit)
                claimed = response.headers.get("Docker-Content-Digest", "")
            return checked_document(target, media_type, claimed, data)

        return await self._ask(get)

    async def tags(self) -> Sequence[str]:
        """Return every tag."""

        async def listing(session: Session) -> Sequence[str]:
            found: dict[str, None] = {}
            path, pages = f"{self._base}/tags/list", set[str]()
            while path not in pages and len(pages) < _MAX_PAGES:
                pages.add(path)
                async with session.send("GET", path, self._scopes) as (call, response):
                    data = await read(call, response, _MAX_TAGS)
                    link = _NEXT.search(response.headers.get("Link", ""))
                    following = urljoin(str(response.url), link[1]) if link else ""
                try:
                    found.update(dict.fromkeys(msgspec.json.decode(data, type=_Tags).tags or ()))
                except (msgspec.DecodeError, UnicodeDecodeError) as exc:
                    raise InvalidParameter(f"{call.what}: the answer is no list of tags: {exc}") from exc
                if not following:
                    break
                path = following
            return list(found)

        return await self._ask(listing)

    async def find_blob(self, digest: Digest) -> int | None:
        """Return the size of a blob, None if the repository has none such."""

        async def head(session: Session) -> int | None:
            async with session.send("HEAD", f"{self._base}/blobs/{digest}", self._scopes) as (_, response):
                return response.content_length or 0

        try:
            return await self._ask(head)
        except NotFound:
            return None

    @asynccontextmanager
    async def blob(
        self, blob: Descriptor, offset: int = 0, *, on_retry: OnRetry | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Read a blob from offset on, exactly to its end."""
        async with aclosing(self._pieces(blob, offset, on_retry)) as pieces:
            yield pieces

    async def _pieces(self, blob: Descriptor, offset: int, on_retry: OnRetry | None) -> AsyncGenerator[bytes, None]:
        # Only layers that may not be distributed are elsewhere; other urls would be an order to visit somebody.
        urls = blob.urls if is_foreign(blob.media_type) else ()
        sources: list[_Source] = [*map(self._of_session(blob), self._sessions), *map(self._of_url, urls)]
        refusal: TransomError | None = None
        position = lively = offset
        tries = 0
        while position < blob.size:
            try:
                async with aclosing(self._transfer(sources[0], blob, position)) as pieces:
                    async for piece in pieces:
                        position += len(piece)
                        yield piece
            except Broken as exc:
                tries = 1 if position - lively >= _LIVELY else tries + 1
                lively = position
                if tries >= self._settings.attempts and len(sources) == 1:
                    raise
                if tries < self._settings.attempts:
                    await pause(tries, exc, on_retry)
                    continue
                refusal = refusal or exc
            except (NotFound, Forbidden, Unauthorized, Unavailable) as exc:
                refusal = refusal or exc
                if len(sources) == 1:
                    raise refusal from exc
            else:
                continue
            sources.pop(0)
            tries = 0

    def _of_session(self, blob: Descriptor) -> Callable[[Session], _Source]:
        def source(session: Session) -> _Source:
            return lambda headers: session.send(
                "GET", f"{self._base}/blobs/{blob.digest}", self._scopes, headers=headers, by_digest=True
            )

        return source

    def _of_url(self, url: str) -> _Source:
        """Read from where a descriptor's urls point: without credentials, and only from the web."""

        @asynccontextmanager
        async def source(headers: dict[str, str]) -> AsyncIterator[tuple[Call, aiohttp.ClientResponse]]:
            if urlsplit(url).scheme not in {"http", "https"}:
                raise NotFound(f"{url!r} is no place to fetch a layer from")
            call = Call("GET", url, headers)
            async with self._transport.open(call) as response:
                await self._transport.fail(call, response)
                yield call, response

        return source

    async def _transfer(self, source: _Source, blob: Descriptor, position: int) -> AsyncGenerator[bytes, None]:
        """Yield a blob from position to its end; Broken if it ends early, or trickles."""
        headers = {"Range": f"bytes={position}-"} if position else {}
        async with source(headers) as (call, response):
            skip = _skip(call, response, blob, position)
            loop = asyncio.get_running_loop()
            since, arrived = loop.time(), 0
            content = response.content
            while True:
                with translated(call):
                    piece = await content.readany()
                if not piece:
                    break
                arrived += len(piece)
                if loop.time() - since > self._settings.slow_window_s:
                    if arrived < self._settings.slow_bytes:
                        raise Broken(f"{call.what}: {arrived} bytes in {self._settings.slow_window_s:.0f} s: too slow")
                    since, arrived = loop.time(), 0
                if skip:
                    dropped = min(skip, len(piece))
                    piece, skip = piece[dropped:], skip - dropped
                position += len(piece)
                if position > blob.size:
                    raise InvalidParameter(f"{call.what}: more than the {blob.size} bytes that the manifest names")
                if piece:
                    yield piece
            if position < blob.size:
                raise Broken(f"{call.what}: unexpected EOF after {position} of {blob.size} bytes")

    async def upload(
        self,
        blob: Descriptor,
        source: BlobSource,
        *,
        mount_from: Sequence[str] = (),
        on_progress: OnProgress | None = None,
        on_retry: OnRetry | None = None,
    ) -> Uploaded:
        """See to it that the repository has a blob."""
        sending = upload.Sending(self._sessions[-1], self._base, self._scopes, blob, source, on_progress)
        return await sending.run(mount_from, self._settings.attempts, on_retry)

    async def put_manifest(self, target: str, media_type: str, data: bytes) -> Digest:
        """Store a manifest or index under a tag or its digest."""
        digest = digest_of(data)

        async def put(session: Session) -> Digest:
            async with session.send(
                "PUT", f"{self._base}/manifests/{target}", self._scopes, headers={"Content-Type": media_type}, data=data
            ) as (call, response):
                said = response.headers.get("Docker-Content-Digest", digest)
            if said != digest:
                raise InvalidParameter(f"{call.what}: the registry stored {said} in place of {digest}")
            return digest

        return await self._ask(put, self._sessions[-1:])

    async def _ask(self, question: Callable[[Session], Awaitable[T]], sessions: Sequence[Session] = ()) -> T:
        """Return the first server's answer that is no failure; a broken one is asked again."""
        sessions = sessions or self._sessions
        for session in sessions[:-1]:
            try:
                return await question(session)
            except (NotFound, Unavailable, Forbidden, Unauthorized, InvalidParameter):
                continue  # a mirror; the registry itself has the last word
        for attempt in range(1, _META_TRIES):
            try:
                return await question(sessions[-1])
            except Broken as exc:
                await pause(attempt, exc, None)
        return await question(sessions[-1])


def _skip(call: Call, response: aiohttp.ClientResponse, blob: Descriptor, position: int) -> int:
    """Return how many bytes of an answer lie before position; refuse one that is about another length.

    Raises:
        InvalidParameter: the server's blob is longer or shorter than the manifest says.
    """
    if response.status == 206 and position:
        match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if match is None or int(match[1]) != position:
            raise Broken(f"{call.what}: asked for the rest from {position} on, the server sends something else")
        length = int(match[3]) if match[3] != "*" else blob.size
        start = 0
    else:
        start = position
        length = response.content_length if response.content_length is not None else blob.size
    if length != blob.size:
        raise InvalidParameter(f"{call.what}: {length} bytes, where the manifest names {blob.size}")
    return start
