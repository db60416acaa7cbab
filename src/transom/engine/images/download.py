"""`docker import URL`: an archive fetched over HTTP, with progress, bounded in size and time."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from transom.errors import InvalidParameter, Unavailable
from transom.images.progress import Emit, bar, status

_CHUNK: Final = 1 << 18
_REPORT_EVERY_S: Final = 0.1
_MAX_BYTES: Final = 64 << 30
_IDLE_S: Final = 60


async def download(url: str, emit: Emit) -> AsyncGenerator[bytes, None]:
    """Yield what is at url; close the generator when it is not read to its end.

    Raises:
        InvalidParameter: it is no URL for HTTP, or there is too much. Unavailable: the server does not answer, or not
            with the file.
    """
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc:
        raise InvalidParameter(f'Get "{url}": unsupported protocol scheme "{urlsplit(url).scheme}"')
    emit(status(f"Downloading from {url}"))
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=_IDLE_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, auto_decompress=False, trust_env=True) as session,
            session.get(url, headers={"Accept-Encoding": "identity"}) as response,
        ):
            if response.status >= 400:
                raise Unavailable(f"failed to GET {url} with status {response.status} {response.reason}")
            loop, total, current, next_report = asyncio.get_running_loop(), response.content_length or 0, 0, 0.0
            async for data in response.content.iter_chunked(_CHUNK):
                current += len(data)
                if max(current, total) > _MAX_BYTES:
                    raise InvalidParameter(f"{url} holds more than {_MAX_BYTES} bytes")
                yield data
                if loop.time() >= next_report or current == total:
                    next_report = loop.time() + _REPORT_EVERY_S
                    emit(bar("Importing", "", current, total))
    except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
        raise Unavailable(f'Get "{url}": {str(exc) or type(exc).__name__}') from exc
