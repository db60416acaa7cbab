"""GET /containers/json."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from transom.containers.config import as_list
from transom.containers.container import Container
from transom.containers.filters import Filters, check_values, match
from transom.containers.lifecycle import Status
from transom.engine.containers.facilities import Images
from transom.engine.containers.inspect import endpoint_shapes, mount_shape
from transom.engine.containers.run_state import RunState
from transom.errors import InvalidParameter, NotFound
from transom.model.clock import Clock
from transom.model.moment import human_duration
from transom.snapshots.snapshotter import Snapshotter


@dataclass(frozen=True, slots=True)
class ListContainers:
    """Lists; flat per container, nothing is read from disk unless sizes are asked for."""

    state: RunState
    snapshots: Snapshotter
    images: Images
    clock: Clock

    async def __call__(self, filters: Filters, *, all_: bool, limit: int, size: bool) -> list[dict[str, Any]]:
        """Return the objects, newest first."""
        check_values(filters)
        chosen = list(self.state.containers.all())
        for name, later in (("before", False), ("since", True)):
            for ref in filters.get(name, ()):
                pivot = self.state.containers.get(ref)
                chosen = [each for each in chosen if _is_beyond(each, pivot, later=later)]
        for status in filters.get("status", ()):
            if status not in _STATUSES:
                raise _bad_filter("status", status, "state", _STATUSES)
        for code in filters.get("exited", ()):
            if not code.lstrip("-").isdecimal():
                raise InvalidParameter(
                    f"invalid filter 'exited={code}': strconv.Atoi: parsing \"{code}\": invalid syntax"
                )
        for health in filters.get("health", ()):
            if health not in _HEALTHS:
                raise _bad_filter("health", health, "health", _HEALTHS)
        if "ancestor" in filters:
            wanted = {await self._image_id(ref) for ref in filters["ancestor"]}
            refs = set(filters["ancestor"])
            chosen = [each for each in chosen if each.image_id in wanted or each.image_ref in refs]
        everything = all_ or limit > 0 or "status" in filters or "exited" in filters
        now = self.clock.now()
        rows = []
        for container in chosen:
            if not (everything or container.is_running or container.restarting) or not match(container, filters):
                continue
            row = summary(container, now)
            if size:
                row["SizeRw"] = (await self.snapshots.usage(container.id)).size_bytes
                chain = await self.snapshots.chain_usage(container.snapshot_parent)
                row["SizeRootFs"] = row["SizeRw"] + chain.size_bytes
            rows.append(row)
            if 0 < limit <= len(rows):
                break
        return rows

    async def _image_id(self, ref: str) -> str:
        try:
            return (await self.images.facts(ref, "")).id
        except (NotFound, InvalidParameter):
            return ""


_STATUSES = ("created", "running", "paused", "restarting", "removing", "exited", "dead")
_HEALTHS = ("none", "starting", "healthy", "unhealthy")


def _bad_filter(name: str, value: str, what: str, legal: Sequence[str]) -> InvalidParameter:
    return InvalidParameter(
        f"invalid filter '{name}={value}': invalid value for {what} ({value}): must be one of {', '.join(legal)}"
    )


def _is_beyond(each: Container, pivot: Container, *, later: bool) -> bool:
    return each.created_at > pivot.created_at if later else each.created_at < pivot.created_at


def _command_text(argv: Sequence[str]) -> str:
    """Return argv as Docker's list shows it: arguments with a blank are in quotes."""
    return " ".join([*argv[:1], *(f"'{word}'" if " " in word else word for word in argv[1:])])


def summary(container: Container, now: datetime) -> dict[str, Any]:
    """Return one element of the list."""
    return {
        "Id": container.id,
        "Names": ["/" + container.name],
        "Image": container.image_ref,
        "ImageID": container.image_id,
        "Command": _command_text(as_list(container.config.entrypoint) + as_list(container.config.cmd)),
        "Created": int(container.created_at.timestamp()),
        "Ports": ports(container),
        "Labels": container.config.labels,
        "State": "restarting" if container.restarting else container.status.value,
        "Status": status_text(container, now),
        "HostConfig": {"NetworkMode": container.host_config.network_mode},
        "NetworkSettings": {"Networks": endpoint_shapes(container)},
        "Mounts": [mount_shape(mount) for mount in container.mounts if mount.type != "tmpfs"],
    }


def ports(container: Container) -> list[dict[str, Any]]:
    """Return `Ports`: what is published while it runs, what is only exposed without a public port."""
    if not container.is_running:
        return []
    rows: list[dict[str, Any]] = []
    for port, bindings in container.ports.items():
        number, _, protocol = port.partition("/")
        if not bindings:
            rows.append({"PrivatePort": int(number), "Type": protocol})
        for binding in bindings or ():
            rows.append(
                {
                    "IP": binding["HostIp"],
                    "PrivatePort": int(number),
                    "PublicPort": int(binding["HostPort"]),
                    "Type": protocol,
                }
            )
    return rows


def status_text(container: Container, now: datetime) -> str:
    """Return `Status`: `Up 3 minutes`, `Exited (0) 2 hours ago`, `Created`."""
    if container.restarting and container.finished_at:
        return f"Restarting ({container.exit_code}) {human_duration((now - container.finished_at).total_seconds())} ago"
    match container.status:
        case Status.RUNNING | Status.PAUSED:
            began = container.started_at
            text = f"Up {human_duration((now - began).total_seconds())}" if began else "Up"
            if container.status is Status.PAUSED:
                return f"{text} (Paused)"
            if container.health is not None:
                health = container.health.status
                return f"{text} ({'health: starting' if health == 'starting' else health})"
            return text
        case Status.CREATED:
            return "Created"
        case Status.REMOVING:
            return "Removal In Progress"
        case Status.DEAD:
            return "Dead"
        case Status.EXITED:
            finished = container.finished_at or container.created_at
            return f"Exited ({container.exit_code}) {human_duration((now - finished).total_seconds())} ago"
