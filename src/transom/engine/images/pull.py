"""POST /images/create?fromImage=: images brought from registries, or stood in for."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from transom import faults
from transom.engine.images.announce import AnnounceImage
from transom.engine.images.collect import Collect
from transom.engine.images.fetch import FetchImage, Wanted, digests_of
from transom.engine.images.silence import Silence
from transom.engine.images.standin import StandIn
from transom.errors import Forbidden, NotFound, TransomError, Unauthorized
from transom.guest import guest_for
from transom.images.document import MAX_DOCUMENT
from transom.images.image import Image
from transom.images.layer import chain_id
from transom.images.progress import Emit, status
from transom.images.registry import (
    Access,
    Credentials,
    Document,
    ManifestUnknown,
    Registries,
    Repository,
    RepositoryUnknown,
    TransferFailed,
)
from transom.images.repository import Lease, Leases
from transom.images.standin import answer, is_stand_in
from transom.model.ids import ImageId
from transom.model.platform import Platform
from transom.model.reference import Reference, parse_reference

_RECORDED = faults.declare("image.pull.recorded", "an image is recorded, nothing is called by its name yet")
_TAGGED = faults.declare("image.pull.tagged", "a name leads to the image, its digest does not yet")
_NAMED = faults.declare("image.pull.named", "an image has its names, and what came is still kept for another try")

T = TypeVar("T")

NOBODY = Credentials()
_BASE_TIMEOUT_S = 10.0
"""How long Microsoft's registry may take to answer before the stand-in does."""


@dataclass(frozen=True, slots=True)
class PullImage:
    """Brings images here, and gives them their names."""

    registries: Registries
    fetch: FetchImage
    stand_in: StandIn
    leases: Leases
    collect: Collect
    announce: AnnounceImage
    silence: Silence
    prepare_base: Callable[[Emit], Awaitable[None]]
    """Has a base for Windows containers ready: layers take over its spelling, and what runs first need not wait."""

    async def __call__(
        self,
        repository: str,
        tag: str,
        emit: Emit,
        *,
        platform: Platform | None = None,
        credentials: Credentials = NOBODY,
    ) -> Sequence[ImageId]:
        """Pull repository:tag, or every tag where there is none; return the images' IDs.

        Raises:
            NotFound: there is no such image, none for platform, or it is not shown to these credentials.
            TransferFailed: the registry does not answer. InvalidParameter: what it sends is broken or hostile.
        """
        reference = wanted_reference(repository, tag)
        if is_stand_in(reference) and not reference.is_name_only:
            return [(await self.base(reference, platform, emit)).id]
        async with self.registries.repository(reference, Access.PULL, credentials) as remote:
            targets = [reference]
            if reference.is_name_only:
                targets = [reference.with_tag(each) for each in await _said(remote.tags(), reference)]
            return [(await self._one(each, remote, platform, emit)).id for each in targets]

    async def base(self, reference: Reference, platform: Platform | None, emit: Emit) -> Image:
        """Return one of Microsoft's bases: on the real manifest where its registry answers, else the stand-in.

        Raises:
            NotFound: no such release is known here, and the registry does not answer or does not have it either.
        """
        if not self.silence.holds(reference.domain):
            try:
                async with self.registries.repository(reference, Access.PULL, NOBODY) as remote:
                    async with asyncio.timeout(_BASE_TIMEOUT_S):
                        top = await remote.manifest(reference.digest or reference.tag, limit=MAX_DOCUMENT)
                    return await self._keep(reference, remote, top, platform, emit)
            except (TransferFailed, TimeoutError):
                self.silence.note(reference.domain)
            except (ManifestUnknown, RepositoryUnknown, Unauthorized, Forbidden):
                pass  # a release that is known here and not offered any more is stood in for as well
        image = await self.stand_in(str(reference), platform)
        assert image is not None
        await self.prepare_base(emit)
        emit(status(answer(reference, image.platform.os_version)))
        emit(status(f"Digest: {image.manifest.digest}"))
        emit(status(f"Status: Image is up to date for {reference.familiar}"))
        return image

    async def _one(self, reference: Reference, remote: Repository, platform: Platform | None, emit: Emit) -> Image:
        top = await _said(remote.manifest(reference.digest or reference.tag, limit=MAX_DOCUMENT), reference)
        return await self._keep(reference, remote, top, platform, emit)

    async def _keep(
        self, reference: Reference, remote: Repository, top: Document, platform: Platform | None, emit: Emit
    ) -> Image:
        """Fetch what top leads to, record and name it."""
        emit(status(f"Pulling from {reference.path}", reference.digest or reference.tag))
        try:
            async with self.leases.lease("pull") as lease:
                document = await self.fetch.choose(remote, top, platform, lease)
                wanted = await self.fetch.read(remote, document, platform)
                if guest_for(wanted.config.platform.os).keeps_registry:
                    await self.prepare_base(emit)
                image, is_new = await self._record(reference, wanted, top, emit, lease)
        except BaseException:
            await self.collect()  # what another try can use is kept by itself
            raise
        self.announce("pull", image.id, reference.familiar)
        emit(status(f"Digest: {top.descriptor.digest}"))
        news = "Downloaded newer image" if is_new else "Image is up to date"
        emit(status(f"Status: {news} for {reference.familiar}"))
        return image

    async def _record(
        self, reference: Reference, wanted: Wanted, top: Document, emit: Emit, lease: Lease
    ) -> tuple[Image, bool]:
        images = self.fetch.record.images
        is_new = self._is_news(reference, top, wanted.manifest.config.digest)
        # Who keeps a base's repository knows what of it is base: everything.
        base_layers = len(wanted.manifest.layers) if is_stand_in(reference) else -1
        try:
            image = await self.fetch(wanted, emit, lease, base_layers=base_layers)
        except (TransferFailed, asyncio.CancelledError):
            raise
        except BaseException:
            await self._forget(wanted)
            await self.fetch.content.drop_partials(digests_of(wanted.manifest))
            raise
        faults.point(_RECORDED)
        named = reference.tag and not reference.digest
        if named:
            await images.tag(str(reference), top.descriptor, image)
        faults.point(_TAGGED)
        await images.add_digest(reference.repository, top.descriptor.digest, image.id)
        faults.point(_NAMED)
        await self._forget(wanted)
        return image, is_new

    def _is_news(self, reference: Reference, top: Document, image_id: str) -> bool:
        """Tell whether reference does not lead to this image yet."""
        images = self.fetch.record.images
        if reference.digest:
            return image_id not in images.find_digest(reference.repository, reference.digest)
        name = images.find_name(str(reference))
        return name is None or name.target.digest != top.descriptor.digest or image_id not in name.variants.values()

    async def _forget(self, wanted: Wanted) -> None:
        """Let what was fetched be kept for its own sake no longer."""
        diff_ids = wanted.config.diff_ids
        names = [chain_id(diff_ids[: count + 1]) for count in range(len(diff_ids))]
        await self.leases.forget([*digests_of(wanted.manifest), *names])


