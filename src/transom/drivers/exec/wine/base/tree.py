"""Makes a base's two trees from the files of packages, and gives them one shape whatever machine they were made on."""

import contextlib
import itertools
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from transom.drivers.exec.wine.base import contents
from transom.drivers.exec.wine.base.contents import Source, target_of
from transom.drivers.exec.wine.base.deb import members
from transom.drivers.exec.wine.base.pe import strip
from transom.drivers.exec.wine.base.programs import WINDOWS_PROGRAMS, Programs, WindowsProgram
from transom.drivers.exec.wine.base.versions import with_version
from transom.drivers.exec.wine.base.zones import with_local_zone, without_variable
from transom.errors import InvalidParameter

WINDOWS = "windows"
MTIME = 1_735_689_600
"""2025-01-01: one time for every file, so that equal inputs give equal trees."""


def unpack(source: Source, deb: Path, linux: Path, count: Callable[[int], None]) -> None:
    """Put the files that source takes from its package into linux/.

    Raises:
        InvalidParameter: the package is damaged, or has none of a rule's files.
    """
    used: set[str] = set()
    with deb.open("rb") as file:
        for entry, content in members(file, lambda name: target_of(source, name) is not None):
            count(1)
            target = target_of(source, entry.name)
            if target is None:
                continue
            path = linux / target
            if entry.issym() or entry.islnk():
                used.add(_link(entry.linkname, entry.issym(), path))
            elif entry.isreg():
                _write(path, with_version(strip(content)), executable=bool(entry.mode & 0o100))
                used.add(target)
    if not used:
        raise InvalidParameter(f"the package {source.package} has none of the files that a base needs from it")


