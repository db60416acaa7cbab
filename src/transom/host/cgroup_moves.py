"""Moves between control groups that cost nothing, because somebody has moved just before.

The kernel lets processes be moved only after an RCU grace period, 8 to 16 ms, in which nobody may be forking by the
quick path: a third of a Linux container's start. Within the next grace period further moves are free. So this process
moves ahead, to where it is, while the container is still being prepared.
Source: kernel/cgroup/cgroup.c (cgroup_threadgroup_rwsem), kernel/rcu/sync.c.
"""

import os
import threading
import time
from pathlib import Path

AHEAD_S = 0.05
"""How long moves stay free after they were last expected."""
_EVERY_S = 0.004


class CgroupMoves:
    """Makes moves free for a while; does nothing where this process' own control group cannot be written."""

    def __init__(self, root: Path) -> None:
        self._procs = _own_procs(root)
        self._lock = threading.Lock()
        self._until = 0.0
        self._is_moving = False

    def expect(self) -> None:
        """Say that processes will be moved soon. Returns at once."""
        if self._procs is None:
            return
        with self._lock:
            self._until = time.monotonic() + AHEAD_S
            if self._is_moving:
                return
            self._is_moving = True
        threading.Thread(target=self._move, args=(self._procs,), name="cgroup moves", daemon=True).start()

    def _move(self, procs: Path) -> None:
        own = str(os.getpid()).encode()
        try:
            with open(procs, "wb", buffering=0) as file:
                while self._goes_on():
                    file.write(own)
                    time.sleep(_EVERY_S)
        except OSError:
            self._is_moving = False

    def _goes_on(self) -> bool:
        with self._lock:
            self._is_moving = time.monotonic() < self._until
            return self._is_moving


def _own_procs(root: Path) -> Path | None:
    """Return the file that lists the processes of the control group that this one is in, in the first hierarchy."""
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        name = controllers.removeprefix("name=").partition(",")[0]
        procs = root / name / path.lstrip("/") / "cgroup.procs"
        if os.access(procs, os.W_OK):
            return procs
    return None
