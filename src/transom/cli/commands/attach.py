"""`transom attach`: join our streams to a container that runs."""

from transom.cli import flags as flag
from transom.cli.command import ONE, Command
from transom.cli.commands.run import DETACH_KEYS, chosen_keys, wait_code
from transom.cli.detach_keys import DEFAULT, parse_keys
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.proxy import follow_size, forward_signals
from transom.cli.session import Session
from transom.cli.streams import Conversation
from transom.cli.terminal import raw, require_terminal
from transom.client.engine import segment

FLAGS = (
    DETACH_KEYS,
    flag.switch("no-stdin", "Do not attach STDIN"),
    flag.switch("sig-proxy", "Proxy all received signals to the process", default=True),
)


def _attach(session: Session, values: Values, arguments: list[str]) -> int:
    client, name = session.client, arguments[0]
    found = client.get(f"/containers/{segment(name)}/json")
    state, config = found["State"], found["Config"]
    if not state.get("Running"):
        raise CliError("You cannot attach to a stopped container, start it first")
    if state.get("Paused"):
        raise CliError("You cannot attach to a paused container, unpause it first")
    if state.get("Restarting"):
        raise CliError("You cannot attach to a restarting container, wait until it is running")
    container, tty = str(found["Id"]), bool(config.get("Tty"))
    takes_input = bool(config.get("OpenStdin")) and not values.on("no-stdin")
    require_terminal(attach_stdin=takes_input, tty=tty)
    keys = chosen_keys(session, values)
    path = f"/containers/{segment(container)}"
    waiting = client.request("POST", f"{path}/wait")
    query = {"stream": True, "stdin": takes_input, "stdout": True, "stderr": True, "detachKeys": keys or None}
    stream = client.upgrade(f"{path}/attach", query)
    with (
        forward_signals(client, container, enabled=values.on("sig-proxy") and not tty),
        raw(stdin=takes_input and tty),
        follow_size(client, f"{path}/resize", enabled=tty) as set_size,
    ):
        set_size()  # a terminal that changes makes programs draw themselves again
        conversation = Conversation(stream, tty=tty, stdin=takes_input, detach_keys=parse_keys(keys or DEFAULT))
        if not conversation.run():
            waiting.close()
            return 0
    return wait_code(waiting)


ATTACH = Command(
    usage="[OPTIONS] CONTAINER",
    short="Attach local standard input, output, and error streams to a running container",
    run=_attach,
    flags=FLAGS,
    arity=ONE,
)
