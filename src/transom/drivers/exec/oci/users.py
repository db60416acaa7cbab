"""Who `--user` and USER mean: names are looked up in the container's own files.

Source: moby/sys user.GetExecUser, documented at "docker run --user".
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from transom.errors import InvalidParameter
from transom.execution.spec import ProcessSpec
from transom.host.rootfs import Rootfs

MAX_ID = 2**31 - 1
_FILE_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class User:
    """Numeric identity and home directory."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    home: str = "/"


def user_in(rootfs: Rootfs, process: ProcessSpec) -> User:
    """Return who runs process, by the files of the root.

    Raises:
        InvalidParameter: there is no such user or group.
    """

    def read(path: str) -> str:
        try:
            fd = rootfs.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return ""
        with open(fd, "rb") as file:
            return file.read(_FILE_LIMIT).decode(errors="replace")

    return find_user(process.user, process.groups, read)


def find_user(text: str, extra_groups: Sequence[str], read: Callable[[str], str]) -> User:
    """Return the user that text (`name`, `uid`, `name:group`, `uid:gid`) names.

    read returns the text of a file of the container's root, empty where it has none.

    Raises:
        InvalidParameter: text names nobody, or a number is out of range.
    """
    name, _, group = text.partition(":")
    passwd = _rows(read("/etc/passwd"), 7)
    groups = _rows(read("/etc/group"), 4)
    found = next((row for row in passwd if row[0] == (name or "root")), None)
    if found is None and (name == "" or name.isdecimal()):
        found = next((row for row in passwd if row[2] == (name or "0")), None)
    if found is not None:
        uid, gid, home, login = int(found[2]), int(found[3]), found[5] or "/", found[0]
    elif name.isdecimal() or not name:
        uid, gid, home, login = int(name or 0), 0, "/", ""
    else:
        raise InvalidParameter(f"unable to find user {name}: no matching entries in passwd file")
    extra = {int(row[2]) for row in groups if login and login in row[3].split(",") and row[2].isdecimal()}
    if group:
        gid, extra = _gid(group, groups), set()
    extra |= {_gid(each, groups) for each in extra_groups}
    for number in (uid, gid, *extra):
        if number > MAX_ID:
            raise InvalidParameter(f"uids and gids must be in range 0-{MAX_ID}")
    # The primary group too: else a process that gives it up could get round "others may, this group may not".
    return User(uid, gid, (gid, *sorted(extra - {gid})), home)


def _gid(text: str, groups: Sequence[list[str]]) -> int:
    row = next((row for row in groups if row[0] == text), None)
    if row is not None:
        return int(row[2])
    if text.isdecimal():
        return int(text)
    raise InvalidParameter(f"unable to find group {text}: no matching entries in group file")


def _rows(text: str, columns: int) -> list[list[str]]:
    rows = []
    for line in text.splitlines():
        row = line.split(":")
        if len(row) >= columns and row[2].isdecimal() and (columns < 7 or row[3].isdecimal()):
            rows.append(row)
    return rows
