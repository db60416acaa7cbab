"""`--network` and what belongs to it: NetworkMode and the endpoints' settings."""

import csv
from typing import Any

from transom.cli.flags import Values


def endpoints(values: Values, host: dict[str, Any]) -> dict[str, Any]:
    """Return NetworkingConfig; sets NetworkMode and leaves links to it in host.

    Raises:
        ValueError: the flags contradict each other.
    """
    given = [*values.many("network"), *values.many("net")]
    found: dict[str, dict[str, Any]] = {}
    names = [_parse(item, found) for item in given]
    mode = names[0] if names else "default"
    host["NetworkMode"] = mode
    settings = _shared_settings(values)
    if settings:
        endpoint = found.setdefault(mode, {})
        for key, value in settings.items():
            if isinstance(value, dict):
                endpoint.setdefault(key, {}).update(value)
            elif isinstance(value, list):
                endpoint[key] = [*endpoint.get(key, []), *value]
            else:
                endpoint[key] = value
    for name in names[1:]:
        found.setdefault(name, {})
    if len(names) > 1:
        found.setdefault(mode, {})
    return {"EndpointsConfig": found}


def _shared_settings(values: Values) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if aliases := [*values.many("network-alias"), *values.many("net-alias")]:
        settings["Aliases"] = aliases
    ipam: dict[str, Any] = {}
    if values.text("ip"):
        ipam["IPv4Address"] = values.text("ip")
    if values.text("ip6"):
        ipam["IPv6Address"] = values.text("ip6")
    if values.many("link-local-ip"):
        ipam["LinkLocalIPs"] = values.many("link-local-ip")
    if ipam:
        settings["IPAMConfig"] = ipam
    if values.text("mac-address"):
        settings["MacAddress"] = values.text("mac-address")
    return settings


def _parse(text: str, found: dict[str, dict[str, Any]]) -> str:
    """Take one --network, `name` or `name=…,alias=…`; return the name."""
    if "=" not in text:
        return text
    endpoint: dict[str, Any] = {}
    name = ""
    for field in next(csv.reader([text])):
        key, equals, value = field.partition("=")
        if not equals:
            raise ValueError(f"invalid field {field}")
        match key.strip().lower():
            case "name":
                name = value
            case "alias":
                endpoint.setdefault("Aliases", []).append(value)
            case "ip":
                endpoint.setdefault("IPAMConfig", {})["IPv4Address"] = value
            case "ip6":
                endpoint.setdefault("IPAMConfig", {})["IPv6Address"] = value
            case "link-local-ip":
                endpoint.setdefault("IPAMConfig", {}).setdefault("LinkLocalIPs", []).append(value)
            case "mac-address":
                endpoint["MacAddress"] = value
            case "driver-opt":
                option, _, setting = value.partition("=")
                endpoint.setdefault("DriverOpts", {})[option] = setting
            case "gw-priority":
                endpoint["GwPriority"] = int(value)
            case _:
                raise ValueError(f"invalid field key {key}")
    if not name:
        raise ValueError("network name/id is not specified")
    found[name] = endpoint
    return name
