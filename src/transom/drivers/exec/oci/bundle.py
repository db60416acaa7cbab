"""ExecSpec → the runtime's config.json; pure.

Source: OCI runtime-spec v1.2 config.md, config-linux.md; defaults as Docker's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transom.drivers.exec.oci import bpf, seccomp
from transom.drivers.exec.oci import capabilities as caps
from transom.drivers.exec.oci.users import User
from transom.execution.spec import MASKED_PATHS, READONLY_PATHS, ExecSpec, ProcessSpec, Resources
from transom.model.mount import MountKind

_DEVICE_RULES: tuple[tuple[str, int | None, int | None, str], ...] = (
    ("c", None, None, "m"), ("b", None, None, "m"), ("c", 1, 3, "rwm"), ("c", 1, 5, "rwm"), ("c", 1, 7, "rwm"),
    ("c", 1, 8, "rwm"), ("c", 1, 9, "rwm"), ("c", 5, 0, "rwm"), ("c", 5, 2, "rwm"), ("c", 136, None, "rwm"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeviceNode:
    """A device as the kernel numbers it."""

    path: str
    kind: str
    major: int
    minor: int
    mode: int
    permissions: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the bundle needs to know beyond the spec."""

    root_path: str
    user: User
    cgroup_path: str
    cgroup_v2: bool
    init_path: str
    devices: tuple[DeviceNode, ...]
    sources: Mapping[int, str]
    """Index in spec.mounts → host path that stands for it (a mounted overlay)."""


def config(spec: ExecSpec, facts: Facts) -> dict[str, Any]:
    """Return config.json as a dictionary.

    Raises:
        InvalidParameter: an unknown capability or a bad seccomp profile.
    """
    chosen = caps.chosen(spec.security.cap_add, spec.security.cap_drop, privileged=spec.security.privileged)
    result: dict[str, Any] = {
        "ociVersion": "1.0.2",
        "process": process(spec, spec.process, facts.user, chosen, init_path=facts.init_path),
        "root": {"path": facts.root_path, "readonly": spec.readonly_root},
        "mounts": _mounts(spec, facts),
        "linux": _linux(spec, facts, chosen),
        "annotations": dict(spec.annotations),
    }
    rules = result["linux"].get("seccomp")
    if rules is not None and (compiled := bpf.annotation(rules)):
        result["annotations"][bpf.ANNOTATION] = compiled
    if spec.namespaces.uts != "host":
        result["hostname"] = spec.hostname
    if spec.domainname:
        result["domainname"] = spec.domainname
    return result


def process(
    spec: ExecSpec, process_: ProcessSpec, user: User, chosen: Sequence[str], *, init_path: str = ""
) -> dict[str, Any]:
    """Return the `process` object, also for an exec."""
    env = list(process_.env)
    if not any(entry.startswith("HOME=") for entry in env):
        env.append(f"HOME={user.home}")
    args = list(process_.args)
    # A non-root user has the bounding set but no capability in force, as Docker has it.
    effective = list(chosen) if user.uid == 0 else []
    result: dict[str, Any] = {
        "terminal": process_.terminal,
        "user": {"uid": user.uid, "gid": user.gid, "additionalGids": list(user.groups)},
        "args": ["/sbin/docker-init", "--", *args] if init_path else args,
        "env": env,
        "cwd": process_.cwd or "/",
        "capabilities": {
            "bounding": list(chosen),
            "effective": effective,
            "permitted": effective,
        },
        "noNewPrivileges": spec.security.no_new_privileges,
    }
    if process_.terminal and all(process_.console_size):
        rows, columns = process_.console_size
        result["consoleSize"] = {"height": rows, "width": columns}
    if spec.oom_score_adj:
        result["oomScoreAdj"] = spec.oom_score_adj
    if spec.ulimits:
        result["rlimits"] = [
            {"type": f"RLIMIT_{name.upper()}", "soft": soft, "hard": hard} for name, soft, hard in spec.ulimits
        ]
    return result


def resources(limits: Resources) -> dict[str, Any]:
    """Return `linux.resources` without devices."""
    memory = {
        "limit": limits.memory_bytes,
        "swap": limits.memory_swap_bytes,
        "reservation": limits.memory_reservation_bytes,
    }
    cpu = {
        "shares": limits.cpu_shares,
        "period": limits.cpu_period_us,
        "quota": limits.cpu_quota_us,
        "cpus": limits.cpuset_cpus,
        "mems": limits.cpuset_mems,
    }
    result: dict[str, Any] = {}
    if kept := {name: value for name, value in memory.items() if value}:
        result["memory"] = kept
    if limits.oom_kill_disable:
        result.setdefault("memory", {})["disableOOMKiller"] = True
    if kept_cpu := {name: value for name, value in cpu.items() if value}:
        result["cpu"] = kept_cpu
    if limits.pids_limit > 0:
        result["pids"] = {"limit": limits.pids_limit}
    if limits.blkio_weight:
        result["blockIO"] = {"weight": limits.blkio_weight}
    return result


