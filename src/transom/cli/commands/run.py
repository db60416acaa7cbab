"""`transom run`: create a container, join our streams to it, start it, and end as it ends.

The order is what makes it exact: attach and wait are asked for before the start, so that no output and
no exit is missed however short the container's life.
"""

import contextlib
from collections.abc import Iterator

from transom.cli import flags as flag
from transom.cli.command import SOME, Command
from transom.cli.commands.create import checked_request, create_container
from transom.cli.detach_keys import DEFAULT, parse_keys
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.options.container import ContainerRequest
from transom.cli.options.container_flags import CONTAINER_FLAGS
from transom.cli.proxy import follow_size, forward_signals
from transom.cli.session import Session
from transom.cli.streams import Conversation
from transom.cli.terminal import raw, require_terminal
from transom.client.engine import EngineClient, segment
from transom.client.errors import ApiError
from transom.client.http import Hijacked, Response
from transom.errors import TransomError

NOT_FOUND = ("executable file not found", "no such file or directory", "system cannot find the file specified")
NOT_EXECUTABLE = ("permission denied", "is a directory")
DETACH_KEYS = flag.text("detach-keys", "Override the key sequence for detaching a container")
RUN_FLAGS = (
    *CONTAINER_FLAGS,
    flag.switch("detach", "Run container in background and print container ID", short="d"),
    DETACH_KEYS,
    flag.switch("sig-proxy", "Proxy received signals to the process", default=True),
)


def exit_code_for(message: str) -> int:
    """Return Docker's exit code for an error that kept a container from starting."""
    lower = message.lower()
    if any(text in lower for text in NOT_FOUND):
        return 127
    if any(text in lower for text in NOT_EXECUTABLE):
        return 126
    return 125


def chosen_keys(session: Session, values: Values) -> str:
    """Return the detach sequence that the flag or the configuration names, or nothing."""
    return values.text("detach-keys") or session.config.text("detachKeys")


def shell_code(status: int) -> int:
    """Return a container's exit code as a process can have it.

    Windows codes have 32 bits and the kernel keeps 8: one that would become 0 becomes 255 instead,
    because success must not be read where there was none.
    """
    return status & 0xFF or (255 if status else 0)


def wait_code(response: Response) -> int:
    """Return the exit code that a wait answers once the container has ended.

    Raises:
        CliError: the engine could not wait; 125.
    """
    answer = response.json() or {}
    error = (answer.get("Error") or {}).get("Message")
    if error:
        raise CliError(str(error), exit_code=125)
    return shell_code(int(answer.get("StatusCode", 0)))


def _run(session: Session, values: Values, arguments: list[str]) -> int:
    detached = values.on("detach")
    if detached and values.many("attach"):
        raise CliError("conflicting options: cannot specify both --attach and --detach")
    request = checked_request(values, arguments, detached=detached)
    if not detached:
        require_terminal(attach_stdin="stdin" in request.streams, tty=request.tty)
    try:
        return _run_request(session, values, request, detached=detached)
    except TransomError as exc:
        code = exit_code_for(exc.message) if isinstance(exc, ApiError) else 125
        raise CliError(str(exc), exit_code=code, hint=True) from exc


def _run_request(session: Session, values: Values, request: ContainerRequest, *, detached: bool) -> int:
    keys = chosen_keys(session, values)
    parsed_keys = parse_keys(keys or DEFAULT)
    client = session.client
    container = create_container(session, values, request)
    if detached:
        client.post(f"/containers/{segment(container)}/start")
        print(container)
        return 0
    proxied = values.on("sig-proxy") and not request.tty
    with forward_signals(client, container, enabled=proxied), _attached(client, container, request, keys) as stream:
        waiting = _ask_to_wait(client, container, request)
        _start(client, container, request, waiting)
        if stream is not None and not _converse(client, container, request, stream, parsed_keys):
            waiting.close()
            return 0
        return wait_code(waiting)


@contextlib.contextmanager
def _attached(client: EngineClient, container: str, request: ContainerRequest, keys: str) -> Iterator[Hijacked | None]:
    if not request.streams:
        yield None
        return
    query = {"stream": True, **dict.fromkeys(sorted(request.streams), True), "detachKeys": keys or None}
    stream = client.upgrade(f"/containers/{segment(container)}/attach", query)
    try:
        yield stream
    finally:
        stream.close()


def _ask_to_wait(client: EngineClient, container: str, request: ContainerRequest) -> Response:
    condition = "removed" if request.auto_remove else "next-exit"
    return client.request("POST", f"/containers/{segment(container)}/wait", {"condition": condition})


def _start(client: EngineClient, container: str, request: ContainerRequest, waiting: Response) -> None:
    try:
        client.post(f"/containers/{segment(container)}/start")
    except TransomError:
        if request.auto_remove:
            with contextlib.suppress(TransomError, OSError):
                waiting.read()  # the engine removes it: let the name be free when we return
        waiting.close()
        raise


def _converse(client: EngineClient, container: str, request: ContainerRequest, stream: Hijacked, keys: bytes) -> bool:
    """Carry our streams until the container's output ends; return False if the user detached."""
    takes_input = "stdin" in request.streams
    path = f"/containers/{segment(container)}/resize"
    with raw(stdin=takes_input and request.tty), follow_size(client, path, enabled=request.tty) as set_size:
        set_size()
        return Conversation(stream, tty=request.tty, stdin=takes_input, detach_keys=keys).run()


RUN = Command(
    usage="[OPTIONS] IMAGE [COMMAND] [ARG...]",
    short="Create and run a new container from an image",
    run=_run,
    flags=RUN_FLAGS,
    arity=SOME,
    interspersed=False,
)
