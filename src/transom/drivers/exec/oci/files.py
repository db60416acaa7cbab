"""The directory of a container below the exec root, and what its files tell."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from transom.errors import Conflict, NotFound
from transom.host.process import start_time
from transom.host.rootfs import Rootfs


@dataclass(frozen=True, slots=True)
class ContainerFiles:
    """Finds containers again by their ID alone."""

    exec_root: Path

    def directory(self, container_id: str) -> Path:
        """Return the container's directory."""
        return self.exec_root / "containers" / container_id

    def root_path(self, container_id: str) -> Path:
        """Return where the container's root is mounted in the engine's namespace."""
        return self.directory(container_id) / "rootfs"

    def exec_directory(self, container_id: str, exec_id: str) -> Path:
        """Return the exec's directory."""
        return self.directory(container_id) / "execs" / exec_id[:16]

    def config(self, container_id: str) -> dict[str, Any]:
        """Return the bundle's config.json.

        Raises:
            NotFound: there is none.
        """
        try:
            return msgspec.json.decode((self.directory(container_id) / "config.json").read_bytes())  # type: ignore[no-any-return]
        except (OSError, msgspec.DecodeError):
            raise NotFound(f"container {container_id} is not running") from None

    def pid(self, container_id: str) -> int:
        """Return the main process' host pid, 0 if it has ended."""
        return read_pid(self.directory(container_id) / "pid")

    def rootfs(self, container_id: str) -> Rootfs:
        """Open the container's root, that of its process where one lives; the caller closes it.

        Raises:
            Conflict: there is no root.
        """
        pid = self.pid(container_id)
        try:
            return Rootfs.at(f"/proc/{pid}/root" if pid else str(self.root_path(container_id)))
        except OSError as exc:
            raise Conflict(f"container {container_id} is not running") from exc


def read_pid(file: Path) -> int:
    """Return the live pid that file holds, 0 if the process has ended.

    The file is written when the process is made: a process that started later than it is another one.
    """
    try:
        pid = int(file.read_text(encoding="ascii"))
        written = file.stat().st_mtime
    except (OSError, ValueError):
        return 0
    ticks = start_time(pid)
    if not ticks:
        return 0
    started = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")
    return pid if started <= written + 1 else 0
