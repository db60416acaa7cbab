"""`transom cp`: files into a container and out of it.

The rules for what a destination means are those of docker's reference for `docker cp`.
"""

import base64
import json
import os
import posixpath
import re
import stat
import sys
from dataclasses import dataclass
from typing import Any

from transom.cli import flags as flag
from transom.cli.command import TWO, Command
from transom.cli.commands.archives import sender
from transom.cli.context_tar import TarWriter, Write, walk
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.output.units import human_size
from transom.cli.session import Session
from transom.cli.streams import write_all
from transom.cli.terminal import STDERR, STDOUT, is_terminal
from transom.cli.unpack import unpack
from transom.client.engine import EngineClient, segment
from transom.client.errors import ApiError

STAT_HEADER = "x-docker-container-path-stat"
GO_DIRECTORY, GO_LINK = 1 << 31, 1 << 27  # io/fs.FileMode bits, which the header carries
LINKS = 40


@dataclass(frozen=True, slots=True)
class Place:
    """One side of the copy: a path, in a container or here where container is empty."""

    container: str
    path: str

    @property
    def separator(self) -> str:
        """Return what divides the path: a drive letter says that it is Windows'."""
        return "\\" if self.container and re.match(r"[A-Za-z]:", self.path) else "/"

    @property
    def wants_directory(self) -> bool:
        """Return whether the path itself says that it is one: it ends in a separator or a dot."""
        return self.path.endswith(("/", "/.", self.separator, self.separator + "."))

    @property
    def wants_contents(self) -> bool:
        """Return whether the directory's contents are meant rather than itself."""
        return self.path.endswith(("/.", self.separator + "."))

    def split(self) -> tuple[str, str]:
        """Return (parent, last component), without separators at the end."""
        plain = self.path.replace("\\", "/") if self.separator == "\\" else self.path
        parent, name = posixpath.split(posixpath.normpath(plain))
        if self.separator == "\\" and re.fullmatch("[A-Za-z]:", parent):
            parent += "/"
        return parent or ("." if not self.container else "/"), name


@dataclass(frozen=True, slots=True)
class Found:
    """What is at a place."""

    is_directory: bool
    link: str = ""


def parse_place(text: str) -> Place:
    """Return the place that an argument means: CONTAINER:PATH, or a local path."""
    container, colon, path = text.partition(":")
    if text.startswith("/") or not colon or container.startswith("."):
        return Place("", text)
    return Place(container, path)


def _cp(session: Session, values: Values, arguments: list[str]) -> None:
    source, target = (parse_place(text) for text in arguments)
    if source.container and target.container:
        raise CliError("copying between containers is not supported")
    if not source.container and not target.container:
        raise CliError("must specify at least one container source")
    noisy = not values.on("quiet") and is_terminal(STDERR)
    size = _to_here(session, values, source, target) if source.container else _to_there(session, values, source, target)
    if noisy and size is not None:
        where = f"{target.container}:{target.path}" if target.container else os.path.abspath(target.path)
        print(f"Successfully copied {human_size(size, 3)} to {where}", file=sys.stderr)


# --- out of a container ---


def _to_here(session: Session, values: Values, source: Place, target: Place) -> int | None:
    client = session.client
    path = source.path
    if target.path == "-":
        for piece in _archive(client, source.container, path).stream():
            write_all(STDOUT, piece)
        return None
    parent, _ = target.split()
    if not os.path.isdir(parent):
        raise CliError(f'invalid output path: directory "{parent}" does not exist')
    if values.on("follow-link"):
        path = _followed(client, source).path
    response = _archive(client, source.container, path)
    found = _from_header(response.headers)
    place = Place(source.container, path)
    directory, name = _destination(target, found, place, _local(target))
    counter = [0]

    def counted() -> Any:
        for piece in response.stream():
            counter[0] += len(piece)
            yield piece

    _, base = place.split()
    unpack(
        counted(),
        directory,
        rename=lambda member: _renamed(member, base, name),
        keep_owner=values.on("archive"),
    )
    return counter[0]


def _archive(client: EngineClient, container: str, path: str) -> Any:
    return client.request("GET", f"/containers/{segment(container)}/archive", {"path": path})


def _renamed(member: str, base: str, name: str) -> str:
    """Return the member's name with the archive's top, base, replaced by name; an empty name leaves it out."""
    head, _, rest = member.partition("/")
    top = name if head in (base, ".") else head
    return f"{top}/{rest}".strip("/")


