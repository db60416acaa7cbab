"""Tar, read strictly and written the same way each time.

Python's tarfile reads 20,000 headers in 1.2 s and is lenient where a layer must not be: see
docs/adr/0040. Understood: ustar, PAX, GNU long names and base-256 numbers, V7. Sparse files are
refused.

Source: POSIX.1-2017 pax, ustar interchange format; GNU tar manual, Basic Tar Format.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from transom.errors import InvalidParameter, NotSupported

BLOCK: Final = 512
REG, LINK, SYMLINK, CHAR, BLK, DIR, FIFO = "0", "1", "2", "3", "4", "5", "6"
KINDS: Final = frozenset((REG, LINK, SYMLINK, CHAR, BLK, DIR, FIFO))
MAX_META = 1 << 20
"""Bytes of one PAX header or long name, as in Go's reader."""
NO_ID = 0xFFFFFFFF
"""To chown this means: as it is."""
MAX_SIZE = 1 << 60
_ZERO = bytes(BLOCK)
_NS = 1_000_000_000


class Source(Protocol):
    """Bytes, one after the other."""

    def read(self, size: int) -> bytes:
        """Return size bytes; fewer only at the end."""
        ...

    def skip(self, size: int) -> int:
        """Pass over size bytes; return how many there were."""
        ...


@dataclass(slots=True)
class Entry:
    """One member. Not frozen: a layer has tens of thousands of them, and each is built on the hot path.

    pax holds the records that have no field of their own: xattrs, Windows' metadata, vendor keys.
    """

    name: str
    kind: str = REG
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime_ns: int = 0
    link: str = ""
    device: tuple[int, int] = (0, 0)
    atime_ns: int | None = None
    ctime_ns: int | None = None
    uname: str = ""
    gname: str = ""
    pax: dict[str, str] = field(default_factory=dict)


def _bad(text: str) -> InvalidParameter:
    return InvalidParameter(f"invalid tar archive: {text}")


def _number(raw: bytes) -> int:
    try:
        return int(raw.rstrip(b" \0") or b"0", 8)
    except ValueError:
        pass
    if raw[0] & 0x80:
        value = int.from_bytes(raw, "big")
        if raw[0] & 0x40:
            return value - (1 << (8 * len(raw)))
        return value - (0x80 << (8 * (len(raw) - 1)))
    try:
        return int(raw.split(b"\0", 1)[0] or b"0", 8)
    except ValueError:
        raise _bad(f"number {raw[:16]!r}") from None


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def pax_time_ns(text: str) -> int:
    """Return a PAX time in nanoseconds.

    Raises:
        InvalidParameter: it is not a decimal number.
    """
    whole, _, fraction = text.partition(".")
    negative = whole.startswith("-")
    digits = whole[1:] if negative else whole
    if not digits.isdecimal() or (fraction and not fraction.isdecimal()) or len(digits) > 18:
        raise _bad(f"time {text[:40]!r}")
    value = int(digits) * _NS + int(fraction[:9].ljust(9, "0") or 0)
    return -value if negative else value


def parse_pax(data: bytes) -> dict[str, str]:
    """Return the records of a PAX header.

    Raises:
        InvalidParameter: it is malformed.
    """
    records: dict[str, str] = {}
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 20)
        if space < 0:
            if not data[at:].strip(b"\0"):
                break
            raise _bad("PAX record without length")
        length = data[at:space]
        end = at + int(length) if length.isdigit() else 0
        if end <= space + 1 or end > len(data) or data[end - 1 : end] != b"\n":
            raise _bad("PAX record's length")
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if not equals or not key:
            raise _bad("PAX record without key")
        records[key.decode("utf-8", "surrogateescape")] = value.decode("utf-8", "surrogateescape")
        at = end
    return records


class _Ahead:
    """What extended headers say of the member that follows. Global ones are read over, as Docker does."""

    def __init__(self) -> None:
        self.found = False
        self._pax: dict[str, str] = {}
        self._name: str | None = None
        self._link: str | None = None

    def take(self, kind: str, data: bytes) -> None:
        match kind:
            case "x":
                self._pax = parse_pax(data)
            case "L":
                self._name = _text(data)
            case "K":
                self._link = _text(data)
            case _:
                return
        self.found = True

    def give(self, entry: Entry) -> None:
        if self._name is not None:
            entry.name = self._name
        if self._link is not None:
            entry.link = self._link
        try:
            for key, value in self._pax.items():
                _SETTERS.get(key, _keep)(entry, key, value)
        except ValueError:
            raise _bad(f"PAX number for {entry.name!r}") from None
        _check_numbers(entry)


def _keep(entry: Entry, key: str, value: str) -> None:
    if key.startswith("GNU.sparse."):
        raise NotSupported(_SPARSE.format(entry.name))
    entry.pax[key] = value


def _set_text(name: str) -> Callable[[Entry, str, str], None]:
    return lambda entry, _, value: setattr(entry, name, value)


