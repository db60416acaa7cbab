"""`transom exec`: run one more program in a container."""

from typing import Any

from transom.cli import flags as flag
from transom.cli.command import Arity, Command
from transom.cli.commands.run import DETACH_KEYS, chosen_keys, shell_code
from transom.cli.detach_keys import DEFAULT, parse_keys
from transom.cli.flags import Values
from transom.cli.options.pairs import environment, valid_variable
from transom.cli.proxy import follow_size
from transom.cli.session import Session
from transom.cli.streams import Conversation
from transom.cli.terminal import raw, require_terminal, size
from transom.client.engine import segment

FLAGS = (
    flag.switch("detach", "Detached mode: run command in the background", short="d"),
    DETACH_KEYS,
    flag.many("env", "Set environment variables", short="e", parse=valid_variable),
    flag.many("env-file", "Read in a file of environment variables"),
    flag.switch("interactive", "Keep STDIN open even if not attached", short="i"),
    flag.switch("privileged", "Give extended privileges to the command"),
    flag.switch("tty", "Allocate a pseudo-TTY", short="t"),
    flag.text("user", 'Username or UID (format: "<name|uid>[:<group|gid>]")', short="u"),
    flag.text("workdir", "Working directory inside the container", short="w"),
)


def _exec(session: Session, values: Values, arguments: list[str]) -> int:
    detached, tty = values.on("detach"), values.on("tty")
    takes_input = values.on("interactive") and not detached
    keys = chosen_keys(session, values)
    body: dict[str, Any] = {
        "User": values.text("user"),
        "Privileged": values.on("privileged"),
        "Tty": tty,
        "AttachStdin": takes_input,
        "AttachStdout": not detached,
        "AttachStderr": not detached,
        "DetachKeys": keys,
        "Env": environment(values.many("env"), values.many("env-file")) or None,
        "WorkingDir": values.text("workdir"),
        "Cmd": arguments[1:],
    }
    client = session.client
    client.get(f"/containers/{segment(arguments[0])}/json")  # a name that is not there is told before anything else
    if not detached:
        require_terminal(attach_stdin=takes_input, tty=tty)
    if tty:
        body["ConsoleSize"] = list(size())
    created = client.post(f"/containers/{segment(arguments[0])}/exec", None, body)
    path = f"/exec/{created['Id']}"
    start = {"Detach": detached, "Tty": tty}
    if tty:
        start["ConsoleSize"] = body["ConsoleSize"]
    if detached:
        client.post(f"{path}/start", None, start)
        return 0
    stream = client.upgrade(f"{path}/start", None, start)
    with raw(stdin=takes_input and tty), follow_size(client, f"{path}/resize", enabled=tty) as set_size:
        set_size()
        conversation = Conversation(stream, tty=tty, stdin=takes_input, detach_keys=parse_keys(keys or DEFAULT))
        still_attached = conversation.run()
    if not still_attached:
        return 0
    return shell_code(int(client.get(f"{path}/json").get("ExitCode") or 0))


EXEC = Command(
    usage="[OPTIONS] CONTAINER COMMAND [ARG...]",
    short="Execute a command in a running container",
    run=_exec,
    flags=FLAGS,
    arity=Arity(2),
    interspersed=False,
)
