"""`transom base push`: a base in a registry, so that a fleet of machines need not build it."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from transom import faults
from transom.engine.images.sources import of_bytes, of_file
from transom.execution.bases import BaseInfo, BaseProgress, BaseStore, Progress
from transom.host.spool import measure, opened
from transom.images.artifact import CONFIG, LAYER, config_of, write_artifact
from transom.images.registry import Access, Credentials, Registries
from transom.model.digest import digest_of
from transom.model.ids import Digest
from transom.model.oci import Descriptor, MediaType
from transom.model.reference import Reference

_EXPORTED = faults.declare("base.push.exported", "a base's archive is made, nothing was sent")


@dataclass(frozen=True, slots=True)
class PushBase:
    """`transom base push BASE REFERENCE`."""

    store: BaseStore
    registries: Registries

    async def __call__(
        self, ref: str, target: Reference, path: str, credentials: Credentials, progress: Progress
    ) -> BaseInfo:
        """Store the base that ref names as target; path: where its archive may be kept meanwhile.

        Raises:
            NotFound: no base is called so. InvalidParameter: ref fits more than one.
            Unauthorized, Forbidden, Unavailable: the registry's answer.
        """
        info = await self.store.get(ref)
        await self.store.export(info.digest, path, progress)
        faults.point(_EXPORTED)
        hex_digest, size = await measure(Path(path))
        archive, config = Descriptor(LAYER, Digest(f"sha256:{hex_digest}"), size), config_of(info)
        async with self.registries.repository(target, Access.PUSH, credentials) as repository:
            await repository.upload(
                archive,
                of_file(partial(opened, Path(path))),
                on_progress=lambda done: progress(BaseProgress("Pushing", done, size)),
            )
            described = Descriptor(CONFIG, digest_of(config), len(config))
            await repository.upload(described, of_bytes(config))
            manifest = write_artifact(config, archive, info.digest)
            await repository.put_manifest(target.tag, MediaType.OCI_MANIFEST, manifest)
        return info
