"""The parts of a base's build that take memory and a core: each in a worker's process, which gives both back."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transom.drivers.exec.wine.base import ports, tree
from transom.drivers.exec.wine.base.contents import Source
from transom.drivers.exec.wine.base.digest import tree_digest
from transom.drivers.exec.wine.base.packing import Counter, write_archive
from transom.host.job import Report

_REPORT_EVERY = 50


@dataclass(frozen=True, slots=True)
class Unpack:
    """packages: what to take, and the .deb file to take it from. linux: the directory to put it in."""

    packages: tuple[tuple[Source, str], ...]
    linux: str


@dataclass(frozen=True, slots=True)
class UnpackSources:
    """top: the directory to unpack source packages below."""

    sources: tuple[ports.Fetched, ...]
    top: str


@dataclass(frozen=True, slots=True)
class Tree:
    """A finished base that is not adopted yet."""

    path: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """digest: of the tree. size_bytes: on disk; compressed_bytes: as an archive."""

    digest: str
    size_bytes: int
    compressed_bytes: int


def unpack(arguments: Unpack, fds: Sequence[int], report: Report) -> None:
    """Put the packages' files into linux; reports how many entries were read since the last report.

    Raises:
        InvalidParameter: a package is damaged or lacks what a base needs.
    """
    done = 0

    def count(entries: int) -> None:
        nonlocal done
        done += entries
        if done >= _REPORT_EVERY:
            report(done)
            done = 0

    for source, deb in arguments.packages:
        tree.unpack(source, Path(deb), Path(arguments.linux), count)


def unpack_sources(arguments: UnpackSources, fds: Sequence[int], report: Report) -> None:
    """Unpack source packages.

    Raises:
        InvalidParameter: an archive is damaged.
    """
    ports.unpack(arguments.sources, Path(arguments.top))


def weigh(arguments: Tree, fds: Sequence[int], report: Report) -> Weighed:
    """Return a tree's digest and sizes."""
    digest, size = tree_digest(Path(arguments.path))
    counter = Counter()
    write_archive(Path(arguments.path), b"", counter, lambda count: None)
    return Weighed(digest, size, counter.bytes)
