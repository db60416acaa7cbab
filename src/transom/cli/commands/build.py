"""`transom build`: a directory as the context of an image, sent to the engine's classic builder."""

import contextlib
import gzip
import io
import json
import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transom.build.ignore import IgnoreFile, read_ignore_file
from transom.cli import flags as flag
from transom.cli.command import ONE, Command
from transom.cli.context_tar import TarWriter, Write, walk
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.options import limits
from transom.cli.options.pairs import key_values
from transom.cli.output import progress
from transom.cli.output.units import human_size, parse_bytes
from transom.cli.session import Session
from transom.client.http import CHUNK

DOCKERFILE = "Dockerfile"
IGNORE = ".dockerignore"
TAR_MAGIC_AT = 257
REDRAW_EVERY = 4 * 1024 * 1024
COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")


@dataclass(slots=True)
class Context:
    """What is sent: a function that writes the tar, the Dockerfile's name in it, and a URL in its place."""

    send: Callable[[Write], None] | None
    dockerfile: str
    remote: str = ""


def _context(values: Values, where: str) -> Context:
    file = values.text("file")
    if where == "-" and file == "-":
        raise CliError("invalid argument: can't use stdin for both build context and dockerfile")
    if where == "-":
        return _from_stdin(file)
    if where.startswith(("http://", "https://")) and not where.partition("#")[0].endswith(".git"):
        return Context(None, file, remote=where)
    if where.startswith(("git://", "git@", "github.com/", "http://", "https://")):
        raise CliError(
            f"unable to prepare context: {where}: git contexts are not supported; clone it and build the directory"
        )
    if not Path(where).is_dir():
        raise CliError(f'unable to prepare context: path "{where}" not found')
    return _from_directory(os.path.realpath(where), file)


def _from_stdin(file: str) -> Context:
    stream = sys.stdin.buffer
    head = stream.read(512)
    if head.startswith(COMPRESSED) or head[TAR_MAGIC_AT : TAR_MAGIC_AT + 5] == b"ustar":

        def send(write: Write) -> None:
            write(head)
            while piece := stream.read(CHUNK):
                write(piece)

        return Context(send, file)
    if file:
        raise CliError("ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles")
    text = head + stream.read()
    return Context(lambda write: _send_members(write, {DOCKERFILE: text}), DOCKERFILE)


def _send_members(write: Write, members: dict[str, bytes]) -> None:
    archive = TarWriter(write)
    for name, data in members.items():
        archive.add_bytes(data, name)
    archive.close()


def _from_directory(directory: str, file: str) -> Context:
    dockerfile, outside = _dockerfile(directory, file)
    ignored = _ignored(directory, dockerfile if outside is None else "")

    def leaves_out(name: str, is_directory: bool) -> tuple[bool, bool]:
        if name in (dockerfile, IGNORE):  # the engine needs both, and leaves them out of COPY itself
            return False, False
        left_out = ignored.ignores(name)
        leads_there = dockerfile.startswith(name + "/")
        return left_out, not left_out or ignored.has_exceptions or leads_there

    def send(write: Write) -> None:
        archive = TarWriter(write, as_root=True)
        try:
            for path, name in walk(directory, leaves_out):
                archive.add(path, name)
        except OSError as exc:
            raise CliError(
                f"error checking context: can't read '{exc.filename}': {(exc.strerror or str(exc)).lower()}"
            ) from exc
        if outside is not None:
            archive.add_bytes(outside, dockerfile)
        archive.close()

    return Context(send, dockerfile)


def _dockerfile(directory: str, file: str) -> tuple[str, bytes | None]:
    """Return the Dockerfile's name in the context, and its text where it is not from there."""
    if file == "-":
        return f".dockerfile.{secrets.token_hex(10)}", sys.stdin.buffer.read()
    path = os.path.join(directory, DOCKERFILE) if not file else os.path.abspath(file)
    real = os.path.realpath(path)
    if not os.path.isfile(real):
        raise CliError(
            "unable to prepare context: unable to evaluate symlinks in Dockerfile path: "
            f"lstat {path}: no such file or directory"
        )
    inside = os.path.relpath(real, directory)
    if inside != ".." and not inside.startswith("../"):
        return inside, None
    return f".dockerfile.{secrets.token_hex(10)}", Path(real).read_bytes()


