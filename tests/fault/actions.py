"""What clients do, and the fault points that each action passes; the union of these is every point there is."""

import io
import json
import secrets
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from tests.support.engine import WINDOWS, Done, Engine, base_archive
from tests.support.images import directory, file, layer, make, write_archive

CONTAINER = (
    "container.create.prepared", "container.create.recorded", "container.start.attached", "container.start.created",
    "container.start.started", "container.start.saved", "oci.create.prepared", "oci.create.created",
    "oci.start.started", "snapshot.prepare.recorded", "snapshot.prepare.made", "network.linked",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Action:
    """Something that succeeds on an engine in order. errors: the points where a failed step fails the whole.

    At the others the user has what was asked for already: the engine logs, and goes on.
    """

    name: str
    points: tuple[str, ...]
    do: Callable[[Engine], Done]
    undo: Callable[[Engine], None] = lambda engine: None
    prepare: Callable[[Engine], None] = lambda engine: None
    errors: tuple[str, ...] | None = None
    windows: bool = False

    @property
    def failing(self) -> tuple[str, ...]:
        return self.points if self.errors is None else self.errors


def _run(*arguments: str) -> Callable[[Engine], Done]:
    return lambda engine: engine.docker("run", *arguments, check=False, timeout_s=90)


def _quietly(*arguments: str) -> Callable[[Engine], None]:
    def act(engine: Engine) -> None:
        engine.docker(*arguments, check=False)

    return act


def _load(engine: Engine) -> Done:
    path = engine.directory / "load.tar"
    first = layer(directory("d"), file("d/one", "1" * 5000))
    write_archive(str(path), make(first, layer(file("d/two", "2")), names=["loaded:1"], config={"Cmd": ["/d/one"]}))
    return engine.docker("load", "-i", str(path), check=False)


def _build(engine: Engine) -> Done:
    context = io.BytesIO()
    text = b"FROM busybox\nRUN echo made > /made\nCOPY file /copied\nENV A=1\n"
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, data in (("Dockerfile", text), ("file", b"content")):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return engine.docker(
        "build", "-q", "-t", "built:1", "-", stdin=context.getvalue(), check=False, env={"DOCKER_BUILDKIT": "0"}
    )


def _forget_build(engine: Engine) -> None:
    engine.docker("rmi", "-f", "built:1", check=False)
    engine.docker("builder", "prune", "-af", check=False)
    engine.docker("image", "prune", "-f", check=False)


def _forget_pull(engine: Engine) -> None:
    """Remove what was pulled, and what a pull that broke off keeps for the next one."""
    engine.docker("rmi", "-f", f"{engine.registry}/team/faulty:1", check=False)
    engine.docker("image", "prune", "-f", check=False)


def _pushed(engine: Engine) -> str:
    return f"{engine.registry}/team/pushed:1"


def _prepare_push(engine: Engine) -> None:
    """Load an image that the registry has nothing of."""
    engine.docker("rmi", "-f", _pushed(engine), check=False)
    path = engine.directory / "pushed.tar"
    write_archive(str(path), make(layer(file("pushed", secrets.token_hex(2500))), names=[_pushed(engine)]))
    engine.docker("load", "-i", str(path))


def _save(engine: Engine) -> Done:
    return engine.docker("save", "-o", str(engine.directory / "saved.tar"), "busybox", check=False)


def _prepare_rebase(engine: Engine) -> None:
    """Load an image as a build without a network leaves it."""
    path = engine.directory / "unrooted.tar"
    plain = make(
        layer(directory("Files"), directory("Hives"), file("Files/own", "own")), os="windows", names=["based:1"]
    )
    config = json.loads(plain.config) | {"transom.unrooted": WINDOWS, "architecture": "amd64"}
    write_archive(str(path), replace(plain, config=json.dumps(config).encode()))
    engine.docker("load", "-i", str(path))


def _rebase(engine: Engine) -> Done:
    return engine.transom("image", "rebase", "based:1", "--onto", f"{engine.registry}/windows/base:1", check=False)


def _forget_rebase(engine: Engine) -> None:
    engine.docker("rmi", "-f", "based:1", f"{engine.registry}/windows/base:1", check=False)
    engine.docker("image", "prune", "-f", check=False)


def _commit(engine: Engine) -> Done:
    return engine.docker("commit", "committed", "committed:1", check=False)


def _prepare_commit(engine: Engine) -> None:
    engine.docker("rm", "-f", "committed", check=False)
    engine.docker("run", "--name", "committed", "busybox", "sh", "-c", "echo x > /x")


def _forget_commit(engine: Engine) -> None:
    engine.docker("rm", "-f", "committed", check=False)
    engine.docker("rmi", "-f", "committed:1", check=False)


def _prepare_removal(engine: Engine) -> None:
    if engine.docker("container", "inspect", "removed", check=False).code:
        engine.docker("run", "-d", "--name", "removed", "-v", "/anonymous", "busybox", "sleep", "1000")


def _import_base(engine: Engine) -> Done:
    return engine.transom("base", "import", "-q", str(base_archive()), timeout_s=120, check=False)


def _remove_bases(engine: Engine) -> Done:
    digest = engine.transom("base", "ls", "-q").out.split()
    return engine.transom("base", "rm", *digest, check=False) if digest else Done(0, "", "")


def _remove_bases_quietly(engine: Engine) -> None:
    _remove_bases(engine)


def _ensure_base(engine: Engine) -> None:
    engine.ensure_base()


ACTIONS = (
    Action("run", CONTAINER, _run("--rm", "busybox", "true")),
    Action(
        "publish",
        ("network.ports_reserved", "network.published"),
        _run("-d", "--name", "published", "-p", "127.0.0.1::80", "busybox", "sleep", "1000"),
        _quietly("rm", "-f", "published"),
    ),
    Action(
        "end",
        ("container.exit.seen", "container.exit.recorded"),
        _run("--name", "ended", "busybox", "sh", "-c", "echo out; exit 7"),
        _quietly("rm", "-f", "ended"),
        errors=(),
    ),
    Action(
        "remove",
        ("container.remove.recorded", "container.remove.emptied", "snapshot.remove.recorded", "snapshot.remove.gone"),
        lambda engine: engine.docker("rm", "-f", "-v", "removed", check=False),
        prepare=_prepare_removal,
        # The removal of a snapshot is taken up again by the next one, and may fail once more without being missed.
        errors=("container.remove.recorded", "container.remove.emptied", "snapshot.remove.recorded"),
    ),
    Action(
        "load",
        (
            "blob.written",
            "image.load.stored",
            "image.load.unpacked",
            "image.config.stored",
            "layer.apply.unpacked",
            "snapshot.commit.synced",
        ),
        _load,
        _quietly("rmi", "loaded:1"),
    ),
    Action(
        "pull",
        (
            "image.pull.documents",
            "ingest.part_written",
            "image.pull.fetched",
            "image.pull.extracted",
            "image.pull.layers",
        ),
        lambda engine: engine.docker("pull", "-q", f"{engine.registry}/team/faulty:1", check=False),
        _forget_pull,
    ),
    Action(
        "push",
        (
            "image.push.held",
            "upload.part",
            "image.push.sent",
            "image.push.tagged",
        ),
        lambda engine: engine.docker("push", _pushed(engine), check=False),
        lambda engine: _quietly("rmi", "-f", _pushed(engine))(engine),
        _prepare_push,
        # A source that breaks off is read again.
        errors=("image.push.held", "image.push.sent", "image.push.tagged"),
    ),
    Action("save", ("image.save.held",), _save),
    Action("rebase", ("image.rebase.recorded",), _rebase, _forget_rebase, _prepare_rebase),
    Action(
        "build",
        (
            "build.context.unpacked",
            "build.run.created",
            "build.run.exited",
            "build.copy.prepared",
            "build.copy.copied",
            "build.step.recorded",
            "build.image.recorded",
        ),
        _build,
        _forget_build,
    ),
    Action("commit", ("image.layer.stored",), _commit, _forget_commit, _prepare_commit),
    Action(
        "network",
        ("network.create.recorded", "network.bridge_made"),
        lambda engine: engine.docker("network", "create", "made", check=False),
        _quietly("network", "rm", "made"),
    ),
    Action(
        "run-windows",
        ("wine.create.prepared",),
        _run("--rm", WINDOWS, "cmd", "/c", "ver"),
        prepare=_ensure_base,
        windows=True,
    ),
    Action(
        "import-base",
        ("base_store.made", "base_store.moved"),
        _import_base,
        prepare=_remove_bases_quietly,
        errors=("base_store.made",),
        windows=True,
    ),
    # What cannot be deleted of a base is out of its place already, and goes at the next boot.
    Action("remove-base", ("base_remove.hidden",), _remove_bases, prepare=_ensure_base, errors=(), windows=True),
)

BY_NAME: Mapping[str, Action] = {each.name: each for each in ACTIONS}
SLOW = ("base_build.downloaded", "base_build.unpacked", "base_build.set_up")
"""A base's build takes a minute and a mirror; test_base_build.py crashes it."""
IN_TRANSFERS = (
    "image.pull.chosen", "image.pull.begun", "image.pull.whole", "image.pull.recorded", "image.pull.tagged",
    "image.pull.named", "upload.begun", "upload.whole", "image.push.layer", "image.push.layers", "image.push.recorded",
)  # fmt: skip
"""Moments of a pull and a push that differ in records and files alone; test_transfers.py, without an engine, is faster.
"""
FROZEN = "container.commit.frozen"
"""What a container does after it shows test_running_containers.py."""
MOVED = ("base.push.exported", "base.pull.fetched")
"""A base's way to a registry and back takes seconds; test_base_build.py goes it once."""
