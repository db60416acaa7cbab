"""How much memory processes hold, told apart by who they belong to."""

import os
import re
from pathlib import Path


def _rollup_kb(pid: int, field: str) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0  # it has ended
    found = re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0


def pss_kb(pids: set[int]) -> int:
    """Return the sum of the processes' proportional set sizes: shared pages count once over all their users."""
    return sum(_rollup_kb(pid, "Pss") for pid in pids)


def rss_kb(pids: set[int]) -> int:
    """Return the sum of the processes' resident set sizes."""
    return sum(_rollup_kb(pid, "Rss") for pid in pids)


def processes() -> dict[int, int]:
    """Return the parent of every process."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                found[int(entry)] = int(Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    return found


def descendants(pid: int) -> set[int]:
    """Return pid and everything that it started."""
    parents = processes()
    found = {pid}
    grew = True
    while grew:
        children = {child for child, parent in parents.items() if parent in found} - found
        found |= children
        grew = bool(children)
    return found


def _namespace(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""


def container(pid: int) -> set[int]:
    """Return every process in the pid namespace of a container's main process."""
    own = _namespace(pid)
    return {other for other in processes() if own and _namespace(other) == own}


def monitor(pid: int) -> set[int]:
    """Return the process that watches over a container (conmon, a shim): the parent of its main process."""
    parent = processes().get(pid, 0)
    return {parent} if parent > 1 else set()
