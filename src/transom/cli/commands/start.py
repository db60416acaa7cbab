"""`transom start`: start containers, or one of them with our streams joined to it."""

import sys

from transom.cli import flags as flag
from transom.cli.command import SOME, Command
from transom.cli.commands.run import DETACH_KEYS, chosen_keys, wait_code
from transom.cli.detach_keys import DEFAULT, parse_keys
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.proxy import follow_size, forward_signals
from transom.cli.session import Session
from transom.cli.streams import Conversation
from transom.cli.terminal import raw, require_terminal
from transom.client.engine import segment
from transom.client.errors import ApiError
from transom.errors import TransomError

FLAGS = (
    flag.switch("attach", "Attach STDOUT/STDERR and forward signals", short="a"),
    DETACH_KEYS,
    flag.switch("interactive", "Attach container's STDIN", short="i"),
)


def _start(session: Session, values: Values, names: list[str]) -> int:
    if values.on("attach") or values.on("interactive"):
        if len(names) > 1:
            raise CliError("you cannot start and attach multiple containers at once")
        return _start_attached(session, values, names[0])
    failed = []
    for name in names:
        try:
            session.client.post(f"/containers/{segment(name)}/start")
        except ApiError as exc:
            print(exc, file=sys.stderr)
            failed.append(name)
        else:
            print(name, flush=True)
    if failed:
        raise CliError(f"Error: failed to start containers: {', '.join(failed)}")
    return 0


def _start_attached(session: Session, values: Values, name: str) -> int:
    client = session.client
    found = client.get(f"/containers/{segment(name)}/json")
    container, tty = str(found["Id"]), bool(found["Config"].get("Tty"))
    takes_input = values.on("interactive") and bool(found["Config"].get("OpenStdin"))
    require_terminal(attach_stdin=takes_input, tty=tty)
    keys = chosen_keys(session, values)
    path = f"/containers/{segment(container)}"
    query = {"stream": True, "stdin": takes_input, "stdout": True, "stderr": True, "detachKeys": keys or None}
    with forward_signals(client, container, enabled=not tty):
        stream = client.upgrade(f"{path}/attach", query)
        condition = "removed" if found["HostConfig"].get("AutoRemove") else "next-exit"
        waiting = client.request("POST", f"{path}/wait", {"condition": condition})
        try:
            client.post(f"{path}/start")
        except TransomError:
            waiting.close()
            stream.close()
            raise
        with raw(stdin=takes_input and tty), follow_size(client, f"{path}/resize", enabled=tty) as set_size:
            set_size()
            conversation = Conversation(stream, tty=tty, stdin=takes_input, detach_keys=parse_keys(keys or DEFAULT))
            if not conversation.run():
                waiting.close()
                return 0
        return wait_code(waiting)


START = Command(
    usage="[OPTIONS] CONTAINER [CONTAINER...]",
    short="Start one or more stopped containers",
    run=_start,
    flags=FLAGS,
    arity=SOME,
)
