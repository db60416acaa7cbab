"""GuestOS: everything that depends on the operating system inside the container, as one value."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class GuestOS(Protocol):
    """One of two: guest/linux.py and guest/windows.py."""

    name: str
    default_shell: tuple[str, ...]
    default_stop_timeout_s: int
    default_stop_signal: str
    default_workdir: str
    hidden_entries: tuple[str, ...]
    """Names at the root of the file system that exist only for the guest's sake and never enter a layer."""
    has_owners: bool
    """Whether POSIX owners and modes of files mean something inside."""
    whole_system: tuple[str, ...]
    """Paths below the root, in lower case, that no COPY --from may take whole: the operating system itself."""
    process_titles: tuple[str, ...]
    """Columns of `docker top`."""
    has_ps: bool
    """Whether `docker top` takes the arguments of ps."""
    fills_volumes: bool
    """Whether a new volume gets what the image has at its target."""
    keeps_registry: bool
    """Whether part of the container's state is a registry, carried beside the files of a snapshot."""
    refuses: Mapping[str, str]
    """HostConfig fields that this guest cannot have, with the answer to who sets them."""

    def is_absolute(self, path: str) -> bool:
        """Tell whether path is absolute in the guest's terms."""
        ...

    def is_mount_target(self, path: str) -> bool:
        """Tell whether path says all of where a mount goes: an absolute path, a whole drive."""
        ...

    def mount_target(self, path: str) -> str:
        """Return where a mount at path goes, in the one form that it is recorded in; seen from the root if relative.

        Raises:
            InvalidParameter: nothing can be mounted there.
        """
        ...

    def join(self, base: str, path: str) -> str:
        """Return path seen from base (WORKDIR after WORKDIR), normalised, in the guest's form.

        Raises:
            InvalidParameter: path cannot be (a bare drive, a UNC path).
        """
        ...

    def root_path(self, path: str) -> str:
        """Return an absolute guest path as a `/`-separated path below the root (drive C:): `C:\\app\\x` → `app/x`.

        Raises:
            InvalidParameter: the path is not on the root's drive.
        """
        ...

    def find_root_path(self, path: str) -> str | None:
        """Return what root_path does, or None for a path outside the root: on another drive."""
        ...

    def guest_path(self, root_path: str) -> str:
        """Return the guest's spelling of a path below the root; the inverse of root_path."""
        ...

    def merge_env(self, base: Sequence[str], override: Sequence[str]) -> tuple[str, ...]:
        """Return base with override's entries put in their places; the guest decides whether case matters."""
        ...

    def runtime_env(self, hostname: str, terminal: bool) -> tuple[str, ...]:
        """Return the variables the engine puts before the image's (PATH, HOSTNAME, TERM on Linux; none on Windows)."""
        ...

    def parse_bind(self, spec: str) -> tuple[str, str, str]:
        """Split `source:target[:mode]` by the guest's grammar; source is empty for an anonymous volume.

        Raises:
            InvalidParameter: spec is not of that form.
        """
        ...

    def command_line(self, args: Sequence[str], *, args_escaped: bool) -> str:
        """Return args as the one string the guest's process gets; empty where it takes a vector (Linux)."""
        ...

    def shell_args(self, shell: Sequence[str], line: str) -> tuple[str, ...]:
        """Return the arguments that run line in shell (for Windows one element, to be used with ArgsEscaped)."""
        ...

    def same_path(self, path: str) -> str:
        """Return a key under which equal paths are equal (Windows ignores case)."""
        ...
