"""Errors of networks whose text is API."""

from transom.errors import Conflict, Forbidden, InvalidParameter, NotFound


class NoSuchNetwork(NotFound):
    """No network has this name or ID."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"network {ref} not found")


def name_taken(name: str) -> Conflict:
    """Return the error for a name in use."""
    return Conflict(f"network with name {name} already exists")


def predefined_created(name: str) -> Forbidden:
    """Return the error for creating one of the engine's own."""
    return Forbidden(f"operation is not permitted on predefined {name} network ")


def predefined_removed(name: str) -> Forbidden:
    """Return the error for removing one of the engine's own."""
    return Forbidden(f"{name} is a pre-defined network and cannot be removed")


def in_use(name: str, network_id: str, members: list[tuple[str, str]]) -> Forbidden:
    """Return the error for removing a network that containers are on; members are (name, endpoint ID)."""
    listed = ", ".join(f'name:"{member}" id:"{endpoint_id[:12]}"' for member, endpoint_id in members)
    return Forbidden(f"error while removing network: network {name} has active endpoints ({listed})")


def several(ref: str, count: int) -> InvalidParameter:
    """Return the error for a prefix that fits several networks."""
    return InvalidParameter(f"network {ref} is ambiguous ({count} matches found on ID prefix)")
