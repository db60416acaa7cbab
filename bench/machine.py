"""What a result was measured on."""

import os
import platform
import re
import subprocess
from pathlib import Path


def facts() -> dict[str, str | int | float]:
    """Return the machine, its system and the version of the code, without anything that names the host."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    release = re.search(r'PRETTY_NAME="?([^"\n]+)', Path("/etc/os-release").read_text())
    unified = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    hybrid = Path("/sys/fs/cgroup/unified").exists()
    return {
        "cpu": cpu[1] if cpu else platform.machine(),
        "cores": os.cpu_count() or 0,
        "memory_mb": int(memory[1]) // 1024 if memory else 0,
        "system": release[1] if release else platform.system(),
        "kernel": platform.release(),
        "cgroups": "v2" if unified else "hybrid" if hybrid else "v1",
        "python": platform.python_version(),
        "load": round(load(), 1),
        "commit": commit(),
    }


def commit() -> str:
    """Return the checkout's commit, with + after it where files differ from it."""
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    changed = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", "src"], capture_output=True, check=False)
    return head.stdout.strip() + ("+" if changed.returncode else "")


def load() -> float:
    """Return how many processes wanted a core during the last minute."""
    return os.getloadavg()[0]
