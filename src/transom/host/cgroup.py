"""Control groups, v1, v2 and both mixed: where a container's are, what they count, how they go.

Source: kernel Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from transom.host.cgroup_moves import CgroupMoves

ROOT = Path("/sys/fs/cgroup")
UNIFIED = ROOT / "unified"


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """v2 alone, or v1 controllers (perhaps with a v2 tree beside, then `hybrid`)."""

    v2: bool
    hybrid: bool
    controllers: tuple[str, ...]


def detect() -> Hierarchy:
    """Return what is mounted on /sys/fs/cgroup."""
    if (ROOT / "cgroup.controllers").exists():
        return Hierarchy(True, False, tuple((ROOT / "cgroup.controllers").read_text(encoding="ascii").split()))
    names = tuple(sorted(each.name for each in ROOT.iterdir() if each.is_dir() and each.name != "unified"))
    return Hierarchy(False, (UNIFIED / "cgroup.procs").exists(), names)


class Cgroups:
    """The cgroups named by one path, in every hierarchy."""

    def __init__(self, hierarchy: Hierarchy) -> None:
        self.hierarchy = hierarchy
        self.moves = CgroupMoves(ROOT)

    def directories(self, path: str) -> list[Path]:
        """Return the directories of path (`/parent/id`) that exist."""
        relative = path.lstrip("/")
        if self.hierarchy.v2:
            candidates = [ROOT / relative]
        else:
            seen: dict[str, Path] = {}
            for name in self.hierarchy.controllers:
                seen.setdefault(os.path.realpath(ROOT / name), ROOT / name / relative)
            candidates = list(seen.values())
        return [each for each in candidates if os.path.isdir(each)]  # also a name that no file can have is none

    def pids(self, path: str) -> list[int]:
        """Return the processes in path and below it."""
        found: set[int] = set()
        for directory in self.directories(path)[:1]:
            for procs in [directory / "cgroup.procs", *directory.glob("**/cgroup.procs")]:
                with contextlib.suppress(OSError):
                    found.update(map(int, procs.read_text(encoding="ascii").split()))
        return sorted(found)

    def remove(self, path: str) -> bool:
        """Remove path's directories, deepest first; return False if one is still in use."""
        gone = True
        for top in self.directories(path):
            for directory, _, _ in os.walk(top, topdown=False):
                try:
                    os.rmdir(directory)
                except FileNotFoundError:
                    continue
                except OSError:
                    gone = False
        return gone

    def add(self, path: str, pid: int) -> None:
        """Put a process into path, made where it is missing (v2: one directory, v1: one a hierarchy)."""
        relative = path.lstrip("/")
        tops = {ROOT} if self.hierarchy.v2 else {Path(os.path.realpath(ROOT / n)) for n in self.hierarchy.controllers}
        for top in tops:
            with contextlib.suppress(OSError):
                directory = top / relative
                directory.mkdir(parents=True, exist_ok=True)
                (directory / "cgroup.procs").write_text(str(pid), encoding="ascii")

    def children(self, path: str) -> list[str]:
        """Return the names below path, in any hierarchy."""
        return sorted({each.name for top in self.directories(path) for each in top.iterdir() if each.is_dir()})

    def read(self, controller: str, path: str, name: str) -> str:
        """Return the text of one file of path (v1: in controller's hierarchy), empty where there is none."""
        base = ROOT if self.hierarchy.v2 else ROOT / controller
        try:
            return (base / path.lstrip("/") / name).read_text(encoding="ascii")
        except OSError:
            return ""
