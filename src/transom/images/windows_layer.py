"""Rules of Windows layers: routes, names without case, metadata records, and where the registry travels. No disk.

A Windows layer of ours carries the registry's changes as PAX records `TRANSOM.registry` and `TRANSOM.registry.1`
(base64 of zlib) on its `Hives` and `Files` directories: Windows hosts read over records that they do not know, where
an unknown file below Hives/ might stop an import.

Source: microsoft/hcsshim pkg/ociwclayer (import.go, export.go), internal/wclayer; go-winio backuptar/tar.go.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from transom.errors import InvalidParameter

FILES: Final = "Files"
HIVES: Final = "Hives"
FILE_ATTRIBUTES: Final = "MSWINDOWS.fileattr"
SECURITY: Final = "MSWINDOWS.rawsd"
CREATION_TIME: Final = "LIBARCHIVE.creationtime"
REGISTRY: Final = "TRANSOM.registry"

READ_ONLY, HIDDEN, SYSTEM, DIRECTORY, ARCHIVE, REPARSE = 0x1, 0x2, 0x4, 0x10, 0x20, 0x400
FOR_WINDOWS: Final = 0x100 | 0x1000 | 0x2000 | 0x20000
"""Attributes that nothing here reads, and a file keeps all the same: temporary, offline, not indexed, not scrubbed."""

DELTA_HIVES: Final = ("DefaultUser_Delta", "Sam_Delta", "Security_Delta", "Software_Delta", "System_Delta")

_CHUNK = 700_000
"""Characters of one record: Go's reader, and so a Windows host, refuses a PAX header of more than 1 MiB."""
_MAX_REGISTRY = 256 << 20
_FORBIDDEN = re.compile(r'[\x00-\x1f\\<>:"|?*]')
_RESERVED = re.compile(r"(?i)(con|prn|nul|aux|com[1-9]|lpt[1-9])(\..*)?")

SPELLING: Final[Mapping[str, str]] = {
    path.upper(): path
    for path in (
        "windows", "windows/Fonts", "windows/globalization", "windows/globalization/sorting", "windows/inf",
        "windows/logs", "windows/resources", "windows/resources/themes", "windows/system32", "windows/system32/Speech",
        "windows/system32/config", "windows/system32/drivers", "windows/system32/drivers/etc",
        "windows/system32/driverstore", "windows/system32/spool", "windows/system32/wbem", "windows/syswow64",
        "windows/temp", "windows/winsxs", "windows/winsxs/manifests", "Program Files", "Program Files/Common Files",
        "Program Files/Common Files/System", "Program Files (x86)", "Program Files (x86)/Common Files", "ProgramData",
        "ProgramData/Microsoft", "ProgramData/Microsoft/Windows", "Users", "Users/ContainerAdministrator",
        "Users/ContainerUser", "Users/Default", "Users/Public", "Users/Public/Desktop", "Users/Public/Documents",
        "Users/Public/Downloads",
    )
}  # fmt: skip
"""How the base spells its own directories: a layer that has no base below it yet must not spell them otherwise."""


class Route(StrEnum):
    """What a top-level directory of a Windows layer is for."""

    FILES = "files"
    HIVES = "hives"
    UTILITY_VM = "utilityvm"
    OTHER = "other"


def route(name: str) -> tuple[Route, str]:
    """Return where a cleaned member name belongs, and its path below that directory."""
    top, _, rest = name.partition("/")
    try:
        return Route(top.lower()), rest
    except ValueError:
        return Route.OTHER, name


def is_elsewhere(name: str) -> bool:
    """Tell whether a member is beside the directories that a Windows layer has, and so in no container.

    Goes by the name as it is written: `C:\\app` is one component here, and never a path.
    """
    top = name.rstrip("/").removeprefix("./").partition("/")[0]
    return top not in {"", ".", ".."} and route(top)[0] is Route.OTHER


