"""The accounts that a base begins with, and what its users' registries are, as keys of its registry. Pure.

windows/accounts.h says where they are kept and what a value means.

Source: Microsoft, "Local Accounts" and "Well-known SIDs" (names, numbers, comments).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from transom.drivers.exec.wine.base.contents import PROFILES
from transom.drivers.exec.wine.registry import Key, fold, parse, quoted

ADMINISTRATOR_SID, USER_SID = "S-1-5-93-2-1", "S-1-5-93-2-2"
MACHINE_SID = "S-1-5-21-1703296718-2291047385-988123540"
_TOP = r"SAM\\Accounts"
_HIVES = r"SAM\\Hives"
_PROFILES = r"Software\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList"
_DISABLED, _NO_PASSWORD, _NORMAL, _NEVER_EXPIRES = 0x2, 0x20, 0x200, 0x10000


@dataclass(frozen=True, slots=True)
class _User:
    name: str
    rid: int
    flags: int
    comment: str


_USERS = (
    _User("Administrator", 500, _DISABLED, "Built-in account for administering the computer/domain"),
    _User("DefaultAccount", 503, _DISABLED | _NO_PASSWORD, "A user account managed by the system."),
    _User("Guest", 501, _DISABLED | _NO_PASSWORD, "Built-in account for guest access to the computer/domain"),
    _User(
        "WDAGUtilityAccount",
        504,
        _DISABLED,
        "A user account managed and used by the system for Windows Defender Application Guard scenarios.",
    ),
)
_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "Administrators": (f"{MACHINE_SID}-500",),
    "Guests": (f"{MACHINE_SID}-501",),
    "System Managed Accounts Group": (f"{MACHINE_SID}-503",),
    "Users": ("S-1-5-4", "S-1-5-11"),
}
_GROUPS: Mapping[str, tuple[int, str]] = {
    "Administrators": (544, "Administrators have complete and unrestricted access to the computer/domain"),
    "Backup Operators": (
        551,
        "Backup Operators can override security restrictions for the sole purpose of backing up or restoring files",
    ),
    "Cryptographic Operators": (569, "Members are authorized to perform cryptographic operations."),
    "Distributed COM Users": (562, "Members are allowed to launch, activate and use Distributed COM objects."),
    "Event Log Readers": (573, "Members of this group can read event logs from local machine"),
    "Guests": (546, "Guests have the same access as members of the Users group by default"),
    "IIS_IUSRS": (568, "Built-in group used by Internet Information Services."),
    "Network Configuration Operators": (556, "Members in this group can manage configuration of networking features"),
    "Performance Log Users": (559, "Members of this group may schedule logging of performance counters"),
    "Performance Monitor Users": (558, "Members of this group can access performance counter data"),
    "Power Users": (547, "Power Users possess limited administrative powers"),
    "Remote Desktop Users": (555, "Members in this group are granted the right to logon remotely"),
    "Remote Management Users": (580, "Members of this group can access WMI resources over management protocols"),
    "Replicator": (552, "Supports file replication in a domain"),
    "System Managed Accounts Group": (581, "Members of this group are managed by the system."),
    "Users": (545, "Users are prevented from making accidental or intentional system-wide changes"),
}


def keys(user_branch: str) -> Iterator[Key]:
    """Yield the keys to add to a base's system branch; user_branch is the text of its user branch."""
    yield _key(_TOP)
    yield _key(rf"{_TOP}\\Users")
    for user in _USERS:
        values = {"Rid": _number(user.rid), "Flags": _number(user.flags | _NORMAL | _NEVER_EXPIRES)}
        yield _key(rf"{_TOP}\\Users\\{user.name}", values | {"Comment": quoted(user.comment)})
    yield _key(rf"{_TOP}\\Groups")
    for name, (number, comment) in _GROUPS.items():
        values = {"Sid": quoted(f"S-1-5-32-{number}"), "Comment": quoted(comment)}
        if name in _MEMBERS:
            values["Members"] = 'str(7):"' + "".join(rf"{sid}\0" for sid in _MEMBERS[name]) + '"'
        yield _key(rf"{_TOP}\\Groups\\{name}", values)
    for sid, name in ((ADMINISTRATOR_SID, PROFILES[0]), (USER_SID, PROFILES[1])):
        yield _key(rf"{_PROFILES}\\{sid}", {"ProfileImagePath": f'str(2):"C:\\\\Users\\\\{name}"'})
    yield from _hive(user_branch, USER_SID, PROFILES[1])
    yield from _hive(user_branch, "Default", PROFILES[2])


def _hive(user_branch: str, sid: str, profile: str) -> Iterator[Key]:
    """Yield a user's registry: the administrator's, with the paths of profile."""
    top = rf"{_HIVES}\\{sid}"
    yield _key(top)
    own = user_branch.replace(rf"\\Users\\{PROFILES[0]}", rf"\\Users\\{profile}")
    for key in parse(own).values():
        yield Key(rf"{top}\\{key.name}", key.options, key.values)


def _key(name: str, values: Mapping[str, str] | None = None) -> Key:
    entries = {quoted(value): data for value, data in (values or {}).items()}
    return Key(name, (), {fold(value): (value, data) for value, data in entries.items()})


def _number(value: int) -> str:
    return f"dword:{value:08x}"
