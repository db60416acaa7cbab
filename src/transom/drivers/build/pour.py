"""Copying of bytes inside the kernel."""

import errno
import os


def pour(source: int, fd: int) -> None:
    """Copy all of source to fd, inside the kernel."""
    try:
        while os.copy_file_range(source, fd, 1 << 30):
            pass
        return
    except OSError as exc:
        if exc.errno not in {errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS}:
            raise
    while os.sendfile(fd, source, None, 1 << 30):
        pass
