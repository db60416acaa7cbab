"""A named volume of the local driver."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from transom.errors import InvalidParameter, NotFound, NotSupported
from transom.model.mount import Mount

_NAME_BYTES = 255
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """The record."""

    name: str
    path: str
    created_at: datetime
    labels: dict[str, str] = {}
    options: dict[str, str] = {}
    anonymous: bool = False

    @property
    def source(self) -> str:
        """What is mounted in containers: its directory, or the host's that it stands for."""
        return self.options.get("device", "") if is_bind(self.options) else self.path


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


class VolumeFiller(Protocol):
    """Copies an image's files into new volumes."""

    async def fill(self, root: Mount, path: str, volume: str, *, in_use: bool) -> bool:
        """Copy path of the image's root into the empty directory volume; False where nothing was to be copied.

        in_use: whether containers have the directory mounted. If not, it is filled whole or not at all.
        """
        ...


def is_bind(options: Mapping[str, str]) -> bool:
    """Tell whether driver options make the volume stand for a directory of the host."""
    flags = options.get("o", "").split(",")
    return options.get("type", "none") in {"none", "bind", ""} and ("bind" in flags or "rbind" in flags)


def check_options(name: str, driver: str, options: Mapping[str, str]) -> None:
    """Refuse drivers and options that are not there.

    Raises:
        NotFound: there is no such driver. InvalidParameter, NotSupported: an option.
    """
    if driver not in {"", "default", "local"}:
        raise NotFound(f'create {name}: error looking up volume plugin {driver}: plugin "{driver}" not found')
    for option in options:
        if option not in {"type", "o", "device"}:
            raise InvalidParameter(f"create {name}: invalid option: {option!r}")
    if not options:
        return
    if not is_bind(options):
        raise NotSupported(
            f"create {name}: the local driver takes a directory of the host (type=none, o=bind, device=/path) and "
            "nothing else: use --tmpfs for a file system in memory, or mount a share on the host and bind it"
        )
    extra = set(options["o"].split(",")) - {"bind", "rbind", "rw"}
    if extra:
        raise NotSupported(f"create {name}: mount option {sorted(extra)[0]} is not supported: use o=bind")
    if not options.get("device", "").startswith("/"):
        raise InvalidParameter(f'create {name}: missing device in volume options: "device" has to be an absolute path')


def check_volume_name(name: str) -> None:
    """Refuse a name that is none.

    Raises:
        InvalidParameter: with Docker's text.
    """
    if len(name) > _NAME_BYTES:
        raise InvalidParameter(f"create {name[:20]}...: a volume's name has at most {_NAME_BYTES} characters")
    if not _NAME.fullmatch(name):
        if len(name) == 1:
            raise InvalidParameter(
                f"create {name}: volume name is too short, names should be at least two alphanumeric characters"
            )
        raise InvalidParameter(
            f'create {name}: "{name}" includes invalid characters for a local volume name, only '
            '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path'
        )
