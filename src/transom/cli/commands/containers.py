"""`transom diff`, `port` and `top`: what a container changed, publishes and runs."""

from transom.cli.command import ONE, SOME, Arity, Command
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.output.table import align
from transom.cli.session import Session
from transom.client.engine import segment

CHANGES = {0: "C", 1: "A", 2: "D"}
TOP_WIDTH, TOP_PADDING = 20, 3


def _diff(session: Session, values: Values, names: list[str]) -> None:
    if not names[0]:
        raise CliError("Container name cannot be empty")
    for change in session.client.get(f"/containers/{segment(names[0])}/changes") or ():
        print(CHANGES.get(change["Kind"], "?"), change["Path"])


def _port(session: Session, values: Values, arguments: list[str]) -> None:
    found = session.client.get(f"/containers/{segment(arguments[0])}/json")
    ports = (found.get("NetworkSettings") or {}).get("Ports") or {}
    lines = []
    if len(arguments) > 1:
        number, slash, protocol = arguments[1].partition("/")
        wanted = f"{number}/{protocol if slash else 'tcp'}"
        if not ports.get(wanted):
            raise CliError(f"Error: No public port '{arguments[1]}' published for {arguments[0]}")
        lines = [_address(binding) for binding in ports[wanted]]
    else:
        lines = [f"{port} -> {_address(binding)}" for port, bindings in ports.items() for binding in bindings or ()]
    for line in sorted(lines, key=_natural):
        print(line)


def _natural(line: str) -> tuple[int, str]:
    number = line.partition("/")[0]
    return (int(number) if number.isdigit() else 0, line)


def _address(binding: dict[str, str]) -> str:
    address = binding["HostIp"]
    return f"[{address}]:{binding['HostPort']}" if ":" in address else f"{address}:{binding['HostPort']}"


def _top(session: Session, values: Values, arguments: list[str]) -> None:
    query = {"ps_args": " ".join(arguments[1:]) or None}
    found = session.client.get(f"/containers/{segment(arguments[0])}/top", query)
    rows = ["\t".join(row) for row in (found["Titles"], *(found.get("Processes") or ()))]
    print(align("\n".join(rows), min_width=TOP_WIDTH, padding=TOP_PADDING))


DIFF = Command("CONTAINER", "Inspect changes to files or directories on a container's filesystem", _diff, (), ONE)
PORT = Command(
    "CONTAINER [PRIVATE_PORT[/PROTO]]",
    "List port mappings or a specific mapping for the container",
    _port,
    (),
    Arity(1, 2),
)
TOP = Command(
    "CONTAINER [ps OPTIONS]", "Display the running processes of a container", _top, (), SOME, interspersed=False
)
