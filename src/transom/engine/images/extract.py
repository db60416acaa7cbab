"""A layer unpacked while it still comes in."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

from transom import faults
from transom.aio.groups import first
from transom.aio.pipes import write_all
from transom.engine.images.arrive import Arriving
from transom.engine.images.record import UnpackLayer
from transom.errors import InvalidParameter
from transom.guest import guest_for
from transom.images.archive import Archives
from transom.images.content import ContentStore
from transom.images.layer import form_for
from transom.images.progress import Emit, bar
from transom.images.repository import LayerIndex, LeaseKind, Leases
from transom.model.digest import hex_of
from transom.model.ids import Digest
from transom.model.platform import Platform
from transom.snapshots.layers import NEWS, Applied, LayerForm, Layers
from transom.snapshots.snapshotter import Snapshotter

log = logging.getLogger(__name__)

_EXTRACTED = faults.declare("image.pull.extracted", "a layer is unpacked, and not known to be so")


@dataclass(frozen=True, slots=True)
class ExtractLayer:
    """Makes snapshots of layers that come from a registry."""

    content: ContentStore
    archives: Archives
    layers: Layers
    snapshots: Snapshotter
    index: LayerIndex
    leases: Leases

    async def __call__(
        self, name: str, parent: str, diff_id: Digest, arriving: Arriving, platform: Platform, emit: Emit
    ) -> None:
        """Make committed snapshot name of parent and the blob that arrives; it is committed only once that was checked.

        Raises:
            InvalidParameter: the layer is broken or hostile, or another one; nothing is left.
        """
        form = form_for(guest_for(platform.os))
        await arriving.begun()
        if await self.snapshots.exists(name):
            await self._check(diff_id, arriving)
        elif not arriving.is_whole:
            warn(diff_id, await self._stream(name, parent, diff_id, arriving, form, emit))
        else:
            warn(diff_id, await self._from_store(name, parent, diff_id, arriving, form, emit))
        faults.point(_EXTRACTED)
        await self.index.add_layer(diff_id, arriving.blob)
        await self.leases.keep(LeaseKind.SNAPSHOT, name)

    async def _whole(self, arriving: Arriving) -> None:
        async for _ in arriving.sizes():
            pass

    async def _check(self, diff_id: Digest, arriving: Arriving) -> None:
        """Refuse a blob that pretends to hold a layer which is unpacked already, and so would not be read."""
        await self._whole(arriving)
        known = self.index.find_layer(diff_id)
        if known is not None and known.digest == arriving.blob.digest:
            return
        fd = await self.content.open(arriving.blob.digest)
        try:
            found = await self.archives.diff_id(fd)
        finally:
            os.close(fd)
        if found != diff_id:
            raise InvalidParameter(f"invalid diffID for layer: expected {diff_id!r}, got {found!r}")

    async def _from_store(
        self, name: str, parent: str, diff_id: Digest, arriving: Arriving, form: LayerForm, emit: Emit
    ) -> Applied:
        """Unpack the stored blob."""
        blob, item = arriving.blob, hex_of(arriving.blob.digest)[:12]
        emit(bar("Extracting", item, 0, blob.size))
        unpack = UnpackLayer(self.content, self.layers)

        def progress(done: int) -> None:
            emit(bar("Extracting", item, done, blob.size))

        applied = await unpack(name, parent, diff_id, blob.digest, form, on_progress=progress)
        emit(bar("Extracting", item, blob.size, blob.size))
        return applied

    async def _stream(
        self, name: str, parent: str, diff_id: Digest, arriving: Arriving, form: LayerForm, emit: Emit
    ) -> Applied:
        item = hex_of(arriving.blob.digest)[:12]

        def progress(done: int) -> None:
            if arriving.is_whole:  # until then the download has the bar
                emit(bar("Extracting", item, done, arriving.blob.size))

        reader, writer = os.pipe()
        arriving.is_read = True
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(write_all(writer, _news(arriving)), name="tell of layer")
                try:
                    return await self.layers.apply(
                        name, parent, arriving.fd, form, diff_id=diff_id, news=reader, on_progress=progress
                    )
                finally:
                    os.close(reader)
        except BaseExceptionGroup as group:
            raise first(group) from None
        finally:
            arriving.close()


async def _news(arriving: Arriving) -> AsyncIterator[bytes]:
    async for size in arriving.sizes():
        yield NEWS.pack(size)


def warn(diff_id: Digest, applied: Applied) -> None:
    """Log what of a layer could not be kept."""
    for warning in applied.warnings:
        log.warning("a layer is not kept whole", extra={"layer": diff_id, "reason": warning})
