"""Which servers keep a domain's repositories. Pure.

Source: Docker daemon reference, `insecure-registries`, `registry-mirrors`.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

from transom.images.registry import Credentials
from transom.model.reference import DEFAULT_DOMAIN
from transom.model.secret import Secret
from transom.registry.settings import RegistrySettings

_NOBODY = Credentials()
HUB = "registry-1.docker.io"
"""The host behind docker.io."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server that is asked; the first of urls that answers is used.

    domain: whose repositories it keeps. verify: whether its certificate must be valid. is_own: whether it is the
    domain's own server, which alone is given the user's credentials; another one has credentials of its own, if any.
    """

    urls: tuple[str, ...]
    domain: str
    verify: bool = True
    is_own: bool = True
    credentials: Credentials = _NOBODY


def endpoints_of(domain: str, settings: RegistrySettings, *, writing: bool = False) -> Sequence[Endpoint]:
    """Return a domain's servers in the order in which they are asked; nothing is ever written to a mirror."""
    if domain in settings.locations:
        return [_named(url, domain, settings) for url in settings.locations[domain]]
    host = HUB if domain == DEFAULT_DOMAIN else domain
    mirrors = settings.mirrors if domain == DEFAULT_DOMAIN and not writing else ()
    own = Endpoint((f"https://{host}",), domain)
    if is_insecure(host, settings.insecure):
        own = Endpoint((f"https://{host}", f"http://{host}"), domain, verify=False)
    return [*(_named(url, domain, settings) for url in mirrors), own]


def _named(url: str, domain: str, settings: RegistrySettings) -> Endpoint:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    credentials = Credentials(unquote(parts.username or ""), Secret(unquote(parts.password or "")))
    plain = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
    return Endpoint((plain,), domain, not is_insecure(host, settings.insecure), is_own=False, credentials=credentials)


def is_insecure(host: str, insecure: Sequence[str]) -> bool:
    """Tell whether host (`name`, `name:port`, `address:port`) needs no valid certificate: loopback, and what is named.

    A CIDR covers addresses that are written as such; names are not looked up.
    """
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        address = None
    if address is not None and address.is_loopback:
        return True
    for entry in insecure:
        plain = entry.rpartition("://")[2].rstrip("/") if "://" in entry else entry
        if plain in {host, name}:
            return True
        if address is not None and _covers(plain, address):
            return True
    return False


def _covers(entry: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