def fold(name: str) -> str:
    """Return a key under which names are equal that NTFS takes for one: upper case, code point by code point."""
    if name.isascii():
        return name.upper()
    return "".join(upper if len(upper := char.upper()) == 1 else char for char in name)


def check_read(name: str) -> None:
    """Refuse a member name that Linux and Windows would take for different paths.

    Raises:
        InvalidParameter: it is absolute, or holds a backslash or a control character.
    """
    if name.startswith("/") or "\\" in name or any(ord(char) < 32 for char in name):
        raise InvalidParameter(f"invalid Windows layer: entry {name!r}")


def stream_of(path: str) -> tuple[str, str] | None:
    """Return (path of the file, name of the stream) where path is that of an alternate data stream.

    Source: go-winio backuptar/tar.go: a stream is a member of its own, `file:stream`, behind that of the file.
    """
    directory, _, name = path.rpartition("/")
    file, colon, stream = name.partition(":")
    if not file or not stream or ":" in stream or ":" in directory:
        return None
    return path[: len(path) - len(colon + stream)], stream


def check_written(path: str) -> None:
    """Refuse a name that no Windows host could hold.

    Raises:
        InvalidParameter: it has a character, an ending or a device name that Windows forbids.
    """
    for part in path.split("/"):
        if _FORBIDDEN.search(part) or part[-1:] in {".", " "} or _RESERVED.fullmatch(part):
            raise InvalidParameter(f'"{path}" cannot be part of a Windows layer: Windows allows no such file name')


def attributes_of(pax: Mapping[str, str], *, directory: bool) -> int:
    """Return a member's FILE_ATTRIBUTE_* bits."""
    text = pax.get(FILE_ATTRIBUTES, "")
    return int(text) & 0xFFFFFFFF if text.isdecimal() and len(text) < 12 else (DIRECTORY if directory else 0)


def security_of(pax: Mapping[str, str], name: str) -> bytes:
    """Return a member's security descriptor, empty where there is none.

    Raises:
        InvalidParameter: it is not base64.
    """
    text = pax.get(SECURITY, "")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidParameter(f"invalid Windows layer: security descriptor of {name!r}") from None


def link_target(text: str) -> tuple[bool, str] | None:
    """Return (is absolute, `/`-separated path on drive C:) of a link's target; None if it leads off the drive."""
    path = text.replace("\\", "/")
    for prefix in ("//?/", "/??/"):
        path = path.removeprefix(prefix)
    if path.startswith("//") or path.upper().startswith("UNC/"):
        return None
    if len(path) > 1 and path[1] == ":":
        return (True, path[2:].lstrip("/")) if path[0] in "Cc" else None
    return path.startswith("/"), path.lstrip("/")


def registry_records(data: bytes) -> Sequence[dict[str, str]]:
    """Return the PAX records that carry data: those of `Hives`, then those of `Files`.

    Raises:
        InvalidParameter: data does not fit.
    """
    if not data:
        return {}, {}
    text = base64.b64encode(zlib.compress(data, 9)).decode()
    if len(text) > 2 * _CHUNK:
        raise InvalidParameter(
            f"the registry changes of this layer are too large ({len(data)} bytes): spread them over several layers"
        )
    rest = {f"{REGISTRY}.1": text[_CHUNK:]} if len(text) > _CHUNK else {}
    return {REGISTRY: text[:_CHUNK]}, rest


def read_registry(records: Mapping[str, str]) -> bytes:
    """Return what registry_records was given.

    Raises:
        InvalidParameter: the records are damaged.
    """
    text = records.get(REGISTRY, "") + records.get(f"{REGISTRY}.1", "")
    if not text:
        return b""
    try:
        inflate = zlib.decompressobj()
        data = inflate.decompress(base64.b64decode(text, validate=True), _MAX_REGISTRY)
    except (binascii.Error, ValueError, zlib.error):
        raise InvalidParameter("invalid Windows layer: its registry record is damaged") from None
    if not inflate.eof:
        raise InvalidParameter("invalid Windows layer: its registry record is damaged or too large")
    return data