def _ignored(directory: str, dockerfile: str) -> IgnoreFile:
    for name in (f"{dockerfile}{IGNORE}" if dockerfile else IGNORE, IGNORE):
        try:
            return IgnoreFile(read_ignore_file(Path(directory, name).read_text(encoding="utf-8")))
        except FileNotFoundError:
            continue
        except OSError as exc:
            raise CliError(f"error reading {IGNORE}: {(exc.strerror or '').lower()}") from exc
    return IgnoreFile([])


def _arguments(values: Values) -> dict[str, str | None]:
    """Return --build-arg pairs; a name alone takes our environment's value, or none."""
    found: dict[str, str | None] = {}
    for item in values.many("build-arg"):
        name, equals, value = item.partition("=")
        found[name] = value if equals else os.environ.get(name)
    return found


def _query(values: Values, context: Context) -> dict[str, Any]:
    return {
        "t": values.many("tag"),
        "dockerfile": context.dockerfile or None,
        "remote": context.remote or None,
        "buildargs": _arguments(values),
        "labels": key_values(values.many("label")),
        "q": values.on("quiet"),
        "nocache": values.on("no-cache"),
        "pull": values.on("pull"),
        "rm": "1" if values.on("rm") else "0",
        "forcerm": values.on("force-rm"),
        "memory": values.value("memory") or None,
        "memswap": values.value("memory-swap") or None,
        "cpushares": values.number("cpu-shares"),
        "cpuperiod": values.number("cpu-period"),
        "cpuquota": values.number("cpu-quota"),
        "cpusetcpus": values.text("cpuset-cpus") or None,
        "cpusetmems": values.text("cpuset-mems") or None,
        "cgroupparent": values.text("cgroup-parent") or None,
        "shmsize": values.value("shm-size") or None,
        "networkmode": values.text("network"),
        "ulimits": json.dumps(values.many("ulimit")) if values.many("ulimit") else None,
        "extrahosts": values.many("add-host"),
        "cachefrom": json.dumps(values.many("cache-from")) if values.many("cache-from") else None,
        "securityopt": json.dumps(values.many("security-opt")) if values.many("security-opt") else None,
        "target": values.text("target") or None,
        "platform": values.text("platform") or os.environ.get("DOCKER_DEFAULT_PLATFORM") or None,
        "isolation": values.text("isolation") or None,
        "squash": values.on("squash"),
        "version": "1",
    }


def _build(session: Session, values: Values, arguments: list[str]) -> None:
    context = _context(values, arguments[0])
    quiet = values.on("quiet")
    headers = {"Content-Type": "application/x-tar"}
    if auth := session.config.all_registry_auth():
        headers["X-Registry-Config"] = auth
    body = _body(context, compress=values.on("compress"), quiet=quiet)
    messages = session.client.events("POST", "/build", _query(values, context), raw_body=body, headers=headers)
    images: list[str] = []
    buffer = io.StringIO()
    try:
        progress.show(
            messages,
            buffer if quiet else sys.stdout,
            on_aux=lambda aux: images.append(str(aux.get("ID", ""))),
            has_exit_codes=True,
        )
    except CliError:
        if quiet:
            print(buffer.getvalue(), end="", file=sys.stderr)
        raise
    if quiet:
        images = images or [buffer.getvalue().strip()]
        print(images[-1])
    if iidfile := values.text("iidfile"):
        if not images or not images[-1]:
            raise CliError(f"server did not provide an image ID. Cannot write {iidfile}")
        Path(iidfile).write_text(images[-1])


