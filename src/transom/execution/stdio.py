"""How bytes enter and leave a process."""

from typing import NamedTuple, Protocol


class StdStream(NamedTuple):
    """Names of the output streams by their numbers in attach frames."""

    number: int
    name: str


STDOUT = StdStream(1, "stdout")
STDERR = StdStream(2, "stderr")


class Stdio(Protocol):
    """A connection to one process' streams. Bytes are unchanged; a terminal's arrive all as stdout."""

    async def read(self) -> tuple[int, bytes] | None:
        """Return (1 stdout or 2 stderr, bytes), or None at the end of all output."""
        ...

    async def write(self, data: bytes) -> None:
        """Send to stdin; returns when accepted. Raises ConnectionError when nobody reads any more."""
        ...

    async def close_stdin(self) -> None:
        """Half-close: the program sees end of file on its stdin."""
        ...

    async def close(self) -> None:
        """Let go of the connection; the process is not touched."""
        ...
