"""What archives are compressed with, by their first bytes."""

from typing import Final

LONGEST: Final = 6
"""Bytes that suffice to tell."""

_MAGIC: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bzip2"),
)


def compression_of(start: bytes) -> str:
    """Return what an archive that starts so is compressed with, empty for nothing known."""
    if len(start) >= 4 and start[1:4] == b"\x2a\x4d\x18" and start[0] >> 4 == 5:
        return "zstd"  # a skippable frame first
    return next((name for magic, name in _MAGIC if start.startswith(magic)), "")