def _link(target: str, symbolic: bool, path: Path) -> str:
    """Make a package's link, which may only name a file beside it."""
    if not symbolic or "/" in target:
        raise InvalidParameter(f"unexpected link {path.name} -> {target}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    return str(path)


def _write(path: Path, data: bytes, *, executable: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    path.write_bytes(data)
    path.chmod(0o755 if executable else 0o644)


def finish_linux(linux: Path, programs: Programs) -> None:
    """Add what is no package's: locales, mount points, our files, process 1."""
    for name in contents.LINUX_DIRECTORIES:
        (linux / name).mkdir(parents=True, exist_ok=True)
    (linux / "usr/lib64").mkdir(exist_ok=True)
    for name, target in contents.LINUX_LINKS.items():
        (linux / name).symlink_to(target)
    for name, text in contents.LINUX_FILES.items():
        _write(linux / name, text.encode())
    locale = linux / "usr/lib/locale"
    for name in contents.LOCALES:
        shutil.copytree(locale / "C.utf8", locale / name)
    shutil.rmtree(locale / "C.utf8")
    _write(linux / "transom/init", programs.linux_init, executable=True)
    _write(linux / "transom/limits.so", programs.linux_limits, executable=True)
    ntdll = linux / contents.UNIX_DIR / "ntdll.so"
    _write(ntdll, with_local_zone(ntdll.read_bytes()))
    libc = linux / contents.LIB / "libc.so.6"
    _write(libc, without_variable(libc.read_bytes()), executable=True)


def make_drive(prefix: Path, linux: Path, c: Path, programs: Programs) -> None:
    """Turn wineboot's C: drive into the base's: hard links to what Linux's side has too, our programs added."""
    programs_of_wine = [linux / contents.PE_DIR, linux / contents.PE32_DIR]
    sources = [*programs_of_wine, linux / contents.NLS_DIR]
    for path, relative in _files(prefix / "drive_c"):
        if _is_removed(relative) or relative.parts[0] == "users" or _is_cache(relative):
            continue
        target = c / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        same = _same_file(path, [directory / relative.name for directory in sources])
        if same is not None:
            os.link(same, target)
        else:
            _write(target, path.read_bytes())
    _complete_drive(c, linux, programs)
    for name in contents.REMOVED_PROGRAMS:
        for directory, ending in itertools.product(programs_of_wine, contents.PROGRAM_ENDINGS):
            with contextlib.suppress(FileNotFoundError):
                (directory / f"{name}{ending}").unlink()


def _complete_drive(c: Path, linux: Path, programs: Programs) -> None:
    profiles = [f"Users/{user}/{name}" for user in contents.PROFILES for name in contents.PROFILE_DIRECTORIES]
    for name in (*contents.C_DIRECTORIES, *profiles):
        (c / name).mkdir(parents=True, exist_ok=True)
    for name, text in contents.C_FILES.items():
        _write(c / name, text.encode())
    system32 = c / WINDOWS / "system32"
    for name, program in programs.windows.items():
        _write(system32 / name, program)
    for made in WINDOWS_PROGRAMS:
        _link_names(made, system32, system32)
    syswow64 = c / WINDOWS / "syswow64"
    if syswow64.exists():
        # One program for both: 32-bit programs look for it here.
        os.link(system32 / "cmd.exe", syswow64 / "cmd.exe")
        for made in WINDOWS_PROGRAMS:
            _link_names(made, system32, syswow64)
    _link_zlib(c, linux)


def add_libraries(c: Path, libraries: Mapping[str, bytes]) -> None:
    """Put libraries of an optional part, name → content, into a base's drive."""
    for name, content in libraries.items():
        _write(c / WINDOWS / "system32" / name, content)


def add_programs(c: Path, files: Mapping[str, bytes]) -> None:
    """Put programs that are neither Wine's nor ours, and their licences, into a base's drive."""
    add_libraries(c, files)
    syswow64 = c / WINDOWS / "syswow64"
    for name in files if syswow64.exists() else ():
        if name.endswith(".exe"):
            os.link(c / WINDOWS / "system32" / name, syswow64 / name)


def _link_names(made: WindowsProgram, where: Path, into: Path) -> None:
    for name in made.names:
        (into / name).parent.mkdir(exist_ok=True)
        os.link(where / made.name, into / name)


def prepare_prefix(prefix: Path, linux: Path) -> None:
    """Make an empty prefix for wineboot."""
    _link_zlib(prefix / "drive_c", linux)


def _link_zlib(c: Path, linux: Path) -> None:
    """Put zlib1.dll where programs find it: Debian's Wine uses it, but Wine's set-up does not know it."""
    for directory, name in ((contents.PE_DIR, "system32"), (contents.PE32_DIR, "syswow64")):
        library, target = linux / directory / "zlib1.dll", c / WINDOWS / name / "zlib1.dll"
        if library.exists() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(library, target)


def _files(top: Path) -> Iterator[tuple[Path, Path]]:
    for directory, names, files in os.walk(top):
        names.sort()
        for name in sorted(files):
            path = Path(directory, name)
            if path.is_file() and not path.is_symlink():
                yield path, path.relative_to(top)


def _is_removed(relative: Path) -> bool:
    return relative.suffix.lower() in contents.PROGRAM_ENDINGS and relative.stem.lower() in contents.REMOVED_PROGRAMS


def _is_cache(relative: Path) -> bool:
    return relative.parts[:2] == (WINDOWS, "temp")


def _same_file(path: Path, candidates: Sequence[Path]) -> Path | None:
    for candidate in candidates:
        same_size = candidate.exists() and candidate.stat().st_size == path.stat().st_size
        if same_size and candidate.read_bytes() == path.read_bytes():
            return candidate
    return None


def normalise(top: Path) -> None:
    """Give every entry below top one owner and one time, and files one of two modes."""
    for directory, names, files in os.walk(top):
        for name in files:
            path = os.path.join(directory, name)
            mode = os.lstat(path).st_mode
            if stat.S_ISREG(mode):
                os.chmod(path, 0o755 if mode & 0o100 else 0o644)
            os.chown(path, 0, 0, follow_symlinks=False)
            os.utime(path, (MTIME, MTIME), follow_symlinks=False)
        for name in names:
            path = os.path.join(directory, name)
            if not os.path.islink(path):
                os.chmod(path, 0o755)
            os.chown(path, 0, 0, follow_symlinks=False)
    for directory, names, _ in os.walk(top, topdown=False):
        for name in (*names, ""):
            os.utime(os.path.join(directory, name), (MTIME, MTIME), follow_symlinks=False)
