"""Content digests."""

import hashlib
import re

from transom.errors import InvalidParameter
from transom.model.ids import Digest

_FORM = re.compile(r"sha256:[0-9a-f]{64}")


def parse_digest(text: str) -> Digest:
    """Return text as a digest.

    Raises:
        InvalidParameter: text is not `sha256:` and 64 lower-case hex digits.
    """
    if _FORM.fullmatch(text) is None:
        raise InvalidParameter(f"invalid checksum digest format: {text!r}")
    return Digest(text)


def digest_of(data: bytes) -> Digest:
    """Return the sha256 digest of data."""
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())


def hex_of(digest: str) -> str:
    """Return a digest's hex part."""
    return digest.removeprefix("sha256:")
