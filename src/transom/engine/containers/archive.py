"""HEAD, GET and PUT /containers/{id}/archive: `docker cp`."""

from dataclasses import dataclass, replace

from transom.containers.container import Container
from transom.engine.containers.files import FindRoot, Place
from transom.engine.containers.run_state import RunState
from transom.errors import Forbidden, NotFound
from transom.guest import guest_for
from transom.snapshots.files import Files, PathStat, PutOptions


@dataclass(frozen=True, slots=True)
class ContainerArchive:
    """Copies files between a container, running or not, and a tar."""

    state: RunState
    roots: FindRoot
    files: Files

    async def stat(self, ref: str, path: str) -> PathStat:
        """Return what is at path.

        Raises:
            NoSuchContainer: there is none. NotFound: nothing is at path.
        """
        container = self.state.containers.get(ref)
        async with self.state.locks(container.id):
            place = await self._place(container.id, path)
            try:
                found = await self.files.stat(place.root, place.path)
            except NotFound:
                raise _missing(path, container) from None
        guest = guest_for(container.os)
        if found.link_target:
            found = replace(found, link_target=guest.guest_path(found.link_target.lstrip("/")))
        return found

    async def get(self, ref: str, path: str, target: int) -> None:
        """Write a tar of path to descriptor target.

        Raises:
            NoSuchContainer: there is none. NotFound: nothing is at path.
        """
        container = self.state.containers.get(ref)
        async with self.state.locks(container.id):
            place = await self._place(container.id, path)
            await self.roots.flush(container)
            try:
                await self.files.get(place.root, place.path, target)
            except NotFound:
                raise _missing(path, container) from None
        self.state.announce("archive-path", container)

    async def put(self, ref: str, path: str, source: int, options: PutOptions) -> None:
        """Unpack the tar behind descriptor source into directory path.

        Raises:
            NoSuchContainer: there is none. NotFound: path is not there. Forbidden: it is read-only.
            InvalidParameter: path is no directory, or the archive is broken, hostile or against options.
        """
        container = self.state.containers.get(ref)
        async with self.state.locks(container.id):
            place = await self._place(container.id, path)
            if place.readonly:
                raise Forbidden(place.readonly)
            try:
                await self.files.put(place.root, place.path, source, options)
            except NotFound:
                raise _missing(path, container) from None
        self.state.announce("extract-to-dir", container)

    async def _place(self, container_id: str, path: str) -> Place:
        container = self.state.containers.get(container_id)  # may have changed while we waited
        self.roots.check_here(container)
        return await self.roots.place(container, path)


def _missing(path: str, container: Container) -> NotFound:
    return NotFound(f"Could not find the file {path} in container {container.name or container.id}")
