"""Windows bases: immutable, content-addressed trees on which Windows containers stand, several side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from transom.model.ids import Digest


@dataclass(frozen=True, slots=True)
class BaseInfo:
    """What is known of a base.

    digest: of its whole content, so that equal inputs give equal digests.
    parts: optional parts that it has, such as `wow64` and `icu`.
    packages: (name, version, architecture) of what it was made from.
    compressed_bytes: size of its exported archive.
    """

    digest: Digest
    wine_version: str
    parts: tuple[str, ...]
    packages: tuple[tuple[str, str, str], ...]
    size_bytes: int
    compressed_bytes: int
    build_seconds: float
    created_at: str


@dataclass(frozen=True, slots=True)
class BaseOptions:
    """How a base is to be built.

    mirror: URL of a Debian mirror; empty for the one in the host's apt configuration.
    """

    mirror: str = ""
    wow64: bool = False
    icu: bool = False


@dataclass(frozen=True, slots=True)
class BaseProgress:
    """One step's progress: bytes, or a count of items; total 0 means unknown."""

    step: str
    done: int = 0
    total: int = 0


Progress = Callable[[BaseProgress], None]


class BaseBuilder(Protocol):
    """Makes bases."""

    async def build(self, options: BaseOptions, progress: Progress) -> BaseInfo:
        """Build a base and put it into the store; one that is there already is returned as it is.

        Raises:
            InvalidParameter: no mirror is known, or what it serves is not Debian's.
            Unavailable: the mirror cannot be reached.
            NotSupported: a program that is needed is not installed; the text names it.
        """
        ...


class BaseStore(Protocol):
    """Keeps bases."""

    async def list(self) -> Sequence[BaseInfo]:
        """Return every base, the newest first."""
        ...

    async def get(self, ref: str) -> BaseInfo:
        """Return the base that ref names: a digest, an unambiguous start of one, or empty for the newest.

        Raises:
            NotFound: there is none; the text tells how to build one.
            InvalidParameter: ref fits more than one.
        """
        ...

    async def remove(self, digest: Digest) -> None:
        """Remove a base. The caller has made sure that nothing uses it.

        Raises:
            NotFound: it is not there.
        """
        ...

    async def export(self, digest: Digest, path: str, progress: Progress) -> None:
        """Write a base to the file path as tar.zst.

        Raises:
            NotFound: it is not there.
        """
        ...

    async def import_(self, path: str, progress: Progress) -> BaseInfo:
        """Take in an exported base from the file path.

        Raises:
            InvalidParameter: it is not one, it is damaged, or its content is not what its digest says.
        """
        ...
