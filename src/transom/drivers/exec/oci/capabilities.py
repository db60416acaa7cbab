"""Linux capabilities: which there are, and which a container gets."""

from collections.abc import Sequence

from transom.errors import InvalidParameter

_NAMES = """
    CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
    NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
    SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
    MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
"""
_DEFAULT_NAMES = """
    CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL
    AUDIT_WRITE
"""

ALL = tuple("CAP_" + name for name in _NAMES.split())
"""In the kernel's order. Source: man page capabilities(7)."""

DEFAULT = tuple("CAP_" + name for name in _DEFAULT_NAMES.split())
"""What Docker gives. Source: its documentation, "Runtime privilege and Linux capabilities"."""


def known_here() -> tuple[str, ...]:
    """Return the capabilities that this kernel has and that the engine may pass on, which a container of ours may not.

    Source: man page capabilities(7), "bounding set".
    """
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        bounding = next(int(line.split()[1], 16) for line in file if line.startswith("CapBnd:"))
    return tuple(name for bit, name in enumerate(ALL) if bounding >> bit & 1)


def chosen(add: Sequence[str], drop: Sequence[str], *, privileged: bool) -> tuple[str, ...]:
    """Return the container's capabilities from `--cap-add`, `--cap-drop` and `--privileged`.

    Raises:
        InvalidParameter: a name is not a capability's.
    """
    here = known_here()
    if privileged:
        return here
    added, dropped = _names(add, "CapAdd"), _names(drop, "CapDrop")
    base = here if "ALL" in added else () if "ALL" in dropped else DEFAULT
    wanted = [name for name in base if name not in dropped]
    wanted += [name for name in added if name != "ALL" and name not in wanted and name not in dropped]
    return tuple(wanted)


def _names(given: Sequence[str], field: str) -> list[str]:
    names = []
    for text in given:
        name = text.upper()
        if name != "ALL":
            name = name if name.startswith("CAP_") else "CAP_" + name
            if name not in ALL:
                raise InvalidParameter(f'invalid {field}: unknown capability: "{name}"')
        names.append(name)
    return names
