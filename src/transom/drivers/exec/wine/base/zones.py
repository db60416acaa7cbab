"""Where Wine looks for the time zone in force. Pure.

Each process of Wine's goes through the registry's time zones until one has the rules of the Linux side: 3.5 ms with
Windows' 139 zones. Programs ask for zones by name, so they must be there. Wine's own look-up is therefore led to a key
beside them, with the one zone that is in force; it costs less there than it did with five.
"""

from transom.errors import InvalidParameter

_ZONES = "\\CurrentVersion\\{}\0"


def with_local_zone(library: bytes) -> bytes:
    """Return Wine's Linux library of ntdll with the other key's path.

    Raises:
        InvalidParameter: its own is not there just once: this is another Wine than this was written for.
    """
    own, other = (_ZONES.format(name).encode("utf-16-le") for name in ("Time Zones", "Local Zone"))
    if library.count(own) != 1:
        raise InvalidParameter("Wine's ntdll.so does not look for time zones where it did in Wine 10")
    return library.replace(own, other)
