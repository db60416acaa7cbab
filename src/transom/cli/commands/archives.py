"""`transom load`, `save`, `import` and `export`: images and file systems as archives."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from transom.cli import flags as flag
from transom.cli.command import NONE, ONE, SOME, Arity, Command
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.output import progress
from transom.cli.output.units import human_size
from transom.cli.session import Session
from transom.cli.streams import write_all
from transom.cli.terminal import STDIN, STDOUT, is_terminal
from transom.client.engine import segment
from transom.client.http import CHUNK
from transom.client.jsonstream import documents

PLATFORM = flag.text(
    "platform", 'Only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")'
)
OUTPUT = flag.text("output", "Write to a file, instead of STDOUT", short="o")
REDRAW_EVERY = 4 * 1024 * 1024


@contextlib.contextmanager
def source(path: str) -> Iterator[BinaryIO]:
    """Open the archive at path, or our standard input where path is empty or `-`."""
    if path in ("", "-"):
        yield sys.stdin.buffer
        return
    with contextlib.ExitStack() as stack:
        try:
            stream = stack.enter_context(Path(path).open("rb"))
        except OSError as exc:
            raise CliError(f"open {path}: {(exc.strerror or '').lower()}") from exc
        yield stream


def sender(stream: BinaryIO, label: str = "") -> Callable[[Callable[[bytes], None]], None]:
    """Return a request body that sends stream; a label shows how far it is, on a terminal."""
    shows = bool(label) and sys.stderr.isatty()

    def send(write: Callable[[bytes], None]) -> None:
        sent = drawn = 0
        try:
            total = os.fstat(stream.fileno()).st_size
        except OSError:
            total = 0
        while piece := stream.read(CHUNK):
            write(piece)
            sent += len(piece)
            if shows and sent - drawn >= REDRAW_EVERY:
                drawn = sent
                of_total = f"/{human_size(total, 3)}" if total >= sent else ""
                print(f"\r\x1b[2K{label} {human_size(sent, 3)}{of_total}", end="", file=sys.stderr, flush=True)
        if shows and drawn:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)

    return send


def receive(pieces: Iterable[bytes], output: str) -> None:
    """Write pieces to the file output, or to our standard output; a file appears only when it is whole.

    Raises:
        CliError: the file cannot be written, or the terminal would be flooded.
    """
    if not output:
        if is_terminal(STDOUT):
            raise CliError("cowardly refusing to save to a terminal. Use the -o flag or redirect")
        for piece in pieces:
            write_all(STDOUT, piece)
        return
    target = Path(output)
    directory = target.parent
    if not directory.is_dir():
        raise CliError(f'invalid output path: directory "{directory}" does not exist')
    if target.is_dir():
        raise CliError(f'failed to save image: invalid output path: "{output}" is a directory')
    if target.exists() and not target.is_file():  # a pipe or a device is written as it is
        with target.open("wb") as stream:
            stream.writelines(pieces)
        return
    partial = directory / f".{target.name}.{os.getpid()}.part"
    try:
        with partial.open("xb") as stream:
            stream.writelines(pieces)
        partial.replace(target)
    except OSError as exc:
        raise CliError(f"write {output}: {(exc.strerror or '').lower()}") from exc
    finally:
        partial.unlink(missing_ok=True)


def _load(session: Session, values: Values, _: list[str]) -> None:
    path = values.text("input")
    if not path and is_terminal(STDIN):
        raise CliError("requested load from stdin, but stdin is empty")
    query = {"quiet": values.on("quiet") or not sys.stdout.isatty(), "platform": values.text("platform") or None}
    with source(path) as stream:
        response = session.client.request(
            "POST",
            "/images/load",
            query,
            raw_body=sender(stream, "" if values.on("quiet") else "Sending archive"),
            headers={"Content-Type": "application/x-tar"},
        )
        if "json" in response.headers.get("content-type", "json"):
            progress.show(documents(response.stream()), sys.stdout)
        else:
            for piece in response.stream():
                write_all(STDOUT, piece)


def _save(session: Session, values: Values, names: list[str]) -> None:
    output = values.text("output")
    if not output and is_terminal(STDOUT):
        raise CliError("cowardly refusing to save to a terminal. Use the -o flag or redirect")
    query = {"names": names, "platform": values.text("platform") or None}
    receive(session.client.request("GET", "/images/get", query).stream(), output)


def _import(session: Session, values: Values, arguments: list[str]) -> None:
    where, reference = arguments[0], arguments[1] if len(arguments) > 1 else ""
    query = {
        "repo": reference or None,
        "message": values.text("message") or None,
        "changes": values.many("change"),
        "platform": values.text("platform") or None,
    }
    if where != "-" and "://" in where:
        query["fromSrc"] = where
        progress.show(session.client.events("POST", "/images/create", query), sys.stdout)
        return
    query["fromSrc"] = "-"
    with source(where) as stream:
        body = sender(stream, "Sending archive")
        headers = {"Content-Type": "application/x-tar"}
        progress.show(
            session.client.events("POST", "/images/create", query, raw_body=body, headers=headers), sys.stdout
        )


def _export(session: Session, values: Values, names: list[str]) -> None:
    output = values.text("output")
    if not output and is_terminal(STDOUT):
        raise CliError("cowardly refusing to save to a terminal. Use the -o flag or redirect")
    receive(session.client.request("GET", f"/containers/{segment(names[0])}/export").stream(), output)


LOAD = Command(
    "[OPTIONS]",
    "Load an image from a tar archive or STDIN",
    _load,
    (
        flag.text("input", "Read from tar archive file, instead of STDIN", short="i"),
        PLATFORM,
        flag.switch("quiet", "Suppress the load output", short="q"),
    ),
    NONE,
)
SAVE = Command(
    "[OPTIONS] IMAGE [IMAGE...]",
    "Save one or more images to a tar archive (streamed to STDOUT by default)",
    _save,
    (OUTPUT, PLATFORM),
    SOME,
)
IMPORT = Command(
    "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
    "Import the contents from a tarball to create a filesystem image",
    _import,
    (
        flag.many("change", "Apply Dockerfile instruction to the created image", short="c"),
        flag.text("message", "Set commit message for imported image", short="m"),
        flag.text("platform", "Set platform if server is multi-platform capable"),
    ),
    Arity(1, 2),
)
EXPORT = Command("[OPTIONS] CONTAINER", "Export a container's filesystem as a tar archive", _export, (OUTPUT,), ONE)
