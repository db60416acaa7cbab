"""The sources of a COPY: found and digested. A job: a walk over an image's files takes as long as they are many."""

import posixpath
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from transom.build.ignore import IgnoreFile, has_wildcard, select
from transom.build.workspace import Source
from transom.drivers.build.digests import Record, named_digest, record_of, tree_digest
from transom.drivers.build.view import Spelling, Views, follow
from transom.drivers.build.walk import names, walk
from transom.errors import InvalidParameter, NotFound
from transom.host.job import Report
from transom.host.rootfs import Rootfs
from transom.model.mount import Mount


@dataclass(frozen=True)
class Look:
    """Where to look, and what for.

    context: the context's directory, with its records beside; or empty, and view is the image's root to be mounted
    on mountpoint. sources: `/`-separated, below the root. keyword: for texts of errors. folds: the guest ignores case.
    """

    keyword: str
    sources: list[str]
    context: str = ""
    records: str = ""
    view: Mount | None = None
    mountpoint: str = ""
    excludes: tuple[str, ...] = ()
    folds: bool = False


class _Tree(Protocol):
    def find(self, path: str) -> Record | None: ...
    def below(self, path: str) -> Iterable[Record]: ...
    def names(self) -> list[str]: ...
    def resolve(self, path: str) -> str: ...


class _Context:
    """A context by its records; nothing is read from disk but links."""

    def __init__(self, root: Rootfs, records: list[Record]) -> None:
        self._root = root
        self._records = {record.path: record for record in records}

    def find(self, path: str) -> Record | None:
        return self._records.get(path) if path else Record("", "d", "")

    def below(self, path: str) -> Iterable[Record]:
        prefix = path + "/" if path else ""
        return (record for name, record in self._records.items() if name.startswith(prefix))

    def names(self) -> list[str]:
        return sorted(self._records)

    def resolve(self, path: str) -> str:
        return follow(path, self._target, lambda _, name: name)

    def _target(self, path: str) -> str | None:
        record = self._records.get(path)
        return self._root.readlink(path) if record is not None and record.kind == "l" else None


class _Image:
    """An image's files; what is asked for is read."""

    def __init__(self, root: Rootfs, *, folds: bool) -> None:
        self._root = root
        self._spelling = Spelling([root], folds=folds)

    def find(self, path: str) -> Record | None:
        if not path:
            return Record("", "d", "")
        try:
            with self._root.parent(path) as (directory, name):
                return record_of(path, name, directory)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def below(self, path: str) -> Iterable[Record]:
        return walk(self._root, path)

    def names(self) -> list[str]:
        return sorted(names(self._root, ""))

    def resolve(self, path: str) -> str:
        return follow(path, self._target, self._spelling)

    def _target(self, path: str) -> str | None:
        try:
            is_link = stat.S_ISLNK(self._root.lstat(path).st_mode)
            return self._root.readlink(path) if is_link else None
        except (FileNotFoundError, NotADirectoryError):
            return None


def look_up(arguments: Look, fds: Sequence[int], report: Report) -> list[Source]:
    """Return the sources in the order in which they are copied.

    Raises:
        NotFound: a source is not there. InvalidParameter: a pattern or path is malformed, or matches nothing.
    """
    tree = _open(arguments)
    in_context = bool(arguments.context)
    found: list[Source] = []
    for written in arguments.sources:
        path = _clean(written, arguments)
        matches = select(path, tree.names()) if has_wildcard(path) else [path]
        found += [_source(tree, match, arguments, in_context=in_context) for match in matches]
    if not found:
        raise InvalidParameter(f"{arguments.keyword} failed: no source files were specified")
    return found


def _open(arguments: Look) -> _Tree:
    if arguments.context:
        with open(arguments.records, "rb") as file:
            records = msgspec.msgpack.decode(file.read(), type=list[Record])
        return _Context(Rootfs.at(arguments.context), records)
    assert arguments.view is not None
    return _Image(Views().mount(arguments.view, arguments.mountpoint), folds=arguments.folds)


def _clean(written: str, arguments: Look) -> str:
    path = posixpath.normpath(written.lstrip("/") or ".")
    if path == ".." or path.startswith("../"):
        if arguments.context:
            raise InvalidParameter(
                f"{arguments.keyword} failed: forbidden path outside the build context: {written} ()"
            )
        path = posixpath.normpath("/" + path).lstrip("/")
    return "" if path == "." else path


def _source(tree: _Tree, path: str, arguments: Look, *, in_context: bool) -> Source:
    real = tree.resolve(path)
    record = tree.find(real)
    if record is None:
        reason = "file not found in build context or excluded by .dockerignore: " if in_context else ""
        raise NotFound(f"{arguments.keyword} failed: {reason}stat {path}: file does not exist")
    name = posixpath.basename(path)
    if record.kind != "d":
        return Source(real, name, False, "file:" + named_digest(name, record.digest))
    ignore = IgnoreFile(arguments.excludes)
    start = len(real) + 1 if real else 0
    below = (
        (record.path[start:], record.digest) for record in tree.below(real) if not ignore.ignores(record.path[start:])
    )
    return Source(real, name, True, "dir:" + tree_digest(below))
