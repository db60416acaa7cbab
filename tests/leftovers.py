"""What a test run could leave on a machine, as a value that can be compared with what was there before."""

import ctypes
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, fields
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
TEMPORARY = ("transom", "tt")


def adopt_orphans() -> None:
    """Make processes whose parent ends children of this one, so that a daemon left behind can be found."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Names of kernel objects and files, by kind; the fields' names are what a report calls them."""

    process: frozenset[str]
    mount: frozenset[str]
    netns: frozenset[str]
    link: frozenset[str]
    nft_table: frozenset[str]
    cgroup: frozenset[str]
    temporary: frozenset[str]

    @classmethod
    def look(cls) -> "Leftovers":
        return cls(
            process=frozenset(descendants()),
            mount=frozenset(mounts()),
            netns=frozenset(os.listdir("/run/netns")) if Path("/run/netns").is_dir() else frozenset(),
            link=frozenset(os.listdir("/sys/class/net")),
            nft_table=frozenset(nft_tables()),
            cgroup=frozenset(cgroups()),
            temporary=frozenset(f"/tmp/{name}" for name in os.listdir("/tmp") if name.startswith(TEMPORARY)),
        )

    @classmethod
    def look_until_clean(cls, before: "Leftovers", *, ours: str, timeout_s: float) -> list[str]:
        """Return what is new since before, once nothing is or timeout_s has passed.

        With ours, only processes started by this one and mounts below that directory count.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            reap()
            now = cls.look()
            left = []
            for field in fields(cls):
                new = getattr(now, field.name) - getattr(before, field.name)
                if ours and field.name not in ("process", "mount"):
                    continue
                left += [
                    f"{field.name} {name}"
                    for name in sorted(new)
                    if not (ours and field.name == "mount" and ours not in name)
                ]
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.1)


def reap() -> None:
    """Collect orphans that have ended; the test run is over, so no child has anybody else who waits for it."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def descendants() -> list[str]:
    """Return every process that descends from this one, as `pid command`."""
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = Path(f"/proc/{entry}/stat").read_text()
            command = Path(f"/proc/{entry}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended meanwhile
        name, _, rest = stat.partition("(")[2].rpartition(")")
        state, parent = rest.split()[:2]
        if state != "Z":
            parents[int(entry)] = int(parent)
            names[int(entry)] = command.strip()[:120] or name
    found = []
    for pid in parents:
        ancestor = pid
        while ancestor in parents and ancestor != os.getpid():
            ancestor = parents[ancestor]
        if ancestor == os.getpid() != pid:
            found.append(f"{pid} {names[pid]}")
    return found


def mounts() -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [f"{fields_[4]} ({line.partition(' - ')[2].split()[0]})" for line in lines if (fields_ := line.split())]


def nft_tables() -> list[str]:
    if shutil.which("nft") is None or os.geteuid() != 0:
        return []
    listed = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=False)
    return [line for line in listed.stdout.splitlines() if "transom" in line]


def cgroups() -> list[str]:
    root = Path("/sys/fs/cgroup")
    return [str(path) for pattern in ("*transom*", "*/*transom*", "*/*/*transom*") for path in root.glob(pattern)]
