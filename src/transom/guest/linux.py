"""Linux inside the container."""

import posixpath
from collections.abc import Mapping, Sequence

from transom.errors import InvalidParameter
from transom.guest.bind import MODES
from transom.guest.env import merge

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class LinuxGuest:
    """The rules of Linux containers, as Docker has them."""

    name = "linux"
    default_shell: tuple[str, ...] = ("/bin/sh", "-c")
    default_stop_timeout_s = 10
    default_stop_signal = "SIGTERM"
    default_workdir = "/"
    hidden_entries: tuple[str, ...] = ()
    has_owners = True
    whole_system: tuple[str, ...] = ()
    process_titles: tuple[str, ...] = ("UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD")
    has_ps = True
    fills_volumes = True
    keeps_registry = False
    refuses: Mapping[str, str] = {}

    def is_absolute(self, path: str) -> bool:
        """Tell whether path starts at the root."""
        return path.startswith("/")

    def is_mount_target(self, path: str) -> bool:
        """Tell whether path starts at the root."""
        return path.startswith("/")

    def mount_target(self, path: str) -> str:
        """Return path seen from the root, which itself cannot be covered."""
        target = self.join("", path)
        if target == "/":
            raise InvalidParameter("invalid specification: destination can't be '/'")
        return target

    def join(self, base: str, path: str) -> str:
        """Return path seen from base, normalised."""
        return posixpath.normpath(posixpath.join("/", base, path))

    def root_path(self, path: str) -> str:
        """Return an absolute path as one below the root: `/a/b` → `a/b`, `/` → ``."""
        return posixpath.normpath("/" + path.lstrip("/")).lstrip("/")

    def find_root_path(self, path: str) -> str | None:
        """Return path below the root; every path is."""
        return self.root_path(path)

    def guest_path(self, root_path: str) -> str:
        """Return the guest's spelling of a path below the root: `a/b` → `/a/b`."""
        return "/" + root_path.lstrip("/")

    def merge_env(self, base: Sequence[str], override: Sequence[str]) -> tuple[str, ...]:
        """Put override's entries in base's places; a name without `=` removes it (`-e NAME` unset on the client)."""
        return merge(base, override, key=str)

    def runtime_env(self, hostname: str, terminal: bool) -> tuple[str, ...]:
        """Return PATH, HOSTNAME and TERM as Docker adds them in front of the image's variables."""
        added = (f"PATH={DEFAULT_PATH}", f"HOSTNAME={hostname}")
        return (*added, "TERM=xterm") if terminal else added

    def parse_bind(self, spec: str) -> tuple[str, str, str]:
        """Split `source:target[:mode]` or `target`."""
        parts = spec.split(":")
        bad = InvalidParameter(f"invalid volume specification: '{spec}'")
        match parts:
            case [target]:
                source, mode = "", ""
            case [source, target] if target.split(",")[0] in MODES and self.is_absolute(source):
                source, target, mode = "", source, target
            case [source, target]:
                mode = ""
            case [source, target, mode]:
                pass
            case _:
                raise bad
        if len(parts) > 1 and not source and len(parts) == 3:
            raise bad
        if not target.startswith("/"):
            raise InvalidParameter(
                f"invalid volume specification: '{spec}': invalid mount config for type "
                f"\"{'bind' if source.startswith('/') else 'volume'}\": invalid mount path: '{target}' "
                "mount path must be absolute"
            )
        if posixpath.normpath(target) == "/":
            raise InvalidParameter(
                f"invalid volume specification: '{spec}': invalid mount config for type "
                f"\"{'bind' if source.startswith('/') else 'volume'}\": invalid specification: destination can't be '/'"
            )
        return source, posixpath.normpath(target), mode

    def command_line(self, args: Sequence[str], *, args_escaped: bool) -> str:
        """Return nothing: Linux takes a vector."""
        return ""

    def same_path(self, path: str) -> str:
        """Return path itself: case matters."""
        return path

    def shell_args(self, shell: Sequence[str], line: str) -> tuple[str, ...]:
        """Return the vector that runs line in shell."""
        return (*shell, line)
