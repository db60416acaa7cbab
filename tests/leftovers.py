"""What a test run could leave on a machine, as a value that can be compared with what was there before."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, fields
from pathlib import Path

TEMPORARY = ("transom", "tt")


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Names of kernel objects and files, by kind; the fields' names are what a report calls them."""

    mount: frozenset[str]
    netns: frozenset[str]
    link: frozenset[str]
    nft_table: frozenset[str]
    cgroup: frozenset[str]
    temporary: frozenset[str]

    @classmethod
    def look(cls) -> "Leftovers":
        return cls(
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

        With ours, only mounts below that directory count.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            now = cls.look()
            left = []
            for field in fields(cls):
                new = getattr(now, field.name) - getattr(before, field.name)
                if ours:
                    new = {name for name in new if field.name == "mount" and ours in name}
                left += [f"{field.name} {name}" for name in sorted(new)]
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.1)


def descendants() -> dict[int, str]:
    """Return the commands of every living process that descends from this one, by pid."""
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
    found = {}
    for pid in parents:
        ancestor = pid
        while ancestor in parents and ancestor != os.getpid():
            ancestor = parents[ancestor]
        if ancestor == os.getpid() != pid:
            found[pid] = names[pid]
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
