"""Checks of what create is asked for, and its merge with the image's configuration; pure."""

import re
from collections.abc import Mapping

import msgspec

from transom.containers.limits import check_health, check_limits
from transom.containers.restart import check_policy
from transom.errors import InvalidParameter, NotSupported
from transom.guest import GuestOS
from transom.wire.containers import Config, HealthConfig, HostConfig

_DOMAIN = re.compile(r"[a-zA-Z0-9_.-]{0,64}")
_PATH_BYTES, _NAME_BYTES = 4096, 255
_SIDE_MAX = 0xFFFF
_HOSTNAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9_.-]*[a-zA-Z0-9])?")
_ISOLATIONS = frozenset({"", "default", "process", "hyperv"})

_UNSHARED = ("private", "shareable")
"""Modes of a namespace that inspect shows for one of the container's own; who copies a container sends them back."""

_UNSUPPORTED: Mapping[str, str] = {
    "volumes_from": "--volumes-from is not supported: name the volumes with -v",
    "links": "--link is not supported: put both containers on a network of your own",
    "device_requests": "--gpus and device requests are not supported: use --device with the device's node",
    "device_cgroup_rules": "--device-cgroup-rule is not supported: use --device with the device's node",
    "storage_opt": "--storage-opt is not supported: the size of a container's file system cannot be limited",
    "cpu_realtime_period": "--cpu-rt-period is not supported: use --cpus or --cpu-shares",
    "cpu_realtime_runtime": "--cpu-rt-runtime is not supported: use --cpus or --cpu-shares",
    "blkio_weight_device": "--blkio-weight-device is not supported: use --blkio-weight",
    "blkio_device_read_bps": "--device-read-bps is not supported: use --blkio-weight",
    "blkio_device_write_bps": "--device-write-bps is not supported: use --blkio-weight",
    "blkio_device_read_iops": "--device-read-iops is not supported: use --blkio-weight",
    "blkio_device_write_iops": "--device-write-iops is not supported: use --blkio-weight",
    "io_maximum_iops": "--io-maxiops is not supported: use --blkio-weight",
    "io_maximum_bandwidth": "--io-maxbandwidth is not supported: use --blkio-weight",
    "cpu_percent": "--cpu-percent is not supported: use --cpus",
    "cgroup": "the cgroup namespace of another container cannot be joined",
}
"""Fields that are refused when set: what is not supported is never ignored silently."""


def merge_image(config: Config, image: Config, guest: GuestOS) -> Config:
    """Return config with what it leaves open taken from the image.

    Source: Docker documentation, "Overriding image defaults".
    """
    entrypoint, cmd = as_list(config.entrypoint), as_list(config.cmd)
    escaped = config.args_escaped
    if not entrypoint and not (config.entrypoint is not None and cmd):
        if not cmd:
            cmd, escaped = as_list(image.cmd), image.args_escaped
        if config.entrypoint is None:
            entrypoint = as_list(image.entrypoint)
            escaped = escaped or (bool(entrypoint) and image.args_escaped)
    if entrypoint == [""]:
        entrypoint = []
    health = config.healthcheck
    if health is None:
        health = image.healthcheck
    elif image.healthcheck is not None and health.test[:1] != ["NONE"]:
        health = _merge_health(health, image.healthcheck)
    return msgspec.structs.replace(
        config,
        entrypoint=entrypoint or None,
        cmd=cmd or None,
        args_escaped=escaped,
        env=list(guest.merge_env(image.env, config.env)),
        labels={**image.labels, **config.labels},
        exposed_ports={**image.exposed_ports, **config.exposed_ports},
        volumes={**image.volumes, **config.volumes},
        working_dir=config.working_dir or image.working_dir,
        user=config.user or image.user,
        stop_signal=config.stop_signal or image.stop_signal,
        stop_timeout=config.stop_timeout if config.stop_timeout is not None else image.stop_timeout,
        shell=config.shell or image.shell,
        healthcheck=health,
    )


