"""Where Wine and the C library look for the time zone in force. Pure.

Each process of Wine's goes through the registry's time zones until one has the rules of the Linux side: 3.5 ms with
Windows' 139 zones. Programs ask for zones by name, so they must be there. Wine's own look-up is therefore led to a key
beside them, with the one zone that is in force; it costs less there than it did with five.

The C library takes the zone from the variable TZ, and Wine gives it what programs have under that name. On Windows it
means nothing to the system, and a container's zone is in its file: so the C library looks for a name that none has.
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


def without_variable(library: bytes) -> bytes:
    """Return the C library with a name for TZ that no variable can have.

    Raises:
        InvalidParameter: TZ is not there just once.
    """
    own, other = (b"\0" + name + b"\0/etc/localtime\0" for name in (b"TZ", b"=Z"))
    if library.count(own) != 1:
        raise InvalidParameter("the C library does not look for its time zone where it did in Debian 13")
    return library.replace(own, other)
