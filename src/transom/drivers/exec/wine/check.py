"""Reads an image's programs where they lie, layers over the base's drive C:, and says what they lack."""

import os
import posixpath
import stat
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial

from transom.drivers.exec.wine.base.contents import PE32_DIR
from transom.drivers.exec.wine.base.store import DiskBaseStore
from transom.drivers.snapshot.lower_view import LowerView
from transom.drivers.snapshot.spelling import Spelling
from transom.errors import InvalidParameter, NotFound
from transom.execution.checking import Checked, CheckSpec, Lack, lasting
from transom.host.job import Report
from transom.host.rootfs import open_in_root
from transom.host.worker import Workers
from transom.images.api_sets import key_of, read_api_sets
from transom.images.needs import lacks_of
from transom.images.pe import I386, PortableExecutable

_SYSTEM, _SYSTEM_32 = "windows/system32", "windows/syswow64"
_MAX_ENTRIES = 200_000
_MAX_PROGRAMS = 500


@dataclass(frozen=True, slots=True)
class Look:
    """A job's arguments; drives: directories of drive C:, topmost first, the base's last."""

    drives: tuple[str, ...]
    wow64: bool
    names: tuple[str, ...]
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WineChecker:
    """Implements ProgramChecker."""

    bases: DiskBaseStore
    workers: Workers

    async def check(self, spec: CheckSpec) -> Checked:
        """Return what the programs lack; read in a worker."""
        base = self.bases.path((await self.bases.get(spec.base)).digest)
        wow64 = (base / "linux" / PE32_DIR).exists()
        look = Look((*spec.layers, str(base / "c")), wow64, spec.names, spec.path)
        return await self.workers.run(check, look)


def check(arguments: Look, fds: Sequence[int], report: Report) -> Checked:
    """Return what the programs lack.

    Raises:
        NotFound, InvalidParameter: as ProgramChecker.check.
    """
    with ExitStack() as stack:
        drives = []
        for directory in arguments.drives:
            drives.append(os.open(directory, os.O_PATH | os.O_DIRECTORY))
            stack.callback(os.close, drives[-1])
        drive = _Drive(drives, arguments, stack)
        lacks: list[Lack] = []
        programs = [drive.program(name) for name in arguments.names]
        for path in programs or drive.programs():
            try:
                opened = drive.read(path)
                if opened is not None:
                    lacks += lacks_of(path, opened[1], drive)
            except InvalidParameter as exc:
                if arguments.names:
                    raise
                lacks.append(Lack(path, "a whole file", str(exc)))
        return Checked(tuple(programs or drive.programs()), lasting(lacks))


class _Drive:
    """Implements Libraries on directories of drive C:, topmost first, the base's last."""

    def __init__(self, drives: Sequence[int], look: Look, stack: ExitStack) -> None:
        self.wow64 = look.wow64
        self._drives, self._path, self._stack = drives, look.path, stack
        self._view, self._spelling = LowerView(drives), Spelling(drives)
        self._opened: dict[str, tuple[bool, PortableExecutable] | None] = {}

    def open(self, name: str, program: str, machine: int) -> tuple[str, bool, PortableExecutable] | None:
        """Look where Windows looks: beside the program, in its own directories, on the path."""
        system = _SYSTEM_32 if machine == I386 else _SYSTEM
        for directory in (posixpath.dirname(program), system, "windows", *self._path):
            path = self._spelling.spell(f"{directory}/{name}".strip("/"))
            found = self.read(path) if "/" not in name and "\\" not in name else None
            # A library of the other kind is passed over, as Windows does.
            if found is not None and found[1].machine == machine:
                return path, *found
        return None

    def behind(self, name: str) -> str | None:
        """Look into the base's table."""
        return self._api_sets.get(key_of(name))

    @cached_property
    def _api_sets(self) -> Mapping[str, str]:
        found = self.read(self._spelling.spell(f"{_SYSTEM}/apisetschema.dll"))
        return read_api_sets(found[1]) if found else {}

    def read(self, path: str) -> tuple[bool, PortableExecutable] | None:
        """Return whether the base has the file, and the file; None if it is not there."""
        if path not in self._opened:
            self._opened[path] = self._read(path)
        return self._opened[path]

    def _read(self, path: str) -> tuple[bool, PortableExecutable] | None:
        status = self._view.stat(path)
        if status is None or not stat.S_ISREG(status.st_mode):
            return None
        for drive in self._drives:
            try:
                fd = open_in_root(drive, path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError:
                continue
            self._stack.callback(os.close, fd)
            of_base = drive == self._drives[-1]
            return of_base, PortableExecutable(partial(_read_at, fd))
        return None

    def program(self, name: str) -> str:
        """Return where the program that name means is.

        Raises:
            NotFound: it is nowhere.
        """
        directories = ("",) if "/" in name else ("", *self._path, _SYSTEM, "windows")
        for directory in directories:
            for ending in ("", ".exe"):
                path = self._spelling.spell(f"{directory}/{name}{ending}".strip("/"))
                status = self._view.stat(path)
                if status is not None and stat.S_ISREG(status.st_mode):
                    return path
        raise NotFound(f"there is no program {name.replace('/', chr(92))} in the image")

    def programs(self) -> list[str]:
        """Return the programs that the image's own layers hold."""
        own = LowerView(self._drives[:-1])
        found: list[str] = []
        waiting, seen = [""], 0
        while waiting and seen < _MAX_ENTRIES and len(found) < _MAX_PROGRAMS:
            directory = waiting.pop()
            for name in own.names(directory):
                seen += 1
                path = f"{directory}/{name}".strip("/")
                status = own.stat(path)
                if status is None:
                    continue
                if stat.S_ISDIR(status.st_mode):
                    waiting.append(path)
                elif stat.S_ISREG(status.st_mode) and name.lower().endswith((".exe", ".sys")):
                    found.append(path)
        return sorted(found)


def _read_at(fd: int, offset: int, size: int) -> bytes:
    return os.pread(fd, size, offset)
