"""Where a container's own files are below the data root."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from transom.host.rootfs import remove_path


@dataclass(frozen=True, slots=True)
class Places:
    """Paths by container ID; all below one directory each, so that a sweep needs no memory."""

    data_root: Path

    def directory(self, container_id: str) -> Path:
        """Return the container's directory."""
        return self.data_root / "containers" / container_id

    def log(self, container_id: str) -> str:
        """Return its log."""
        return str(self.directory(container_id) / "container.log")

    def state(self, container_id: str) -> str:
        """Return the directory for what its driver keeps between runs."""
        return str(self.directory(container_id) / "state")

    def file(self, container_id: str, name: str) -> Path:
        """Return one of the files that are shown inside (`hosts`, `hostname`, `resolv.conf`)."""
        return self.directory(container_id) / name

    def discard(self, container_id: str) -> None:
        """Remove the container's directory; nothing there is no error."""
        with contextlib.suppress(OSError):
            remove_path(self.directory(container_id))
