"""Tar headers, written the same way each time: ustar where it suffices, a PAX header before where not.

Source: POSIX.1-2017 pax, ustar interchange format.
"""

from collections.abc import Mapping
from typing import Final

from transom.images.tar import BLOCK, Entry

_NS = 1_000_000_000


def print_pax_time(value_ns: int) -> str:
    """Return nanoseconds as a PAX time without trailing zeros."""
    sign, value_ns = ("-", -value_ns) if value_ns < 0 else ("", value_ns)
    seconds, fraction = divmod(value_ns, _NS)
    return f"{sign}{seconds}" + (f".{fraction:09d}".rstrip("0") if fraction else "")


def _octal(value: int, width: int) -> bytes:
    return b"%0*o\0" % (width - 1, value)


def _pax_record(key: str, value: str) -> bytes:
    body = b" " + key.encode("utf-8", "surrogateescape") + b"=" + value.encode("utf-8", "surrogateescape") + b"\n"
    length = len(body) + 1
    while len(str(length)) + len(body) != length:
        length = len(str(length)) + len(body)
    return str(length).encode() + body


def pax_data(records: Mapping[str, str]) -> bytes:
    """Return the body of a PAX header, keys in order."""
    return b"".join(_pax_record(key, records[key]) for key in sorted(records))


def _block(entry: Entry, *, name: bytes, kind: str, size: int, link: bytes = b"", prefix: bytes = b"") -> bytes:
    seconds = max(0, min(entry.mtime_ns // _NS, 0o77777777777))
    fields = [
        name.ljust(100, b"\0"),
        _octal(entry.mode & 0o177777, 8),
        _octal(entry.uid if entry.uid <= 0o7777777 else 0, 8),
        _octal(entry.gid if entry.gid <= 0o7777777 else 0, 8),
        _octal(size if size <= 0o77777777777 else 0, 12),
        _octal(seconds, 12),
        b" " * 8,
        kind.encode(),
        link.ljust(100, b"\0"),
        b"ustar\x0000",
        bytes(64),
        _octal(entry.device[0], 8),
        _octal(entry.device[1], 8),
        prefix.ljust(155, b"\0"),
        bytes(12),
    ]
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _split(name: bytes) -> tuple[bytes, bytes] | None:
    """Return (prefix, name) as ustar stores them, or None if it does not fit."""
    if len(name) <= 100:
        return b"", name
    cut = name.rfind(b"/", 0, 156)
    if cut <= 0 or not 0 < len(name) - cut - 1 <= 100:
        return None
    return name[:cut], name[cut + 1 :]


def header(entry: Entry) -> bytes:
    """Return entry's header blocks, a PAX header before where ustar's fields do not suffice.

    Equal entries give equal bytes. Owner names are not written.
    """
    records = dict(entry.pax)
    raw_name, raw_link = (text.encode("utf-8", "surrogateescape") for text in (entry.name, entry.link))
    split = _split(raw_name) if raw_name.isascii() else None
    if split is None:
        records["path"] = entry.name
        split = b"", raw_name[:100]
    if len(raw_link) > 100 or not raw_link.isascii():
        records["linkpath"] = entry.link
    if entry.mtime_ns % _NS or not 0 <= entry.mtime_ns // _NS <= 0o77777777777:
        records["mtime"] = print_pax_time(entry.mtime_ns)
    for key, moment in (("atime", entry.atime_ns), ("ctime", entry.ctime_ns)):
        if moment is not None:
            records[key] = print_pax_time(moment)
    if entry.size > 0o77777777777:
        records["size"] = str(entry.size)
    if entry.uid > 0o7777777:
        records["uid"] = str(entry.uid)
    if entry.gid > 0o7777777:
        records["gid"] = str(entry.gid)
    block = _block(entry, name=split[1], kind=entry.kind, size=entry.size, link=raw_link[:100], prefix=split[0])
    if not records:
        return block
    body = pax_data(records)
    base = raw_name.rstrip(b"/").rsplit(b"/", 1)[-1]
    name = b"PaxHeaders.0/" + (base if base.isascii() else b"entry")[:80]
    extra = _block(Entry(""), name=name, kind="x", size=len(body))
    return extra + body + bytes(-len(body) % BLOCK) + block


def padding(size: int) -> bytes:
    """Return the zeros that follow size bytes of data."""
    return bytes(-size % BLOCK)


END: Final = bytes(2 * BLOCK)
"""What closes an archive."""
