"""`--chown=user:group` as numbers, by the image's own /etc/passwd and /etc/group."""

import os

from transom.errors import InvalidParameter, NotFound
from transom.host.rootfs import Rootfs

_MAX_FILE = 4 << 20


def owner_of(text: str, root: Rootfs | None) -> tuple[int, int]:
    """Return (uid, gid); a group that is not given is called as the user is.

    Raises:
        InvalidParameter: text is not of that form.
        NotFound: the image knows no such user or group.
    """
    if not text:
        return 0, 0
    user, *group = text.split(":")
    if len(group) > 1:
        raise InvalidParameter(f"invalid chown string format: {text}")
    prefix = "unable to convert uid/gid chown string to host mapping: "
    uid = _number(user, root, "etc/passwd")
    if uid is None:
        raise NotFound(f"{prefix}can't find uid for user {user}: no such user: {user}")
    name = group[0] if group else user
    gid = _number(name, root, "etc/group")
    if gid is None:
        raise NotFound(f"{prefix}can't find gid for group {name}: no such group: {name}")
    return uid, gid


def _number(name: str, root: Rootfs | None, path: str) -> int | None:
    if name.isascii() and name.isdecimal():
        return int(name)
    for line in _lines(root, path):
        fields = line.split(":")
        if fields[0] == name and len(fields) > 2 and fields[2].isdecimal():
            return int(fields[2])
    return None


def _lines(root: Rootfs | None, path: str) -> list[str]:
    if root is None:
        return []
    try:
        fd = root.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return []
    with open(fd, "rb") as file:
        return file.read(_MAX_FILE).decode("utf-8", "replace").splitlines()
