"""Runs Wine's own set-up once, in namespaces of its own, to make the registry and the C: drive of a base.

A program: `python -m transom.drivers.exec.wine.base.sandbox LINUX_ROOT PREFIX`. It sees the new Linux side and an empty
prefix, no network, no home directory, none of the host's environment; its exit code is wineboot's.
"""

import ctypes
import os
import socket
import sys

from transom.host.mount import MS_NODEV, MS_NOSUID, MS_PRIVATE, MS_RDONLY, MS_REC, bind, mount

_CLONE_NEWNS, _CLONE_NEWUTS, _CLONE_NEWIPC, _CLONE_NEWPID, _CLONE_NEWNET = (
    0x20000, 0x4000000, 0x8000000, 0x20000000, 0x40000000,
)  # fmt: skip
_DEVICES = ("null", "zero", "urandom", "random")

ENVIRONMENT = {
    "WINEPREFIX": "/run/wine",
    "HOME": "/run/wine",
    "PATH": "/usr/lib/wine",
    "WINEDEBUG": "-all",
    "WINELOADERNOEXEC": "1",
    "LC_ALL": "en_US.UTF-8",
    "WINEDLLOVERRIDES": "winemenubuilder.exe=d;mscoree=d;mshtml=d",
}


def main(root: str, prefix: str) -> int:
    """Make the prefix; return wineboot's exit code."""
    flags = _CLONE_NEWNS | _CLONE_NEWUTS | _CLONE_NEWIPC | _CLONE_NEWPID | _CLONE_NEWNET
    if ctypes.CDLL(None, use_errno=True).unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    socket.sethostname("transom")
    mount("", "/", flags=MS_REC | MS_PRIVATE)
    child = os.fork()
    if child == 0:
        os._exit(_inside(root, prefix))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _inside(root: str, prefix: str) -> int:
    mount("tmpfs", f"{root}/dev", "tmpfs", MS_NOSUID)
    for name in _DEVICES:
        with open(f"{root}/dev/{name}", "wb"):
            pass
        bind(f"/dev/{name}", f"{root}/dev/{name}")
    mount("proc", f"{root}/proc", "proc", MS_NOSUID | MS_NODEV)
    mount("sysfs", f"{root}/sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV)
    mount("tmpfs", f"{root}/run/user", "tmpfs", MS_NOSUID | MS_NODEV)
    os.mkdir(f"{root}/run/user/0", 0o700)
    bind(prefix, f"{root}/run/wine")
    os.chroot(root)
    os.chdir("/")
    with open(os.devnull, "r+b", buffering=0) as null:
        for fd in (0, 1, 2):
            os.dup2(null.fileno(), fd)
    code = _run("/usr/lib/wine/wine64", "wineboot.exe", "--init")
    _run("/usr/lib/wine/wineserver", "-k")  # the registry is written as it ends
    _run("/usr/lib/wine/wineserver", "-w")
    return code


def _run(*argv: str) -> int:
    pid = os.posix_spawn(argv[0], argv, ENVIRONMENT)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
