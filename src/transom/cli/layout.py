"""OCI image layouts in directories, as tars and back; nothing is unpacked but the layout's own files.

Source: image-spec v1.1 image-layout.md.
"""

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

LAYOUT, INDEX = "oci-layout", "index.json"
NAME, REF = "io.containerd.image.name", "org.opencontainers.image.ref.name"
_BLOB = re.compile(r"blobs/sha256/[0-9a-f]{64}")
_MAX_INDEX = 64 << 20
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
    for path in [directory / LAYOUT, *sorted((directory / "blobs/sha256").glob("*")), directory / INDEX]:
        if not path.is_file():
            continue
        with path.open("rb") as source:
            entry = tarfile.TarInfo(path.relative_to(directory).as_posix())
            entry.size = os.fstat(source.fileno()).st_size
            yield entry.tobuf(tarfile.USTAR_FORMAT)
            while data := source.read(COPY):
                yield data
            yield bytes(-entry.size % 512)
    yield _END


def write_directory(pieces: Iterator[bytes], directory: Path) -> None:
    """Put the layout in an archive into directory, beside what a layout there holds already.

    The index is changed last, and replaced whole: until then nothing leads to what was added.

    Raises:
        CliError: the archive holds no layout, or directory is something else already.
    """
    if directory.exists() and any(directory.iterdir()) and not (directory / INDEX).is_file():
        raise CliError(f"{directory} is not empty, and holds no OCI image layout")
    (directory / "blobs/sha256").mkdir(parents=True, exist_ok=True)
    index: bytes | None = None
    try:
        with tarfile.open(fileobj=cast(BinaryIO, Pieces(pieces)), mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is None:
                    continue
                if member.name == INDEX and member.size <= _MAX_INDEX:
                    index = content.read()
                elif _BLOB.fullmatch(member.name):
                    _replace(directory / member.name, iter(partial(content.read, COPY), b""))
    except tarfile.TarError as exc:
        raise CliError(f"the archive is damaged: {exc}") from exc
    except OSError as exc:
        raise CliError(f"{exc.filename or directory}: {(exc.strerror or str(exc)).lower()}") from exc
    if index is None:
        raise CliError("the archive holds no OCI image layout; load it into the engine, and copy it from there")
    if not (directory / LAYOUT).exists():
        _replace(directory / LAYOUT, [b'{"imageLayoutVersion":"1.0.0"}'])
    _replace(directory / INDEX, [_joined(directory / INDEX, json.loads(index))])


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
