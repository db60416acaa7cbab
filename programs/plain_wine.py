"""Debian's Wine as it is, without anything of Transom's: what fails there too is no fault of ours.

A root of Debian with the wine64 package is made once by mmdebstrap, and a prefix in it once by wineboot; each case gets
a copy of the prefix. Programs run in process, mount and host-name namespaces of their own, on this machine's network.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from programs.box import WORK, Failed, Ran, Server
from programs.packages import CACHE, run
from transom.drivers.exec.wine.base.contents import SUITE
from transom.drivers.exec.wine.base.sources import find_mirror

_ROOT = CACHE / "plain-wine" / SUITE
_ENVIRONMENT = {
    "PATH": "/usr/lib/wine:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "WINEPREFIX": "/prefix",
    "WINEDEBUG": "-all", "LC_ALL": "C.UTF-8", "WINEDLLOVERRIDES": "winemenubuilder.exe=d;mscoree=d;mshtml=d",
}  # fmt: skip
# $1 is the root, $2 the prefix, $3 the case's files, then NAME=DIRECTORY…, then --, then the command.
_ENTER = """
root=$1 prefix=$2 work=$3; shift 3
mount --make-rprivate /
mount --bind "$prefix" "$root/prefix"
mkdir -p "$root/prefix/drive_c/work" "$root/prefix/drive_c/p"
mount --bind "$work" "$root/prefix/drive_c/work"
while [ "$1" != -- ]; do
  mkdir -p "$root/prefix/drive_c/p/${1%%=*}"
  mount --bind -o ro "${1#*=}" "$root/prefix/drive_c/p/${1%%=*}"
  shift
done
shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
exec chroot "$root" sh -c 'cd /prefix/drive_c/work; exec "$0" "$@"' "$@"
"""


class PlainWine:
    """Implements Box. The user asked for is ignored: everybody is an administrator here."""

    def __init__(self, packages: Mapping[str, Path], work: Path) -> None:
        self.work = work
        self._packages = packages
        self._prefix = Path(tempfile.mkdtemp(prefix="transom-programs-prefix-"))
        self._servers: dict[str, tuple[subprocess.Popen[bytes], Path]] = {}

    def __enter__(self) -> "PlainWine":
        try:
            _ensure_root()
            shutil.copytree(_ROOT / "made-prefix", self._prefix, symlinks=True, dirs_exist_ok=True)
        except BaseException:
            shutil.rmtree(self._prefix, ignore_errors=True)
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        shutil.rmtree(self._prefix, ignore_errors=True)

    def _command(self, argv: tuple[str, ...]) -> list[str]:
        packages = [f"{name}={path}" for name, path in self._packages.items()]
        return enter(self._prefix, self.work, packages, ["wine64", *argv])

    def run(
        self,
        *argv: str,
        stdin: bytes = b"",
        env: Mapping[str, str] = {},
        user: str = "",
        timeout_s: float = 60,
        code: int | None = 0,
    ) -> Ran:
        """See Box. An exit code is compared by its low eight bits: Linux keeps no more of it."""
        # Files, not pipes: Wine takes a bare Unix pipe for a handle of no kind, which some programs refuse.
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(stdin)
            given.seek(0)
            process = subprocess.Popen(
                self._command(argv),
                stdin=given,
                stdout=out,
                stderr=err,
                env=_ENVIRONMENT | dict(env),
                start_new_session=True,
            )
            try:
                process.wait(timeout_s + 30)
            except subprocess.TimeoutExpired as exc:
                raise Failed(f"no end after {timeout_s + 30:.0f} s") from exc
            finally:
                _end(process)
            ran = Ran(_text(out), _text(err), process.returncode)
        if code is not None and ran.code != code & 0xFF:
            raise Failed(f"{argv[0].rpartition(chr(92))[2]}: {ran.describe()}")
        return ran

    @contextmanager
    def serve(self, *argv: str, port: int, env: Mapping[str, str] = {}, user: str = "") -> Iterator[Server]:
        """See Box. The port is this machine's own."""
        name = str(port)
        log = self.work / f".server-{port}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self._command(argv),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=_ENVIRONMENT | dict(env),
                start_new_session=True,
            )
        self._servers[name] = (process, log)
        try:
            yield Server(f"127.0.0.1:{port}", self, name)
        finally:
            _end(process)

    def is_alive(self, name: str) -> bool:
        """See Box."""
        return self._servers[name][0].poll() is None

    def log_of(self, name: str) -> str:
        """See Box."""
        return self._servers[name][1].read_text(errors="replace")


def enter(prefix: Path, work: Path, packages: list[str], argv: list[str]) -> list[str]:
    """Return a command that runs argv in the root; all that it leaves running ends with it."""
    inside = ["sh", "-euc", _ENTER, WORK, str(_ROOT), str(prefix), str(work), *packages, "--", *argv]
    return ["unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", *inside]


def _ensure_root() -> None:
    if (_ROOT / "made-prefix").exists():
        return
    shutil.rmtree(_ROOT, ignore_errors=True)
    _ROOT.parent.mkdir(parents=True, exist_ok=True)
    packages = "--include=wine64,libwine"
    run(
        ["mmdebstrap", "-q", "--mode=root", "--variant=minbase", packages, SUITE, str(_ROOT), find_mirror()],
        "a root with Debian's Wine",
    )
    (_ROOT / "prefix").mkdir()
    fresh = _ROOT / ".prefix"
    fresh.mkdir()
    boot = enter(fresh, fresh, [], ["sh", "-c", "wine64 wineboot.exe --init; wineserver -w"])
    run(boot, "a Wine prefix", env=_ENVIRONMENT)
    os.rename(fresh, _ROOT / "made-prefix")


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command and all of its namespace."""
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        process.send_signal(signal.SIGKILL)  # unshare takes its child, the first of the namespace, along
        time.sleep(0.05)
    process.wait()
