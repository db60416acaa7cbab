"""Every path below a directory, with its digest."""

import os
from collections.abc import Iterator

from transom.drivers.build.digests import Record, record_of
from transom.host.rootfs import Rootfs


def walk(root: Rootfs, top: str) -> Iterator[Record]:
    """Yield the records of all that is below top (not of top), parents first; links are not followed."""
    todo = [top]
    while todo:
        path = todo.pop()
        fd = root.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with os.scandir(fd) as found:
                entries = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in found)
            for name, is_directory in entries:
                below = f"{path}/{name}" if path else name
                yield record_of(below, name, fd)
                if is_directory:
                    todo.append(below)
        finally:
            os.close(fd)


def names(root: Rootfs, top: str) -> Iterator[str]:
    """Yield every path below top without reading any file."""
    todo = [top]
    while todo:
        path = todo.pop()
        fd = root.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with os.scandir(fd) as found:
                entries = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in found)
        finally:
            os.close(fd)
        for name, is_directory in entries:
            below = f"{path}/{name}" if path else name
            yield below
            if is_directory:
                todo.append(below)
