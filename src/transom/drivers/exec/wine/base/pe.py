"""Takes debug information out of Windows programs, which is four fifths of Wine's files. Pure.

A linker of GNU's puts debug sections last, in the file and in memory, so cutting them off moves nothing.

Source: Microsoft, PE Format (COFF header, optional header, section table).
"""

import struct

_SECTION = 40
_SYMBOLS = 12
_DISCARDABLE = 0x02000000
_SIZE_OF_IMAGE, _CHECKSUM = 56, 64


def strip(data: bytes) -> bytes:
    """Return a PE file without its symbols and trailing debug sections; anything else comes back as it is."""
    if len(data) < 64 or data[:2] != b"MZ":
        return data
    (header,) = struct.unpack_from("<I", data, 0x3C)
    if data[header : header + 4] != b"PE\0\0":
        return data
    count, optional_size = struct.unpack_from("<H", data, header + 6)[0], struct.unpack_from("<H", data, header + 20)[0]
    optional = header + 24
    table = optional + optional_size
    sections = [data[table + i * _SECTION : table + (i + 1) * _SECTION] for i in range(count)]
    kept = len(sections)
    while kept and _is_debug(sections[kept - 1]):
        kept -= 1
    if not kept:
        return data
    out = bytearray(data[: max(_file_end(section) for section in sections[:kept])])
    struct.pack_into("<H", out, header + 6, kept)
    struct.pack_into("<II", out, header + _SYMBOLS, 0, 0)
    for i in range(kept):
        if sections[i][:1] == b"/":  # .eh_frame; its whole name was in the symbols' string table
            out[table + i * _SECTION : table + i * _SECTION + 8] = b".eh_fram"
    out[table + kept * _SECTION : table + count * _SECTION] = bytes((count - kept) * _SECTION)
    (alignment,) = struct.unpack_from("<I", out, optional + 32)
    size, address = struct.unpack_from("<II", sections[kept - 1], 8)
    end = address + size
    struct.pack_into("<I", out, optional + _SIZE_OF_IMAGE, -(-end // alignment) * alignment)
    struct.pack_into("<I", out, optional + _CHECKSUM, 0)
    return bytes(out)


def _is_debug(section: bytes) -> bool:
    """Tell whether it is discardable and has a name of more than eight bytes, which GNU writes as `/offset`."""
    (flags,) = struct.unpack_from("<I", section, 36)
    return section[:1] == b"/" and bool(flags & _DISCARDABLE)


def _file_end(section: bytes) -> int:
    size, offset = struct.unpack_from("<II", section, 16)
    return int(size + offset)
