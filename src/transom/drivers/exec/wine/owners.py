"""Which owners on the host a Windows container's processes and files have.

All processes of a container are one Linux user without rights: user 0 of a user namespace whose users are a range of
the host's that nobody else has. Files keep their owners on disk, mounts map them into the range; what Windows
programs make in a directory of the host's belongs to the directory's owner.

Source: systemd, "Users, Groups, UIDs and GIDs on systemd Systems" (ranges); man pages subuid(5), login.defs(5).
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from transom.errors import InvalidParameter
from transom.model.mount import IdMap

COUNT = 1 << 16
_FIRST, _END = 0x2400_0000, 0x6FFF_0000
"""Above what useradd gives away as subordinate users, below what is no user; in the range for containers."""

Mapping = tuple[tuple[IdMap, ...], tuple[IdMap, ...]]


@dataclass(frozen=True, slots=True)
class Owners:
    """The range that starts at first, on the host."""

    first: int

    @property
    def whole(self) -> tuple[IdMap, ...]:
        """Return the container's mapping: its user N is the range's N-th."""
        return (IdMap(0, self.first, COUNT),)

    def of_directory(self, source: str) -> Mapping:
        """Return the mapping (of users, of groups) under which source, a path on the host, is the container's own.

        Raises:
            InvalidParameter: nothing is there.
        """
        try:
            status = os.stat(source)
        except OSError as exc:
            raise InvalidParameter(f"cannot mount {source}: {os.strerror(exc.errno or 0)}") from exc
        return self.owned_by(status.st_uid), self.owned_by(status.st_gid)

    def owned_by(self, owner: int) -> tuple[IdMap, ...]:
        """Return a mapping under which the user owner of the disk is user 0 inside; 0 takes its place."""
        if owner == 0:
            return self.whole
        if owner >= COUNT:
            return (IdMap(1, self.first + 1, COUNT - 1), IdMap(owner, self.first, 1))
        parts = (
            IdMap(0, self.first + owner, 1),
            IdMap(1, self.first + 1, owner - 1),
            IdMap(owner, self.first, 1),
            IdMap(owner + 1, self.first + owner + 1, COUNT - owner - 1),
        )
        return tuple(part for part in parts if part.length)


def choose(name: str, taken: Iterable[tuple[int, int]]) -> Owners:
    """Return a range for the engine called name, the same each time, clear of the taken ones (first, count)."""
    taken = list(taken)
    slots = (_END - _FIRST) // COUNT
    start = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    for step in range(slots):
        first = _FIRST + (start + step) % slots * COUNT
        if not any(first < begin + count and begin < first + COUNT for begin, count in taken):
            return Owners(first)
    return Owners(_FIRST)


def taken_on_host(etc: Path = Path("/etc")) -> list[tuple[int, int]]:
    """Return the ranges that this host's files give away: users, groups, subordinate users and groups."""
    found = []
    for name in ("passwd", "group"):
        found += [(int(row[2]), 1) for row in _rows(etc / name) if len(row) > 2 and row[2].isdecimal()]
    for name in ("subuid", "subgid"):
        rows = [row for row in _rows(etc / name) if len(row) == 3 and row[1].isdecimal() and row[2].isdecimal()]
        found += [(int(row[1]), int(row[2])) for row in rows]
    return found


def _rows(path: Path) -> list[list[str]]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [line.strip().split(":") for line in lines]
