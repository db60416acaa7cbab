"""`transom image copy`: images between the engine, OCI layouts in directories, and archives."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from transom.cli.command import TWO, Command
from transom.cli.commands.archives import PLATFORM, receive, source
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.layout import read_directory, write_directory
from transom.cli.output import progress
from transom.cli.session import Session
from transom.client.engine import segment
from transom.client.http import CHUNK
from transom.client.jsonstream import documents
from transom.model.reference import parse_reference

OCI, ARCHIVE = "oci:", "archive:"
_LOADED = ("Loaded image: ", "Loaded image ID: ")


def _copy(session: Session, values: Values, places: list[str]) -> None:
    here, there = places
    query = {"platform": values.text("platform") or None}
    with contextlib.ExitStack() as stack:
        if here.startswith(ARCHIVE):
            pieces = iter(partial(stack.enter_context(source(here.removeprefix(ARCHIVE))).read, CHUNK), b"")
        elif here.startswith(OCI):
            pieces = read_directory(Path(here.removeprefix(OCI)))
        elif there.startswith((ARCHIVE, OCI)):
            pieces = iter(session.client.request("GET", "/images/get", {"names": [here], **query}).stream())
        else:
            raise CliError("both places are names in the engine: `transom tag` gives an image another name")
        if there.startswith(OCI):
            write_directory(pieces, Path(there.removeprefix(OCI)))
        elif there.startswith(ARCHIVE):
            receive(pieces, there.removeprefix(ARCHIVE))
        else:
            _load(session, pieces, there, query)


def _load(session: Session, pieces: Iterator[bytes], name: str, query: dict[str, str | None]) -> None:
    """Load one image and call it name."""

    def body(write: Callable[[bytes], None]) -> None:
        for piece in pieces:
            write(piece)

    reference = parse_reference(name).with_default_tag()
    headers = {"Content-Type": "application/x-tar"}
    response = session.client.request("POST", "/images/load", query, raw_body=body, headers=headers)
    loaded: list[str] = []

    def noted() -> Iterator[dict[str, object]]:
        for message in documents(response.stream()):
            for start in _LOADED:
                text = str(message.get("stream", "")).strip()
                if text.startswith(start):
                    loaded.append(text.removeprefix(start))
            yield message

    progress.show(noted(), sys.stderr)
    if len(loaded) != 1:
        raise CliError(f"{len(loaded)} images were loaded, under their own names: which one is to be {name}?")
    target = {"repo": reference.familiar_repository, "tag": reference.tag}
    session.client.post(f"/images/{segment(loaded[0])}/tag", target)
    print(reference.familiar)


COPY = Command(
    "[OPTIONS] SOURCE TARGET",
    "Copy an image between the engine, OCI layouts and archives",
    _copy,
    (PLATFORM,),
    TWO,
    long=(
        "Copy an image between the engine, OCI layouts and archives.\n\n"
        "A place is the name of an image in the engine, oci:DIRECTORY for an OCI image layout, or\n"
        "archive:FILE for a tar as `save` writes it. A layout keeps what it holds already."
    ),
)
