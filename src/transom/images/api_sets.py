"""The table of API sets in apisetschema.dll: names such as api-ms-win-core-file-l1-1-0 and the libraries behind them.

Source: Geoff Chappell, "The API Set Schema", version 6 (Windows 10).
"""

import struct
from collections.abc import Mapping

from transom.errors import InvalidParameter
from transom.images.pe import PortableExecutable

_MAX_SETS = 16_384
_VERSION = 6


def read_api_sets(schema: PortableExecutable) -> Mapping[str, str]:
    """Return hashed name (without the last number) → library.

    Raises:
        InvalidParameter: the table is damaged, or of another version.
    """
    section = next((each for each in schema.sections if each.name.rstrip(b"\0") == b".apiset"), None)
    if section is None:
        raise InvalidParameter("the table of API sets is not there")
    data = schema.at(section.rva, min(section.size, section.file_size))
    try:
        version, _, _, count, entries = struct.unpack_from("<5I", data)
        if version != _VERSION or count > _MAX_SETS:
            raise InvalidParameter(f"a table of API sets of version {version} with {count} entries cannot be read")
        found = {}
        for i in range(count):
            _, name, _, hashed, values, value_count = struct.unpack_from("<6I", data, entries + 24 * i)
            if not value_count:
                continue
            _, _, _, value, length = struct.unpack_from("<5I", data, values)
            found[_text(data, name, hashed).lower()] = _text(data, value, length)
    except struct.error as exc:
        raise InvalidParameter("the table of API sets is damaged") from exc
    return found


def _text(data: bytes, at: int, length: int) -> str:
    return data[at : at + length].decode("utf-16-le", "replace")


def key_of(name: str) -> str:
    """Return what a library's name is found by: without `.dll` and the last number, which says little."""
    stem = name.lower().removesuffix(".dll")
    return stem.rpartition("-")[0]
