"""`docker ps --filter`; pure.

Source: Engine API v1.51, ContainerList.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence

from transom.containers.container import Container
from transom.errors import InvalidParameter

Filters = Mapping[str, Sequence[str]]

KNOWN = frozenset(
    {"ancestor", "before", "expose", "exited", "health", "id", "isolation", "is-task", "label", "name", "network",
     "publish", "since", "status", "volume"}
)  # fmt: skip


def parse_filters(text: str, known: frozenset[str] | None = None) -> Filters:
    """Parse `{"name":["a"]}` or the older `{"name":{"a":true}}`.

    Raises:
        InvalidParameter: it is neither, or a name is not in known.
    """
    if not text:
        return {}
    try:
        raw = json.loads(text)
        found = {
            name: [key for key, on in values.items() if on] if isinstance(values, dict) else list(map(str, values))
            for name, values in raw.items()
        }
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise InvalidParameter("invalid filter") from None
    for name in found:
        if known is not None and name not in known:
            raise InvalidParameter(f"invalid filter '{name}'")
    return found


def match_labels(labels: Mapping[str, str], wanted: Sequence[str]) -> bool:
    """Tell whether labels has every `name` and `name=value` of wanted."""
    for each in wanted:
        name, separator, value = each.partition("=")
        if name not in labels or (separator and labels[name] != value):
            return False
    return True


def check_values(filters: Filters) -> None:
    """Refuse values that no container can have.

    Raises:
        InvalidParameter: one is none of those that its filter knows; the texts are Docker's.
    """
    for name in ("publish", "expose"):
        for value in filters.get(name, ()):
            for number in value.partition("/")[0].split("-"):
                if not number.isdecimal():
                    raise InvalidParameter(
                        f'error while looking up for {name} {value}: strconv.ParseUint: parsing "{number}": '
                        "invalid syntax"
                    )
    if any(value.lower() not in {"true", "1", "false", "0"} for value in filters.get("is-task", ())):
        raise InvalidParameter(f"invalid filter 'is-task=[{' '.join(filters['is-task'])}]'")


def match(container: Container, filters: Filters) -> bool:
    """Tell whether container passes the filters that need nothing but its record."""
    if not match_labels(container.config.labels, filters.get("label", ())):
        return False
    checks: Mapping[str, Callable[[str], bool]] = {
        "id": container.id.startswith,
        "name": lambda value: (
            re.search(_safe(value), container.name) is not None
            or re.search(_safe(value), "/" + container.name) is not None
        ),
        "status": lambda value: _status(container) == value,
        "exited": lambda value: container.status.value == "exited" and str(container.exit_code) == value,
        "health": lambda value: (container.health.status if container.health else "none") == value,
        # It tells Windows containers apart; Docker lets every Linux one pass.
        "isolation": lambda value: (
            not container.base or value in {container.host_config.isolation or "default", "process"}
        ),
        "network": lambda value: (
            value in container.endpoints
            or any(each.network_id.startswith(value) for each in container.endpoints.values() if each.network_id)
        ),
        "volume": lambda value: any(value in {mount.name, mount.target, mount.source} for mount in container.mounts),
        "publish": lambda value: any(port.split("/")[0] == value.split("/")[0] for port in _published(container)),
        "expose": lambda value: any(
            port.split("/")[0] == value.split("/")[0] for port in container.config.exposed_ports
        ),
        "is-task": lambda value: value.lower() in {"false", "0"},
    }
    return all(any(checks[name](value) for value in values) for name, values in filters.items() if name in checks)


def _published(container: Container) -> list[str]:
    bindings = [each["HostPort"] for found in container.ports.values() for each in found or ()]
    return [*container.ports, *bindings]


def _status(container: Container) -> str:
    return "restarting" if container.restarting else container.status.value


def _safe(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error:
        return re.escape(pattern)
    return pattern
