"""Identifiers as types of their own."""

import secrets
from typing import NewType

ContainerId = NewType("ContainerId", str)
"""64 lower-case hex digits."""
ImageId = NewType("ImageId", str)
"""The image config's digest, `sha256:…`."""
NetworkId = NewType("NetworkId", str)
ExecId = NewType("ExecId", str)
Digest = NewType("Digest", str)
"""`sha256:` and 64 lower-case hex digits; see model/digest.py."""


def new_id() -> str:
    """Return 64 random hex digits, never all decimal in the first twelve.

    A short ID that is a number could be taken for one by scripts (moby stringid.go does the same).
    """
    while True:
        value = secrets.token_hex(32)
        if not value[:12].isdecimal():
            return value