def _set_number(name: str) -> Callable[[Entry, str, str], None]:
    return lambda entry, _, value: setattr(entry, name, int(value))


def _set_time(name: str) -> Callable[[Entry, str, str], None]:
    return lambda entry, _, value: setattr(entry, name, pax_time_ns(value))


_SETTERS: Final[Mapping[str, Callable[[Entry, str, str], None]]] = {
    "path": _set_text("name"),
    "linkpath": _set_text("link"),
    "uname": _set_text("uname"),
    "gname": _set_text("gname"),
    "size": _set_number("size"),
    "uid": _set_number("uid"),
    "gid": _set_number("gid"),
    "mtime": _set_time("mtime_ns"),
    "atime": _set_time("atime_ns"),
    "ctime": _set_time("ctime_ns"),
}


class Reader:
    """Iterates the members of a tar; a member's data is read by `read` or skipped by going on."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = 0
        self._padding = 0

    def read(self, size: int) -> bytes:
        """Return up to size bytes of the present member's data, empty at its end.

        Raises:
            InvalidParameter: the archive ends first.
        """
        size = min(size, self._left)
        if not size:
            return b""
        data = self._source.read(size)
        if len(data) < size:
            raise _bad("unexpected EOF")
        self._left -= size
        return data

    def __iter__(self) -> Iterator[Entry]:
        ahead = _Ahead()
        while (block := self._next_block()) is not None:
            entry = _parse_header(block)
            if entry.kind in "xgLK":
                if entry.size > MAX_META:
                    raise _bad(f"header of {entry.size} bytes")
                self._left, self._padding = entry.size, -entry.size % BLOCK
                ahead.take(entry.kind, self.read(entry.size))
                continue
            if ahead.found:
                ahead.give(entry)
                ahead = _Ahead()
            _settle(entry)
            self._left, self._padding = entry.size, -entry.size % BLOCK
            yield entry
        if ahead.found:
            raise _bad("unexpected EOF")

    def _next_block(self) -> bytes | None:
        """Return the next header block, None at the end: two blocks of zeros, or nothing more at all."""
        self._pass_over()
        for _ in range(2):
            block = self._source.read(BLOCK)
            if not block:
                return None
            if len(block) < BLOCK:
                raise _bad("unexpected EOF")
            if block != _ZERO:
                return block
        return None

    def _pass_over(self) -> None:
        skip = self._left + self._padding
        # The padding of the last member may be missing; its data may not.
        if skip and self._source.skip(skip) < self._left:
            raise _bad("unexpected EOF")
        self._left = self._padding = 0


_FIELDS = struct.Struct("100s8s8s8s12s12s8sc100s8s32s32s8s8s155s12x")


def _parse_header(block: bytes) -> Entry:
    (name, mode, uid, gid, size, mtime, checksum, kind, link, magic, uname, gname, major, minor, prefix) = (
        _FIELDS.unpack(block)
    )
    stored = _number(checksum)
    if stored != sum(block) - sum(checksum) + 256:
        signed = sum(b - 256 if b > 127 else b for b in block[:148] + block[156:]) + 256
        if stored != signed:
            raise _bad("invalid tar header")
    entry = Entry(
        _text(name),
        kind.decode("latin-1"),
        _number(mode) & 0o7777,
        _number(uid),
        _number(gid),
        _number(size),
        _number(mtime) * _NS,
        _text(link) if link[0] else "",
    )
    if magic[:5] == b"ustar":
        if uname[0]:
            entry.uname, entry.gname = _text(uname), _text(gname)
        if kind in b"34":
            entry.device = (_number(major), _number(minor))
        if prefix[0] and magic[5] == 0:
            entry.name = f"{_text(prefix)}/{entry.name}"
    _check_numbers(entry)
    return entry


def _check_numbers(entry: Entry) -> None:
    if entry.size < 0 or entry.uid < 0 or entry.gid < 0:
        raise _bad(f"negative number in the header of {entry.name!r}")
    if entry.uid >= NO_ID or entry.gid >= NO_ID or entry.size >= MAX_SIZE:
        raise _bad(f"number out of range in the header of {entry.name!r}")


_SPARSE = 'tar entry "{}" is stored sparse, which is not supported: pack the archive without --sparse'


def _settle(entry: Entry) -> None:
    """Bring kind and size into the form that readers rely on."""
    kind = entry.kind
    if kind == "S":
        raise NotSupported(_SPARSE.format(entry.name))
    if kind in "\x000" and entry.name.endswith("/"):
        kind = entry.kind = DIR  # V7 had no type for directories
    elif kind in "\x007":
        kind = entry.kind = REG
    if kind not in KINDS:
        raise InvalidParameter(f"invalid tar archive: unhandled tar header type {ord(kind)} for {entry.name!r}")
    if kind not in (REG, LINK):
        entry.size = 0  # no data follows, whatever the header says (POSIX; a hard link may carry data)
    if "\0" in entry.name or "\0" in entry.link:
        raise _bad("NUL in a name")
    if not entry.name:
        raise _bad("entry without a name")
