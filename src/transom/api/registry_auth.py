"""The headers in which clients send what they may do at registries.

Source: Docker Engine API, "Authentication": X-Registry-Auth for one registry, X-Registry-Config for several, base64url.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from transom.errors import InvalidParameter
from transom.images.registry import Credentials, CredentialsFor
from transom.model.reference import DEFAULT_DOMAIN
from transom.model.secret import Secret

_HUB = frozenset({"index.docker.io", "registry-1.docker.io", DEFAULT_DOMAIN})
_MAX_HEADER = 1 << 20


class AuthJson(msgspec.Struct):
    """What a client sends of one registry."""

    username: str | None = None
    password: str | None = None
    auth: str | None = None
    serveraddress: str | None = None
    identitytoken: str | None = None
    registrytoken: str | None = None


def credentials_in(request: web.Request) -> Credentials:
    """Return what X-Registry-Auth holds; nothing, or `{}`, is nobody in particular.

    Raises:
        InvalidParameter: it is malformed.
    """
    found: AuthJson | None = _decoded(request.headers.get("X-Registry-Auth", ""), AuthJson, "X-Registry-Auth")
    return credentials_of(found or AuthJson())


def every_credentials_in(request: web.Request) -> CredentialsFor:
    """Return what X-Registry-Config, or X-Registry-Auth for the server that it names, holds for each registry.

    Raises:
        InvalidParameter: it is malformed.
    """
    header = request.headers.get("X-Registry-Config", "")
    found: Mapping[str, AuthJson] | None = _decoded(header, dict[str, AuthJson], "X-Registry-Config")
    known = {domain_of(server): credentials_of(each) for server, each in (found or {}).items()}
    return lambda domain: known.get(domain, Credentials())


def credentials_of(found: AuthJson) -> Credentials:
    """Return a client's words as credentials; `auth` is the name and the password in one.

    Raises:
        InvalidParameter: `auth` is malformed.
    """
    username, password = found.username or "", found.password or ""
    if found.auth and not username:
        try:
            username, _, password = base64.b64decode(found.auth).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as exc:
            raise InvalidParameter(f"invalid registry auth: {exc}") from exc
    return Credentials(username, Secret(password), Secret(found.identitytoken or ""), Secret(found.registrytoken or ""))


def domain_of(server: str) -> str:
    """Return the domain, as in a reference, of a server as clients name it (`https://index.docker.io/v1/`)."""
    host = urlsplit(server if "://" in server else f"//{server}").netloc
    return DEFAULT_DOMAIN if host in _HUB else host


def _decoded(header: str, shape: Any, name: str) -> Any:
    if not header:
        return None
    try:
        plain = header.encode().translate(bytes.maketrans(b"+/", b"-_"))[:_MAX_HEADER]
        data = base64.urlsafe_b64decode(plain + b"=" * (-len(plain) % 4))
        return msgspec.json.decode(data, type=shape | None) if data.strip() else None
    except (binascii.Error, msgspec.DecodeError, UnicodeError) as exc:
        raise InvalidParameter(f"invalid {name} header: {exc}") from None
