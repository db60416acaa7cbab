"""GET /containers/{id}/json and /containers/json: the record as Docker shows it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from transom.containers.config import as_list
from transom.containers.container import Container, MountRecord
from transom.containers.lifecycle import Status
from transom.containers.spec import hostname_of
from transom.engine.containers.exec import Execs
from transom.engine.containers.places import Places
from transom.engine.containers.run_state import RunState
from transom.engine.networks.convert import stopped
from transom.execution.spec import MASKED_PATHS, READONLY_PATHS
from transom.model.clock import ZERO_TIME, Clock, rfc3339nano
from transom.snapshots.snapshotter import Snapshotter, Usage


@dataclass(frozen=True, slots=True)
class InspectContainer:
    """Prints one container."""

    state: RunState
    snapshots: Snapshotter
    places: Places
    execs: Execs
    clock: Clock
    storage: Callable[[str], dict[str, Any]]

    async def __call__(self, ref: str, *, size: bool = False) -> dict[str, Any]:
        """Return the object of GET /containers/{id}/json.

        Raises:
            NoSuchContainer: no container is called ref.
        """
        container = self.state.containers.get(ref)
        args = as_list(container.config.entrypoint) + as_list(container.config.cmd)
        directory = self.places.directory(container.id)
        has_log = container.host_config.log_config.type != "none"
        shape: dict[str, Any] = {
            "Id": container.id,
            "Created": rfc3339nano(container.created_at),
            "Path": args[0] if args else "",
            "Args": args[1:],
            "State": state_shape(container),
            "Image": container.image_id,
            "ResolvConfPath": str(directory / "resolv.conf"),
            "HostnamePath": str(directory / "hostname"),
            "HostsPath": str(directory / "hosts"),
            "LogPath": self.places.log(container.id) if has_log else "",
            "Name": "/" + container.name,
            "RestartCount": container.restart_count,
            "Driver": "overlay2",
            "Platform": container.os,
            "MountLabel": "",
            "ProcessLabel": "",
            "AppArmorProfile": "",
            "ExecIDs": self.execs.ids_of(container.id) or None,
            "HostConfig": host_shape(container),
            "GraphDriver": self.storage(container.id),
            "Mounts": [mount_shape(mount) for mount in container.mounts if mount.type != "tmpfs"],
            "Config": config_shape(container),
            "NetworkSettings": network_shape(container),
        }
        if container.base:
            shape["Base"] = container.base
        if size:
            usage = await self.snapshots.usage(container.id)
            root = await self._chain_bytes(container)
            shape |= {"SizeRw": usage.size_bytes, "SizeRootFs": usage.size_bytes + root}
        return shape

    async def _chain_bytes(self, container: Container) -> int:
        usage: Usage = await self.snapshots.chain_usage(container.snapshot_parent)
        return usage.size_bytes


def state_shape(container: Container) -> dict[str, Any]:
    """Return `State`."""
    status = "restarting" if container.restarting else container.status.value
    shape: dict[str, Any] = {
        "Status": status,
        "Running": container.is_running or container.restarting,
        "Paused": container.status is Status.PAUSED,
        "Restarting": container.restarting,
        "OOMKilled": container.oom_killed,
        "Dead": container.status is Status.DEAD,
        "Pid": container.pid,
        "ExitCode": container.exit_code,
        "Error": container.error,
        "StartedAt": _time(container.started_at),
        "FinishedAt": _time(container.finished_at),
    }
    if container.health is not None:
        shape["Health"] = {
            "Status": container.health.status,
            "FailingStreak": container.health.failing_streak,
            "Log": list(container.health.log),
        }
    return shape


def host_shape(container: Container) -> dict[str, Any]:
    """Return `HostConfig`: as asked for; Docker shows null where nothing was."""
    shape: dict[str, Any] = msgspec.to_builtins(container.host_config)
    for key in ("Binds", "CapAdd", "CapDrop", "ExtraHosts", "GroupAdd", "Links", "SecurityOpt", "VolumesFrom",
                "DeviceCgroupRules", "DeviceRequests"):  # fmt: skip
        shape[key] = shape[key] or None
    for key in ("Mounts", "StorageOpt", "Tmpfs", "Sysctls", "Annotations", "Init"):
        if not shape[key] and shape[key] is not False:
            del shape[key]
    if not container.base and not container.host_config.privileged:
        for key, paths in (("MaskedPaths", MASKED_PATHS), ("ReadonlyPaths", READONLY_PATHS)):
            shape[key] = list(paths) if shape[key] is None else shape[key]
    shape["Isolation"] = shape["Isolation"] or ("process" if container.base else "")
    shape["IpcMode"] = shape["IpcMode"] or "private"
    shape["ShmSize"] = shape["ShmSize"] or 64 << 20
    shape["Runtime"] = shape["Runtime"] or container.driver
    if shape["Memory"] and not shape["MemorySwap"]:
        shape["MemorySwap"] = 2 * shape["Memory"]  # what is in force where nobody asked
    shape["PidsLimit"] = shape["PidsLimit"] or None
    if shape["MemorySwappiness"] == -1:
        shape["MemorySwappiness"] = None
    return shape


def config_shape(container: Container) -> dict[str, Any]:
    """Return `Config` with the name the container knows itself by."""
    shape: dict[str, Any] = msgspec.to_builtins(container.config)
    shape["Hostname"] = hostname_of(container)
    shape["Image"] = container.image_ref
    shape["OnBuild"] = shape["OnBuild"] or None
    if shape["Healthcheck"]:
        shape["Healthcheck"] = {name: value for name, value in shape["Healthcheck"].items() if value}
    shape["Volumes"] = shape["Volumes"] or None
    shape["Cmd"], shape["Entrypoint"] = (
        as_list(container.config.cmd) or None,
        as_list(container.config.entrypoint) or None,
    )
    for key in ("Healthcheck", "MacAddress", "NetworkDisabled", "StopSignal", "StopTimeout", "Shell", "ArgsEscaped",
                "ExposedPorts"):  # fmt: skip
        if (not shape[key] and shape[key] != 0) or shape[key] is False:
            del shape[key]
    return shape


def mount_shape(mount: MountRecord) -> dict[str, Any]:
    """Return one element of `Mounts`."""
    shape: dict[str, Any] = {"Type": mount.type}
    if mount.name:
        shape["Name"] = mount.name
    shape |= {"Source": mount.source, "Destination": mount.target}
    if mount.driver:
        shape["Driver"] = mount.driver
    shape |= {"Mode": mount.mode, "RW": not mount.readonly, "Propagation": mount.propagation}
    return shape


def network_shape(container: Container) -> dict[str, Any]:
    """Return `NetworkSettings`; the members outside Networks are those of API 1.51 and older."""
    endpoints = endpoint_shapes(container)
    first = endpoints.get("bridge", {})
    running = container.is_running
    return {
        "Bridge": "",
        "SandboxID": container.id if running else "",
        "SandboxKey": f"/proc/{container.pid}/ns/net" if running and container.pid else "",
        "Ports": container.ports if running else {},
        "HairpinMode": False,
        "LinkLocalIPv6Address": "",
        "LinkLocalIPv6PrefixLen": 0,
        "SecondaryIPAddresses": None,
        "SecondaryIPv6Addresses": None,
        "EndpointID": first.get("EndpointID", ""),
        "Gateway": first.get("Gateway", ""),
        "GlobalIPv6Address": first.get("GlobalIPv6Address", ""),
        "GlobalIPv6PrefixLen": first.get("GlobalIPv6PrefixLen", 0),
        "IPAddress": first.get("IPAddress", ""),
        "IPPrefixLen": first.get("IPPrefixLen", 0),
        "IPv6Gateway": first.get("IPv6Gateway", ""),
        "MacAddress": first.get("MacAddress", ""),
        "Networks": endpoints,
    }


def endpoint_shapes(container: Container) -> dict[str, Any]:
    """Return `Networks`: what the container has while it runs, what it asked for else."""
    running = container.is_running
    return {name: msgspec.to_builtins(each if running else stopped(each)) for name, each in container.endpoints.items()}


def _time(moment: datetime | None) -> str:
    return rfc3339nano(moment) if moment else ZERO_TIME
