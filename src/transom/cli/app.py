"""The program: global flags, the way to a command, and how it ends."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from transom.cli import flags as flag
from transom.cli import tree
from transom.cli.command import PROGRAM, Command
from transom.cli.errors import CliError, Exit, UsageError
from transom.cli.session import Session
from transom.client.contexts import ClientConfig
from transom.client.endpoint import Endpoint, TlsFiles, choose_endpoint
from transom.errors import TransomError

HELP = flag.switch("help", "Print usage")
INTERRUPTED = 130
GLOBAL = (
    flag.text("config", "Location of client config files", default=""),
    flag.text(
        "context",
        "Name of the context to use to connect to the daemon (overrides DOCKER_HOST env var and default context "
        'set with "docker context use")',
        short="c",
    ),
    flag.switch("debug", "Enable debug mode", short="D"),
    flag.many("host", "Daemon socket to connect to", short="H"),
    flag.text(
        "log-level", 'Set the logging level ("debug", "info", "warn", "error", "fatal")', short="l", default="info"
    ),
    flag.switch("tls", "Use TLS; implied by --tlsverify"),
    flag.switch("tlsverify", "Use TLS and verify the remote"),
    flag.switch("version", "Print version information and quit", short="v"),
    HELP,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
    except Exit as exc:
        code = exc.code
    except KeyboardInterrupt:
        code = INTERRUPTED
    except ConnectionError as exc:
        if not isinstance(exc, BrokenPipeError):
            _complain(f"error during connect: the engine ended the connection: {exc.strerror}")
            return 1
        # The reader of our output has gone; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 1
    return code


def _dispatch(argv: Sequence[str]) -> int:
    try:
        values, rest = flag.parse(GLOBAL, argv, interspersed=False)
    except UsageError as exc:
        _complain(
            f"{exc}\n\nUsage:  {PROGRAM} [OPTIONS] COMMAND [ARG...]\n\nRun '{PROGRAM} --help' for more information"
        )
        return exc.exit_code
    if values.on("version"):
        from transom.cli.commands.version import version_line

        print(version_line())
        return 0
    if not rest or values.on("help") or rest[0] == "help":
        return _show_help(rest[1:] if rest[:1] == ["help"] else rest)
    try:
        path, command, arguments = _find(rest)
    except CliError as exc:
        _complain(str(exc))
        return exc.exit_code
    return _run(path, command, arguments, values)


def _find(words: list[str]) -> tuple[str, Command, list[str]]:
    first = words[0]
    if first not in tree.GROUPS:
        entry = tree.TOP.get(first)
        if entry is None:
            raise CliError(
                f"{PROGRAM}: unknown command: {PROGRAM} {first}\n\nRun '{PROGRAM} --help' for more information"
            )
        return first, tree.load(entry), words[1:]
    if len(words) == 1 or words[1] in ("--help", "-h", "help"):
        raise Exit(_show_help([first]))
    entry = tree.find_in_group(first, words[1])
    if entry is None:
        raise CliError(
            f"{PROGRAM}: unknown command: {PROGRAM} {first} {words[1]}\n\nUsage:  {PROGRAM} {first}\n\n"
            f"Run '{PROGRAM} {first} --help' for more information"
        )
    return f"{first} {words[1]}", tree.load(entry), words[2:]


def _show_help(words: Sequence[str]) -> int:
    from transom.cli import help as texts

    if not words:
        print(texts.program_help(GLOBAL), end="")
    elif len(words) == 1 and words[0] in tree.GROUPS:
        print(texts.group_help(words[0]), end="")
    else:
        path, command, _ = _find(list(words))
        print(texts.command_help(path, command), end="")
    return 0


def _run(path: str, command: Command, arguments: list[str], settings: flag.Values) -> int:
    name = f"{PROGRAM} {path}"
    try:
        known = (*command.flags, HELP)
        values, rest = flag.parse(known, arguments, interspersed=command.interspersed)
        if values.on("help"):
            from transom.cli import help as texts

            print(texts.command_help(path, command), end="")
            return 0
        if complaint := command.arity.complaint(len(rest)):
            see = "See" if "at least" in complaint and "at most" not in complaint else "Run"
            usage = f"{_usage(path, command)}\n\n{see} '{name} --help' for more information"
            _complain(f"{PROGRAM}: '{name}' {complaint}\n\n{usage}")
            return 1
        return command.run(_session(path, settings), values, rest) or 0
    except UsageError as exc:
        _complain(f"{exc}\n\n{_usage(path, command)}\n\nRun '{name} --help' for more information")
        return exc.exit_code
    except TransomError as exc:
        text = str(exc)
        if isinstance(exc, CliError) and exc.hint:
            text = f"{PROGRAM}: {text}\n\nRun '{name} --help' for more information"
        _complain(text)
        return exc.exit_code if isinstance(exc, CliError) else 1


def _usage(path: str, command: Command) -> str:
    from transom.cli.help import usage_line

    return usage_line(path, command.usage)


def _session(path: str, settings: flag.Values) -> Session:
    config = ClientConfig.load(Path(settings.text("config")) if settings.given("config") else None)

    def choose() -> Endpoint:
        hosts = settings.many("host")
        if len(hosts) > 1:
            raise CliError("specify only one -H")
        tls = None
        if settings.on("tls") or settings.on("tlsverify"):
            directory = Path(os.environ.get("DOCKER_CERT_PATH") or config.directory)
            tls = TlsFiles(directory, verify=settings.on("tlsverify"))
        return choose_endpoint(
            host=hosts[0] if hosts else None,
            context=settings.text("context") or None,
            environ=os.environ,
            config=config,
            tls=tls,
        )

    return Session(path, config, choose)


def _complain(text: str) -> None:
    sys.stdout.flush()
    if text:
        print(text, file=sys.stderr)
