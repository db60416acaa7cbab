"""What a Windows program needs and does not find: libraries, functions, whole systems. Pure."""

from collections.abc import Iterator
from typing import Final, Protocol

from transom.errors import InvalidParameter
from transom.execution.checking import Lack
from transom.images.pe import AMD64, ARM64, I386, NATIVE, Import, PortableExecutable

_MAX_LIBRARIES = 2000

FRAMEWORK: Final = (
    "it is for the .NET Framework, which the Windows base does not have; .NET 6 and later bring along what they need"
)
_SYSTEMS: Final = {
    "mscoree.dll": FRAMEWORK,
    "iiscore.dll": "it belongs to IIS, which the Windows base does not have",
    "iisutil.dll": "it belongs to IIS, which the Windows base does not have",
    "w3cache.dll": "it belongs to IIS, which the Windows base does not have",
    "ntoskrnl.exe": "it is a driver: containers load none, on Windows neither",
    "hal.dll": "it is a driver: containers load none, on Windows neither",
}
_ICU: Final = "it is a part of ICU: a base built with `--part icu` has it"
_PARTS: Final = dict.fromkeys(("icu.dll", "icuin.dll", "icuuc.dll"), _ICU)
_SETS: Final = ("api-ms-", "ext-ms-")


class Libraries(Protocol):
    """Where libraries are found."""

    wow64: bool
    """Whether 32-bit programs can run."""

    def open(self, name: str, program: str, machine: int) -> tuple[str, bool, PortableExecutable] | None:
        """Return a library's path, whether the base has it, and the library; None if it is nowhere.

        Raises:
            InvalidParameter: what is there is no library.
        """
        ...

    def behind(self, name: str) -> str | None:
        """Return the library behind a name of an API set, or None if the base knows no such set."""
        ...


def lacks_of(path: str, program: PortableExecutable, libraries: Libraries) -> Iterator[Lack]:
    """Yield what the program at path and the libraries that it brings along lack.

    Raises:
        InvalidParameter: the program is damaged.
    """
    if whole := _as_a_whole(path, program, libraries):
        yield whole
        return
    waiting, seen = [(path, program)], {path.lower()}
    while waiting:
        at, each = waiting.pop()
        for wanted in each.imports:
            name = wanted.library.lower()
            if name in _SYSTEMS:
                yield Lack(at, wanted.library, _SYSTEMS[name], wanted.delayed)
                continue
            try:
                found = _find(wanted.library, path, program.machine, libraries)
                if found is None:
                    why = _PARTS.get(name, "it is neither in the image nor in the Windows base")
                    yield Lack(at, wanted.library, why, wanted.delayed)
                    continue
                where, of_base, library = found
                yield from _missing(at, wanted, library, where, of_base=of_base)
            except InvalidParameter as exc:
                yield Lack(at, wanted.library, str(exc), wanted.delayed)
                continue
            # What the base's libraries need, the base has.
            if not of_base and where.lower() not in seen and len(seen) < _MAX_LIBRARIES:
                seen.add(where.lower())
                waiting.append((where, library))


def _as_a_whole(path: str, program: PortableExecutable, libraries: Libraries) -> Lack | None:
    if program.subsystem == NATIVE:
        return Lack(path, "Windows' kernel", "it is a driver: containers load none, on Windows neither")
    if program.machine == I386 and not libraries.wow64:
        return Lack(path, "wow64", "it is a 32-bit program: a base built with `--part wow64` runs it")
    if program.machine not in {I386, AMD64}:
        kind = "ARM64" if program.machine == ARM64 else f"processors of the kind {program.machine:#06x}"
        return Lack(path, kind, "it is for another processor than this machine has")
    if program.is_managed and not program.is_library:
        return Lack(path, ".NET Framework", FRAMEWORK)
    return None


def _find(name: str, program: str, machine: int, libraries: Libraries) -> tuple[str, bool, PortableExecutable] | None:
    found = libraries.open(name, program, machine)
    if found is None and name.lower().startswith(_SETS):
        host = libraries.behind(name)
        return libraries.open(host, program, machine) if host else None
    return found


def _missing(program: str, wanted: Import, library: PortableExecutable, where: str, *, of_base: bool) -> Iterator[Lack]:
    exports = library.exports
    for function in wanted.functions:
        there = function in exports.names if isinstance(function, str) else function in exports.ordinals
        if not there:
            label = function if isinstance(function, str) else f"#{function}"
            place = "of the Windows base" if of_base else f"in the image ({where})"
            # Wine starts a program without a function, and ends it where it is called.
            yield Lack(program, f"{wanted.library}!{label}", f"the library {place} has no such function", late=of_base)
