"""Which proxy a URL goes through, by the variables that everybody knows. Pure.

Source: curl's and Go's reading of http_proxy, https_proxy, no_proxy; loopback never goes through one.
"""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit


def proxy_for(url: str, environment: Mapping[str, str]) -> str | None:
    """Return the URL of the proxy for url, None for a direct connection."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    found = _variable(environment, f"{parts.scheme}_proxy")
    if not found or _is_loopback(host) or _is_excepted(host, port, _variable(environment, "no_proxy")):
        return None
    return found if "://" in found else f"http://{found}"


def _variable(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name) or environment.get(name.upper()) or ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_excepted(host: str, port: int, exceptions: str) -> bool:
    for entry in exceptions.lower().split(","):
        entry = entry.strip()
        if entry == "*":
            return True
        if _is_network_with(entry, host):
            return True
        name, colon, only = entry.rpartition(":")
        if colon and only.isdecimal():
            if int(only) != port:
                continue
            entry = name
        entry = entry.removeprefix("*")
        if entry and (host == entry.removeprefix(".") or host.endswith("." + entry.removeprefix("."))):
            return True
    return False


def _is_network_with(entry: str, host: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
