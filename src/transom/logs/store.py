"""LogStore: where the output of containers is kept, read, followed and rotated."""

import asyncio
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rotation:
    """`max-size` and `max-file`: a file that has reached max_bytes is put aside, max_files are kept in all."""

    max_bytes: int
    max_files: int = 1


class LogReader(Protocol):
    """A place in a container's log, going from old to new over the ends of rotated files. The caller closes it."""

    async def read(self) -> bytes:
        """Return whole lines from here on, empty at the present end."""
        ...

    def changed(self) -> "asyncio.Future[None]":
        """Return a future that is done once there may be more than the last read found."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


class Spool(Protocol):
    """Output put aside on disk for one client that does not keep up; nobody else sees it. The caller closes it."""

    @property
    def size_bytes(self) -> int:
        """What is in it and has not been read."""
        ...

    async def write(self, stream: int, data: bytes) -> None:
        """Append a piece.

        Raises:
            Unavailable: the disk is full.
        """
        ...

    async def read(self) -> list[tuple[int, bytes]]:
        """Return the next pieces; empty where everything has been read."""
        ...

    def close(self) -> None:
        """Let go; the disk space is free again."""
        ...


class LogStore(Protocol):
    """Holds logs by container ID."""

    async def open(self, container_id: str, *, tail: int = -1, streams: tuple[bool, bool] = (True, True)) -> LogReader:
        """Return a reader at the beginning, or where the last tail lines of the wanted streams (out, err) begin."""
        ...

    async def rotate(self, container_id: str, rotation: Rotation, *, resume: bool = False) -> bool:
        """Put the file aside if it has grown beyond its limit; if True, the monitor has to open its log again.

        Nothing is lost meanwhile: the monitor writes to the file that was put aside until it has the new one.
        resume: take up a rotation at which an earlier engine ended before it told the monitor.
        """
        ...

    def spool(self) -> Spool:
        """Return an empty spool."""
        ...
