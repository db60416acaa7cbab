"""Values of `run`'s flags that have a grammar of their own. Each raises ValueError in Docker's words."""

from fractions import Fraction
from typing import Any

from transom.cli.output.units import parse_bytes, parse_duration

ULIMITS = frozenset(
    "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split()
)
RESTART = ("no", "always", "unless-stopped", "on-failure", "")


def nano_cpus(text: str) -> int:
    """Return --cpus in billionths."""
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"failed to parse {text} as a rational number") from None
    if (value * 10**9).denominator != 1:
        raise ValueError("value is too precise")
    return int(value * 10**9)


def memory_swap(text: str) -> int:
    """Return --memory-swap; -1 lifts the limit."""
    return -1 if text == "-1" else parse_bytes(text)


def duration(text: str) -> int:
    """Return nanoseconds, none of them negative."""
    value = parse_duration(text)
    if value < 0:
        raise ValueError(f"duration {text} must not be negative")
    return value


def ulimit(text: str) -> dict[str, Any]:
    """Return name=soft[:hard]."""
    name, equals, values = text.partition("=")
    if not equals:
        raise ValueError(f"invalid ulimit argument: {text}")
    if name not in ULIMITS:
        raise ValueError(f"invalid ulimit type: {name}")
    soft, colon, hard = values.partition(":")
    try:
        low, high = int(soft), int(hard) if colon else int(soft)
    except ValueError:
        raise ValueError(f'strconv.ParseInt: parsing "{values}": invalid syntax') from None
    if high != -1 and (low == -1 or low > high):
        raise ValueError(f"ulimit soft limit must be less than or equal to hard limit: {low} > {high}")
    return {"Name": name, "Soft": low, "Hard": high}


def restart_policy(text: str) -> dict[str, Any]:
    """Return --restart as the API's RestartPolicy."""
    name, colon, count = text.partition(":")
    if colon and not name:
        raise ValueError("invalid restart policy format: no policy provided before colon")
    if not colon:
        return {"Name": name or "no", "MaximumRetryCount": 0}
    if not count.lstrip("-").isdigit():
        raise ValueError("invalid restart policy format: maximum retry count must be an integer")
    return {"Name": name, "MaximumRetryCount": int(count)}


def device(text: str) -> dict[str, str]:
    """Return --device host[:container[:rwm]]."""
    parts = text.split(":")
    if not parts[0] or len(parts) > 3:
        raise ValueError(f"invalid device specification: {text}")
    inside, permissions = parts[0], "rwm"
    if len(parts) > 1:
        if len(parts) == 2 and set(parts[1]) <= set("rwm"):
            permissions = parts[1]
        else:
            inside = parts[1] or parts[0]
    if len(parts) == 3:
        permissions = parts[2]
    return {"PathOnHost": parts[0], "PathInContainer": inside, "CgroupPermissions": permissions}


def _device_value(text: str) -> tuple[str, str]:
    path, colon, value = text.partition(":")
    if not colon or not path or ":" in value:
        raise ValueError(f"bad format: {text}")
    if not path.startswith("/dev/"):
        raise ValueError(f"bad format for device path: {text}")
    return path, value


def throttle(text: str) -> dict[str, Any]:
    """Return --device-read-bps path:rate."""
    path, rate = _device_value(text)
    try:
        return {"Path": path, "Rate": parse_bytes(rate)}
    except ValueError:
        raise ValueError(
            f"invalid rate for device: {text}. The correct format is <device-path>:<number>[<unit>]. "
            "Number must be a positive integer. Unit is optional and can be kb, mb, or gb"
        ) from None


def throttle_iops(text: str) -> dict[str, Any]:
    """Return --device-read-iops path:rate."""
    path, rate = _device_value(text)
    if not rate.isdigit():
        raise ValueError(
            f"invalid rate for device: {text}. The correct format is <device-path>:<number>. "
            "Number must be a positive integer"
        )
    return {"Path": path, "Rate": int(rate)}


def weight_device(text: str) -> dict[str, Any]:
    """Return --blkio-weight-device path:weight."""
    path, weight = _device_value(text)
    if not weight.isdigit() or (int(weight) and not 10 <= int(weight) <= 1000):
        raise ValueError(f"invalid weight for device: {text}")
    return {"Path": path, "Weight": int(weight)}


def stream(text: str) -> str:
    """Return --attach in lower case."""
    if text.lower() not in ("stdin", "stdout", "stderr"):
        raise ValueError("valid streams are STDIN, STDOUT and STDERR")
    return text.lower()


def extra_host(text: str) -> str:
    """Return --add-host name:address or name=address in the API's form."""
    name, equals, address = text.partition("=")
    if not equals:
        name, _, address = text.partition(":")
    if not name or not address:
        raise ValueError(f'bad format for add-host: "{text}"')
    address = address.removeprefix("[").removesuffix("]")
    if address != "host-gateway":
        import ipaddress

        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise ValueError(f'invalid IP address in add-host: "{address}"') from None
    return f"{name}:{address}"


def gpus(text: str) -> dict[str, Any]:
    """Return --gpus as the API's DeviceRequest."""
    request: dict[str, Any] = {"Driver": "", "Count": 0, "DeviceIDs": None, "Capabilities": [["gpu"]], "Options": {}}
    import csv

    for field in next(csv.reader([text])):
        key, equals, value = field.partition("=")
        if not equals:
            key, value = "count", field
        match key:
            case "count":
                if value != "all" and not value.lstrip("-").isdigit():
                    raise ValueError(f'invalid count ({value}): value must be either "all" or an integer')
                request["Count"] = -1 if value == "all" else int(value)
            case "device":
                request["DeviceIDs"] = value.split(",")
            case "driver":
                request["Driver"] = value
            case "capabilities":
                request["Capabilities"] = [[*value.split(","), "gpu"]]
            case "options":
                request["Options"] = dict(item.partition("=")[::2] for item in value.split(","))
            case _:
                raise ValueError(f"unexpected key '{key}' in '{field}'")
    return request
