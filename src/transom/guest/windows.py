"""Windows inside the container.

Sources: moby daemon/volume/mounts/windows_parser.go (bind grammar), golang.org/x/sys/windows EscapeArg (quoting),
moby builder/dockerfile/dispatchers_windows.go (WORKDIR).
"""

import ntpath
import re
from collections.abc import Mapping, Sequence

from transom.errors import InvalidParameter
from transom.guest.bind import MODES
from transom.guest.env import merge

_DRIVE = re.compile(r"[A-Za-z]:")
_ROOTED = re.compile(r"\\[A-Za-z]:\\")
"""A path on a drive as builders write it that know Linux alone: they put a root before it."""
_TARGET = re.compile(r"(?:^|:)(?P<target>[A-Za-z]:(?:[\\/][^:]*)?|\\\\\.\\pipe\\[^:]+)(?::(?P<mode>[^:\\/]+))?$")
_RESERVED = re.compile(r"(?i)^(con|prn|nul|aux|com[1-9]|lpt[1-9])(\..*)?$")


class WindowsGuest:
    """The rules of Windows containers."""

    name = "windows"
    default_shell: tuple[str, ...] = ("cmd", "/S", "/C")
    default_stop_timeout_s = 30
    default_stop_signal = "SIGTERM"
    default_workdir = "C:\\"
    hidden_entries: tuple[str, ...] = ()
    has_owners = False
    whole_system: tuple[str, ...] = ("", "windows")
    process_titles: tuple[str, ...] = ("Name", "PID", "CPU", "Private Working Set")
    has_ps = False
    fills_volumes = False
    keeps_registry = True
    refuses: Mapping[str, str] = {
        "privileged": "invalid option: privileged mode is not supported for Windows containers",
        "sysctls": "invalid option: Windows does not support Sysctls",
        "devices": "invalid option: Windows containers take no Linux devices; leave --device away",
        "cap_add": "invalid option: Windows containers have no Linux capabilities; leave --cap-add away",
        "cap_drop": "invalid option: Windows containers have no Linux capabilities; leave --cap-drop away",
        "security_opt": "invalid option: Windows containers take no --security-opt; leave it away",
        "group_add": "invalid option: Windows containers have no Linux groups; leave --group-add away",
        "tmpfs": "invalid option: Windows containers have no tmpfs; use a volume (-v NAME:C:\\PATH)",
        # Process 1 of a Windows container ends whatever it sees when its program has ended.
        "pid_mode": "invalid option: a Windows container has processes of its own; leave --pid away",
        "ipc_mode": "invalid option: a Windows container has memory of its own; leave --ipc away",
        "uts_mode": "invalid option: a Windows container has a name of its own; leave --uts away or use --hostname",
        "userns_mode": "invalid option: a Windows container has users of its own; leave --userns away",
        "cgroupns_mode": "invalid option: a Windows container sees no cgroups; leave --cgroupns away",
    }
    """Fields of HostConfig that make no sense to this guest, and the answer to who sets them."""

    def is_absolute(self, path: str) -> bool:
        """Tell whether path has a drive and a root, or at least a root (`C:\\x`, `\\x`, `/x`)."""
        drive, rest = ntpath.splitdrive(path)
        return rest[:1] in {"\\", "/"} and not drive.startswith(("\\\\", "//"))

    def is_mount_target(self, path: str) -> bool:
        """Tell whether path is absolute or a drive."""
        return self.is_absolute(path) or _DRIVE.fullmatch(path) is not None

    def mount_target(self, path: str) -> str:
        """Return `X:\\…`, or `X:` for a whole drive, which cannot be C:."""
        target = path.upper() if _DRIVE.fullmatch(path) else self.join("", path).rstrip("\\")
        if target == "C:":
            raise InvalidParameter("invalid specification: destination path (c:\\) cannot be 'c:' or 'c:\\'")
        return target

    def join(self, base: str, path: str) -> str:
        """Return path seen from base as `X:\\…`.

        Raises:
            InvalidParameter: a bare drive (`C:`) or a UNC path.
        """
        path = path.replace("/", "\\")
        if _ROOTED.match(path):
            path = path[1:]
        if path.startswith("\\\\"):
            raise InvalidParameter(f"{path}: UNC paths are not supported")
        drive, rest = ntpath.splitdrive(path)
        if drive and rest in {"", "."}:
            raise InvalidParameter(
                f"{path} is not a directory. If you are specifying a drive letter, please add a trailing '\\'"
            )
        start = base.replace("/", "\\") or self.default_workdir
        start = start[1:] if _ROOTED.match(start) else start
        if not _DRIVE.match(start):
            start = "C:" + start if start.startswith("\\") else "C:\\" + start
        whole = ntpath.normpath(ntpath.join(start, path))
        if not _DRIVE.match(whole) or whole[2:3] != "\\" or ":" in whole[2:]:
            raise InvalidParameter(f"{path}: not a path on a drive")
        return whole[0].upper() + whole[1:]

    def root_path(self, path: str) -> str:
        """Return a path on C: as a `/`-separated one below the root: `C:\\app\\x` → `app/x`.

        Raises:
            InvalidParameter: it is on another drive, or a UNC path.
        """
        path = path.replace("/", "\\")
        drive, rest = ntpath.splitdrive(path)
        if drive and drive.upper() != "C:":
            raise InvalidParameter(f"The specified path is not on the system drive (C:): {path}")
        clean = ntpath.normpath("\\" + rest.lstrip("\\"))
        return clean.lstrip("\\").replace("\\", "/")

    def find_root_path(self, path: str) -> str | None:
        """Return a path on C: below the root, None for one on another drive."""
        drive = ntpath.splitdrive(path)[0]
        return self.root_path(path) if drive.upper() in {"", "C:"} else None

    def guest_path(self, root_path: str) -> str:
        """Return the guest's spelling of a path below the root: `app/x` → `C:\\app\\x`."""
        return "C:\\" + root_path.strip("/").replace("/", "\\")

    def merge_env(self, base: Sequence[str], override: Sequence[str]) -> tuple[str, ...]:
        """Put override's entries in base's places; PATH and Path are one variable."""
        return merge(base, override, key=str.upper)

    def runtime_env(self, hostname: str, terminal: bool) -> tuple[str, ...]:
        """Return nothing: the first process makes a Windows environment."""
        return ()

    def parse_bind(self, spec: str) -> tuple[str, str, str]:
        """Split `source:target[:mode]`: a Linux source or volume name, a Windows target.

        The mode is cut off the end, then the last drive or pipe is the target. What Docker's Windows grammar
        refuses for a single file works here.
        """
        bad = f"invalid volume specification: '{spec}'"
        match = _TARGET.search(spec)
        if not match or (match["mode"] and not set(match["mode"].split(",")) <= MODES):
            raise InvalidParameter(bad)
        source, target = spec[: match.start("target")].rstrip(":"), match["target"].replace("/", "\\")
        if target.startswith("\\\\.\\pipe\\"):
            raise InvalidParameter(f"{bad}: named pipes cannot be mounted from a Linux host")
        target = target[0].upper() + ntpath.normpath(target)[1:].rstrip("\\")
        if target.upper() == "C:":
            raise InvalidParameter(f"{bad}: destination path (c:\\) cannot be 'c:' or 'c:\\'")
        if source and not source.startswith("/") and _RESERVED.match(source):
            raise InvalidParameter(f'{bad}: volume name "{source}" cannot be a reserved word for Windows filenames')
        return source, target, match["mode"] or ""

    def command_line(self, args: Sequence[str], *, args_escaped: bool) -> str:
        """Join args as Windows' parsers split them again; with args_escaped the first stands as it is."""
        if not args:
            return ""
        first = args[0] if args_escaped else escape_arg(args[0])
        return " ".join([first, *map(escape_arg, args[1:])])

    def same_path(self, path: str) -> str:
        """Return path in upper case, as NTFS compares."""
        return path.upper()

    def shell_args(self, shell: Sequence[str], line: str) -> tuple[str, ...]:
        """Return one element: the line goes to cmd as written, to be used with ArgsEscaped."""
        return (" ".join([*shell, line]),)


def escape_arg(arg: str) -> str:
    """Quote one argument: quotes only around spaces and tabs, backslashes doubled before a quote."""
    if not arg:
        return '""'
    out: list[str] = []
    slashes = 0
    quoted = " " in arg or "\t" in arg
    for char in arg:
        if char == '"':
            out.append("\\" * (slashes + 1))
        slashes = slashes + 1 if char == "\\" else 0
        out.append(char)
    if quoted:
        return '"' + "".join(out) + "\\" * slashes + '"'
    return "".join(out)