def _body(context: Context, *, compress: bool, quiet: bool) -> Callable[[Write], None] | None:
    if context.send is None:
        return None
    send = context.send

    def run(write: Write) -> None:
        meter = _Meter(write, quiet=quiet)
        if compress:
            with contextlib.closing(gzip.GzipFile(fileobj=_Sink(meter.write), mode="wb")) as packed:
                send(lambda data: _ignore(packed.write(data)))
        else:
            send(meter.write)
        meter.done()

    return run


def _ignore(_: object) -> None:
    return None


class _Sink(io.RawIOBase):
    def __init__(self, write: Write) -> None:
        super().__init__()
        self._send = write

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._send(bytes(data))
        return len(data)


class _Meter:
    """Counts what is sent and shows it: a line that moves on a terminal, one line at the end elsewhere."""

    def __init__(self, write: Write, *, quiet: bool) -> None:
        self._write = write
        self._quiet = quiet
        self._moving = sys.stdout.isatty()
        self._sent = self._drawn = 0

    def write(self, data: bytes) -> None:
        self._write(data)
        self._sent += len(data)
        if self._moving and not self._quiet and self._sent - self._drawn >= REDRAW_EVERY:
            self._drawn = self._sent
            self._show("\r")

    def done(self) -> None:
        if not self._quiet:
            self._show("\r\n" if self._moving else "\n")

    def _show(self, end: str) -> None:
        start = "\r" if self._moving else ""
        print(f"{start}Sending build context to Transom  {human_size(self._sent)}", end=end, flush=True)


FLAGS = (
    flag.many("add-host", 'Add a custom host-to-IP mapping ("host:ip")', parse=limits.extra_host),
    flag.many("build-arg", "Set build-time variables"),
    flag.many("cache-from", "Images to consider as cache sources", kind="strings", split=True),
    flag.text("cgroup-parent", 'Set the parent cgroup for the "RUN" instructions during build'),
    flag.switch("compress", "Compress the build context using gzip"),
    flag.number("cpu-period", "Limit the CPU CFS (Completely Fair Scheduler) period"),
    flag.number("cpu-quota", "Limit the CPU CFS (Completely Fair Scheduler) quota"),
    flag.number("cpu-shares", "CPU shares (relative weight)", short="c"),
    flag.text("cpuset-cpus", "CPUs in which to allow execution (0-3, 0,1)"),
    flag.text("cpuset-mems", "MEMs in which to allow execution (0-3, 0,1)"),
    flag.switch("disable-content-trust", "Skip image verification", default=True),
    flag.text("file", 'Name of the Dockerfile (Default is "PATH/Dockerfile")', short="f"),
    flag.switch("force-rm", "Always remove intermediate containers"),
    flag.text("iidfile", "Write the image ID to the file"),
    flag.text("isolation", "Container isolation technology"),
    flag.many("label", "Set metadata for an image"),
    flag.checked("memory", "Memory limit", parse_bytes, short="m", kind="bytes", default=0),
    flag.checked(
        "memory-swap",
        "Swap limit equal to memory plus swap: -1 to enable unlimited swap",
        limits.memory_swap,
        kind="bytes",
        default=0,
    ),
    flag.text("network", "Set the networking mode for the RUN instructions during build", default="default"),
    flag.switch("no-cache", "Do not use cache when building the image"),
    flag.text("platform", "Set platform if server is multi-platform capable"),
    flag.switch("pull", "Always attempt to pull a newer version of the image"),
    flag.switch("quiet", "Suppress the build output and print image ID on success", short="q"),
    flag.switch("rm", "Remove intermediate containers after a successful build", default=True),
    flag.many("security-opt", "Security options", kind="strings", split=True),
    flag.checked("shm-size", 'Size of "/dev/shm"', parse_bytes, kind="bytes", default=0),
    flag.switch("squash", "Squash newly built layers into a single new layer"),
    flag.many("tag", 'Name and optionally a tag in the "name:tag" format', short="t"),
    flag.text("target", "Set the target build stage to build."),
    flag.many("ulimit", "Ulimit options", kind="ulimit", parse=limits.ulimit),
)
BUILD = Command("[OPTIONS] PATH | URL | -", "Build an image from a Dockerfile", _build, FLAGS, ONE)