def _destination(target: Place, source_found: Found, source: Place, there: Found | None) -> tuple[str, str]:
    """Return (directory, name) that the source's top becomes; an empty name spreads its contents.

    Raises:
        CliError: target and source do not go together.
    """
    _, base = source.split()
    contents = source.wants_contents
    parent, name = target.split()
    if there is not None and there.is_directory:
        return target.path, "" if contents else base
    if there is not None:
        if source_found.is_directory:
            raise CliError("cannot copy directory")
        if target.wants_directory:
            raise CliError("not a directory")
        return parent, name
    if not source_found.is_directory and target.wants_directory:
        raise CliError("no such directory")
    return parent, name


def _local(place: Place) -> Found | None:
    try:
        return Found(stat.S_ISDIR(os.stat(place.path).st_mode))
    except OSError:
        return None


# --- into a container ---


def _to_there(session: Session, values: Values, source: Place, target: Place) -> int | None:
    client = session.client
    query = {"noOverwriteDirNonDir": "true", "copyUIDGID": "true" if values.on("archive") else None}
    headers = {"Content-Type": "application/x-tar"}
    target = _followed(client, target)
    there = _stat(client, target)
    if source.path == "-":
        if there is None or not there.is_directory:
            shown = f"{target.container}:{target.path}"
            raise CliError(f'destination "{shown}" must be a directory')
        body = sender(sys.stdin.buffer)
        _put(client, target.container, {"path": target.path, **query}, headers, body)
        return None
    local = source.path.rstrip("/") or "/"
    path = os.path.realpath(local) if values.on("follow-link") or source.wants_directory else local
    try:
        found = Found(stat.S_ISDIR(os.lstat(path).st_mode))
    except OSError as exc:
        raise CliError(f"lstat {source.path}: {(exc.strerror or '').lower()}") from exc
    directory, name = _destination(target, found, source, there)
    counter = [0]

    def send(write: Write) -> None:
        archive = TarWriter(write)
        _add_tree(archive, path, name, is_directory=found.is_directory)
        archive.close()
        counter[0] = archive.written

    _put(client, target.container, {"path": directory, **query}, headers, send)
    return counter[0]


def _add_tree(archive: TarWriter, path: str, name: str, *, is_directory: bool) -> None:
    try:
        archive.add(path, name or ".")
        if is_directory:
            for inner, relative in walk(path, lambda _name, _directory: (False, True)):
                archive.add(inner, f"{name}/{relative}" if name else relative)
    except OSError as exc:
        raise CliError(f"open {exc.filename or path}: {(exc.strerror or str(exc)).lower()}") from exc


def _put(client: EngineClient, container: str, query: dict[str, Any], headers: dict[str, str], body: Any) -> None:
    path = f"/containers/{segment(container)}/archive"
    client.request("PUT", path, query, raw_body=body, headers=headers).read()


# --- what is there ---


def _stat(client: EngineClient, place: Place) -> Found | None:
    """Return what is at the place in its container, or None; a container that is not there is an error."""
    path = f"/containers/{segment(place.container)}/archive"
    try:
        with client.request("HEAD", path, {"path": place.path}) as response:
            return _from_header(response.headers)
    except ApiError as exc:
        if exc.status != 404:
            raise
    client.get(f"/containers/{segment(place.container)}/json")  # tells a missing container from a missing file
    return None


def _followed(client: EngineClient, place: Place) -> Place:
    """Return where the links at a place lead in the end.

    Raises:
        CliError: they lead in a circle.
    """
    for _ in range(LINKS):
        found = _stat(client, place)
        if found is None or not found.link:
            return place
        parent, _ = place.split()
        place = Place(
            place.container, found.link if found.link[:1] in ("/", "\\") else posixpath.join(parent, found.link)
        )
    raise CliError(f"{place.path}: too many levels of symbolic links")


def _from_header(headers: dict[str, str]) -> Found:
    try:
        values = json.loads(base64.b64decode(headers[STAT_HEADER]))
    except (KeyError, ValueError) as exc:
        raise CliError("the engine did not say what the path is") from exc
    mode = int(values.get("mode") or 0)
    link = str(values.get("linkTarget") or "") if mode & GO_LINK else ""
    return Found(bool(mode & GO_DIRECTORY), link)


CP = Command(
    "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n[OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
    "Copy files/folders between a container and the local filesystem",
    _cp,
    (
        flag.switch("archive", "Archive mode (copy all uid/gid information)", short="a"),
        flag.switch("follow-link", "Always follow symbol link in SRC_PATH", short="L"),
        flag.switch("quiet", "Suppress progress output during copy", short="q"),
    ),
    TWO,
    long=(
        "Copy files/folders between a container and the local filesystem\n\n"
        "Use '-' as the source to read a tar archive from stdin\n"
        "and extract it to a directory destination in a container.\n"
        "Use '-' as the destination to stream a tar archive of a\n"
        "container source to stdout."
    ),
)
