"""GET /info and /version."""

import os
import platform
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import transom
from transom.containers.lifecycle import Status
from transom.engine.containers.run_state import RunState
from transom.host.cgroup import Hierarchy
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
    versions: Mapping[str, str]
    """Program → its version."""
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
    clock: Clock

    def version(self) -> dict[str, Any]:
        """Return the object of GET /version."""
        kernel = platform.release()
        components = [
            {
                "Name": "Engine",
                "Version": transom.__version__,
                "Details": {
                    "ApiVersion": API_VERSION,
                    "Arch": _arch(),
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
        components += [{"Name": name, "Version": version} for name, version in self.host.versions.items()]
        return {
            "Platform": {"Name": "Transom"},
            "Components": components,
            "Version": transom.__version__,
            "ApiVersion": API_VERSION,
            "MinAPIVersion": MIN_API_VERSION,
            "GitCommit": "",
            "GoVersion": "",
            "Os": "linux",
            "Arch": _arch(),
            "KernelVersion": kernel,
            "BuildTime": "",
        }

    async def info(self) -> dict[str, Any]:
        """Return the object of GET /info."""
        containers = self.state.containers.all()
        v2 = self.host.hierarchy.v2
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return {
            "ID": self.host.instance,
            "Containers": len(containers),
            "ContainersRunning": sum(each.status is Status.RUNNING for each in containers),
            "ContainersPaused": sum(each.status is Status.PAUSED for each in containers),
            "ContainersStopped": sum(not each.is_running for each in containers),
            "Images": await self.count_images(),
            "Driver": "overlay2",
            "DriverStatus": [["Backing Filesystem", "overlayfs"], *map(_base_row, await self.describe_bases())],
            "Plugins": {
                "Volume": ["local"],
                "Network": ["bridge", "host", "null"],
                "Authorization": None,
                "Log": ["json-file", "local", "none"],
            },
            "MemoryLimit": True,
            "SwapLimit": True,
            "CpuCfsPeriod": True,
            "CpuCfsQuota": True,
            "CPUShares": True,
            "CPUSet": True,
            "PidsLimit": True,
            "IPv4Forwarding": True,
            "Debug": False,
            "NFd": open_descriptors(),
            "OomKillDisable": not v2,
            "NGoroutines": 1,
            "SystemTime": rfc3339nano(self.clock.now()),
            "LoggingDriver": "json-file",
            "CgroupDriver": "cgroupfs",
            "CgroupVersion": "2" if v2 else "1",
            "NEventsListener": 0,
            "KernelVersion": platform.release(),
            "OperatingSystem": _os_release().get("PRETTY_NAME", "Linux"),
            "OSVersion": _os_release().get("VERSION_ID", ""),
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
            "RuncCommit": {"ID": ""},
            "InitCommit": {"ID": ""},
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


def _base_row(text: str) -> list[str]:
    return ["Windows base", text]


def _arch() -> str:
    machine = platform.machine()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def _os_release() -> dict[str, str]:
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines)}