def wanted_reference(repository: str, tag: str) -> Reference:
    """Return what fromImage and tag of a request mean; tag may be a digest, and may be empty for every tag.

    Raises:
        InvalidParameter: they are malformed.
    """
    if ":" in tag:
        return parse_reference(f"{repository}@{tag}")
    reference = parse_reference(repository)
    return reference.with_tag(tag) if tag and not reference.digest else reference


async def _said(asked: Awaitable[T], reference: Reference) -> T:
    """Return a registry's answer; a refusal becomes what Docker says of it."""
    try:
        return await asked
    except TransomError as exc:
        raise refusal(exc, reference) from exc


def refusal(error: TransomError, reference: Reference) -> TransomError:
    """Return what a registry's refusal means to who asked for reference.

    Source: texts of Docker 28 for the same answers; it says 404 for what may not be seen.
    """
    match error:
        case ManifestUnknown():
            return NotFound(f"manifest for {reference.familiar} not found: {error}")
        case RepositoryUnknown():
            return NotFound(f"repository {reference.familiar_repository} not found: {error}")
        case Unauthorized() if "no basic auth credentials" in str(error):
            # No 401: docker's CLI would ask for a name on its standard input, and a script would wait for ever.
            return TransomError(str(error))
        case Unauthorized() | Forbidden():
            return NotFound(
                f"pull access denied for {reference.familiar_repository}, repository does not exist or may require "
                f"'docker login': {error}"
            )
        case NotFound():
            return NotFound(f"manifest for {reference.familiar} not found: {error}")
        case _:
            return error
