"""The functions of ours in Wine's own libraries: found ready-made in a wheel, else compiled from their sources."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from transom.drivers.exec.wine.base.contents import PE_DIR
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

_IMPORTER = "x86_64-w64-mingw32-dlltool"
_FLAGS = (
    "-Os -ffreestanding -nostdlib -fno-stack-protector -fno-ident -shared -s -Wl,-e,0 -Wl,--no-insert-timestamp "
    "-Wl,--disable-runtime-pseudo-reloc"
).split()
# kernel32.dll is a host, or what another host must not need: its functions are in the hosts' imports.def.
_LIBRARIES = ("-lntdll", "-lgcc")


def _name(host: str) -> str:
    return host.replace(".dll", "-more.dll")


async def find_grafts(work: Path) -> Mapping[str, bytes]:
    """Return the additions by the library that they go into; work is a directory for the compilers.

    Raises:
        NotSupported: they are not part of this installation and cannot be compiled here.
    """
    directory = PREBUILT
    if not all((directory / _name(host)).exists() for host in HOSTS):
        for host in HOSTS:
            await _compile(host, work)
        directory = work
    return await asyncio.to_thread(lambda: {host: (directory / _name(host)).read_bytes() for host in HOSTS})


def apply(grafts: Mapping[str, bytes], linux: Path, system32: Path) -> None:
    """Put the additions into the libraries in linux/ and in the drive that Wine's set-up has made; blocks.

    Raises:
        InvalidParameter: Wine's library is not one that an addition fits.
    """
    for name, addition in grafts.items():
        library = linux / PE_DIR / name
        whole = graft(library.read_bytes(), addition, name)
        for path in (library, system32 / name):
            path.unlink()
            path.write_bytes(whole)


async def _compile(host: str, work: Path) -> None:
    sources = SOURCES / "windows" / host.removesuffix(".dll")
    files = [str(path) for path in sorted(sources.glob("*.c"))]
    if not files:
        raise NotSupported("this installation has neither the programs of a Windows base nor their sources")
    # What the headers' own import libraries do not have: functions of Wine's, and those of the host itself.
    imports = str(work / f"{host}.a")
    await compile_source(_IMPORTER, ["-d", str(sources / "imports.def"), "-l", imports])
    flags = [*_FLAGS, *await precompiled(sources / "graft.h", _FLAGS, work), "-o", str(work / _name(host))]
    await compile_source(WINDOWS_COMPILER, [*flags, *files, imports, *_LIBRARIES])
