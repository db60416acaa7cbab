"""Security descriptors of files in the layers that are written here: self-relative, from their meaning.

Source: MS-DTYP 2.4.2 (SID), 2.4.4 (ACE), 2.4.5 (ACL), 2.4.6 (SECURITY_DESCRIPTOR).
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_SELF_RELATIVE, _DACL_PRESENT = 0x8000, 0x0004
OBJECT_INHERIT, CONTAINER_INHERIT, INHERIT_ONLY = 1, 2, 8

ADMINISTRATORS: Final = (5, (32, 544))
USERS: Final = (5, (32, 545))
SYSTEM: Final = (5, (18,))
CREATOR_OWNER: Final = (3, (0,))

FILE_ALL: Final = 0x1F01FF
GENERIC_ALL: Final = 0x10000000
READ_EXECUTE: Final = 0x1200A9
ADD_SUBDIRECTORY: Final = 0x4
ADD_FILE: Final = 0x2

Sid = tuple[int, tuple[int, ...]]
"""Authority and sub-authorities."""


@dataclass(frozen=True, slots=True)
class Allow:
    """An access-allowed entry."""

    who: Sid
    mask: int
    flags: int = 0


def _sid(sid: Sid) -> bytes:
    authority, parts = sid
    return struct.pack("<BB", 1, len(parts)) + authority.to_bytes(6, "big") + struct.pack(f"<{len(parts)}I", *parts)


def _ace(entry: Allow) -> bytes:
    sid = _sid(entry.who)
    return struct.pack("<BBHI", 0, entry.flags, 8 + len(sid), entry.mask) + sid


def descriptor(owner: Sid, group: Sid, entries: Sequence[Allow]) -> bytes:
    """Return a security descriptor with a DACL of entries, in their order."""
    owner_raw, group_raw = _sid(owner), _sid(group)
    aces = b"".join(_ace(entry) for entry in entries)
    acl = struct.pack("<BBHHH", 2, 0, 8 + len(aces), len(entries), 0) + aces
    at_owner = 20
    at_group = at_owner + len(owner_raw)
    at_acl = at_group + len(group_raw)
    head = struct.pack("<BBHIIII", 1, 0, _SELF_RELATIVE | _DACL_PRESENT, at_owner, at_group, 0, at_acl)
    return head + owner_raw + group_raw + acl


_INHERIT = OBJECT_INHERIT | CONTAINER_INHERIT

DIRECTORY_SECURITY: Final = descriptor(
    ADMINISTRATORS,
    SYSTEM,
    (
        Allow(ADMINISTRATORS, FILE_ALL, _INHERIT),
        Allow(SYSTEM, FILE_ALL, _INHERIT),
        Allow(ADMINISTRATORS, FILE_ALL),
        Allow(CREATOR_OWNER, GENERIC_ALL, _INHERIT | INHERIT_ONLY),
        Allow(USERS, READ_EXECUTE, _INHERIT),
        Allow(USERS, ADD_SUBDIRECTORY, CONTAINER_INHERIT),
        Allow(USERS, ADD_FILE, CONTAINER_INHERIT),
    ),
)
"""Administrators and SYSTEM may do everything, users read, and add what is then theirs: as `C:\\` itself has it."""

FILE_SECURITY: Final = descriptor(
    ADMINISTRATORS,
    SYSTEM,
    (Allow(ADMINISTRATORS, FILE_ALL), Allow(SYSTEM, FILE_ALL), Allow(USERS, READ_EXECUTE)),
)
"""Administrators and SYSTEM may do everything, users read and run."""


def default_security(*, directory: bool) -> bytes:
    """Return the descriptor of a file that carries none of its own."""
    return DIRECTORY_SECURITY if directory else FILE_SECURITY
