"""What storage gives and execution takes."""

from dataclasses import dataclass
from enum import StrEnum


class MountKind(StrEnum):
    """How the source is brought to the target."""

    BIND = "bind"
    OVERLAY = "overlay"
    TMPFS = "tmpfs"


@dataclass(frozen=True, slots=True)
class IdMap:
    """One extent: `length` IDs from `inside` in the container are `outside` and on for the kernel."""

    inside: int
    outside: int
    length: int


@dataclass(frozen=True, slots=True)
class Mount:
    """A mount as values; only the innermost exec driver performs it.

    target: absolute path inside the container in its guest's form (`/data`, `C:\\data`); empty for a root.
    source: host path of a bind.
    lowers: overlay's lower directories, topmost first.
    upper, work: overlay's writable directories; both empty for a read-only view.
    volatile: of an overlay: what is written need not outlive a power loss, so nobody waits for the disk.
    idmap: owners on disk (inside) and for the kernel (outside); gidmap: of groups, where they differ.
    """

    kind: MountKind
    target: str = ""
    source: str = ""
    lowers: tuple[str, ...] = ()
    upper: str = ""
    work: str = ""
    readonly: bool = False
    volatile: bool = False
    size_bytes: int = 0
    options: tuple[str, ...] = ()
    idmap: tuple[IdMap, ...] = ()
    gidmap: tuple[IdMap, ...] = ()
