"""Volumes for containers: made on first use, filled from the image, removed with their last user if anonymous."""

from collections.abc import Callable
from dataclasses import dataclass, field

from transom.aio.locks import KeyedLock
from transom.containers.container import Container, MountRecord
from transom.containers.repository import ContainerRepository
from transom.guest import GuestOS
from transom.model.ids import new_id
from transom.snapshots.snapshotter import Snapshotter
from transom.volumes.volume import Volume, VolumeFiller, VolumeRepository, check_volume_name


@dataclass(frozen=True, slots=True)
class Volumes:
    """Turns a mount's volume name into a directory."""

    volumes: VolumeRepository
    containers: ContainerRepository
    snapshots: Snapshotter
    filler: VolumeFiller
    announce: Callable[[str, str, dict[str, str]], None]
    locks: KeyedLock = field(default_factory=KeyedLock)
    pending: dict[str, set[str]] = field(default_factory=dict)
    """Container that is being made → the volumes that it will have; they are in use already."""

    async def provide(self, mount: MountRecord, container: Container, guest: GuestOS) -> MountRecord:
        """Return mount with its source; an anonymous volume gets a name of its own.

        Raises:
            InvalidParameter: the name is not legal.
        """
        name = mount.name or new_id()
        check_volume_name(name)
        self.pending.setdefault(container.id, set()).add(name)
        async with self.locks(name):
            volume = self.volumes.find(name) or await self.make(name, anonymous=mount.anonymous)
            if guest.fills_volumes and "nocopy" not in mount.options:
                await self._fill(volume, mount, container, guest)
        fields = {"name": name, "source": volume.source}
        return MountRecord(**{f: fields.get(f, getattr(mount, f)) for f in MountRecord.__struct_fields__})

    async def make(
        self,
        name: str,
        *,
        labels: dict[str, str] | None = None,
        options: dict[str, str] | None = None,
        anonymous: bool = False,
    ) -> Volume:
        """Return the new volume."""
        volume = await self.volumes.ensure(name, labels=labels or {}, options=options or {}, anonymous=anonymous)
        self.announce("create", name, {"driver": "local"})
        return volume

    async def _fill(self, volume: Volume, mount: MountRecord, container: Container, guest: GuestOS) -> None:
        """Copy what the image has at the target, as long as the volume is empty."""
        if volume.source != volume.path or not container.snapshot_parent:
            return
        path = guest.find_root_path(mount.target)
        if path is None:
            return  # on a drive that no image has
        root = await self.snapshots.view(container.snapshot_parent)
        in_use = any(each != container.id for each in self.users(volume.name))
        await self.filler.fill(root, path, volume.path, in_use=in_use)

    def settled(self, container_id: str) -> None:
        """The container's record names its volumes from now on, or it was never made."""
        self.pending.pop(container_id, None)

    def users(self, name: str) -> list[str]:
        """Return the IDs of the containers that have the volume."""
        users = [each.id for each in self.containers.all() if any(mount.name == name for mount in each.mounts)]
        return users + [each for each, names in self.pending.items() if name in names and each not in users]

    async def discard(self, name: str) -> None:
        """Remove an anonymous volume that nobody uses any more."""
        volume = self.volumes.find(name)
        if volume is not None and volume.anonymous and not self.users(name):
            await self.remove(name)

    async def remove(self, name: str) -> None:
        """Remove a volume and all that is in it."""
        await self.volumes.remove(name)
        self.announce("destroy", name, {"driver": "local"})
