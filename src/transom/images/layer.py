"""Rules of layers: identities, names, whiteouts. No disk.

Source: image-spec v1.1 layer.md (whiteouts, opaque directories), config.md (DiffID, ChainID).
"""

import hashlib
from collections.abc import Sequence
from typing import Final

from transom.errors import InvalidParameter
from transom.guest.os import GuestOS
from transom.model.ids import Digest
from transom.snapshots.layers import LayerForm

WHITEOUT: Final = ".wh."
OPAQUE: Final = ".wh..wh..opq"
MAX_NAME: Final = 255
MAX_PATH: Final = 4096
OVERLAY_XATTRS: Final = ("trusted.", "user.overlay.", "user.transom.")
"""Attributes that mean something to this host's storage; a layer that carries one is hostile or broken."""


def form_for(guest: GuestOS) -> LayerForm:
    """Return the form of guest's layers."""
    return LayerForm.WINDOWS if guest.keeps_registry else LayerForm.POSIX


def chain_id(diff_ids: Sequence[Digest]) -> Digest:
    """Return the chain-id of a stack of layers, lowest first; empty for none."""
    chain = ""
    for diff_id in diff_ids:
        chain = diff_id if not chain else "sha256:" + hashlib.sha256(f"{chain} {diff_id}".encode()).hexdigest()
    return Digest(chain)


def clean_name(name: str) -> str:
    """Return a member's name as a path below the root: no `.`, `..`, `//`; the root itself is empty.

    Raises:
        InvalidParameter: it leads out of the root, or is longer than the kernel takes.
    """
    if "/." not in name and "//" not in name and name[:1] not in {"/", "."} and name[-1:] != "/":
        clean = name
    else:
        parts: list[str] = []
        for part in name.split("/"):
            if part == "..":
                if not parts:
                    raise InvalidParameter(f'invalid tar archive: "{name}" leads outside the root')
                parts.pop()
            elif part not in {"", "."}:
                parts.append(part)
        clean = "/".join(parts)
    if len(clean) > MAX_NAME and (len(clean.encode("utf-8", "surrogateescape")) >= MAX_PATH or _has_long_part(clean)):
        raise InvalidParameter(f'invalid tar archive: name too long: "{name[:80]}…"')
    return clean


def _has_long_part(path: str) -> bool:
    return any(len(part.encode("utf-8", "surrogateescape")) > MAX_NAME for part in path.split("/"))


def split_whiteout(name: str) -> tuple[str, str] | None:
    """Return (directory, deleted name) if a cleaned name is a whiteout; an opaque one deletes the name ``.

    Raises:
        InvalidParameter: it deletes nothing (`.wh.`, `.wh..`, `.wh...`).
    """
    directory, _, base = name.rpartition("/")
    if not base.startswith(WHITEOUT):
        return None
    if base == OPAQUE:
        return directory, ""
    deleted = base[len(WHITEOUT) :]
    if deleted in {"", ".", ".."}:
        raise InvalidParameter(f'invalid tar archive: whiteout "{name}" names nothing')
    return directory, deleted


def is_aufs_bookkeeping(name: str) -> bool:
    """Tell whether a cleaned name is a file that aufs kept for itself (`.wh..wh.plnk` and the like)."""
    return name.rpartition("/")[2].startswith(".wh..wh.") and not name.endswith(OPAQUE)
