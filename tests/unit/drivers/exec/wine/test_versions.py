"""The version in the resources of a base's files."""

import struct

from transom.drivers.exec.wine.base.versions import with_version

HEAD = struct.pack("<II", 0xFEEF04BD, 0x10000)
WINE = struct.pack("<HHHH", 0, 10, 1466, 19043)
SERVER = struct.pack("<HHHH", 0, 10, 2655, 20348)
OWN = struct.pack("<HHHH", 82, 5, 0, 1)


def test_windows_10_becomes_server_2022_in_numbers_and_text() -> None:
    content = b"before" + HEAD + WINE + WINE + "10.0.19043.1466".encode("utf-16-le") + b"after"

    assert (
        with_version(content) == b"before" + HEAD + SERVER + SERVER + "10.0.20348.2655".encode("utf-16-le") + b"after"
    )


def test_version_of_a_files_own_is_kept() -> None:
    content = HEAD + OWN + OWN

    assert with_version(content) == content


def test_numbers_elsewhere_are_kept() -> None:
    assert with_version(WINE) == WINE
