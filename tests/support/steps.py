"""A StepRunner that does nothing but remember: what was asked, in order, and what it answered."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.support.clock import FixedClock

from transom.build.graph import program
from transom.build.parser import parse
from transom.build.runner import CommandFailed, CopyStep, RunStep, Sources
from transom.build.solve import Options, Solved, solve
from transom.build.state import Base, State
from transom.errors import NoSuchImage
from transom.images.document import write_config
from transom.model.digest import digest_of
from transom.model.ids import Digest
from transom.model.oci import ImageConfig, RunConfig
from transom.model.platform import Platform


@dataclass(frozen=True)
class Found:
    """Sources by the digests of their names."""

    digests: Sequence[str]


def layer(*parts: str) -> Digest:
    """Return the digest that stands for a layer."""
    return Digest("sha256:" + hashlib.sha256("\0".join(parts).encode()).hexdigest())


@dataclass
class RememberingRunner:
    """Images by reference; every step makes a layer, commands listed in failing end with that code."""

    images: Mapping[str, ImageConfig] = field(default_factory=dict)
    failing: Mapping[str, int] = field(default_factory=dict)
    asked: list[tuple[str, object]] = field(default_factory=list)
    cache: dict[str, ImageConfig] = field(default_factory=dict)
    windows_base: str = ""

    def identify(self, image: ImageConfig) -> str:
        return digest_of(write_config(image))

    async def find_base(self, reference: str, platform: Platform | None) -> Base:
        if reference not in self.images:
            raise NoSuchImage(reference)
        image = self.images[reference]
        return Base(image, self.identify(image))

    async def pinned(self, state: State) -> str:
        return self.windows_base

    async def find_cached(self, before: State, after: State, key: str, created_by: str) -> ImageConfig | None:
        return self.cache.get(key)

    async def record(self, key: str, image: ImageConfig) -> None:
        self.cache[key] = image

    async def run(self, state: State, step: RunStep) -> Digest | None:
        self.asked.append(("run", step))
        if (code := self.failing.get(step.args[-1] if step.args else "")) is not None:
            raise CommandFailed(step.args, code)
        return layer("run", *step.args)

    async def look_up(self, state: State, step: CopyStep) -> Sources:
        return Found([f"file:{name}" for name in (*step.sources, *(name for name, _ in step.documents))])

    async def copy(self, state: State, step: CopyStep, sources: Sources) -> Digest | None:
        self.asked.append(("copy", step))
        return layer("copy", *sources.digests)

    async def make_directory(self, state: State, path: str) -> Digest | None:
        self.asked.append(("mkdir", path))
        return layer("mkdir", path)


@dataclass
class Transcript:
    """What a build printed."""

    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)

    def write(self, text: str) -> None:
        self.lines.append(text.rstrip("\n"))

    def warn(self, text: str) -> None:
        self.warnings.append(text.rstrip("\n"))

    def image(self, image_id: str) -> None:
        self.images.append(image_id)


def linux_image(**config: object) -> ImageConfig:
    """Return a Linux image with one layer."""
    return ImageConfig(Platform("linux", "amd64"), RunConfig(**config), (layer("base"),))  # type: ignore[arg-type]


def windows_image(**config: object) -> ImageConfig:
    """Return a Windows image without layers of its own."""
    return ImageConfig(Platform("windows", "amd64", "", "10.0.20348.1"), RunConfig(**config))  # type: ignore[arg-type]


async def build(
    text: str, runner: RememberingRunner | None = None, transcript: Transcript | None = None, **options: object
) -> Solved:
    """Solve a Dockerfile with runner."""
    dockerfile = parse(text)
    found = program(dockerfile.nodes, escape=dockerfile.escape, warnings=dockerfile.warnings)
    runner = runner or RememberingRunner({"busybox": linux_image(), "nano": windows_image()})
    return await solve(found, Options(**options), runner, transcript or Transcript(), FixedClock())  # type: ignore[arg-type]
