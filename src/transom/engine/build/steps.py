"""EngineSteps: does a build's steps with the engine's own means; implements transom.build.runner.StepRunner."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from transom import faults
from transom.aio.finish import UndoStack
from transom.build.cache import StepCache
from transom.build.runner import CopyStep, RunStep, Sources
from transom.build.state import Base, State
from transom.build.workspace import Layer, Put, Source, Wanted, Workspace
from transom.engine.build.containers import RunContainers, RunSettings
from transom.engine.build.download import Download
from transom.engine.build.facilities import BaseImages, RegistryDelta
from transom.engine.build.outcomes import Outcomes
from transom.engine.build.request import BuildRequest
from transom.engine.build.stack import Stack
from transom.engine.containers.facilities import Bases, ImageFacts
from transom.engine.containers.mount_points import mount_points
from transom.engine.containers.places import Places
from transom.engine.images.record import CommitLayer, MadeLayer
from transom.errors import InvalidParameter, NotSupported
from transom.guest import GuestOS, guest_for
from transom.images.document import write_config
from transom.images.image import Image
from transom.images.layer import form_for
from transom.images.repository import LayerIndex, Lease, LeaseKind
from transom.model.digest import digest_of
from transom.model.ids import ContainerId, Digest, new_id
from transom.model.mount import Mount, MountKind
from transom.model.oci import ImageConfig
from transom.model.platform import Platform
from transom.snapshots.snapshotter import Snapshotter
from transom.wire.containers import Config

PREPARED = faults.declare("build.copy.prepared", "a copy's snapshot is there, nothing is copied")
COPIED = faults.declare("build.copy.copied", "a copy's files are in its snapshot, no layer is written")

SNAPSHOT_PREFIX = "build-"
"""Of the keys of snapshots that steps write to; none of them outlives a restart."""
_NO_BASE = "There is no Windows base on this machine yet: one is built now, which takes a minute.\n"
_OCTAL = re.compile(r"0?[0-7]{3,4}")
_URL = re.compile(r"(?i)https?://")
_GIT = re.compile(r"(?i)(?:git@|git://|ssh://)|https?://[^#]+\.git(?:[#?].*)?$")


@dataclass(frozen=True, slots=True)
class StepTools:
    """What steps are done with; the same for every build."""

    images: BaseImages
    snapshots: Snapshotter
    commit: CommitLayer
    index: LayerIndex
    containers: RunContainers
    registry_delta: RegistryDelta
    places: Places
    bases: Bases
    cache: StepCache
    download: Download
    windows_drive: Callable[[str], str]
    """Windows base's digest, or empty for the preferred one → host directory of its drive C:; empty for none."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a copy's sources turned out to be: those of the context or an image, then the workspace's own."""

    digests: Sequence[str]
    sources: tuple[Source, ...]
    own: tuple[Source, ...] = ()


