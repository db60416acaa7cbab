"""In which root file system a path of a container lies at the moment."""

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, replace

from transom.containers.container import Container, MountRecord
from transom.engine.containers.run_state import RunState
from transom.errors import Conflict
from transom.execution.driver import SupportsFlush
from transom.guest import GuestOS, guest_for
from transom.model.mount import Mount, MountKind
from transom.snapshots.files import Root
from transom.snapshots.snapshotter import Snapshotter


@dataclass(frozen=True, slots=True)
class Place:
    """A path from a root. readonly: why nothing may be written there, empty if it may."""

    root: Root
    path: str
    readonly: str = ""


@dataclass(frozen=True, slots=True)
class FindRoot:
    """Finds a container's root, and what is mounted at a path.

    running_root: host path of a running container's root: `/proc/<pid>/root`, or what is drive C: below it.
    below: host directories that the container's driver puts under the image's layers (the Windows base's drive).
    """

    state: RunState
    snapshots: Snapshotter
    running_root: Callable[[Container], str]
    below: Callable[[Container], tuple[str, ...]]

    async def root(self, container: Container) -> Root:
        """Return the root; the caller holds the container's lock, so that it neither starts nor ends meanwhile."""
        folds_case = not guest_for(container.os).has_owners
        if container.is_running:
            return Root(path=self.running_root(container), folds_case=folds_case)
        mount = await self.snapshots.mounts(container.id)
        below = self.below(container)
        return Root(mount=_over(mount, below) if below else mount, folds_case=folds_case)

    async def place(self, container: Container, path: str) -> Place:
        """Return where the guest path lies: in a volume or bind mount, or in the root itself.

        Raises:
            InvalidParameter: the guest cannot have such a path.
        """
        guest = guest_for(container.os)
        trailing = "/" if path.endswith(("/", "\\")) else "/." if path.endswith(("/.", "\\.")) else ""
        mount, inner = _mount_at(container, guest, path)
        if mount is None:
            inner = guest.root_path(guest.join(guest.default_workdir, path))
            readonly = "container rootfs is marked read-only" if container.host_config.readonly_rootfs else ""
            return Place(await self.root(container), inner + trailing, readonly)
        readonly = "mounted volume is marked read-only" if mount.readonly else ""
        whole = guest.find_root_path(guest.join(guest.default_workdir, path))
        if not container.is_running or whole is None:
            return Place(Root(path=mount.source, folds_case=not guest.has_owners), inner + trailing, readonly)
        return Place(await self.root(container), whole + trailing, readonly)

    async def flush(self, container: Container) -> None:
        """Have a running container write what it keeps of its files in memory."""
        driver = self.state.driver(container)
        if container.is_running and isinstance(driver, SupportsFlush):
            await driver.flush(container.id)

    def check_here(self, container: Container) -> None:
        """Refuse a container whose root is going away.

        Raises:
            Conflict: it is being removed.
        """
        if container.removing_volumes:
            raise Conflict(f"container {container.id} is marked for removal")


def _mount_at(container: Container, guest: GuestOS, path: str) -> tuple[MountRecord | None, str]:
    """Return the mount that path lies in, the innermost, and the path from there."""
    whole = guest.join(guest.default_workdir, path)
    best: tuple[MountRecord | None, str] = (None, "")
    for mount in container.mounts:
        target = guest.same_path(mount.target).replace("\\", "/").rstrip("/")
        folded = guest.same_path(whole).replace("\\", "/")
        if mount.source and (folded == target or folded.startswith(target + "/")):
            inner = whole.replace("\\", "/")[len(target) :].strip("/")
            if best[0] is None or len(target) > len(best[0].target):
                best = (mount, posixpath.normpath(inner) if inner else "")
    return best


def _over(mount: Mount, below: tuple[str, ...]) -> Mount:
    """Return a root with layers below it; a bind of one writable directory becomes the upper one of an overlay."""
    return replace(
        mount,
        kind=MountKind.OVERLAY,
        source="",
        lowers=(*mount.lowers, *below),
        options=mount.options or ("redirect_dir=on", "metacopy=off", "index=off"),
    )
