"""The functions of ours in Wine's own libraries: found ready-made in a wheel, else compiled from their sources."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from transom.drivers.exec.wine.base.contents import PE32_DIR, PE_DIR
from transom.drivers.exec.wine.base.graft import graft
from transom.drivers.exec.wine.base.programs import PREBUILT, SOURCES, WINDOWS_COMPILER, compile_source, precompiled
from transom.errors import NotSupported

HOSTS = (
    "ntdll.dll",
    "kernelbase.dll",
    "kernel32.dll",
    "advapi32.dll",
    "crypt32.dll",
    "iphlpapi.dll",
    "secur32.dll",
    "ws2_32.dll",
    "netapi32.dll",
)
"""Libraries that get an addition, whose sources are in the directory of the library's name below windows/."""

LEFT_OUT_OF_32: Mapping[str, Sequence[str] | None] = {
    "ntdll.dll": None,  # 32-bit programs come through the 64-bit one
    "kernel32.dll": None,
    "kernelbase.dll": ("events.c", "files.c", "links.c"),
}
"""What 32-bit programs have no part in: a library, or some of its sources, which are about the 64-bit ntdll's own."""

_IMPORTER = "x86_64-w64-mingw32-dlltool"
_NAMER = "x86_64-w64-mingw32-nm"
_FLAGS = (
    "-Os -ffreestanding -nostdlib -fno-stack-protector -fno-ident -shared -s -Wl,-e,0 -Wl,--no-insert-timestamp "
    "-Wl,--disable-runtime-pseudo-reloc"
).split()
_FLAGS_32 = ("-m32", "-fno-asynchronous-unwind-tables")
_LINK_32 = (*_FLAGS, *_FLAGS_32, "-Wl,--kill-at", "-Wl,-m,i386pe")
# kernel32.dll is a host, or what another host must not need: its functions are in the hosts' imports.def.
_LIBRARIES = ("-lntdll", "-lgcc")
_IMPORTED = re.compile(r"^ +U _(?:_imp__)?(?P<name>\w+@\d+)$", re.MULTILINE)
"""What a 32-bit object imports, and how many bytes of arguments that takes, which its import library has to say."""


@dataclass(frozen=True, slots=True)
class Grafts:
    """The additions by the library that they go into; those of 32 bits where they were asked for."""

    wide: Mapping[str, bytes]
    narrow: Mapping[str, bytes]


def _name(host: str, *, narrow: bool = False) -> str:
    return host.replace(".dll", "-more32.dll" if narrow else "-more.dll")


async def find_grafts(work: Path, *, wow64: bool) -> Grafts:
    """Return the additions; work is a directory for the compilers.

    Raises:
        NotSupported: they are not part of this installation and cannot be compiled here.
    """
    narrow = tuple(host for host in HOSTS if LEFT_OUT_OF_32.get(host, ()) is not None) if wow64 else ()
    names = [_name(host) for host in HOSTS] + [_name(host, narrow=True) for host in narrow]
    directory = PREBUILT
    if not all((directory / name).exists() for name in names):
        for host in HOSTS:
            await _compile(host, work)
        for host in narrow:
            await _compile_32(host, work)
        directory = work

    def read() -> Grafts:
        wide = {host: (directory / _name(host)).read_bytes() for host in HOSTS}
        return Grafts(wide, {host: (directory / _name(host, narrow=True)).read_bytes() for host in narrow})

    return await asyncio.to_thread(read)


def apply(grafts: Grafts, linux: Path, windows: Path) -> None:
    """Put the additions into the libraries in linux/ and in the Windows directory that Wine's set-up has made; blocks.

    Raises:
        InvalidParameter: Wine's library is not one that an addition fits.
    """
    for additions, folder, system in ((grafts.wide, PE_DIR, "system32"), (grafts.narrow, PE32_DIR, "syswow64")):
        for name, addition in additions.items():
            library = linux / folder / name
            whole = graft(library.read_bytes(), addition, name)
            for path in (library, windows / system / name):
                path.unlink()
                path.write_bytes(whole)


def _sources(host: str) -> list[Path]:
    found = sorted((SOURCES / "windows" / host.removesuffix(".dll")).glob("*.c"))
    if not found:
        raise NotSupported("this installation has neither the programs of a Windows base nor their sources")
    return found


def _sources_32(host: str) -> list[Path]:
    left_out = LEFT_OUT_OF_32.get(host) or ()
    return [path for path in _sources(host) if path.name not in left_out]


async def _compile(host: str, work: Path) -> None:
    sources = SOURCES / "windows" / host.removesuffix(".dll")
    files = [str(path) for path in _sources(host)]
    # What the headers' own import libraries do not have: functions of Wine's, and those of the host itself.
    imports = str(work / f"{host}.a")
    await compile_source(_IMPORTER, ["-d", str(sources / "imports.def"), "-l", imports])
    flags = [*_FLAGS, *await precompiled(sources / "graft.h", _FLAGS, work), "-o", str(work / _name(host))]
    await compile_source(WINDOWS_COMPILER, [*flags, *files, imports, *_LIBRARIES])


async def _compile_32(host: str, work: Path) -> None:
    """Compile by the 64-bit compiler, which makes 32-bit code as well but has no 32-bit libraries to link it with."""
    directory = SOURCES / "windows" / host.removesuffix(".dll")
    place = work / "x86"
    place.mkdir(exist_ok=True)
    compiling = [flag for flag in (*_FLAGS, *_FLAGS_32) if not flag.startswith(("-Wl,", "-s"))]
    header = await precompiled(directory / "graft.h", compiling, place)
    objects = []
    for source in (*_sources_32(host), SOURCES / "windows" / "x86" / "stack.c"):
        made = str(place / f"{host}.{source.stem}.o")
        await compile_source(WINDOWS_COMPILER, [*compiling, *header, "-c", "-o", made, str(source)])
        objects.append(made)
    listed = await compile_source(_NAMER, ["-u", *objects])
    own = set((directory / "imports.def").read_text().split())
    wanted = {match["name"] for match in _IMPORTED.finditer(listed)}
    libraries = []
    for library in (host, "ntdll.dll"):
        names = sorted(name for name in wanted if (name.partition("@")[0] in own) == (library == host))
        definition, archive = place / f"{host}.{library}.def", str(place / f"{host}.{library}.a")
        definition.write_text("\n".join([f"LIBRARY {library}", "EXPORTS", *names, ""]))
        machine = ("-m", "i386", "--as-flags=--32", "-k")
        await compile_source(_IMPORTER, [*machine, "-d", str(definition), "-l", archive])
        libraries.append(archive)
    script = SOURCES / "windows" / "x86" / "library.ld"
    linking = [*_LINK_32, f"-Wl,-T,{script}", "-o", str(work / _name(host, narrow=True))]
    await compile_source(WINDOWS_COMPILER, [*linking, *objects, *libraries])