@dataclass(slots=True)
class EngineSteps:
    """One build's steps."""

    tools: StepTools
    request: BuildRequest
    workspace: Workspace
    settings: RunSettings
    lease: Lease
    stack: Stack = field(default_factory=Stack)
    pinned_bases: set[str] = field(default_factory=set)
    _outcomes: Outcomes = field(init=False)
    _looked_up: dict[tuple[str, tuple[str, ...], tuple[str, ...]], tuple[Source, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tools, request = self.tools, self.request
        self._outcomes = Outcomes(
            tools.cache, tools.index, tools.snapshots, tools.images, request.cache_from, request.platform, self.lease,
            self.stack,
        )  # fmt: skip

    def identify(self, image: ImageConfig) -> str:
        """Return the ID that an image with this document has."""
        return digest_of(write_config(image))

    async def find_base(self, reference: str, platform: Platform | None) -> Base:
        """Return the image that FROM or `COPY --from` names."""
        request = self.request
        image = await self.tools.images.provide(
            reference, platform, pull=request.pull, credentials=request.credentials, emit=self.settings.output.emit
        )
        self.stack.learn(image)
        await self._keep(image)
        return Base(image.config, image.id)

    async def _keep(self, image: Image) -> None:
        """Keep an image's parts until the build ends, whoever removes it meanwhile."""
        for digest in (image.id, image.manifest.digest, *(layer.digest for layer in image.layers)):
            await self.lease.hold(LeaseKind.BLOB, digest)
        if image.snapshot:
            await self.lease.hold(LeaseKind.SNAPSHOT, image.snapshot)

    async def pinned(self, state: State) -> str:
        """Return the digest of the Windows base that a RUN will use, made if there is none; empty on Linux."""
        if not state.guest.keeps_registry:
            return ""
        if not await asyncio.to_thread(self.tools.windows_drive, ""):
            self.settings.output.write(_NO_BASE)
        digest = await self.tools.bases.choose(self._base_wish(state.image))
        self.pinned_bases.add(digest)
        return digest

    async def find_cached(self, before: State, after: State, key: str, created_by: str) -> ImageConfig | None:
        """Return the document after an earlier, equal step, or after the same step of a `--cache-from` image."""
        return await self._outcomes.find(before, after, key, created_by)

    async def record(self, key: str, image: ImageConfig) -> None:
        """Remember a step's outcome."""
        await self._outcomes.record(key, image)

    async def run(self, state: State, step: RunStep) -> Digest | None:
        """Run the program in a container of the state before."""
        containers = self.tools.containers
        script = ""
        if step.script:
            source = await self.workspace.write("EOF", step.script.encode(), mode=0o755)
            script = self.workspace.host_path(source)
        facts = self._facts(state, await self.pinned(state))
        ended = await containers.run(self.settings, state, step, facts, script)
        async with UndoStack() as undo:
            undo.push(containers.discard, ended.id)
            registry = b""
            if state.guest.keeps_registry:
                where = self.tools.places.state(ended.id)
                registry = await asyncio.to_thread(self.tools.registry_delta, where, ended.base)
            points = mount_points(ended, state.guest)
            made = await self._commit(state, ended.id, registry=registry, points=points, base=ended.base)
            undo.keep()
        await self._put_away(state, ended.id, made)
        return made.diff_id if made else None

    async def _put_away(self, state: State, container_id: str, made: MadeLayer | None) -> None:
        containers, output = self.tools.containers, self.settings.output
        if not (self.request.remove or self.request.force_remove):
            below = (*state.image.diff_ids, made.diff_id) if made else state.image.diff_ids
            await self.tools.snapshots.prepare(container_id, self.stack.snapshot(replace(state.image, diff_ids=below)))
            await containers.keep(container_id)
            return
        await containers.discard(ContainerId(container_id))
        output.write(f" ---> Removed intermediate container {container_id[:12]}\n")

    async def look_up(self, state: State, step: CopyStep) -> Sources:
        """Find the sources and digest them; URLs are fetched."""
        urls = [each for each in step.sources if _URL.match(each) or _GIT.match(each)]
        if urls and not step.adds:
            raise InvalidParameter(f"{step.keyword} failed: source can't be a URL for {step.keyword}")
        plain = tuple(each for each in step.sources if each not in urls)
        own = [await self._fetched(url, step) for url in urls]
        own += [await self.workspace.write(name, text.encode()) for name, text in step.documents]
        if step.checksum and not urls:
            raise InvalidParameter("checksum can't be specified for non-HTTP sources")
        sources = await self._found(step, plain) if plain else ()
        return Found([each.digest for each in (*sources, *own)], sources, tuple(own))

    async def _found(self, step: CopyStep, plain: tuple[str, ...]) -> tuple[Source, ...]:
        if step.origin is None:
            wanted = Wanted(step.keyword, plain, excludes=step.excludes)
            return await self.workspace.look_up(wanted)
        asked = (step.origin.image_id, plain, step.excludes)
        kept = self._looked_up.get(asked)
        if kept is None:
            guest = guest_for(step.origin.image.platform.os)
            view = await self._view(step.origin.image)
            paths = tuple(_origin_path(guest, each) for each in plain)
            wanted = Wanted(step.keyword, paths, view, False, step.excludes, guest.keeps_registry)
            kept = self._looked_up[asked] = await self.workspace.look_up(wanted)
        return kept

    async def _fetched(self, url: str, step: CopyStep) -> Source:
        if _GIT.match(url):
            raise NotSupported(f"ADD {url}: git repositories are not supported: clone it and COPY it from the context")
        fetched = await self.tools.download(url, step.target, self.workspace, self.settings.output)
        wanted = step.checksum.removeprefix("sha256:")
        if step.checksum and wanted != fetched.sha256:
            raise InvalidParameter(f"digest mismatch sha256:{fetched.sha256}: sha256:{wanted}")
        return fetched.source

    async def copy(self, state: State, step: CopyStep, sources: Sources) -> Digest | None:
        """Put the sources in place."""
        assert isinstance(sources, Found)
        guest = state.guest
        put = Put(
            sources=sources.sources,
            target=_root_path(guest, step.target),
            origin=await self._view(step.origin.image) if step.origin else None,
            owner=step.chown,
            keep_owners=step.origin is not None and not step.chown,
            mode=_mode(step.chmod),
            unpack=step.adds if step.unpack is None else step.unpack,
            excludes=step.excludes,
            folds=guest.keeps_registry,
        )
        async with UndoStack() as undo:
            key, layer = await self._layer(state)
            undo.push(self.tools.snapshots.remove, key)
            faults.point(PREPARED)
            if put.sources:
                await self.workspace.copy(layer, put)
            if sources.own:
                unpack = bool(step.unpack)  # what was downloaded is unpacked only if that is asked for
                own = replace(put, sources=sources.own, origin=None, own_files=True, keep_owners=False, unpack=unpack)
                await self.workspace.copy(layer, own)
            faults.point(COPIED)
            made = await self._commit(state, key)
            undo.keep()
        return made.diff_id if made else None

    async def make_directory(self, state: State, path: str) -> Digest | None:
        """Make a working directory."""
        async with UndoStack() as undo:
            key, layer = await self._layer(state)
            undo.push(self.tools.snapshots.remove, key)
            root_path = state.guest.root_path(path)
            if not await self.workspace.make_directory(layer, root_path, folds=state.guest.keeps_registry):
                return None
            made = await self._commit(state, key)
            undo.keep()
        return made.diff_id if made else None

    async def _layer(self, state: State) -> tuple[str, Layer]:
        """Prepare a snapshot on the state to be written to."""
        key = SNAPSHOT_PREFIX + new_id()
        await self.tools.snapshots.prepare(key, self.stack.snapshot(state.image))
        return key, Layer(await self.tools.snapshots.upper_dir(key), await self._view(state.image))

    async def _view(self, config: ImageConfig) -> Mount:
        """Return an image's root for looking; for Windows the base's drive lies below its own layers."""
        view = await self.tools.snapshots.view(self.stack.snapshot(config))
        if not guest_for(config.platform.os).keeps_registry:
            return view
        drive = await asyncio.to_thread(self.tools.windows_drive, self._base_wish(config))
        if not drive:
            return view
        return replace(view, kind=MountKind.OVERLAY, source="", lowers=(*(view.lowers or (view.source,)), drive))

    def _base_wish(self, config: ImageConfig) -> str:
        """Return the Windows base that an image asks for, by digest or the beginning of one; empty for any."""
        base = self.stack.base_of(config)
        return config.config.labels.get("transom.base", base.base if base else "")

    async def _commit(
        self, state: State, key: str, *, registry: bytes = b"", points: Sequence[str] = (), base: str = ""
    ) -> MadeLayer | None:
        below, form = state.image.diff_ids, form_for(state.guest)
        base = base or self._base_wish(state.image)
        made = await self.tools.commit(
            key, below, form, self.lease, registry=registry, mount_points=points, base=base, consume=True
        )
        if made is None:
            await self.tools.snapshots.remove(key)
        return made

    def _facts(self, state: State, base: str) -> ImageFacts:
        """Return what a container takes from the state; volumes are left out, so that what RUN writes there stays."""
        platform = state.image.platform
        return ImageFacts(
            id=state.image_id,
            reference=state.image_id,
            os=platform.os,
            architecture=platform.architecture,
            os_version=platform.os_version,
            snapshot=self.stack.snapshot(state.image),
            config=Config(shell=list(state.config.shell)),
            base=base,
        )


def _root_path(guest: GuestOS, path: str) -> str:
    """Return a target below the root, still with a separator at its end if it had one."""
    found = guest.root_path(path)
    return found + "/" if path[-1:] in {"/", guest.default_workdir[-1]} else found


def _origin_path(guest: GuestOS, written: str) -> str:
    """Return a source in an image as a `/`-separated path below its root."""
    if not guest.keeps_registry:
        return written
    path = guest.root_path(guest.join("", written))
    if path.lower() in guest.whole_system:
        raise InvalidParameter("copy from c:\\ or c:\\windows is not allowed on windows")
    return path


def _mode(text: str) -> int | None:
    if not text:
        return None
    if not _OCTAL.fullmatch(text):
        raise InvalidParameter(f"invalid chmod parameter: '{text}'. it should be octal string and between 0 and 07777")
    return int(text, 8)
