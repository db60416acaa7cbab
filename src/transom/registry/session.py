"""Requests to one server about one repository: which of its URLs answers, tokens, a second try."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import msgspec

from transom.errors import InvalidParameter, TransomError, Unauthorized, Unavailable
from transom.images.registry import Credentials, OnRetry
from transom.model.secret import Secret
from transom.registry.challenge import Challenge, basic, parse_challenges, token_request
from transom.registry.endpoints import Endpoint
from transom.registry.failures import Broken, Unreachable
from transom.registry.transport import Call, Transport, origin, read

CLIENT_ID: Final = "transom"
_MAX_TOKEN: Final = 1 << 20
_TOKEN_S: Final = 60
"""How long a token is good for where the server does not say. Source: token.md, `expires_in`."""
_LONGEST_PAUSE_S: Final = 60.0
_REFUSED_PAUSE_S: Final = 120.0
"""Servers that ask for a longer pause are not waited for."""


class _Token(msgspec.Struct):
    token: str = ""
    access_token: str = ""
    refresh_token: str = ""
    expires_in: int | float = 0


class Session:
    """One server, one set of credentials."""

    def __init__(self, transport: Transport, endpoint: Endpoint, credentials: Credentials) -> None:
        """Ask nothing yet."""
        self.endpoint = endpoint
        self._transport = transport
        self._credentials = credentials if endpoint.is_own else endpoint.credentials
        self._url = ""
        self._challenge: Challenge | None = None
        self._tokens: dict[tuple[str, ...], tuple[str, float]] = {}
        self._lock = asyncio.Lock()

    async def url(self) -> str:
        """Return the URL that answers, without a `/` at its end; found once.

        Raises:
            Unreachable: none does.
        """
        async with self._lock:
            if not self._url:
                await self._find()
        return self._url

    async def _find(self) -> None:
        first: Unavailable | None = None
        for url in self.endpoint.urls:
            try:
                await self._greet(url)
            except (Unreachable, Broken) as exc:
                first = first or exc
            else:
                self._url = url
                return
        assert first is not None
        raise Unreachable(str(first)) from first

    async def _greet(self, url: str) -> None:
        """Ask for the API's root, which tells how to log in."""
        call = Call("GET", f"{url}/v2/", verify=self.endpoint.verify)
        async with self._transport.open(call) as response:
            challenges = parse_challenges(response.headers.getall("WWW-Authenticate", []))
        self._challenge = self._choose(challenges)

    def _choose(self, challenges: Sequence[Challenge]) -> Challenge | None:
        by_scheme = {challenge.scheme: challenge for challenge in reversed(challenges)}
        return by_scheme.get("bearer") or by_scheme.get("basic")

    @asynccontextmanager
    async def send(
        self,
        method: str,
        path: str,
        scopes: Sequence[str],
        *,
        headers: Mapping[str, str] | None = None,
        data: Any = None,
        by_digest: bool = False,
    ) -> AsyncIterator[tuple[Call, aiohttp.ClientResponse]]:
        """Send a request and give its answer if it is no failure; path may be a URL of this server's.

        A request that is refused for its token is sent once more with a new one; data must be callable then: it is
        called for each try. by_digest: as in Call.

        Raises:
            TransomError: as failure() has it, and as Transport.open.
        """
        base = await self.url()
        url = path if "://" in path else base + path
        mine = origin(url) == origin(base)
        for attempt in (0, 1):
            authorization = await self._authorization(tuple(scopes)) if mine else ""
            every = {**(headers or {}), **({"Authorization": authorization} if authorization else {})}
            body = data() if callable(data) else data
            call = Call(method, url, every, body, self.endpoint.verify or not mine, by_digest)
            async with self._transport.open(call) as response:
                if response.status == 401 and attempt == 0 and self._learn(response, tuple(scopes)):
                    continue
                if response.status == 401 and self._needs_name():
                    raise Unauthorized(f"{call.what}: no basic auth credentials")
                await self._transport.fail(call, response)
                yield call, response
                return

    def _learn(self, response: aiohttp.ClientResponse, scopes: tuple[str, ...]) -> bool:
        """Take in what a refusal asks for; tell whether another try could do better."""
        self._challenge = self._choose(parse_challenges(response.headers.getall("WWW-Authenticate", [])))
        self._tokens.pop(scopes, None)
        if self._challenge is None:
            return False
        return self._challenge.scheme == "bearer" or bool(self._credentials.username)

    def _needs_name(self) -> bool:
        return self._challenge is not None and self._challenge.scheme == "basic" and not self._credentials.username

    async def _authorization(self, scopes: tuple[str, ...]) -> str:
        if self._credentials.registry_token:
            return f"Bearer {self._credentials.registry_token}"
        if self._challenge is None:
            return ""
        if self._challenge.scheme == "basic":
            return basic(self._credentials) if self._credentials.username else ""
        async with self._lock:
            token, expires = self._tokens.get(scopes, ("", 0.0))
            if time.monotonic() >= expires:
                found = await self.token(scopes)
                token = Secret(found.token or found.access_token)
                lasts = max(0.0, min(float(found.expires_in or _TOKEN_S), 86400.0) - 5)
                self._tokens[scopes] = token, time.monotonic() + lasts
        return f"Bearer {token}"

    async def token(self, scopes: Sequence[str], *, offline: bool = False) -> _Token:
        """Ask the token server.

        Raises:
            Unauthorized: it refuses the credentials. Unavailable: it does not answer.
            InvalidParameter: its answer is no token.
        """
        assert self._challenge is not None
        wanted = token_request(self._challenge, scopes, self._credentials, CLIENT_ID, offline=offline)
        plain = wanted.url.startswith("http:") and self._url.startswith("https:") and self.endpoint.verify
        if plain and (wanted.authorization or wanted.form):
            raise InvalidParameter(
                f"the token server {wanted.url.partition('?')[0]} speaks plain HTTP: no password sent"
            )
        headers = {"Authorization": wanted.authorization} if wanted.authorization else {}
        # The token server's certificate is judged as the registry's is, where they are the same machine.
        verify = self.endpoint.verify or origin(wanted.url) != origin(self._url)
        form = dict(wanted.form) or None
        call = Call("POST" if form else "GET", wanted.url, headers, form, verify)
        async with self._transport.open(call) as response:
            await self._transport.fail(call, response)
            data = await read(call, response, _MAX_TOKEN)
        try:
            found = msgspec.json.decode(data, type=_Token)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise InvalidParameter(f"{call.what}: the token server's answer is no token: {exc}") from exc
        if not (found.token or found.access_token):
            raise InvalidParameter(f"{call.what}: the token server's answer has no token")
        if any(char.isspace() or not char.isprintable() for char in found.token + found.access_token):
            raise InvalidParameter(f"{call.what}: the token server's answer is no token")
        return found

    async def prove(self) -> Secret:
        """Check the credentials at the API's root; return the identity token that the server gives, if any.

        Raises:
            Unauthorized: they are refused.
        """
        url = await self.url()
        identity = Secret("")
        if self._challenge is not None and self._challenge.scheme == "bearer":
            found = await self.token((), offline=True)
            identity = Secret(found.refresh_token)
            authorization = f"Bearer {found.token or found.access_token}"
        else:
            authorization = basic(self._credentials)
        call = Call("GET", f"{url}/v2/", {"Authorization": authorization}, verify=self.endpoint.verify)
        async with self._transport.open(call) as response:
            await self._transport.fail(call, response)
        return identity


async def pause(attempt: int, error: TransomError, on_retry: OnRetry | None) -> None:
    """Wait before try number attempt (from 1): as long as the server said, else twice as long each time.

    Raises:
        TransomError: error itself, where it is not worth waiting.
    """
    asked = error.retry_after_s if isinstance(error, Broken) else 0.0
    if asked > _REFUSED_PAUSE_S:
        raise error
    seconds = asked or min(_LONGEST_PAUSE_S, 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.0)
    if on_retry is not None:
        on_retry(seconds)
    await asyncio.sleep(seconds)
