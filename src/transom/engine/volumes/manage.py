"""GET /volumes, POST /volumes/create, GET and DELETE /volumes/{name}, POST /volumes/prune."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from transom.engine.volumes.use import Volumes
from transom.errors import Conflict, InvalidParameter, NotFound, NotSupported
from transom.model.clock import rfc3339nano
from transom.model.ids import new_id
from transom.volumes.volume import Volume, check_options, check_volume_name
from transom.wire.volumes import VolumeCreateRequest, VolumeShape, VolumeUsage

Filters = Mapping[str, Sequence[str]]
FILTERS = frozenset({"dangling", "driver", "label", "name"})
PRUNE_FILTERS = frozenset({"all", "label", "label!"})
_TRUE = frozenset({"true", "1", "t"})
_FALSE = frozenset({"false", "0", "f"})


@dataclass(frozen=True, slots=True)
class ManageVolumes:
    """What users do with volumes. measure: path of a directory → its size in bytes."""

    use: Volumes
    measure: Callable[[str], Awaitable[int]]
    match_labels: Callable[[Mapping[str, str], Sequence[str]], bool]

    def find_all(self, filters: Filters) -> list[VolumeShape]:
        """Return the volumes that pass filters, by name.

        Raises:
            InvalidParameter: `dangling` is neither true nor false.
        """
        dangling = _flag(filters, "dangling")
        return [shape(each) for each in self.use.volumes.all() if self._passes(each, filters, dangling)]

    def _passes(self, volume: Volume, filters: Filters, dangling: bool | None) -> bool:
        if dangling is not None and bool(self.use.users(volume.name)) is dangling:
            return False
        if "driver" in filters and "local" not in filters["driver"]:
            return False
        if "name" in filters and not any(value in volume.name for value in filters["name"]):
            return False
        return self.match_labels(volume.labels, filters.get("label", ()))

    def inspect(self, name: str) -> VolumeShape:
        """Return one volume.

        Raises:
            NotFound: there is none of this name.
        """
        return shape(self._get(name))

    def _get(self, name: str) -> Volume:
        volume = self.use.volumes.find(name)
        if volume is None:
            raise NotFound(f"get {name}: no such volume")
        return volume

    async def create(self, request: VolumeCreateRequest) -> VolumeShape:
        """Make a volume; one that is there already is returned as it is.

        Raises:
            InvalidParameter: a name or an option is not legal. NotFound: the driver is unknown.
            Conflict: the name is taken by a volume with other options.
        """
        if request.cluster_volume_spec is not None:
            raise NotSupported("cluster volumes are not supported: this engine is not a swarm manager")
        name = request.name or new_id()
        check_volume_name(name)
        check_options(name, request.driver, request.driver_opts)
        async with self.use.locks(name):
            volume = self.use.volumes.find(name)
            if volume is None:
                volume = await self.use.make(
                    name, labels=request.labels, options=request.driver_opts, anonymous=not request.name
                )
        if request.driver_opts and request.driver_opts != volume.options:
            raise Conflict(f"create {name}: a volume of this name exists with other options")
        return shape(volume)

    async def remove(self, name: str, *, force: bool) -> None:
        """Remove a volume that no container has.

        Raises:
            NotFound: there is none, and force is not given. Conflict: containers have it.
        """
        if force and self.use.volumes.find(name) is None:
            return
        self._get(name)
        users = self.use.users(name)
        if users:
            raise Conflict(f"remove {name}: volume is in use - [{', '.join(users)}]")
        await self.use.remove(name)

    async def prune(self, filters: Filters, *, only_anonymous: bool) -> tuple[list[str], int]:
        """Remove the volumes that no container has; return their names and the bytes freed.

        Raises:
            InvalidParameter: `all` is neither true nor false.
        """
        everything = _flag(filters, "all")
        removed: list[str] = []
        freed = 0
        for volume in self.use.volumes.all():
            if only_anonymous and not everything and not volume.anonymous:
                continue
            if not self.match_labels(volume.labels, filters.get("label", ())):
                continue
            if any(self.match_labels(volume.labels, [label]) for label in filters.get("label!", ())):
                continue
            if self.use.users(volume.name):
                continue
            freed += await self.measure(volume.path)
            if self.use.users(volume.name):
                continue  # taken into use meanwhile
            await self.use.remove(volume.name)
            removed.append(volume.name)
        self.use.announce("prune", "", {"reclaimed": str(freed)})
        return removed, freed

    async def usage(self) -> list[VolumeShape]:
        """Return every volume with its size and the number of its users."""
        found = []
        for volume in self.use.volumes.all():
            size = await self.measure(volume.path)
            found.append(shape(volume, VolumeUsage(size=size, ref_count=len(self.use.users(volume.name)))))
        return found


def shape(volume: Volume, usage: VolumeUsage | None = None) -> VolumeShape:
    """Return a volume as the API shows it."""
    labels = dict(volume.labels)
    if volume.anonymous:
        labels.setdefault("com.docker.volume.anonymous", "")
    return VolumeShape(
        created_at=rfc3339nano(volume.created_at.replace(microsecond=0)),
        driver="local",
        labels=labels or None,
        mountpoint=volume.path,
        name=volume.name,
        options=volume.options or None,
        scope="local",
        usage_data=usage,
    )


def _flag(filters: Filters, name: str) -> bool | None:
    values = filters.get(name, ())
    if not values:
        return None
    value = values[0].lower()
    if len(values) > 1 or value not in _TRUE | _FALSE:
        raise InvalidParameter(f"invalid filter '{name}=[{' '.join(values)}]'")
    return value in _TRUE
