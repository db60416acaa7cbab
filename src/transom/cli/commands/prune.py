"""`prune`: removing what nothing uses, after asking."""

import sys
from typing import Any

from transom.cli import flags as flag
from transom.cli.command import NONE, Command
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.options.filters import filter_flag, filters
from transom.cli.output.units import human_size, parse_bytes
from transom.cli.session import Session
from transom.cli.terminal import STDIN, is_terminal

FORCE = flag.switch("force", "Do not prompt for confirmation", short="f")
FILTER = filter_flag(short="", help_text='Provide filter values (e.g. "until=<timestamp>")')
EVERY_IMAGE = "This will remove all images without at least one container associated to them."
CONTAINERS = "This will remove all stopped containers."
DANGLING = "This will remove all dangling images."
NETWORKS = "This will remove all custom networks not used by at least one container."
VOLUMES = "This will remove anonymous local volumes not used by at least one container."
EVERY_VOLUME = "This will remove all local volumes not used by at least one container."
CACHE = "This will remove all dangling build cache."
EVERY_CACHE = "This will remove all build cache."


def _confirm(values: Values, warning: str) -> None:
    """Ask, unless --force was given.

    Raises:
        CliError: the answer was no, or nobody can be asked.
    """
    if values.on("force"):
        return
    print(f"WARNING! {warning}\nAre you sure you want to continue? [y/N] ", end="", flush=True)
    answer = sys.stdin.readline() if is_terminal(STDIN) or not sys.stdin.closed else ""
    if answer.strip().lower() not in ("y", "yes"):
        raise CliError("operation canceled" if answer else "")


def _report(title: str, items: list[str]) -> None:
    if items:
        print("\n".join([title, *items, ""]))


def _space(answer: dict[str, Any]) -> int:
    return int(answer.get("SpaceReclaimed") or 0)


def _prune_containers(session: Session, wanted: Any) -> int:
    answer = session.client.post("/containers/prune", {"filters": wanted})
    _report("Deleted Containers:", answer.get("ContainersDeleted") or [])
    return _space(answer)


def _prune_images(session: Session, wanted: dict[str, dict[str, bool]], *, every: bool) -> int:
    dangling = {"dangling": {"false" if every else "true": True}}
    answer = session.client.post("/images/prune", {"filters": {**wanted, **dangling}})
    lines = [
        f"untagged: {item['Untagged']}" if item.get("Untagged") else f"deleted: {item['Deleted']}"
        for item in answer.get("ImagesDeleted") or ()
    ]
    _report("Deleted Images:", lines)
    return _space(answer)


def _prune_networks(session: Session, wanted: Any) -> int:
    answer = session.client.post("/networks/prune", {"filters": wanted})
    _report("Deleted Networks:", answer.get("NetworksDeleted") or [])
    return 0


def _prune_volumes(session: Session, wanted: dict[str, dict[str, bool]], *, every: bool) -> int:
    extra = {"all": {"true": True}} if every and session.client.api_version >= (1, 42) else {}
    answer = session.client.post("/volumes/prune", {"filters": {**wanted, **extra}})
    _report("Deleted Volumes:", answer.get("VolumesDeleted") or [])
    return _space(answer)


def _prune_cache(session: Session, wanted: Any, *, every: bool, keep: int = 0) -> int:
    query = {"all": every, "filters": wanted, "keep-storage": keep or None}
    answer = session.client.post("/build/prune", query) or {}
    _report("Deleted build cache objects:", answer.get("CachesDeleted") or [])
    return _space(answer)


def _total(size: int) -> None:
    print(f"Total reclaimed space: {human_size(size)}")


def _containers(session: Session, values: Values, _: list[str]) -> None:
    _confirm(values, CONTAINERS)
    _total(_prune_containers(session, filters(values)))


def _images(session: Session, values: Values, _: list[str]) -> None:
    every = values.on("all")
    _confirm(values, EVERY_IMAGE if every else DANGLING)
    _total(_prune_images(session, filters(values), every=every))


def _networks(session: Session, values: Values, _: list[str]) -> None:
    _confirm(values, NETWORKS)
    _prune_networks(session, filters(values))


def _volumes(session: Session, values: Values, _: list[str]) -> None:
    every = values.on("all")
    _confirm(values, EVERY_VOLUME if every else VOLUMES)
    _total(_prune_volumes(session, filters(values), every=every))


def _builder(session: Session, values: Values, _: list[str]) -> None:
    every = values.on("all")
    _confirm(values, EVERY_CACHE if every else CACHE)
    size = _prune_cache(session, filters(values), every=every, keep=values.value("keep-storage"))
    print(f"Total:\t{human_size(size)}")


def _system(session: Session, values: Values, _: list[str]) -> None:
    every, volumes = values.on("all"), values.on("volumes")
    wanted = filters(values)
    doomed = ["all stopped containers", "all networks not used by at least one container"]
    doomed += ["all anonymous volumes not used by at least one container"] if volumes else []
    images = "all images without at least one container associated to them" if every else "all dangling images"
    doomed += [images, "all build cache" if every else "unused build cache"]
    _confirm(values, "This will remove:\n" + "".join(f"  - {what}\n" for what in doomed))
    size = _prune_containers(session, wanted)
    size += _prune_networks(session, wanted)
    if volumes:
        size += _prune_volumes(session, wanted, every=False)
    size += _prune_images(session, wanted, every=every)
    if "until" not in wanted:
        size += _prune_cache(session, wanted, every=every)
    _total(size)


def _all(text: str) -> flag.Flag:
    return flag.switch("all", text, short="a")


PRUNE_CONTAINERS = Command("[OPTIONS]", "Remove all stopped containers", _containers, (FILTER, FORCE), NONE)
PRUNE_IMAGES = Command(
    "[OPTIONS]",
    "Remove unused images",
    _images,
    (_all("Remove all unused images, not just dangling ones"), FILTER, FORCE),
    NONE,
)
PRUNE_NETWORKS = Command("[OPTIONS]", "Remove all unused networks", _networks, (FILTER, FORCE), NONE)
PRUNE_VOLUMES = Command(
    "[OPTIONS]",
    "Remove unused local volumes",
    _volumes,
    (_all("Remove all unused volumes, not just anonymous ones"), FILTER, FORCE),
    NONE,
)
PRUNE_BUILDER = Command(
    "[OPTIONS]",
    "Remove build cache",
    _builder,
    (
        _all("Remove all unused build cache, not just dangling ones"),
        FILTER,
        FORCE,
        flag.checked("keep-storage", "Amount of disk space to keep for cache", parse_bytes, kind="bytes", default=0),
    ),
    NONE,
)
PRUNE_SYSTEM = Command(
    "[OPTIONS]",
    "Remove unused data",
    _system,
    (
        _all("Remove all unused images not just dangling ones"),
        FILTER,
        FORCE,
        flag.switch("volumes", "Prune anonymous volumes"),
    ),
    NONE,
)
