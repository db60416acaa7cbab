"""Record + root + endpoints → ExecSpec; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from transom.containers.config import as_list, console_size
from transom.containers.container import Container, MountRecord
from transom.execution.spec import Device, ExecSpec, Namespaces, ProcessSpec, Resources, Security
from transom.guest import GuestOS
from transom.model.mount import Mount, MountKind
from transom.wire.containers import Config, HostConfig

SHM_BYTES = 64 << 20


def arguments(config: Config, guest: GuestOS) -> tuple[tuple[str, ...], str]:
    """Return (argument vector, command line) of the main process."""
    args = (*as_list(config.entrypoint), *as_list(config.cmd))
    return args, guest.command_line(args, args_escaped=config.args_escaped)


def hostname_of(container: Container) -> str:
    """Return the name the container knows itself by."""
    return container.config.hostname or container.id[:12]


def exec_spec(
    container: Container,
    guest: GuestOS,
    *,
    root: Mount,
    state_dir: str,
    log_path: str,
    files: Mapping[str, str],
    network_path: str,
    registry_deltas: Sequence[str],
) -> ExecSpec:
    """Return what the driver is to run. files: target → host path of what the engine supplies."""
    config, host = container.config, container.host_config
    hostname = hostname_of(container)
    rows, columns = console_size(host.console_size)
    return ExecSpec(
        container_id=container.id,
        os=container.os,
        process=ProcessSpec(
            args=container.args,
            command_line=container.command_line,
            env=guest.merge_env(guest.runtime_env(hostname, config.tty), config.env),
            cwd=guest.join("", config.working_dir) if config.working_dir else guest.default_workdir,
            user=config.user,
            groups=tuple(host.group_add),
            terminal=config.tty,
            open_stdin=config.open_stdin,
            stdin_once=config.stdin_once,
            console_size=(rows, columns),
        ),
        root=replace(root, volatile=not container.durable),
        state_dir=state_dir,
        log_path=log_path,
        hostname=hostname,
        domainname=config.domainname,
        readonly_root=host.readonly_rootfs,
        init=bool(host.init),
        mounts=tuple(map(_mount, container.mounts)),
        files=tuple(files.items()),
        resources=resources(host),
        security=_security(host),
        namespaces=Namespaces(
            network=network_path,
            pid="host" if host.pid_mode == "host" else "",
            ipc="host" if host.ipc_mode == "host" else "",
            uts="host" if host.uts_mode == "host" else "",
            cgroup="host" if host.cgroupns_mode == "host" else "",
        ),
        devices=tuple(
            Device(each.path_on_host, each.path_in_container or each.path_on_host, each.cgroup_permissions or "rwm")
            for each in host.devices
        ),
        ulimits=tuple((each.name, each.soft, each.hard) for each in host.ulimits),
        sysctls=tuple(host.sysctls.items()),
        shm_size_bytes=host.shm_size or SHM_BYTES,
        oom_score_adj=host.oom_score_adj,
        os_version=container.os_version,
        base=container.base,
        cgroup_parent=host.cgroup_parent,
        annotations=tuple(host.annotations.items()),
        registry_deltas=tuple(registry_deltas),
    )


def resources(host: HostConfig) -> Resources:
    """Return the limits that host asks for."""
    period, quota = host.cpu_period, host.cpu_quota
    if host.nano_cpus:
        period, quota = 100_000, host.nano_cpus // 10_000
    elif host.cpu_count:
        period, quota = 100_000, host.cpu_count * 100_000
    swap = host.memory_swap
    if host.memory and not swap:
        swap = host.memory * 2
    return Resources(
        memory_bytes=host.memory,
        memory_swap_bytes=swap,
        memory_reservation_bytes=host.memory_reservation,
        cpu_shares=host.cpu_shares,
        cpu_period_us=period,
        cpu_quota_us=quota,
        cpuset_cpus=host.cpuset_cpus,
        cpuset_mems=host.cpuset_mems,
        pids_limit=host.pids_limit or 0,
        oom_kill_disable=bool(host.oom_kill_disable),
        blkio_weight=host.blkio_weight,
    )


def _security(host: HostConfig) -> Security:
    seccomp, no_new_privileges = "", False
    masked = tuple(host.masked_paths) if host.masked_paths is not None else None
    readonly = tuple(host.readonly_paths) if host.readonly_paths is not None else None
    for option in host.security_opt:
        name, _, value = option.replace(":", "=", 1).partition("=")
        if name == "no-new-privileges":
            no_new_privileges = value in {"", "true"}
        elif name == "seccomp":
            seccomp = value if value != "builtin" else ""
        elif name == "systempaths" and value == "unconfined":
            masked, readonly = (), ()
    return Security(
        privileged=host.privileged,
        cap_add=tuple(host.cap_add),
        cap_drop=tuple(host.cap_drop),
        seccomp="unconfined" if host.privileged and not seccomp else seccomp,
        no_new_privileges=no_new_privileges,
        masked_paths=masked,
        readonly_paths=readonly,
    )


def _mount(record: MountRecord) -> Mount:
    if record.type == "tmpfs":
        return Mount(
            MountKind.TMPFS,
            target=record.target,
            readonly=record.readonly,
            size_bytes=record.size_bytes,
            options=record.options,
        )
    return Mount(
        MountKind.BIND,
        target=record.target,
        source=record.source,
        readonly=record.readonly,
        options=(record.propagation,) if record.propagation else (),
    )
