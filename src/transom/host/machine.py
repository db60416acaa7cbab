"""What the machine is and can do, as far as it is worth telling."""

import os
import platform
import re
from functools import cache
from pathlib import Path

from transom.errors import TransomError
from transom.host.cgroup import ROOT, Hierarchy
from transom.host.run import run

_VERSION = re.compile(r"version[ :]+(\S+)")
_OCTAL = re.compile(r"\\([0-7]{3})")


def filesystem_of(path: str) -> str:
    """Return the kind of file system that path is on (`ext4`), empty where the kernel does not tell."""
    try:
        device = os.stat(path).st_dev
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in lines:
        fields, _, rest = line.partition(" - ")
        if fields.split()[2] == wanted:
            return rest.split()[0]
    return _by_longest_point(os.path.realpath(path), lines)


def _by_longest_point(path: str, lines: list[str]) -> str:
    """btrfs gives the files of a subvolume a device number of its own: then the place of the mount tells."""
    best, kind = "", ""
    for line in lines:
        fields, _, rest = line.partition(" - ")
        point = _OCTAL.sub(lambda found: chr(int(found[1], 8)), fields.split()[4])
        if (path + "/").startswith(point.rstrip("/") + "/") and len(point) >= len(best):
            best, kind = point, rest.split()[0]
    return kind


def forwards_ipv4() -> bool:
    """Return whether the machine routes between its networks."""
    try:
        return Path("/proc/sys/net/ipv4/ip_forward").read_text(encoding="ascii").strip() == "1"
    except OSError:
        return False


@cache
def limits_swap(hierarchy: Hierarchy) -> bool:
    """Return whether a container's swap can be limited (v1: only with `swapaccount` on)."""
    if "memory" not in hierarchy.controllers:
        return False
    if not hierarchy.v2:
        return (ROOT / "memory" / "memory.memsw.limit_in_bytes").exists()
    return any(ROOT.glob("*/memory.swap.max"))  # the root has no such file, each slice below it has


def os_release() -> dict[str, str]:
    """Return /etc/os-release's names and values."""
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return {name: value.strip("\"'") for name, _, value in (line.partition("=") for line in lines)}


def architecture() -> str:
    """Return the machine's architecture as Go names it."""
    machine = platform.machine()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


async def program_version(path: str) -> str:
    """Return what a program says of its version, empty where it says nothing that can be understood."""
    try:
        said = await run([path, "--version"], timeout_s=10)
    except (TransomError, TimeoutError):
        return ""
    found = _VERSION.search(said.stdout.decode(errors="replace"))
    return found[1] if found else ""
