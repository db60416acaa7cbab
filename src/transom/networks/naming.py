"""Names of what an engine makes on the host: from its instance's name and from IDs, so that a sweep needs no memory.

A link's name has 15 characters at most. Source: Linux include/uapi/linux/if.h, IFNAMSIZ.
"""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from transom.errors import InvalidParameter
from transom.networks.network import DEFAULT

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
MAX_INTERFACES: Final = len(_DIGITS)
_INSTANCE = re.compile(r"[a-z][a-z0-9-]{0,13}")


@dataclass(frozen=True, slots=True)
class Naming:
    """The names of one engine. instance: at most 14 of a-z, 0-9 and -; two engines on a host have different ones."""

    instance: str = "transom"

    def __post_init__(self) -> None:
        """Check the instance's name.

        Raises:
            InvalidParameter: it cannot be part of the names of links.
        """
        if not _INSTANCE.fullmatch(self.instance):
            raise InvalidParameter(f"invalid instance name {self.instance!r}: use up to 14 of a-z, 0-9 and -")

    @property
    def table(self) -> str:
        """Return the name of the nft table."""
        return "transom" if self.instance == "transom" else f"transom-{self.instance}"

    @property
    def default_bridge(self) -> str:
        """Return the name of the default network's link."""
        return f"{self.instance}0"

    @property
    def mark(self) -> str:
        """Return the comment by which our rules in others' tables are known."""
        return f"transom:{self.instance}"

    @property
    def veth_prefix(self) -> str:
        """Return what all our veth links' names begin with."""
        return f"v{self._tag}"

    @property
    def bridge_prefix(self) -> str:
        """Return what the links of user-defined networks begin with."""
        return f"b{self._tag}"

    def bridge(self, name: str, network_id: str) -> str:
        """Return the name of a network's link."""
        return self.default_bridge if name == DEFAULT else f"{self.bridge_prefix}{network_id[:10]}"

    def veth(self, container_id: str, number: int, attempt: int = 0) -> str:
        """Return the name of the host's end of a container's interface eth<number>.

        attempt: the kernel takes namespaces down late, so an earlier run's link may still have the name.
        """
        return f"{self.veth_prefix}{container_id[:8]}{_DIGITS[number]}{_DIGITS[attempt]}"

    def is_stray_veth(self, name: str, container_ids: Collection[str]) -> bool:
        """Tell whether a link is ours and belongs to none of the containers."""
        return name.startswith(self.veth_prefix) and not any(
            name.startswith(f"{self.veth_prefix}{container_id[:8]}") for container_id in container_ids
        )

    def is_stray_bridge(self, name: str, bridges: Collection[str]) -> bool:
        """Tell whether a link is a bridge of ours that is none of bridges."""
        return name.startswith(self.bridge_prefix) and name not in bridges

    @property
    def _tag(self) -> str:
        return hashlib.sha256(self.instance.encode()).hexdigest()[:4]
