"""How a server says what it wants to see: `WWW-Authenticate`, and what tokens it is asked for. Pure.

Source: RFC 9110 11.6.1; distribution/docs spec/auth/token.md, spec/auth/oauth.md.
"""

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from transom.errors import InvalidParameter
from transom.images.registry import Credentials
from transom.model.secret import Secret

_SCHEME = re.compile(r"\s*(?:,\s*)*([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:\s+|$)(?!=)")
_PARAMETER = re.compile(r'\s*,?\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
MAX_HEADER = 8192


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in: its scheme in lower case, and its parameters."""

    scheme: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What is sent to get a token: form is empty for a GET."""

    url: str
    form: Mapping[str, str]
    authorization: str = ""


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Return the challenges of WWW-Authenticate headers; what is malformed is left out."""
    found = []
    for header in headers:
        at = 0
        header = header[:MAX_HEADER]
        while match := _SCHEME.match(header, at):
            at = match.end()
            parameters = {}
            while pair := _PARAMETER.match(header, at):
                at = pair.end()
                value = re.sub(r"\\(.)", r"\1", pair[2]) if pair[2] is not None else pair[3]
                parameters[pair[1].lower()] = value
            found.append(Challenge(match[1].lower(), parameters))
    return found


def basic(credentials: Credentials) -> str:
    """Return the value of an Authorization header with a name and a password."""
    pair = f"{credentials.username}:{credentials.password}".encode()
    return Secret("Basic " + base64.b64encode(pair).decode())


def token_request(
    challenge: Challenge, scopes: Iterable[str], credentials: Credentials, client_id: str, *, offline: bool = False
) -> TokenRequest:
    """Return what to ask the token server that a Bearer challenge names.

    offline: ask for an identity token as well, as a login does.

    Raises:
        InvalidParameter: the challenge names no server that could be asked.
    """
    realm, service = challenge.parameters.get("realm", ""), challenge.parameters.get("service", "")
    if urlsplit(realm).scheme not in {"http", "https"} or not urlsplit(realm).hostname:
        raise InvalidParameter(f"the registry names no token server that can be asked: {realm!r}")
    if credentials.identity_token:
        form = {
            "grant_type": "refresh_token", "refresh_token": credentials.identity_token, "service": service,
            "scope": " ".join(scopes), "client_id": client_id,
        }  # fmt: skip
        return TokenRequest(realm, form)
    query = [("service", service)] if service else []
    query += [("scope", scope) for scope in scopes]
    if credentials.username:
        query.append(("account", credentials.username))
    if offline:
        query += [("offline_token", "true"), ("client_id", client_id)]
    url = f"{realm}{'&' if urlsplit(realm).query else '?'}{urlencode(query)}" if query else realm
    return TokenRequest(url, {}, basic(credentials) if credentials.username else "")
