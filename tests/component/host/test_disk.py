"""Where files go on a disk."""

import fcntl
import os
import struct
import subprocess
from pathlib import Path

from transom.host.disk import spread_below


def test_spread_below_marks_a_directory_where_the_file_system_knows_how(tmp_path: Path) -> None:
    spread_below(str(tmp_path))
    (tmp_path / "below").mkdir()
    kind = subprocess.run(("stat", "-f", "-c", "%T", tmp_path), capture_output=True, text=True, check=True).stdout
    if "ext" in kind:
        fd = os.open(tmp_path, os.O_RDONLY)
        (flags,) = struct.unpack("@i4x", fcntl.ioctl(fd, 0x80086601, bytes(8)))
        os.close(fd)
        assert flags & 0x20000


def test_spread_below_leaves_other_file_systems_alone() -> None:
    spread_below("/sys/kernel")
