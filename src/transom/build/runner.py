"""StepRunner: what solve.py asks to be done. One implementation is the engine's; tests bring another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from transom.build.state import Base, State
from transom.errors import TransomError
from transom.model.ids import Digest
from transom.model.oci import ImageConfig
from transom.model.platform import Platform


class CommandFailed(TransomError):
    """A RUN's program ended with another code than 0; clients read the code."""

    def __init__(self, args: Sequence[str], code: int) -> None:
        super().__init__(f"The command '{' '.join(args)}' returned a non-zero code: {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class RunStep:
    """A program to run on top of a state.

    env: the whole environment, build arguments included. scripts: (name, text) of files that the program finds under
    the guest's directory for them while it runs; they leave nothing in the layer.
    """

    args: tuple[str, ...]
    args_escaped: bool
    env: tuple[str, ...]
    script: str = ""


@dataclass(frozen=True, slots=True)
class CopyStep:
    """Files to put on top of a state.

    origin: where sources are looked up; None is the build context.
    target: absolute, in the guest's form, with its trailing separator if it was written with one.
    adds: whether URLs are fetched and archives unpacked (ADD).
    unpack: None decides by the kind of source.
    """

    keyword: str
    sources: tuple[str, ...]
    target: str
    documents: tuple[tuple[str, str], ...] = ()
    origin: Base | None = None
    chown: str = ""
    chmod: str = ""
    adds: bool = False
    checksum: str = ""
    unpack: bool | None = None
    excludes: tuple[str, ...] = ()


class Sources(Protocol):
    """What a CopyStep's sources turned out to be."""

    @property
    def digests(self) -> Sequence[str]:
        """Return one per source, `file:…` or `dir:…`: equal digests, equal result."""
        ...


class StepRunner(Protocol):
    """Does a build's steps. Each call returns with its effect made, or raises (or is cancelled) without one."""

    def identify(self, image: ImageConfig) -> str:
        """Return the ID that an image with this document has."""
        ...

    async def find_base(self, reference: str, platform: Platform | None) -> Base:
        """Return the image that FROM or `COPY --from` names; pull or stand in for it where that is due.

        Raises:
            NotFound: there is none.
        """
        ...

    async def pinned(self, state: State) -> str:
        """Return what a RUN's outcome depends on beside the image: the digest of the Windows base it will run on.

        Raises:
            NotFound: there is no such base.
        """
        ...

    async def find_cached(self, before: State, after: State, key: str, created_by: str) -> ImageConfig | None:
        """Return the document after an earlier, equal step whose layers are all still there.

        after: before with the configuration that the step gives it, without its layer and line of history.
        """
        ...

    async def record(self, key: str, image: ImageConfig) -> None:
        """Remember a step's outcome under its key."""
        ...

    async def run(self, state: State, step: RunStep) -> Digest | None:
        """Run the program; return the layer it made, or None if it changed nothing.

        Raises:
            CommandFailed: it ended with another code than 0.
        """
        ...

    async def look_up(self, state: State, step: CopyStep) -> Sources:
        """Find the sources and digest them; URLs are fetched."""
        ...

    async def copy(self, state: State, step: CopyStep, sources: Sources) -> Digest | None:
        """Put the sources in place; return the layer."""
        ...

    async def make_directory(self, state: State, path: str) -> Digest | None:
        """Make a working directory; return the layer, or None if it was there."""
        ...


class Progress(Protocol):
    """Hears what Docker's classic builder would print."""

    def write(self, text: str) -> None:
        """Tell the user on the build's output."""
        ...

    def warn(self, text: str) -> None:
        """Tell the user on the build's error output."""
        ...

    def image(self, image_id: str) -> None:
        """Tell the client the image that a stage made."""
        ...
