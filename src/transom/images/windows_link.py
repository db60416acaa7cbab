"""Windows' links as Linux has them on drive C:, and as layers carry them. Pure.

On disk a link is a symbolic link of Linux whose text is relative. What Windows knows beyond that is in parts of the
text that mean nothing to Linux: `././` before it for an absolute target, `./././` for a junction, a slash at its end
for a link to a directory. Programs in a container read and write the same (windows/ntdll/links.c).

Source: go-winio backuptar/tar.go (MSWINDOWS.mountpoint, targets of links).
"""

import posixpath
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MOUNT_POINT: Final = "MSWINDOWS.mountpoint"
_DRIVES = "drives"


class LinkKind(StrEnum):
    """What kind of link it is, by the mark that says so."""

    RELATIVE = ""
    ABSOLUTE = "././"
    JUNCTION = "./././"


@dataclass(frozen=True, slots=True)
class WindowsLink:
    """A link: target is relative, separated by slashes; directory is None where only the target can tell."""

    kind: LinkKind
    target: str
    directory: bool | None = None

    def text(self) -> str:
        """Return what the link on disk says."""
        return self.kind + self.target + ("/" if self.directory else "")

    def layer_target(self, path: str) -> str:
        """Return the target as a layer says it, of a link at path on drive C:."""
        if self.kind is LinkKind.RELATIVE:
            return self.target.replace("/", "\\")
        whole = posixpath.normpath(f"/c/{posixpath.dirname(path)}/{self.target}").strip("/").split("/")
        drive = whole[1] if whole[0] == _DRIVES and len(whole) > 1 else "c"
        rest = whole[1:] if whole[0] == "c" else whole[2:]
        return f"{drive.upper()}:\\" + "\\".join(rest)


def read_link(text: str) -> WindowsLink:
    """Return the link whose text is text."""
    kind = next(each for each in reversed(LinkKind) if text.startswith(each))
    target = text.removeprefix(kind)
    return WindowsLink(kind, target.rstrip("/") or target, directory=True if target.endswith("/") else None)
