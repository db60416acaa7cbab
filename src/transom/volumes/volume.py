"""A named volume of the local driver."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from transom.errors import InvalidParameter

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """The record."""

    name: str
    path: str
    created_at: datetime
    labels: dict[str, str] = {}
    options: dict[str, str] = {}
    anonymous: bool = False


class VolumeRepository(Protocol):
    """Holds volumes, each with its directory."""

    def find(self, name: str) -> Volume | None:
        """Return the volume, if there is one."""
        ...

    def all(self) -> Sequence[Volume]:
        """Return every volume, by name."""
        ...

    async def ensure(self, name: str, *, labels: dict[str, str], options: dict[str, str], anonymous: bool) -> Volume:
        """Return the volume, made if it is missing, durable."""
        ...

    async def remove(self, name: str) -> None:
        """Remove the volume and all in it; one that is not there is no error."""
        ...


def check_volume_name(name: str) -> None:
    """Refuse a name that is none.

    Raises:
        InvalidParameter: with Docker's text.
    """
    if not _NAME.fullmatch(name):
        if len(name) == 1:
            raise InvalidParameter(
                f"create {name}: volume name is too short, names should be at least two alphanumeric characters"
            )
        raise InvalidParameter(
            f'create {name}: "{name}" includes invalid characters for a local volume name, only '
            '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path'
        )
