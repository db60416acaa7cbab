"""GET /info and /version."""

import asyncio
import os
import platform
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import transom
from transom.containers.lifecycle import Status
from transom.engine.containers.run_state import RunState
from transom.host.cgroup import Hierarchy
from transom.host.machine import (
    architecture,
    filesystem_of,
    forwards_ipv4,
    limits_swap,
    os_release,
    program_version,
)
from transom.host.process import open_descriptors
from transom.model.clock import Clock, rfc3339nano

API_VERSION = "1.51"
MIN_API_VERSION = "1.24"


@dataclass(frozen=True, slots=True)
class HostSummary:
    """What does not change while the engine runs."""

    instance: str
    data_root: str
    hierarchy: Hierarchy
    runtimes: Mapping[str, str]
    default_runtime: str
    programs: Mapping[str, str]
    """What the engine runs containers with: name → path."""
    insecure_registries: tuple[str, ...] = ()
    registry_mirrors: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    """Where the proxies are named that registries are reached through."""
    security: Sequence[str] = ()
    """Security options beside those that every host has."""
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SystemInfo:
    """Tells what this engine is and has."""

    state: RunState
    host: HostSummary
    count_images: Callable[[], Awaitable[int]]
    describe_bases: Callable[[], Awaitable[list[str]]]
    count_listeners: Callable[[], int]
    clock: Clock
    _versions: dict[str, str] = field(default_factory=dict)

    async def version(self) -> dict[str, Any]:
        """Return the object of GET /version."""
        kernel = platform.release()
        components = [
            {
                "Name": "Engine",
                "Version": transom.__version__,
                "Details": {
                    "ApiVersion": API_VERSION,
                    "Arch": architecture(),
                    "BuildTime": "",
                    "Experimental": "false",
                    "GitCommit": "",
                    "GoVersion": "",
                    "KernelVersion": kernel,
                    "MinAPIVersion": MIN_API_VERSION,
                    "Os": "linux",
                },
            }
        ]
        components += [{"Name": name, "Version": version} for name, version in (await self.versions()).items()]
        return {
            "Platform": {"Name": "Transom"},
            "Components": components,
            "Version": transom.__version__,
            "ApiVersion": API_VERSION,
            "MinAPIVersion": MIN_API_VERSION,
            "GitCommit": "",
            "GoVersion": "",
            "Os": "linux",
            "Arch": architecture(),
            "KernelVersion": kernel,
            "BuildTime": "",
        }

    async def versions(self) -> Mapping[str, str]:
        """Return program → its version; asked once."""
        if not self._versions:
            found = {name: await program_version(path) for name, path in self.host.programs.items()}
            self._versions.update(found)
        return self._versions

    async def info(self) -> dict[str, Any]:
        """Return the object of GET /info."""
        containers = self.state.containers.all()
        v2, controllers = self.host.hierarchy.v2, self.host.hierarchy.controllers
        versions, release = await self.versions(), os_release()
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return {
            "ID": self.host.instance,
            "Containers": len(containers),
            "ContainersRunning": sum(each.status is Status.RUNNING for each in containers),
            "ContainersPaused": sum(each.status is Status.PAUSED for each in containers),
            "ContainersStopped": sum(not each.is_running for each in containers),
            "Images": await self.count_images(),
            "Driver": "overlay2",
            "DriverStatus": [
                ["Backing Filesystem", filesystem_of(self.host.data_root)],
                *(["Windows base", each] for each in await self.describe_bases()),
            ],
            "Plugins": {
                "Volume": ["local"],
                "Network": ["bridge", "host", "null"],
                "Authorization": None,
                "Log": ["json-file", "local", "none"],
            },
            "MemoryLimit": "memory" in controllers,
            "SwapLimit": limits_swap(self.host.hierarchy),
            "CpuCfsPeriod": "cpu" in controllers,
            "CpuCfsQuota": "cpu" in controllers,
            "CPUShares": "cpu" in controllers,
            "CPUSet": "cpuset" in controllers,
            "PidsLimit": "pids" in controllers,
            "IPv4Forwarding": forwards_ipv4(),
            "Debug": False,
            "NFd": open_descriptors(),
            "OomKillDisable": not v2 and "memory" in controllers,
            "NGoroutines": len(asyncio.all_tasks()),
            "SystemTime": rfc3339nano(self.clock.now()),
            "LoggingDriver": "json-file",
            "CgroupDriver": "cgroupfs",
            "CgroupVersion": "2" if v2 else "1",
            "NEventsListener": self.count_listeners(),
            "KernelVersion": platform.release(),
            "OperatingSystem": release.get("PRETTY_NAME", "Linux"),
            "OSVersion": release.get("VERSION_ID", ""),
            "OSType": "linux",
            "Architecture": platform.machine(),
            "IndexServerAddress": "https://index.docker.io/v1/",
            "RegistryConfig": self._registries(),
            "NCPU": os.cpu_count() or 1,
            "MemTotal": memory,
            "GenericResources": None,
            "DockerRootDir": self.host.data_root,
            "HttpProxy": _proxy(self.host.environment, "http_proxy"),
            "HttpsProxy": _proxy(self.host.environment, "https_proxy"),
            "NoProxy": _proxy(self.host.environment, "no_proxy"),
            "Name": platform.node(),
            "Labels": [],
            "ExperimentalBuild": False,
            "ServerVersion": transom.__version__,
            "Runtimes": {name: {"path": path} for name, path in self.host.runtimes.items()},
            "DefaultRuntime": self.host.default_runtime,
            "Swarm": {
                "NodeID": "",
                "NodeAddr": "",
                "LocalNodeState": "inactive",
                "ControlAvailable": False,
                "Error": "",
                "RemoteManagers": None,
            },
            "LiveRestoreEnabled": True,
            "Isolation": "process",
            "InitBinary": "docker-init",
            "ContainerdCommit": {"ID": ""},
            "RuncCommit": {"ID": versions.get(self.host.default_runtime, "")},
            "InitCommit": {"ID": versions.get("tini", "")},
            "SecurityOptions": [
                "name=seccomp,profile=builtin",
                *(["name=cgroupns"] if v2 else []),
                *self.host.security,
            ],
            "CDISpecDirs": [],
            "Warnings": list(self.host.warnings) or None,
        }

    def _registries(self) -> dict[str, Any]:
        insecure = self.host.insecure_registries
        named = {
            name: {"Name": name, "Mirrors": [], "Secure": False, "Official": False}
            for name in insecure if "/" not in name
        }  # fmt: skip
        mirrors = list(self.host.registry_mirrors)
        hub = {"Name": "docker.io", "Mirrors": mirrors, "Secure": True, "Official": True}
        return {
            "InsecureRegistryCIDRs": ["::1/128", "127.0.0.0/8", *(name for name in insecure if "/" in name)],
            "IndexConfigs": {**named, "docker.io": hub},
            "Mirrors": mirrors,
        }


def _proxy(environment: Mapping[str, str], name: str) -> str:
    """Return a proxy's URL as it may be shown: without a password."""
    found = environment.get(name) or environment.get(name.upper()) or ""
    return re.sub(r"//[^/@]*@", "//xxxxx:xxxxx@", found)
