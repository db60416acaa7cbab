"""The version of Windows that the system's files carry. Pure.

Programs learn the system's version from kernel32.dll's resources, as Microsoft advises: Java and Python do. Wine's
files say Windows 10; a base's say what most images are made for. One base stands under images of every version, so
those of another learn theirs from the calls and the registry alone.

Source: "Getting the System Version" and VS_FIXEDFILEINFO in the Windows API's reference.
"""

import struct
from typing import Final

SERVER_2022: Final = (10, 0, 20348, 2655)
_WINE: Final = (10, 0, 19043, 1466)
_SIGNATURE_AND_LAYOUT: Final = struct.pack("<II", 0xFEEF04BD, 0x10000)


def with_version(content: bytes) -> bytes:
    """Return a file of Wine's with the version of Windows Server 2022 in place of Windows 10's, of the same length.

    What has a version of its own keeps it.
    """
    for own in range(2):  # the file's version, then the product's
        before = _SIGNATURE_AND_LAYOUT + _fixed(SERVER_2022) * own
        content = content.replace(before + _fixed(_WINE), before + _fixed(SERVER_2022))
    return content.replace(_text(_WINE), _text(SERVER_2022))


def _fixed(version: tuple[int, int, int, int]) -> bytes:
    major, minor, build, revision = version
    return struct.pack("<II", major << 16 | minor, build << 16 | revision)


def _text(version: tuple[int, int, int, int]) -> bytes:
    return ".".join(map(str, version)).encode("utf-16-le")
