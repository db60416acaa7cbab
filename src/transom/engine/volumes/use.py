"""Volumes for containers: made on first use, filled from the image, removed with their last user if anonymous."""

from collections.abc import Callable
from dataclasses import dataclass

from transom.containers.container import Container, MountRecord
from transom.containers.repository import ContainerRepository
from transom.guest import GuestOS
from transom.model.ids import new_id
from transom.volumes.volume import VolumeRepository, check_volume_name


@dataclass(frozen=True, slots=True)
class Volumes:
    """Turns a mount's volume name into a directory."""

    volumes: VolumeRepository
    containers: ContainerRepository
    announce: Callable[[str, str, dict[str, str]], None]

    async def provide(self, mount: MountRecord, container: Container, guest: GuestOS) -> MountRecord:
        """Return mount with its source; an anonymous volume gets a name of its own.

        Raises:
            InvalidParameter: the name is not legal.
        """
        name = mount.name or new_id()
        check_volume_name(name)
        known = self.volumes.find(name)
        volume = known or await self.volumes.ensure(name, labels={}, options={}, anonymous=mount.anonymous)
        if known is None:
            self.announce("create", name, {"driver": "local"})
        fields = {"name": name, "source": volume.path}
        return MountRecord(**{f: fields.get(f, getattr(mount, f)) for f in MountRecord.__struct_fields__})

    def users(self, name: str) -> list[str]:
        """Return the IDs of the containers that have the volume."""
        return [each.id for each in self.containers.all() if any(mount.name == name for mount in each.mounts)]

    async def discard(self, name: str) -> None:
        """Remove an anonymous volume that nobody uses any more."""
        volume = self.volumes.find(name)
        if volume is not None and volume.anonymous and not self.users(name):
            await self.volumes.remove(name)
            self.announce("destroy", name, {"driver": "local"})
