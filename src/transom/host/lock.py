"""A directory that one process at a time uses."""

import contextlib
import fcntl
import os
from collections.abc import Iterator

from transom.errors import Conflict, Unavailable


@contextlib.contextmanager
def locked(directory: str) -> Iterator[None]:
    """Hold directory, made if it is missing, until the block or the process ends.

    Raises:
        Conflict: another engine holds it.
    """
    try:
        os.makedirs(directory, mode=0o711, exist_ok=True)
        fd = os.open(os.path.join(directory, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise Unavailable(f"cannot use {directory}: {os.strerror(exc.errno or 0)}") from exc
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise Conflict(f"{directory} is in use by another engine") from exc
        yield
    finally:
        os.close(fd)
