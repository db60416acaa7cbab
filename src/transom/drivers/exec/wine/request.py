"""What the driver asks of a first process, and what that answers. Pure; windows/request.c is the other side."""

import re
from dataclasses import dataclass

from transom.errors import InvalidParameter, StartFailed
from transom.execution.spec import ProcessSpec
from transom.guest.windows import escape_arg

ADMINISTRATOR, USER = "ContainerAdministrator", "ContainerUser"
_SIDS = {"s-1-5-93-2-1": ADMINISTRATOR, "s-1-5-93-2-2": USER}
_ACCOUNTS = {name.lower(): name for name in (ADMINISTRATOR, USER)} | _SIDS
_DOMAINS = ("", ".", "user manager")
COMMAND_LIMIT = 32_767

_LINE = re.compile(r"(?P<word>[a-z]+) (?P<number>\d+) ?(?P<text>.*)")
_NOT_EXECUTABLE = 126


@dataclass(frozen=True, slots=True)
class Machine:
    """What the Windows side is told of the machine.

    version: os.version's first three parts. mhz: a processor's clock. drives: letters, lower case.
    serial: the drives' serial number, 32 bits.
    """

    version: str
    mhz: int
    drives: str = "c"
    serial: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A line that a first process wrote."""

    word: str
    number: int
    text: str


def user_name(user: str) -> str:
    """Return the account that user means: one of every container by its name, another as user says it.

    Empty is ContainerAdministrator, as on Windows. Which other accounts there are the container knows alone: a start
    as one that there is not fails.
    """
    domain, _, name = (user or ADMINISTRATOR).lower().rpartition("\\")
    return _ACCOUNTS.get(name, user) if domain in _DOMAINS else user


def command_line(process: ProcessSpec) -> str:
    """Return the process' command line.

    Raises:
        InvalidParameter: it is empty or longer than Windows takes.
    """
    line = process.command_line or " ".join(map(escape_arg, process.args))
    if not line.strip():
        raise InvalidParameter("no command specified")
    if len(line.encode("utf-16-le")) // 2 > COMMAND_LIMIT:
        raise InvalidParameter(f"the command line is longer than the {COMMAND_LIMIT} characters that Windows takes")
    return line


def encode(process: ProcessSpec, machine: Machine) -> bytes:
    """Return the request file.

    Raises:
        InvalidParameter: a NUL in a value, an unknown user, no command.
    """
    fields = [
        ("command", command_line(process)),
        ("cwd", process.cwd.replace("/", "\\") or "C:\\"),
        ("user", user_name(process.user)),
        ("version", machine.version),
        ("mhz", str(machine.mhz)),
        ("drives", machine.drives),
        ("serial", str(machine.serial)),
        ("server", "1"),
        ("terminal", "1" if process.terminal else "0"),
        ("stdin", "1" if process.open_stdin else "0"),
        *(("env", entry) for entry in process.env),
    ]
    for name, value in fields:
        if "\0" in value:
            raise InvalidParameter(f"{name} of the process has a NUL character")
    return b"".join(f"{name}={value}\0".encode("utf-8", "surrogateescape") for name, value in fields)


def can_be_added(wanted: bytes, main: bytes) -> bool:
    """Tell whether the first process that runs main could start wanted itself: see windows/exec.c."""
    fields, of_main = wanted.split(b"\0"), main.split(b"\0")
    users = [next((each for each in found if each.startswith(b"user=")), b"") for found in (fields, of_main)]
    return bool(users[0]) and users[0] == users[1] and b"terminal=0" in fields


def parse_report(data: bytes) -> Report | None:
    """Return the first line of data, which comes from the container, or None if it is no report."""
    match = _LINE.match(data.decode("utf-8", "replace").partition("\n")[0])
    return Report(match["word"], int(match["number"]), match["text"]) if match else None


def start_failed(report: Report, command: str) -> StartFailed:
    """Return the error for a failed start, in words from which Docker's clients make 127 and 126."""
    text = f"failure in a Windows system call: {report.text} (0x{report.number:x})"
    match report.number:
        case 2 | 3 | 161:
            code = 127
            if report.number != 2:
                text += ": The system cannot find the file specified."
        case 5 | 193 | 216:
            code = _NOT_EXECUTABLE
            text += ": permission denied"
        case _:
            code = 128
    return StartFailed(
        f"failed to create task for container: container encountered an error during CreateProcess: {command}: {text}",
        exit_code=code,
    )


def windows_version(os_version: str) -> tuple[str, int]:
    """Return (`major.minor.build`, revision) of an image's os.version; what is missing is Windows Server 2022's."""
    parts = [int(part) if part.isdigit() else 0 for part in os_version.split(".")[:4]]
    if len(parts) < 3 or not parts[2]:
        parts = [10, 0, 20348]
    return ".".join(map(str, parts[:3])), parts[3] if len(parts) > 3 else 0
