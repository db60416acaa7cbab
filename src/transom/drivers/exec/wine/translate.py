"""ExecSpec of a Windows container → the ExecSpec of the Linux container that Wine runs in. Pure but for spellings.

Its root is the base's Linux side, read-only. Drive C: is an overlay at /c: the container's upper directory over the
image's layers over the base's C: drive.
"""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from transom.drivers.exec.wine import authorities
from transom.drivers.exec.wine.owners import Owners
from transom.drivers.exec.wine.prefix import check_drive
from transom.drivers.snapshot.spelling import Spelling
from transom.errors import NotSupported
from transom.execution.spec import ExecSpec, ProcessSpec
from transom.model.mount import Mount, MountKind

INIT = "/transom/init"
CONTROL = "/run/transom"
PREFIX = "/run/wine"
DRIVE_C = "/c"
OVERLAY_OPTIONS = ("redirect_dir=on", "metacopy=off", "index=off")
LINUX = "linux"

SYSTEM = ("/sys/devices/system/cpu", "/sys/devices/system/node")
"""All that Wine reads of /sys. The rest would show the host's devices and networks."""

CAPABILITIES = ("DAC_OVERRIDE", "FOWNER", "NET_BIND_SERVICE")
"""Windows' administrator reads and writes what is mounted into the container, and listens where he likes."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where a container's parts are on the host."""

    base: Path
    control: Path
    prefix: Path
    owners: Owners | None = None
    """None: the container's root is the host's."""
    authorities: Path | None = None
    """File of the certificate authorities that the container trusts."""


def drive_c(root: Mount, base: Path) -> Mount:
    """Return C: from a snapshot's root, with the base's drive below it."""
    upper = root.upper if not root.readonly else ""
    # A root of one layer comes as a bind of it: writable ones are that upper directory themselves.
    lowers = root.lowers or (() if upper else (root.source,))
    return Mount(
        MountKind.OVERLAY,
        target=DRIVE_C,
        lowers=(*lowers, str(base / "c")),
        upper=upper,
        work=root.work if upper else "",
        readonly=root.readonly,
        volatile=root.volatile,
        options=OVERLAY_OPTIONS,
    )


def process(spec: ProcessSpec, args: Sequence[str], user: str) -> ProcessSpec:
    """Return the Linux process that starts args for the Windows process spec, which runs as user."""
    return ProcessSpec(
        args=tuple(args),
        env=(f"USER={user}",),
        cwd="/",
        terminal=spec.terminal,
        open_stdin=spec.open_stdin,
        stdin_once=spec.stdin_once,
        console_size=spec.console_size,
    )


def drives(mounts: Sequence[Mount]) -> dict[str, str]:
    """Return the drives of a container: letter → path on its Linux side."""
    letters = sorted({check_drive(mount.target) for mount in mounts if mount.target} | {"c"})
    return {letter: DRIVE_C if letter == "c" else f"/drives/{letter}" for letter in letters}


def linux_mounts(mounts: Sequence[Mount], c: Mount) -> tuple[Mount, ...]:
    """Return user mounts with targets on the Linux side, below C: in the spelling that is there already."""
    made: list[Mount] = []
    whole = {check_drive(mount.target) for mount in mounts if not mount.target[2:].strip("\\/")}
    with ExitStack() as stack:
        fds = []
        for directory in filter(None, (c.upper, *c.lowers)):
            fds.append(os.open(directory, os.O_PATH | os.O_DIRECTORY))
            stack.callback(os.close, fds[-1])
        spelling = Spelling(fds)
        for mount in mounts:
            letter, rest = check_drive(mount.target), mount.target[2:].replace("\\", "/").strip("/")
            if letter == "c":
                made.append(replace(mount, target=f"{DRIVE_C}/{spelling.spell(rest)}"))
                continue
            if rest and letter not in whole:
                # Only a part of the drive is mounted: the rest of it is an empty place in memory.
                made.append(Mount(MountKind.TMPFS, target=f"/drives/{letter}", options=("mode=0755",)))
                whole.add(letter)
            made.append(replace(mount, target=f"/drives/{letter}" + (f"/{rest}" if rest else "")))
    return tuple(made)


def owned(mount: Mount, owners: Owners | None) -> Mount:
    """Return a user's mount as one whose files are the container's own."""
    if owners is None or mount.kind is not MountKind.BIND:
        return mount
    users, groups = owners.of_directory(mount.source)
    return replace(mount, idmap=users, gidmap=groups)


def trusted(places: Places) -> tuple[Mount, ...]:
    """Return the mount of the certificate authorities; older bases have no place for it."""
    if places.authorities is None or not (places.base / "linux" / authorities.TARGET[1:]).is_file():
        return ()
    return (Mount(MountKind.BIND, target=authorities.TARGET, source=str(places.authorities), readonly=True),)


@cache
def _shown_of_system() -> tuple[str, ...]:
    """Return the directories of SYSTEM that this machine has.

    Asked once: while the network of another container goes away the kernel lets nobody look into /sys.
    """
    return tuple(path for path in SYSTEM if os.path.isdir(path))


def linux_spec(spec: ExecSpec, places: Places, user: str) -> ExecSpec:
    """Return the container to hand to the OCI driver.

    Raises:
        NotSupported: spec asks for what Windows containers do not have.
    """
    if spec.security.privileged or spec.process.privileged:
        raise NotSupported("privileged mode is not supported for Windows containers")
    if spec.devices:
        raise NotSupported("Windows containers take no Linux devices; leave --device away")
    shared = spec.namespaces
    if shared.pid or shared.ipc or shared.uts or shared.cgroup:
        # Process 1 kills whatever it sees at the end; in the host's namespace that would be the host.
        raise NotSupported("Windows containers share no namespace but the network's with the host")
    c = drive_c(spec.root, places.base)
    if spec.readonly_root:
        c = replace(c, readonly=True)
    has_places = all((places.base / "linux" / path[1:]).is_dir() for path in SYSTEM)  # older bases have none
    shown = _shown_of_system() if has_places else ()
    whole = places.owners.whole if places.owners else ()
    fixed = (
        Mount(MountKind.TMPFS, target="/run/user", options=("mode=0755",)),
        Mount(MountKind.BIND, target=PREFIX, source=str(places.prefix), idmap=whole),
        Mount(MountKind.BIND, target=CONTROL, source=str(places.control), idmap=whole),
        replace(c, idmap=whole),
        *(Mount(MountKind.BIND, target=path, source=path, readonly=True) for path in shown),
        *trusted(places),
    )
    mounts = linux_mounts(spec.mounts, c)
    return replace(
        spec,
        os=LINUX,
        process=process(spec.process, [INIT], user),
        root=Mount(MountKind.BIND, source=str(places.base / "linux"), readonly=True),
        readonly_root=True,
        init=False,
        mounts=(*fixed, *(owned(mount, places.owners) for mount in mounts)),
        idmap=whole,
        has_sysfs=not has_places,
        security=replace(spec.security, cap_add=CAPABILITIES, cap_drop=("ALL",), no_new_privileges=True, no_suid=True),
        os_version="",
        base="",
        registry_deltas=(),
    )
