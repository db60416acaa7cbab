"""One request and its answer: TLS, proxies, redirects, time limits. No tokens, no retries."""

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import aiohttp

from transom.errors import InvalidParameter
from transom.registry.failures import MAX_BODY, Broken, Unreachable, failure
from transom.registry.proxies import proxy_for
from transom.registry.settings import RegistrySettings
from transom.registry.trust import TrustStore

_MAX_REDIRECTS: Final = 10
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_FOLLOWING: Final = frozenset({"GET", "HEAD"})
_BUFFER: Final = 1 << 20
_STORING_S: Final = 300.0
"""How long a registry may think about what it was sent: it hashes, and some copy it once more."""
_MAX_WAIT_S: Final = 120.0
"""The longest pause that a server may ask for before we give up instead."""


@dataclass(frozen=True, slots=True)
class Call:
    """What to send; verify: whether url's own host needs a valid certificate.

    by_digest: what comes is checked by its digest, so that a redirect may lead to a store that speaks plain HTTP.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    data: Any = None
    verify: bool = True
    by_digest: bool = False

    @property
    def what(self) -> str:
        """Return the call as errors name it."""
        return f'{self.method.capitalize()} "{self.url.partition("?")[0]}"'


class Transport:
    """A pool of connections; close it."""

    def __init__(self, settings: RegistrySettings, trust: TrustStore) -> None:
        """Connect to nothing yet."""
        self.settings = settings
        self._trust = trust
        self._reading = aiohttp.ClientTimeout(
            total=None, connect=settings.connect_timeout_s, sock_read=settings.idle_timeout_s
        )
        self._writing = aiohttp.ClientTimeout(total=None, connect=settings.connect_timeout_s, sock_read=_STORING_S)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            headers={"User-Agent": settings.user_agent, "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=_BUFFER,
        )

    async def close(self) -> None:
        """End every connection."""
        await self._session.close()

    @asynccontextmanager
    async def open(self, call: Call) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send call and give the answer, whatever its status, with its body unread.

        An Authorization header goes to call's own origin alone: a redirect to elsewhere is followed without it.

        Raises:
            Unreachable: there is no connection. Broken: it ended before the answer.
            InvalidParameter: redirects lead astray.
        """
        url, headers = call.url, dict(call.headers)
        for _ in range(_MAX_REDIRECTS):
            verify = call.verify or origin(url) != origin(call.url)
            async with self._send(call, url, headers, verify=verify) as response:
                if response.status not in _REDIRECTS or call.method not in _FOLLOWING:
                    yield response
                    return
                target = urljoin(url, response.headers.get("Location", ""))
            if urlsplit(target).scheme not in {"http", "https"}:
                raise InvalidParameter(f"{call.what}: redirected to {target!r}, which is no place to go")
            is_open = urlsplit(target).scheme == "http" and urlsplit(url).scheme == "https"
            if is_open and call.verify and not call.by_digest:
                raise InvalidParameter(f"{call.what}: redirected from HTTPS to plain HTTP")
            if origin(target) != origin(url):
                headers.pop("Authorization", None)
            url = target
        raise InvalidParameter(f"{call.what}: more than {_MAX_REDIRECTS} redirects")

    @asynccontextmanager
    async def _send(
        self, call: Call, url: str, headers: Mapping[str, str], *, verify: bool
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        context: ssl.SSLContext | bool = True
        if url.startswith("https:"):
            context = await asyncio.to_thread(self._trust.context, url, verify=verify)
        with translated(call):
            response = await self._session.request(
                call.method,
                url,
                headers=headers,
                data=call.data,
                ssl=context,
                proxy=proxy_for(url, self.settings.environment),
                timeout=self._reading if call.method in _FOLLOWING else self._writing,
                allow_redirects=False,
            )
        try:
            yield response
        finally:
            response.close() if not response.content.at_eof() else response.release()

    async def fail(self, call: Call, response: aiohttp.ClientResponse) -> None:
        """Raise what response stands for, if it stands for a failure."""
        if response.status < 300:
            return
        body = b""
        if call.method != "HEAD":
            with contextlib.suppress(Broken):
                body = await read(call, response, MAX_BODY, whole=False)
        raise failure(response.status, response.headers, body, call.what)


async def read(call: Call, response: aiohttp.ClientResponse, limit: int, *, whole: bool = True) -> bytes:
    """Return a body of at most limit bytes; whole: a longer one is an error, else it is cut.

    Raises:
        InvalidParameter: it is longer. Broken: it ended early, or is slow beyond patience.
    """
    parts, size = [], 0
    try:
        with translated(call):
            async with asyncio.timeout(_MAX_WAIT_S):
                async for piece in response.content.iter_any():
                    parts.append(piece)
                    size += len(piece)
                    if size > limit:
                        if whole:
                            raise InvalidParameter(f"{call.what}: the answer is larger than {limit} bytes")
                        break
    except TimeoutError:
        raise Broken(f"{call.what}: the answer takes more than {_MAX_WAIT_S:.0f} s") from None
    return b"".join(parts)[:limit]


@contextlib.contextmanager
def translated(call: Call) -> Any:
    """Turn aiohttp's errors into ours."""
    try:
        yield
    except aiohttp.ClientConnectorCertificateError as exc:
        raise Unreachable(f"{call.what}: tls: failed to verify certificate: {_reason(exc)}") from exc
    except aiohttp.ClientSSLError as exc:
        raise Unreachable(f"{call.what}: {_tls_reason(exc)}") from exc
    except aiohttp.ConnectionTimeoutError as exc:
        raise Unreachable(f"{call.what}: no connection in time: i/o timeout") from exc
    except aiohttp.ClientConnectorDNSError as exc:
        raise Unreachable(f"{call.what}: lookup {exc.host}: no such host") from exc
    except aiohttp.ClientConnectorError as exc:  # the proxy's, too
        why = os.strerror(exc.errno).lower() if exc.errno else _reason(exc)
        raise Unreachable(f"{call.what}: dial tcp {exc.host}:{exc.port}: connect: {why}") from exc
    except aiohttp.ClientHttpProxyError as exc:
        raise Unreachable(f"{call.what}: the proxy answers {exc.status} {exc.message}") from exc
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as exc:
        raise InvalidParameter(f"{call.what}: {exc}") from exc
    except (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, ConnectionError) as exc:
        raise Broken(f"{call.what}: unexpected EOF: {_reason(exc)}") from exc
    except (aiohttp.ServerTimeoutError, aiohttp.SocketTimeoutError) as exc:
        raise Broken(f"{call.what}: the server is silent: i/o timeout") from exc
    except aiohttp.ClientError as exc:
        raise Broken(f"{call.what}: {_reason(exc)}") from exc


def _tls_reason(error: aiohttp.ClientSSLError) -> str:
    """Return what is wrong with TLS; what OpenSSL says of a server that speaks plain HTTP helps nobody."""
    said = _reason(error)
    if any(each in said.upper() for each in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST")):
        return "http: server gave HTTP response to HTTPS client; if that is meant, name it in insecure-registries"
    return f"tls: {said}"


def _reason(error: BaseException) -> str:
    inner = getattr(error, "os_error", None) or getattr(error, "certificate_error", None) or error
    return str(inner) or type(error).__name__


def origin(url: str) -> tuple[str, str, int]:
    """Return whom a URL speaks to: what a password given for one URL is good for."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
