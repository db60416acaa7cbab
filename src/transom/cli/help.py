"""Help texts, laid out as Docker's CLI lays them out."""

import os
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence

from transom.cli import tree
from transom.cli.command import PROGRAM, Command
from transom.cli.flags import Flag

MORE = "for more information"


def usage_line(path: str, usage: str) -> str:
    """Return `Usage:  transom run [OPTIONS] IMAGE …`."""
    lines = [f"{PROGRAM} {path} {line}".rstrip() for line in usage.split("\n")]
    return "Usage:  " + "\n\t".join(lines)


def hint(path: str) -> str:
    """Return where to read more."""
    return f"Run '{f'{PROGRAM} {path}'.rstrip()} --help' {MORE}"


def command_help(path: str, command: Command) -> str:
    """Return the help text of one command."""
    parts = [usage_line(path, command.usage), command.long or command.short]
    if options := flag_lines(command.flags):
        parts.append("Options:\n" + options)
    return "\n\n".join(parts) + "\n"


def group_help(group: str) -> str:
    """Return the help text of a group of commands."""
    title, entries = tree.GROUPS[group]
    return (
        f"Usage:  {PROGRAM} {group} COMMAND\n\n{title}\n\nCommands:\n{_command_lines(entries)}\n\n"
        f"Run '{PROGRAM} {group} COMMAND --help' {MORE} on a command.\n"
    )


def program_help(flags: Sequence[Flag]) -> str:
    """Return the help text of the whole program."""
    first = {name: tree.TOP[name] for name in tree.FIRST}
    others = {name: entry for name, entry in sorted(tree.TOP.items()) if name not in first}
    groups = "\n".join(f"  {name:<10}  {title}" for name, (title, _) in tree.GROUPS.items())
    return (
        f"Usage:  {PROGRAM} [OPTIONS] COMMAND\n\nWindows and Linux containers, side by side, on a Linux host\n\n"
        f"Common Commands:\n{_command_lines(first)}\n\nManagement Commands:\n{groups}\n\n"
        f"Commands:\n{_command_lines(others)}\n\nGlobal Options:\n{flag_lines(flags)}\n\n"
        f"Run '{PROGRAM} COMMAND --help' {MORE} on a command.\n"
    )


def _command_lines(entries: Mapping[str, str]) -> str:
    width = max(10, *(len(name) for name in entries))
    return "\n".join(f"  {name:<{width}}  {tree.load(entry).short}" for name, entry in entries.items())


def flag_lines(flags: Sequence[Flag]) -> str:
    """Return the flags as a table, sorted by name and wrapped to the terminal's width."""
    shown = sorted((flag for flag in flags if not flag.hidden), key=lambda flag: flag.name)
    names = [_flag_name(flag) for flag in shown]
    column = max((len(name) for name in names), default=0) + 3
    room = max(_columns() - column, 24)
    lines = []
    for name, flag in zip(names, shown, strict=True):
        text = f"{flag.help} (default {flag.default_text})" if flag.default_text else flag.help
        wrapped = [piece for line in text.split("\n") for piece in textwrap.wrap(line, room) or [""]]
        lines.append(name.ljust(column) + wrapped[0])
        lines += [" " * column + piece for piece in wrapped[1:]]
    return "\n".join(lines)


def _flag_name(flag: Flag) -> str:
    start = f"  -{flag.short}, --{flag.name}" if flag.short else f"      --{flag.name}"
    return f"{start} {flag.kind}" if flag.kind else start


def _columns() -> int:
    if sys.stdout.isatty():
        return shutil.get_terminal_size().columns
    return int(os.environ.get("COLUMNS") or 80)
