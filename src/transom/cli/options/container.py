"""`run`'s flags, checked and put together as the body of POST /containers/create."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transom.cli.flags import Values
from transom.cli.options import limits, mounts, ports
from transom.cli.options.networks import endpoints
from transom.cli.options.pairs import environment, key_values, labels

HEALTH_FLAGS = (
    "health-cmd",
    "health-interval",
    "health-timeout",
    "health-retries",
    "health-start-period",
    "health-start-interval",
)
STREAMS = ("stdin", "stdout", "stderr")


@dataclass(frozen=True, slots=True)
class ContainerRequest:
    """What is to be created, and which of its streams we shall follow."""

    body: dict[str, Any]
    streams: frozenset[str]

    @property
    def tty(self) -> bool:
        """Return whether the container has a terminal."""
        return bool(self.body["Tty"])

    @property
    def auto_remove(self) -> bool:
        """Return whether the engine removes the container when it exits."""
        return bool(self.body["HostConfig"]["AutoRemove"])


def container_request(values: Values, image: str, command: list[str], *, detached: bool) -> ContainerRequest:
    """Return the request for image and command.

    Raises:
        ValueError: flags are malformed or contradict each other, in Docker's words.
        CliError: a file that a flag names cannot be read.
    """
    exposed, bindings = ports.publish(values.many("publish"), values.many("expose"))
    binds, anonymous = mounts.volumes(values.many("volume"))
    streams = _streams(values, detached=detached)
    open_stdin = values.on("interactive")
    config: dict[str, Any] = {
        "Hostname": values.text("hostname"),
        "Domainname": values.text("domainname"),
        "User": values.text("user"),
        "AttachStdin": "stdin" in streams,
        "AttachStdout": "stdout" in streams,
        "AttachStderr": "stderr" in streams,
        "ExposedPorts": exposed,
        "Tty": values.on("tty"),
        "OpenStdin": open_stdin,
        "StdinOnce": open_stdin and "stdin" in streams,
        "Env": environment(values.many("env"), values.many("env-file")),
        "Cmd": command or None,
        "Image": image,
        "Volumes": anonymous,
        "WorkingDir": values.text("workdir"),
        "Labels": labels(values.many("label"), values.many("label-file")),
    }
    if values.given("entrypoint"):
        entrypoint = values.text("entrypoint")
        config["Entrypoint"] = [entrypoint] if entrypoint else [""]  # [""] takes the image's away
    if values.given("stop-signal"):
        config["StopSignal"] = values.text("stop-signal")
    if values.given("stop-timeout"):
        config["StopTimeout"] = values.number("stop-timeout")
    if health := _health(values):
        config["Healthcheck"] = health
    host = _host_config(values, binds, bindings)
    networking = endpoints(values, host)
    return ContainerRequest({**config, "HostConfig": host, "NetworkingConfig": networking}, streams)


def _streams(values: Values, *, detached: bool) -> frozenset[str]:
    wanted = values.many("attach")
    if detached:
        return frozenset()
    if wanted:
        return frozenset(wanted)
    return frozenset(STREAMS if values.on("interactive") else STREAMS[1:])


def _health(values: Values) -> dict[str, Any] | None:
    given = [name for name in HEALTH_FLAGS if values.given(name)]
    if values.on("no-healthcheck"):
        if given:
            raise ValueError("--no-healthcheck conflicts with --health-* options")
        return {"Test": ["NONE"]}
    if not given:
        return None
    command = values.text("health-cmd")
    return {
        "Test": ["CMD-SHELL", command] if command else None,
        "Interval": values.value("health-interval"),
        "Timeout": values.value("health-timeout"),
        "Retries": values.number("health-retries") or 0,
        "StartPeriod": values.value("health-start-period"),
        "StartInterval": values.value("health-start-interval"),
    }


def _host_config(values: Values, binds: list[str], bindings: ports.Bindings) -> dict[str, Any]:
    restart = limits.restart_policy(values.text("restart"))
    if values.on("rm") and restart["Name"] not in ("no", ""):
        raise ValueError("conflicting options: cannot specify both --restart and --rm")
    swappiness = values.number("memory-swappiness")
    assert swappiness is not None
    if swappiness != -1 and not 0 <= swappiness <= 100:
        raise ValueError(f"invalid value: {swappiness}. Valid memory swappiness range is 0-100")
    host: dict[str, Any] = {
        "Binds": binds or None,
        "ContainerIDFile": values.text("cidfile"),
        "LogConfig": {"Type": values.text("log-driver"), "Config": key_values(values.many("log-opt"))},
        "PortBindings": bindings,
        "RestartPolicy": restart,
        "AutoRemove": values.on("rm"),
        "VolumeDriver": values.text("volume-driver"),
        "VolumesFrom": values.many("volumes-from") or None,
        "CapAdd": values.many("cap-add") or None,
        "CapDrop": values.many("cap-drop") or None,
        "CgroupnsMode": values.text("cgroupns"),
        "Dns": values.many("dns"),
        "DnsOptions": [*values.many("dns-option"), *values.many("dns-opt")],
        "DnsSearch": values.many("dns-search"),
        "ExtraHosts": values.many("add-host") or None,
        "GroupAdd": values.many("group-add") or None,
        "IpcMode": values.text("ipc"),
        "Links": values.many("link") or None,
        "OomScoreAdj": values.number("oom-score-adj") or 0,
        "PidMode": values.text("pid"),
        "Privileged": values.on("privileged"),
        "PublishAllPorts": values.on("publish-all"),
        "ReadonlyRootfs": values.on("read-only"),
        "SecurityOpt": _security_options(values.many("security-opt")) or None,
        "StorageOpt": key_values(values.many("storage-opt")) or None,
        "UTSMode": values.text("uts"),
        "UsernsMode": values.text("userns"),
        "ShmSize": values.value("shm-size"),
        "Sysctls": key_values(values.many("sysctl")),
        "Tmpfs": mounts.tmpfs(values.many("tmpfs")),
        "Runtime": values.text("runtime"),
        "Isolation": values.text("isolation"),
        "Mounts": values.many("mount"),
        "Annotations": key_values(values.many("annotation")),
        **_resources(values, swappiness),
    }
    if values.given("init"):
        host["Init"] = values.on("init")
    for optional in ("Mounts", "Annotations", "Tmpfs", "Sysctls"):
        if not host[optional]:
            del host[optional]
    return host


def _resources(values: Values, swappiness: int) -> dict[str, Any]:
    return {
        "CpuShares": values.number("cpu-shares") or 0,
        "Memory": values.value("memory"),
        "NanoCpus": values.value("cpus"),
        "CgroupParent": values.text("cgroup-parent"),
        "BlkioWeight": values.number("blkio-weight") or 0,
        "BlkioWeightDevice": values.many("blkio-weight-device"),
        "BlkioDeviceReadBps": values.many("device-read-bps"),
        "BlkioDeviceWriteBps": values.many("device-write-bps"),
        "BlkioDeviceReadIOps": values.many("device-read-iops"),
        "BlkioDeviceWriteIOps": values.many("device-write-iops"),
        "CpuPeriod": values.number("cpu-period") or 0,
        "CpuQuota": values.number("cpu-quota") or 0,
        "CpuRealtimePeriod": values.number("cpu-rt-period") or 0,
        "CpuRealtimeRuntime": values.number("cpu-rt-runtime") or 0,
        "CpusetCpus": values.text("cpuset-cpus"),
        "CpusetMems": values.text("cpuset-mems"),
        "Devices": values.many("device"),
        "DeviceCgroupRules": values.many("device-cgroup-rule") or None,
        "DeviceRequests": values.many("gpus") or None,
        "MemoryReservation": values.value("memory-reservation"),
        "MemorySwap": values.value("memory-swap"),
        "MemorySwappiness": swappiness,
        "KernelMemory": values.value("kernel-memory"),
        "OomKillDisable": values.on("oom-kill-disable"),
        "PidsLimit": values.number("pids-limit") or 0,
        "Ulimits": values.many("ulimit"),
        "CpuCount": values.number("cpu-count") or 0,
        "CpuPercent": values.number("cpu-percent") or 0,
        "IOMaximumIOps": values.number("io-maxiops") or 0,
        "IOMaximumBandwidth": values.value("io-maxbandwidth"),
    }


def _security_options(options: list[str]) -> list[str]:
    """Return the options with the seccomp profile's text in place of its file's name."""
    found = []
    for option in options:
        name, equals, value = option.partition("=")
        if not equals and option != "no-new-privileges":
            name, equals, value = option.partition(":")
            if not equals:
                raise ValueError(f'Invalid --security-opt: "{option}"')
        if name == "seccomp" and value not in ("unconfined", "builtin"):
            try:
                value = json.dumps(json.loads(Path(value).read_bytes()), separators=(",", ":"))
            except OSError as exc:
                raise ValueError(f"opening seccomp profile ({value}) failed: {exc}") from exc
            except ValueError as exc:
                raise ValueError(f"compacting json for seccomp profile ({value}) failed: {exc}") from exc
        found.append(f"{name}={value}" if equals else name)
    return found
