"""OCI image layouts in directories, as tars and back; nothing is unpacked but the layout's own files.

Source: image-spec v1.1 image-layout.md.
"""

import hashlib
import json
import os
import re
import tarfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

from transom.cli.errors import CliError
from transom.cli.unpack import COPY, Pieces

LAYOUT, INDEX, LISTING, BLOBS = "oci-layout", "index.json", "manifest.json", "blobs/sha256"
NAME, REF = "io.containerd.image.name", "org.opencontainers.image.ref.name"
_BLOB = re.compile(r"blobs/sha256/[0-9a-f]{64}")
_PART = re.compile(r"\.(?:[0-9a-f]{64}|oci-layout|index\.json)\.(\d+)")
_MAX_INDEX = 64 << 20
_MAX_DEPTH = 4
_END = bytes(1024)


def read_directory(directory: Path) -> Iterator[bytes]:
    """Return the layout in directory as a tar, in pieces.

    Raises:
        CliError: there is none.
    """
    if not (directory / INDEX).is_file():
        raise CliError(f"{directory} holds no OCI image layout: it has no {INDEX}")
    return _archived(directory)


def _archived(directory: Path) -> Iterator[bytes]:
    blobs = [path for path in sorted((directory / BLOBS).glob("*")) if not path.name.startswith(".")]
    for path in [directory / LAYOUT, *blobs, directory / INDEX]:
        if not path.is_file():
            continue
        with path.open("rb") as source:
            size = os.fstat(source.fileno()).st_size
            yield from _member(path.relative_to(directory).as_posix(), size, iter(partial(source.read, COPY), b""))
    listed = listing(directory)
    yield from _member(LISTING, len(listed), [listed])
    yield _END


def _member(name: str, size: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    entry = tarfile.TarInfo(name)
    entry.size = size
    yield entry.tobuf(tarfile.USTAR_FORMAT)
    yield from pieces
    yield bytes(-size % 512)


def listing(directory: Path) -> bytes:
    """Return manifest.json of the layout in directory: what Docker without containerd reads an archive by.

    Raises:
        CliError: a document of the layout is damaged.
    """
    entries: dict[str, dict[str, Any]] = {}

    def walk(found: Any, name: str, depth: int) -> None:
        for entry in found["manifests"]:
            path = directory / _blob(entry["digest"])
            called = str((entry.get("annotations") or {}).get(NAME) or name)
            if depth > _MAX_DEPTH or not path.is_file() or path.stat().st_size > _MAX_INDEX:
                continue  # a variant that is not here
            document = json.loads(path.read_bytes())
            if "manifests" in document:
                walk(document, called, depth + 1)
            elif (entry.get("platform") or {}).get("os") != "unknown":
                known = entries.setdefault(str(entry["digest"]), {
                    "Config": _blob(document["config"]["digest"]), "RepoTags": [],
                    "Layers": [_blob(layer["digest"]) for layer in document["layers"]],
                })  # fmt: skip
                if called and called not in known["RepoTags"]:
                    known["RepoTags"].append(called)

    try:
        walk(json.loads((directory / INDEX).read_bytes()), "", 0)
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise CliError(f"{directory} holds a damaged OCI image layout: {exc}") from exc
    return json.dumps(list(entries.values())).encode()


def _blob(digest: str) -> str:
    name = f"{BLOBS}/{digest.removeprefix('sha256:')}"
    if not _BLOB.fullmatch(name):
        raise ValueError(f"{digest} is no digest that is known here")
    return name


def write_directory(pieces: Iterator[bytes], directory: Path) -> None:
    """Put the layout in an archive into directory, beside what a layout there holds already.

    The index is changed last, and replaced whole: until then nothing leads to what was added.

    Raises:
        CliError: the archive holds no layout, or directory is something else already.
    """
    if directory.exists() and any(directory.iterdir()) and not (directory / INDEX).is_file():
        raise CliError(f"{directory} is not empty, and holds no OCI image layout")
    (directory / BLOBS).mkdir(parents=True, exist_ok=True)
    _sweep(directory)
    index: bytes | None = None
    try:
        with tarfile.open(fileobj=cast(BinaryIO, Pieces(pieces)), mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is None:
                    continue
                if member.name == INDEX and member.size <= _MAX_INDEX:
                    index = content.read()
                elif _BLOB.fullmatch(member.name) and not (directory / member.name).exists():
                    _replace(directory / member.name, _checked(member.name, iter(partial(content.read, COPY), b"")))
    except tarfile.TarError as exc:
        raise CliError(f"the archive is damaged: {exc}") from exc
    except OSError as exc:
        raise CliError(f"{exc.filename or directory}: {(exc.strerror or str(exc)).lower()}") from exc
    if index is None:
        raise CliError("the archive holds no OCI image layout; load it into the engine, and copy it from there")
    if not (directory / LAYOUT).exists():
        _replace(directory / LAYOUT, [b'{"imageLayoutVersion":"1.0.0"}'])
    try:
        joined = _joined(directory / INDEX, json.loads(index))
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise CliError(f"the archive or the layout is damaged: {exc}") from exc
    _replace(directory / INDEX, [joined])


def _checked(name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pass a blob's pieces on; refuse, at their end, what is not the blob of that name."""
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
        yield piece
    if found.hexdigest() != name.rpartition("/")[2]:
        raise CliError(f"the archive is damaged: the content of {name} is sha256:{found.hexdigest()}")


def _sweep(directory: Path) -> None:
    """Remove what copies that were killed have left."""
    for part in [*directory.glob(".*"), *(directory / BLOBS).glob(".*")]:
        if (match := _PART.fullmatch(part.name)) and not Path("/proc", match[1]).exists():
            part.unlink(missing_ok=True)


def _joined(path: Path, added: dict[str, Any]) -> bytes:
    """Return the index at path with added's entries; a name that both have leads to the new one."""
    before: dict[str, Any] = {"schemaVersion": 2, "manifests": []}
    if path.exists():
        before = json.loads(path.read_bytes())
    entries = list(added["manifests"])
    names = {_name(entry) for entry in entries}
    kept = [entry for entry in before["manifests"] if _name(entry) not in names and entry not in entries]
    return json.dumps(before | {"manifests": [*kept, *entries]}).encode()


def _name(entry: dict[str, Any]) -> tuple[str, str]:
    notes = entry.get("annotations") or {}
    name = str(notes.get(NAME) or "")
    return (name, str(notes.get(REF) or "")) if name or notes.get(REF) else ("", str(entry["digest"]))


def _replace(path: Path, pieces: Iterable[bytes]) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("wb") as out:
            out.writelines(pieces)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
