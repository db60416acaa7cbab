"""ADD of a URL: fetched into the build's workspace, with progress, bounded in size and time."""

import asyncio
import posixpath
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, urlsplit

import aiohttp

from transom.build.workspace import Source, Workspace
from transom.engine.build.output import BuildOutput
from transom.errors import InvalidParameter, Unavailable

_CHUNK = 1 << 18
_REPORT_EVERY_S = 0.1
_UNNAMED = "__unnamed__"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A downloaded file as a source, and its content's digest."""

    source: Source
    sha256: str


@dataclass(frozen=True, slots=True)
class Download:
    """Fetches over HTTP."""

    max_bytes: int = 64 << 30
    idle_timeout_s: float = 60

    async def __call__(self, url: str, target: str, workspace: Workspace, output: BuildOutput) -> Fetched:
        """Fetch url into the workspace.

        Raises:
            InvalidParameter: the URL gives no name for a file, or more than max_bytes.
            Unavailable: the server does not answer, or not with the file.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=self.idle_timeout_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, auto_decompress=False, trust_env=True) as session,
                session.get(url, headers={"Accept-Encoding": "identity"}) as response,
            ):
                if response.status >= 400:
                    raise Unavailable(f"failed to GET {url} with status {response.status} {response.reason}: ")
                name = _name(response) or self._unnamed(url, target)
                async with aclosing(self._pieces(response, url, output)) as pieces:
                    source, sha256 = await workspace.save(name, pieces, mode=0o600, mtime=_modified(response))
        except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
            raise Unavailable(f"failed to GET {url}: {str(exc) or type(exc).__name__}") from exc
        output.write("\n")
        return Fetched(source, sha256)

    def _unnamed(self, url: str, target: str) -> str:
        if target.endswith(("/", "\\")):
            raise InvalidParameter(f"ADD failed: cannot determine filename for source {url}")
        return _UNNAMED

    async def _pieces(
        self, response: aiohttp.ClientResponse, url: str, output: BuildOutput
    ) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        total, current, next_report = response.content_length or 0, 0, 0.0
        async for data in response.content.iter_chunked(_CHUNK):
            current += len(data)
            if max(current, total) > self.max_bytes:
                raise InvalidParameter(f"ADD failed: {url} holds more than {self.max_bytes} bytes")
            yield data
            if loop.time() >= next_report or current == total:
                next_report = loop.time() + _REPORT_EVERY_S
                output.status("Downloading", current=current, total=total)
                await output.room()


def _name(response: aiohttp.ClientResponse) -> str:
    """Return the last part of the URL's path, or the name that the server gives."""
    path = urlsplit(str(response.request_info.url)).path
    disposition = response.content_disposition
    names = ("" if path.endswith("/") else path, (disposition.filename or "") if disposition else "")
    for found in names:
        name = posixpath.basename(unquote(found)).replace("\0", "")
        if name not in {"", ".", ".."}:
            return name
    return ""


def _modified(response: aiohttp.ClientResponse) -> float:
    try:
        return parsedate_to_datetime(response.headers.get("Last-Modified", "")).timestamp()
    except (TypeError, ValueError):
        return 0.0
