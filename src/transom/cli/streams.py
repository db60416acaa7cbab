"""Our three streams joined to a container's over a hijacked connection."""

import os
import select
import threading
from collections.abc import Iterable

from transom.cli.detach_keys import Detached, KeyFilter
from transom.cli.terminal import STDERR, STDIN, STDOUT
from transom.client.frames import STDERR as FRAME_STDERR
from transom.client.frames import SYSTEM_ERROR, FrameReader
from transom.client.http import CHUNK, Hijacked


class Conversation:
    """Carries stdin to the connection and its output to ours.

    The connection's output decides the end: a container that closes while we still have input is done.
    Input runs in a thread of its own, which nobody waits for, since a read of a terminal cannot be
    cancelled.
    """

    def __init__(self, connection: Hijacked, *, tty: bool, stdin: bool, detach_keys: bytes = b"") -> None:
        self._connection = connection
        self._tty = tty
        self._stdin = stdin
        self._filter = KeyFilter(detach_keys if tty else b"")
        self._detached = threading.Event()

    def run(self) -> bool:
        """Copy until the container's output ends; return False if the user detached."""
        if self._stdin:
            threading.Thread(target=self._send_input, name="stdin", daemon=True).start()
        copy_output(iter(self._connection.read_some, b""), tty=self._tty)
        return not self._detached.is_set()

    def _send_input(self) -> None:
        try:
            while data := _read(STDIN):
                self._connection.write(self._filter.feed(data))
            self._connection.close_write()
        except Detached:
            self._detached.set()
            self._connection.end()
        except OSError:
            pass  # the container takes no more input; its output goes on


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, CHUNK)
    except OSError:
        return b""  # a terminal that has gone away is an end of input


def copy_output(pieces: Iterable[bytes], *, tty: bool) -> None:
    """Write a container's output to ours as it comes; without a terminal it is framed.

    Raises:
        BrokenPipeError: nobody reads our output any more.
    """
    if tty:
        for piece in pieces:
            write_all(STDOUT, piece)
        return
    frames = FrameReader()
    for piece in pieces:
        for kind, data in frames.feed(piece):
            write_all(STDERR if kind in (FRAME_STDERR, SYSTEM_ERROR) else STDOUT, data)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of data, past any buffer."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:  # whoever gave us the descriptor made it non-blocking
            select.select([], [descriptor], [])