def check(config: Config, host: HostConfig, guest: GuestOS) -> list[str]:
    """Refuse what cannot be; return warnings.

    Raises:
        InvalidParameter, NotSupported: with Docker's texts where Docker has one.
    """
    if not as_list(config.entrypoint) and not as_list(config.cmd):
        raise InvalidParameter("no command specified")
    if config.hostname and (not _HOSTNAME.fullmatch(config.hostname) or len(config.hostname) > 64):
        raise InvalidParameter(f"invalid hostname format: {config.hostname}")
    if not _DOMAIN.fullmatch(config.domainname):
        raise InvalidParameter(f"invalid domain name: {config.domainname[:80]!r}")
    if config.working_dir and not guest.is_absolute(config.working_dir):
        raise InvalidParameter(
            f"the working directory '{config.working_dir}' is invalid, it needs to be an absolute path"
        )
    for entry in config.env:
        if entry.startswith("=") or not entry or "\0" in entry:
            raise InvalidParameter(f"invalid environment variable: {entry}")
    if any("\0" in each for each in (*as_list(config.cmd), *as_list(config.entrypoint))):
        raise InvalidParameter("a command cannot hold NUL characters")
    check_policy(host.restart_policy, auto_remove=host.auto_remove)
    _check_isolation(host.isolation)
    for name, text in _UNSUPPORTED.items():
        if getattr(host, name):
            raise NotSupported(text)
    for field, text in guest.refuses.items():
        value = getattr(host, field)
        if value and value not in _UNSHARED:
            raise InvalidParameter(text)
    _check_modes(host)
    if host.uts_mode == "host" and config.hostname:
        raise InvalidParameter("conflicting options: hostname and the UTS mode")
    check_health(config.healthcheck)
    console_size(host.console_size)
    _check_cgroup_parent(host.cgroup_parent)
    return check_limits(host)


def _check_isolation(isolation: str) -> None:
    if isolation.lower() not in _ISOLATIONS:
        raise InvalidParameter(f"invalid isolation ({isolation}): use 'default', 'process' or 'hyperv'")
    if isolation.lower() == "hyperv":
        raise NotSupported(
            "--isolation=hyperv is not there yet: run with --isolation=process, which runs the same image in a "
            "container"
        )


def _check_modes(host: HostConfig) -> None:
    for name, value in (("PID", host.pid_mode), ("IPC", host.ipc_mode), ("UTS", host.uts_mode)):
        legal = {"", "host", "private"} | ({"shareable", "none"} if name == "IPC" else set())
        if value.startswith("container:"):
            raise NotSupported(
                f"--{name.lower()}=container: is not supported: use --{name.lower()}=host or leave it away"
            )
        if value not in legal:
            raise InvalidParameter(f"invalid {name} mode: {value}")
    if host.userns_mode not in {"", "host"}:
        raise InvalidParameter(f"invalid userns mode: {host.userns_mode}")
    if host.cgroupns_mode not in {"", "host", "private"}:
        raise InvalidParameter(f"invalid cgroup namespace mode: {host.cgroupns_mode}")
    for option in host.security_opt:
        name, _, value = option.replace(":", "=", 1).partition("=")
        if name not in {"no-new-privileges", "seccomp", "apparmor", "label", "systempaths"}:
            raise InvalidParameter(f'invalid --security-opt 2: "{option}"')
        if name == "no-new-privileges" and value not in {"", "true", "false"}:
            raise InvalidParameter(f'invalid --security-opt: "{option}"')
        if name in {"apparmor", "label"} and value not in {"unconfined", "disable"}:
            raise NotSupported(f"--security-opt {name} is not supported: Transom sets no {name} profile")


def _check_cgroup_parent(parent: str) -> None:
    parts = parent.split("/")
    if ".." in parts or len(parent) > _PATH_BYTES or any(len(part) > _NAME_BYTES for part in parts):
        raise InvalidParameter(f"invalid cgroup parent: {parent[:_NAME_BYTES]}")


def console_size(given: list[int] | None) -> tuple[int, int]:
    """Return (rows, columns), zeros where nothing is given.

    Raises:
        InvalidParameter: these are not two sides of a terminal.
    """
    if not given:
        return 0, 0
    if len(given) != 2 or not all(0 <= side <= _SIDE_MAX for side in given):
        raise InvalidParameter(f"invalid console size: {given}: it takes a height and a width of up to {_SIDE_MAX}")
    return given[0], given[1]


def _merge_health(mine: HealthConfig, image: HealthConfig) -> HealthConfig:
    return HealthConfig(
        test=mine.test or image.test,
        interval=mine.interval or image.interval,
        timeout=mine.timeout or image.timeout,
        retries=mine.retries or image.retries,
        start_period=mine.start_period or image.start_period,
        start_interval=mine.start_interval or image.start_interval,
    )


def as_list(value: list[str] | str | None) -> list[str]:
    """Return a command as a list; Docker takes a bare string for a list of one."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)
