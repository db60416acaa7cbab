"""POST /commit: an image of what a container has changed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from transom.engine.images.announce import AnnounceImage
from transom.engine.images.collect import Collect
from transom.engine.images.record import CommitLayer, RecordImage
from transom.engine.images.tag import parse_tag
from transom.errors import NoSuchImage
from transom.guest import guest_for
from transom.images.image import Image
from transom.images.layer import form_for
from transom.images.repository import Leases
from transom.model.clock import Clock, rfc3339nano
from transom.model.oci import HistoryEntry, RunConfig


@dataclass(frozen=True, slots=True)
class ContainerState:
    """What a commit needs to know of a container.

    key: its snapshot. registry: what its registry has changed, in the form that Layers carries; empty on Linux.
    mount_points: paths below the root that exist for mounts alone. command: for the history.
    """

    key: str
    image_id: str
    config: RunConfig
    command: Sequence[str]
    base: str = ""
    registry: bytes = b""
    mount_points: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class CommitImage:
    """Makes an image of a container that has been paused, or does not run."""

    commit_layer: CommitLayer
    record: RecordImage
    leases: Leases
    clock: Clock
    announce: AnnounceImage
    collect: Collect

    async def __call__(
        self, container: ContainerState, *, repository: str = "", tag: str = "", author: str = "", comment: str = ""
    ) -> Image:
        """Return the new image, tagged repository:tag if that is given; the container stays as it is.

        container.config is what the image will say: changes (`--change`) have been applied.

        Raises:
            NoSuchImage: the container's image is gone. InvalidParameter: a bad reference, or a file that the form
                of the layer cannot hold.
        """
        name = parse_tag(repository, tag)
        parent = self.record.images.find(container.image_id)
        if parent is None:
            raise NoSuchImage(container.image_id)
        now = rfc3339nano(self.clock.now())
        try:
            async with self.leases.lease("commit") as lease:
                made = await self.commit_layer(
                    container.key,
                    parent.config.diff_ids,
                    form_for(guest_for(parent.platform.os)),
                    lease,
                    registry=container.registry,
                    mount_points=container.mount_points,
                    base=container.base,
                    consume=False,
                )
                step = HistoryEntry(now, " ".join(container.command), author, comment, empty_layer=made is None)
                config = replace(
                    parent.config,
                    config=container.config,
                    diff_ids=(*parent.config.diff_ids, *((made.diff_id,) if made is not None else ())),
                    history=(*parent.config.history, step),
                    created=now,
                    author=author,
                    comment=comment,
                )
                image = await self.record(config, lease, parent=parent, base=container.base)
                if name is not None:
                    await self.record.images.tag(str(name), image.manifest, image)
        except BaseException:
            await self.collect()
            raise
        self.announce("create", image.id)
        if name is not None:
            self.announce("tag", image.id, name.familiar)
        return image
