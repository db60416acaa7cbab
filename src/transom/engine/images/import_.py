"""POST /images/create?fromSrc=: an image of one plain tar."""

from dataclasses import dataclass

from transom.engine.images.announce import AnnounceImage
from transom.engine.images.collect import Collect
from transom.engine.images.record import RecordImage, UnpackLayer
from transom.engine.images.tag import parse_tag
from transom.guest import guest_for
from transom.images.archive import Archives, media_type_of
from transom.images.compression import LONGEST, compression_of
from transom.images.image import Image
from transom.images.layer import form_for
from transom.images.progress import Emit, status
from transom.images.repository import LeaseKind, Leases
from transom.model.clock import Clock, rfc3339nano
from transom.model.oci import Descriptor, HistoryEntry, ImageConfig, RunConfig
from transom.model.platform import HOST_OS, Platform, host_architecture


@dataclass(frozen=True, slots=True)
class ImportImage:
    """Makes an image with one layer: a file system as `docker export` writes it."""

    archives: Archives
    unpack: UnpackLayer
    record: RecordImage
    leases: Leases
    collect: Collect
    clock: Clock
    announce: AnnounceImage

    async def __call__(
        self,
        source: int,
        emit: Emit,
        *,
        repository: str = "",
        tag: str = "",
        message: str = "",
        config: RunConfig | None = None,
        platform: Platform | None = None,
    ) -> Image:
        """Import the tar (plain or compressed) behind descriptor source and return the image.

        config: what `--change` makes of an empty configuration.

        Raises:
            InvalidParameter: a bad reference, or the tar is broken or hostile; nothing is left.
        """
        name = parse_tag(repository, tag)
        platform = platform or Platform(HOST_OS, host_architecture())
        guest = guest_for(platform.os)
        now = rfc3339nano(self.clock.now())
        try:
            async with self.leases.lease("import") as lease:
                ingest = await self.unpack.content.ingest()
                try:
                    stored = await self.archives.store_layer(source, ingest.fd, form_for(guest))
                    await lease.hold(LeaseKind.BLOB, stored.digest)
                    await lease.hold(LeaseKind.SNAPSHOT, stored.diff_id)
                    await ingest.adopt(stored.digest)
                finally:
                    await ingest.close()
                compression = compression_of(await self.unpack.content.head(stored.digest, LONGEST))
                blob = Descriptor(media_type_of(compression), stored.digest, stored.size_bytes)
                await self.unpack(stored.diff_id, "", stored.diff_id, stored.digest, form_for(guest))
                await self.record.index.add_layer(stored.diff_id, blob)
                comment = message or "Imported from -"
                image = await self.record(
                    ImageConfig(
                        platform,
                        config or RunConfig(),
                        (stored.diff_id,),
                        (HistoryEntry(created=now, comment=comment),),
                        created=now,
                        comment=comment,
                    ),
                    lease,
                )
                if name is not None:
                    await self.record.images.tag(str(name), image.manifest, image)
        except BaseException:
            await self.collect()
            raise
        emit(status(image.id))
        self.announce("import", image.id, name.familiar if name is not None else image.id)
        return image
