"""The terminal we run on: raw mode, its size, and whether there is one."""

import contextlib
import os
import sys
import termios
import tty
from collections.abc import Iterator

from transom.cli.errors import CliError

STDIN, STDOUT, STDERR = 0, 1, 2


def is_terminal(descriptor: int) -> bool:
    """Return whether the descriptor is a terminal; a closed one is not."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def require_terminal(*, attach_stdin: bool, tty: bool) -> None:
    """Refuse `-it` where our own input is none.

    Raises:
        CliError: stdin would be attached to a container's terminal and is none itself.
    """
    if attach_stdin and tty and not is_terminal(STDIN):
        raise CliError("the input device is not a TTY")


def size() -> tuple[int, int]:
    """Return (rows, columns) of the terminal, or zeros where there is none."""
    for descriptor in (STDOUT, STDIN):
        with contextlib.suppress(OSError):
            columns, rows = os.get_terminal_size(descriptor)
            return rows, columns
    return 0, 0


@contextlib.contextmanager
def raw(*, stdin: bool) -> Iterator[None]:
    """Let every key through to the container while the block runs; the terminal is as before afterwards."""
    if not (stdin and is_terminal(STDIN)):
        yield
        return
    before = termios.tcgetattr(STDIN)
    try:
        tty.setraw(STDIN, termios.TCSANOW)
        # Output processing stays as the container's own terminal does it; ours must not touch it twice.
        yield
    finally:
        sys.stdout.flush()
        termios.tcsetattr(STDIN, termios.TCSANOW, before)