def _linux(spec: ExecSpec, facts: Facts, chosen: Sequence[str]) -> dict[str, Any]:
    security = spec.security
    allowed: list[dict[str, Any]]
    if security.privileged:
        allowed = [{"allow": True, "access": "rwm"}]
    else:
        allowed = [{"allow": False, "access": "rwm"}]
        for kind, major, minor, access in _DEVICE_RULES:
            rule: dict[str, Any] = {"allow": True, "type": kind, "access": access}
            rule |= {name: number for name, number in (("major", major), ("minor", minor)) if number is not None}
            allowed.append(rule)
        allowed += [
            {"allow": True, "type": node.kind, "major": node.major, "minor": node.minor, "access": node.permissions}
            for node in facts.devices
        ]
    result: dict[str, Any] = {
        "cgroupsPath": facts.cgroup_path,
        "namespaces": _namespaces(spec, facts),
        "resources": {"devices": allowed, **resources(spec.resources)},
        "devices": [
            {
                "path": node.path, "type": node.kind, "major": node.major, "minor": node.minor,
                "fileMode": node.mode, "uid": 0, "gid": 0,
            }
            for node in facts.devices
        ],
        "sysctl": dict(spec.sysctls),
    }  # fmt: skip
    if not security.privileged:
        masked = security.masked_paths if security.masked_paths is not None else MASKED_PATHS
        readonly = security.readonly_paths if security.readonly_paths is not None else READONLY_PATHS
        result["maskedPaths"], result["readonlyPaths"] = list(masked), list(readonly)
        rules = seccomp.profile(security.seccomp, chosen, no_suid=security.no_suid)
        if rules is not None:
            result["seccomp"] = rules
    if spec.idmap:
        result["uidMappings"] = result["gidMappings"] = [
            {"containerID": each.inside, "hostID": each.outside, "size": each.length} for each in spec.idmap
        ]
    return result


def _namespaces(spec: ExecSpec, facts: Facts) -> list[dict[str, str]]:
    wanted = spec.namespaces
    found: list[dict[str, str]] = [{"type": "mount"}]
    for kind, value in (("network", wanted.network), ("pid", wanted.pid), ("ipc", wanted.ipc), ("uts", wanted.uts)):
        if value == "host":
            continue
        found.append({"type": kind, "path": value} if value else {"type": kind})
    if facts.cgroup_v2 and wanted.cgroup != "host":
        found.append({"type": "cgroup"})
    if spec.idmap:
        found.append({"type": "user"})
    return found


def _mounts(spec: ExecSpec, facts: Facts) -> list[dict[str, Any]]:
    shm = spec.shm_size_bytes or 64 << 20
    cgroup_mode = "rw" if spec.security.privileged else "ro"
    sys_mode = "rw" if spec.security.privileged else "ro"
    mounts: list[dict[str, Any]] = [
        _mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
        _mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        _mount(
            "/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"
        ),
        _mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", sys_mode),
        _mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", cgroup_mode),
        _mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
    ]
    if spec.namespaces.network == "host":
        # A sysfs of another network namespace than the process' own cannot be mounted by the runtime's user.
        mounts[3] = {"destination": "/sys", "type": "bind", "source": "/sys", "options": ["rbind", sys_mode]}
    if not spec.has_sysfs:
        mounts = [mount for mount in mounts if not mount["destination"].startswith("/sys")]
    targets = {mount.target for mount in spec.mounts}
    if "/dev/shm" not in targets:
        if spec.namespaces.ipc == "host":
            mounts.append(_bind("/dev/shm", "/dev/shm", "rbind"))
        else:
            mounts.append(_mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", f"size={shm}"))
    inner = [_bind(target, source, "rbind", "rprivate") for target, source in spec.files if target not in targets]
    for index, mount in enumerate(spec.mounts):
        access = "ro" if mount.readonly else "rw"
        if mount.kind is MountKind.TMPFS:
            size = (f"size={mount.size_bytes}",) if mount.size_bytes else ()
            inner.append(_mount(mount.target, "tmpfs", "tmpfs", *_tmpfs(mount.options), *size, access))
        else:
            options = mount.options or ("rprivate",)
            inner.append(_bind(mount.target, facts.sources.get(index, mount.source), "rbind", access, *options))
    # A volume on /etc goes below /etc/hosts, not over it.
    mounts += sorted(inner, key=lambda each: each["destination"].rstrip("/").count("/"))
    if facts.init_path:
        mounts.append(_bind("/sbin/docker-init", facts.init_path, "bind", "ro"))
    return mounts


def _tmpfs(options: Sequence[str]) -> tuple[str, ...]:
    given = set(options)
    kept = [each for each, other in (("noexec", "exec"), ("nosuid", "suid"), ("nodev", "dev")) if other not in given]
    return (*kept, *(each for each in options if each not in kept and each not in {"exec", "suid", "dev"}))


def _mount(destination: str, kind: str, source: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type": kind, "source": source, "options": list(options)}


def _bind(destination: str, source: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type": "bind", "source": source, "options": list(options)}
