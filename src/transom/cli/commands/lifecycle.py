"""The commands that are one call for each container: stop, restart, kill, rm, pause, unpause, rename, wait."""

import sys
from collections.abc import Callable
from typing import Any

from transom.cli import flags as flag
from transom.cli.command import SOME, TWO, Command, for_each
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.session import Session
from transom.client.engine import segment
from transom.client.errors import ApiError

CONTAINERS = "CONTAINER [CONTAINER...]"
SIGNAL = flag.text("signal", "Signal to send to the container", short="s")
TIMEOUT = flag.number("timeout", "Seconds to wait before killing the container", short="t")
OLD_TIMEOUT = flag.Flag(
    "time", "Seconds to wait before killing the container", "int", default=None, parse=int, hidden=True
)


def _post(session: Session, name: str, verb: str, query: dict[str, Any] | None = None) -> None:
    session.client.post(f"/containers/{segment(name)}/{verb}", query)
    print(name, flush=True)


def _stopping(verb: str) -> Callable[[Session, Values, list[str]], int]:
    def act(session: Session, values: Values, names: list[str]) -> int:
        timeout = values.number("timeout") if values.given("timeout") else values.number("time")
        query = {"t": timeout, "signal": values.text("signal") or None}
        return for_each(names, lambda name: _post(session, name, verb, query))

    return act


def _simple(verb: str) -> Callable[[Session, Values, list[str]], int]:
    return lambda session, values, names: for_each(names, lambda name: _post(session, name, verb))


def _kill(session: Session, values: Values, names: list[str]) -> int:
    query = {"signal": values.text("signal") or None}
    return for_each(names, lambda name: _post(session, name, "kill", query))


def _rm(session: Session, values: Values, names: list[str]) -> int:
    query = {"v": values.on("volumes"), "link": values.on("link"), "force": values.on("force")}

    def remove(name: str) -> None:
        if not name.strip("/"):
            raise CliError("Container name cannot be empty")
        try:
            session.client.delete(f"/containers/{segment(name.strip('/'))}", query)
        except ApiError as exc:
            if exc.status != 404 or not values.on("force"):
                raise
            print(exc, file=sys.stderr)  # told, and no failure: it is gone, as was wanted
        else:
            print(name, flush=True)

    return for_each(names, remove)


def _rename(session: Session, values: Values, names: list[str]) -> None:
    old, new = (name.strip() for name in names)
    if not old or not new:
        raise CliError("Error: Neither old nor new names may be empty")
    try:
        session.client.post(f"/containers/{segment(old)}/rename", {"name": new})
    except ApiError as exc:
        raise CliError(f"{exc}\nError: failed to rename container named {old}") from exc


def _wait(session: Session, values: Values, names: list[str]) -> int:
    def wait(name: str) -> None:
        answer = session.client.post(f"/containers/{segment(name)}/wait")
        if error := (answer.get("Error") or {}).get("Message"):
            raise CliError(str(error))
        print(answer["StatusCode"], flush=True)

    return for_each(names, wait)


STOP = Command(
    f"[OPTIONS] {CONTAINERS}",
    "Stop one or more running containers",
    _stopping("stop"),
    (SIGNAL, TIMEOUT, OLD_TIMEOUT),
    SOME,
)
RESTART = Command(
    f"[OPTIONS] {CONTAINERS}",
    "Restart one or more containers",
    _stopping("restart"),
    (SIGNAL, TIMEOUT, OLD_TIMEOUT),
    SOME,
)
KILL = Command(f"[OPTIONS] {CONTAINERS}", "Kill one or more running containers", _kill, (SIGNAL,), SOME)
RM = Command(
    f"[OPTIONS] {CONTAINERS}",
    "Remove one or more containers",
    _rm,
    (
        flag.switch("force", "Force the removal of a running container (uses SIGKILL)", short="f"),
        flag.switch("link", "Remove the specified link", short="l"),
        flag.switch("volumes", "Remove anonymous volumes associated with the container", short="v"),
    ),
    SOME,
)
PAUSE = Command(CONTAINERS, "Pause all processes within one or more containers", _simple("pause"), (), SOME)
UNPAUSE = Command(CONTAINERS, "Unpause all processes within one or more containers", _simple("unpause"), (), SOME)
RENAME = Command("CONTAINER NEW_NAME", "Rename a container", _rename, (), TWO)
WAIT = Command(CONTAINERS, "Block until one or more containers stop, then print their exit codes", _wait, (), SOME)
