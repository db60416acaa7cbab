"""`-p`: what is published, as Docker writes it. Source: docs.docker.com, "Publishing ports"."""

import ipaddress
from collections.abc import Iterable
from typing import Any

PROTOCOLS = ("tcp", "udp", "sctp")
Bindings = dict[str, list[dict[str, str]]]


def publish(specs: Iterable[str], exposed: Iterable[str]) -> tuple[dict[str, dict[str, Any]], Bindings]:
    """Return (ExposedPorts, PortBindings) for the -p and --expose flags.

    Raises:
        ValueError: a specification is malformed, in Docker's words.
    """
    ports: dict[str, dict[str, Any]] = {}
    bindings: Bindings = {}
    for spec in specs:
        for port, binding in parse_publish(spec):
            ports.setdefault(port, {})
            bindings.setdefault(port, []).append(binding)
    for item in exposed:
        text, protocol = _protocol(item, "--expose")
        try:
            first, last = _range(text)
        except ValueError as exc:
            raise ValueError(f"invalid range format for --expose: {item}, error: {exc}") from None
        for number in range(first, last + 1):
            ports.setdefault(f"{number}/{protocol}", {})
    return ports, bindings


def parse_publish(spec: str) -> list[tuple[str, dict[str, str]]]:
    """Return what one -p publishes: pairs of port ("80/tcp") and binding."""
    if "=" in spec:
        spec = _short_form(spec)
    address, host, container = _split(spec)
    container, protocol = _protocol(container, "proto")
    if not container:
        raise ValueError(f"no port specified: {spec}<empty>")
    try:
        first, last = _range(container)
    except ValueError:
        raise ValueError(f"invalid containerPort: {container}") from None
    host_first = host_last = 0
    if host:
        try:
            host_first, host_last = _range(host)
        except ValueError:
            raise ValueError(f"invalid hostPort: {host}") from None
    if address:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise ValueError(f"invalid IP address: {address}") from None
    spread = host_last - host_first
    if host and spread != last - first and first != last:
        raise ValueError(f"invalid ranges specified for container and host Ports: {container} and {host}")
    found = []
    for index in range(last - first + 1):
        if not host:
            chosen = ""
        elif first == last and spread:
            chosen = f"{host_first}-{host_last}"  # the engine takes a free one of the range
        else:
            chosen = str(host_first + index)
        found.append((f"{first + index}/{protocol}", {"HostIp": address, "HostPort": chosen}))
    return found


def _split(spec: str) -> tuple[str, str, str]:
    """Return (address, host port, container port); an IPv6 address is in brackets."""
    container = spec
    address = host = ""
    if spec.startswith("["):
        address, bracket, rest = spec[1:].partition("]")
        if not bracket or not rest.startswith(":"):
            raise ValueError(f"invalid IP address: {spec}")
        host, _, container = rest[1:].rpartition(":")
        return address, host, container
    parts = spec.split(":")
    if len(parts) == 2:
        host, container = parts
    elif len(parts) == 3:
        address, host, container = parts
    elif len(parts) > 3:
        address, host, container = ":".join(parts[:-2]), parts[-2], parts[-1]
    return address, host, container


def _protocol(text: str, what: str) -> tuple[str, str]:
    number, slash, protocol = text.partition("/")
    protocol = protocol.lower() if slash else "tcp"
    if protocol not in PROTOCOLS:
        raise ValueError(f"invalid {what}: {protocol}" if what == "proto" else f"invalid protocol: {protocol}")
    return number, protocol


def _range(text: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    low, high = _port(first), _port(last if dash else first)
    if high < low:
        raise ValueError(f"invalid range specified for port: {text}")
    return low, high


def _port(text: str) -> int:
    if not text.isdigit() or not 0 <= int(text) <= 65535:
        raise ValueError(f"invalid port: {text}")
    return int(text)


def _short_form(spec: str) -> str:
    """Return published=8080,target=80,protocol=tcp in the short form."""
    values = {}
    for pair in spec.split(","):
        key, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"invalid field: {pair}")
        if key not in ("published", "target", "protocol", "mode"):
            raise ValueError(f"invalid field key: {key}")
        values[key] = value
    published = f"{values['published']}:" if values.get("published") else ""
    return f"{published}{values.get('target', '')}/{values.get('protocol', 'tcp')}"
