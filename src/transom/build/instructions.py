"""Instructions as values. Each is one frozen class; texts are not expanded yet.

`code` is the line as written: it is what `Step 1/7 :` prints and what a Windows shell gets.
"""

from dataclasses import dataclass

from transom.build.heredoc import Heredoc


@dataclass(frozen=True, slots=True)
class Instruction:
    """What all have: the line as written, the name as written, the number of its first line."""

    code: str
    keyword: str
    line: int


@dataclass(frozen=True, slots=True)
class Pair:
    """`name=value`; value is None only for `ARG name`."""

    name: str
    value: str | None

    def __str__(self) -> str:
        return f"{self.name}={self.value or ''}"


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The arguments of RUN, CMD, ENTRYPOINT: a vector, or (shell) one text for the shell."""

    args: tuple[str, ...]
    shell: bool
    heredocs: tuple[Heredoc, ...] = ()


@dataclass(frozen=True, slots=True)
class From(Instruction):
    """FROM [--platform=…] base [AS name]."""

    base: str
    name: str = ""
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Env(Instruction):
    """ENV name=value …"""

    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Label(Instruction):
    """LABEL name=value …; literal ones come from `--label` and are not expanded."""

    pairs: tuple[Pair, ...]
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Arg(Instruction):
    """ARG name[=default] …"""

    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Transfer(Instruction):
    """COPY and ADD.

    documents: sources that are here-documents, written to files of their names.
    origin: `--from`; always empty for ADD.
    checksum, unpack: ADD's alone; unpack None means by the kind of source.
    """

    sources: tuple[str, ...]
    documents: tuple[Heredoc, ...]
    target: str
    chown: str = ""
    chmod: str = ""
    origin: str = ""
    checksum: str = ""
    unpack: bool | None = None
    excludes: tuple[str, ...] = ()
    parents: bool = False
    adds: bool = False


@dataclass(frozen=True, slots=True)
class Run(Instruction):
    """RUN; flags are the names of those that are set."""

    command: CommandLine
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cmd(Instruction):
    """CMD."""

    command: CommandLine


@dataclass(frozen=True, slots=True)
class Entrypoint(Instruction):
    """ENTRYPOINT."""

    command: CommandLine


@dataclass(frozen=True, slots=True)
class Healthcheck(Instruction):
    """HEALTHCHECK; durations in nanoseconds, 0 where not set."""

    test: tuple[str, ...]
    interval_ns: int = 0
    timeout_ns: int = 0
    start_period_ns: int = 0
    start_interval_ns: int = 0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Expose(Instruction):
    """EXPOSE port[/protocol] …"""

    ports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class User(Instruction):
    """USER."""

    user: str


@dataclass(frozen=True, slots=True)
class Workdir(Instruction):
    """WORKDIR."""

    path: str


@dataclass(frozen=True, slots=True)
class Volume(Instruction):
    """VOLUME."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StopSignal(Instruction):
    """STOPSIGNAL."""

    signal: str


@dataclass(frozen=True, slots=True)
class Shell(Instruction):
    """SHELL ["program", "argument"]."""

    shell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Onbuild(Instruction):
    """ONBUILD; the expression is the instruction for later as written."""

    expression: str


@dataclass(frozen=True, slots=True)
class Maintainer(Instruction):
    """MAINTAINER."""

    maintainer: str


Step = (
    Env | Label | Arg | Transfer | Run | Cmd | Entrypoint | Healthcheck | Expose | User | Workdir | Volume
    | StopSignal | Shell | Onbuild | Maintainer
)  # fmt: skip
"""What may stand in a stage after its FROM."""
