"""A base's digest: over what is in its trees, not over how or when they were written."""

import hashlib
import os
import stat
from pathlib import Path

from transom.model.ids import Digest

PARTS = ("linux", "c", "registry")


def tree_digest(base: Path) -> tuple[Digest, int]:
    """Return the digest of a base's content and its size on disk; hard links count once."""
    whole = hashlib.sha256(b"transom base 1\n")
    sums: dict[tuple[int, int], str] = {}
    size = 0
    for part in PARTS:
        for directory, names, files in os.walk(base / part):
            names.sort()
            relative = os.path.relpath(directory, base)
            for name in sorted([*names, *files]):
                path = os.path.join(directory, name)
                info = os.lstat(path)
                line = f"{relative}/{name}\0{info.st_mode:o}\0"
                if stat.S_ISLNK(info.st_mode):
                    line += os.readlink(path)
                elif stat.S_ISREG(info.st_mode):
                    key = (info.st_dev, info.st_ino)
                    if key not in sums:
                        with open(path, "rb") as file:
                            sums[key] = hashlib.file_digest(file, "sha256").hexdigest()
                        size += info.st_blocks * 512
                    line += sums[key]
                else:
                    size += info.st_blocks * 512
                whole.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return Digest("sha256:" + whole.hexdigest()), size
