"""What every exec driver eats."""

from dataclasses import dataclass, field
from typing import Final

from transom.model.ids import ContainerId
from transom.model.mount import IdMap, Mount

CONTAINER_SIGN = "/.dockerenv"
"""An empty file in the root of each Linux container: programs look for it to know where they are."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process, in its guest's terms.

    args: argument vector. For a Windows guest `command_line`, where set, is used in its place, verbatim.
    env: `NAME=value`, in order, each name once.
    cwd: absolute, in the guest's form.
    user: as the image or the client wrote it (`1000:1000`, `www-data`, `ContainerUser`); empty for the default.
    """

    args: tuple[str, ...]
    command_line: str = ""
    env: tuple[str, ...] = ()
    cwd: str = ""
    user: str = ""
    groups: tuple[str, ...] = ()
    terminal: bool = False
    open_stdin: bool = False
    stdin_once: bool = True
    """Whether stdin ends with the first client that attached to it."""
    console_size: tuple[int, int] = (0, 0)
    """(rows, columns); zeros mean unknown."""
    privileged: bool = False


@dataclass(frozen=True, slots=True)
class Resources:
    """Limits; 0 or None means none set."""

    memory_bytes: int = 0
    memory_swap_bytes: int = 0
    memory_reservation_bytes: int = 0
    cpu_shares: int = 0
    cpu_period_us: int = 0
    cpu_quota_us: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    pids_limit: int = 0
    oom_kill_disable: bool = False
    blkio_weight: int = 0


@dataclass(frozen=True, slots=True)
class Device:
    """A host device node shown to the container."""

    host_path: str
    container_path: str
    permissions: str = "rwm"


MASKED_PATHS: Final = (
    "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
    "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
    "/sys/devices/virtual/powercap",
)  # fmt: skip
READONLY_PATHS: Final = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
"""What a Linux container does not see, and what it does not write, where nobody says otherwise; as Docker has it."""


@dataclass(frozen=True, slots=True)
class Security:
    """What the container may do to the kernel."""

    privileged: bool = False
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    seccomp: str = ""
    """Empty: the built-in profile; `unconfined`; else a profile's JSON text."""
    no_new_privileges: bool = False
    no_suid: bool = False
    """Whether files that run as their owner cannot be made (by the built-in profile)."""
    masked_paths: tuple[str, ...] | None = None
    readonly_paths: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Which namespaces are private and where shared ones are found.

    network: path of the network namespace; `host` for the host's; empty for a new, unconfigured one.
    pid, ipc, uts: `host`, a path, or empty for a private one.
    """

    network: str = ""
    pid: str = ""
    ipc: str = ""
    uts: str = ""
    cgroup: str = ""


@dataclass(frozen=True, slots=True)
class ExecSpec:
    """A container to be run.

    root: the root file system of a Linux guest, drive C: of a Windows one.
    mounts: user mounts, in the order in which they are made (shorter targets first).
    files: files that the engine supplies (`/etc/hosts` …): target → host path.
    os_version: of a Windows image; the version that its programs see.
    base: digest of the Windows base that the container is pinned to.
    state_dir: directory for what must survive a stop (Windows registry); per container, made by the engine.
    """

    container_id: ContainerId
    os: str
    process: ProcessSpec
    root: Mount
    state_dir: str
    log_path: str
    hostname: str = ""
    domainname: str = ""
    readonly_root: bool = False
    init: bool = False
    mounts: tuple[Mount, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    resources: Resources = field(default_factory=Resources)
    security: Security = field(default_factory=Security)
    namespaces: Namespaces = field(default_factory=Namespaces)
    devices: tuple[Device, ...] = ()
    ulimits: tuple[tuple[str, int, int], ...] = ()
    """(name as `nofile`, soft, hard)."""
    sysctls: tuple[tuple[str, str], ...] = ()
    shm_size_bytes: int = 0
    oom_score_adj: int = 0
    idmap: tuple[IdMap, ...] = ()
    """Users (and groups) of the container's user namespace; empty: it is the host's."""
    has_sysfs: bool = True
    """False: /sys is what the root and mounts have there."""
    os_version: str = ""
    base: str = ""
    cgroup_parent: str = ""
    annotations: tuple[tuple[str, str], ...] = ()
    keep_fds: tuple[int, ...] = ()
    """Descriptors that the monitor inherits and holds while it lives; the container does not get them."""
    registry_deltas: tuple[str, ...] = ()
    """Files with the registry changes of the image's layers, lowest first (Windows guests)."""
