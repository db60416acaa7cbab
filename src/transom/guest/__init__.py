"""Guest operating systems: `guest_for(image.os)` is asked once, the answer travels as a value."""

from transom.errors import InvalidParameter
from transom.guest.linux import LinuxGuest
from transom.guest.os import GuestOS
from transom.guest.windows import WindowsGuest

_GUESTS: dict[str, GuestOS] = {"linux": LinuxGuest(), "windows": WindowsGuest()}

SYSTEMS = frozenset(_GUESTS)
"""The operating systems, by their OCI names, whose images run here."""


def guest_for(os: str) -> GuestOS:
    """Return the guest for an image's `os`.

    Raises:
        InvalidParameter: no driver runs such images.
    """
    try:
        return _GUESTS[os.lower() or "linux"]
    except KeyError:
        raise InvalidParameter(f'image operating system "{os}" cannot be used on this platform') from None


__all__ = ["SYSTEMS", "GuestOS", "guest_for"]
