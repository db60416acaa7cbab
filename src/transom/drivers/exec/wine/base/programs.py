"""The programs of ours that a base carries: found ready-made in a wheel, else compiled from their sources."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from transom.errors import NotSupported, TransomError
from transom.host.run import ProgramMissing, run

_HERE = Path(__file__).resolve()
PREBUILT = _HERE.parent / "prebuilt"
SOURCES = _HERE.parents[6]
WINDOWS_COMPILER = "x86_64-w64-mingw32-gcc"
LINUX_COMPILER = "gcc"
WINDOWS_PACKAGES = "gcc-mingw-w64-x86-64-win32"
LINUX_INIT = "init"
LINUX_LIMITS = "limits.so"

_WINDOWS_FLAGS = (
    "-Os -ffreestanding -nostdlib -fno-stack-protector -fno-asynchronous-unwind-tables -fno-ident -mno-stack-arg-probe "
    "-s -Wl,-e,entry -Wl,--no-insert-timestamp"
).split()
_LINUX_FLAGS = "-Os -static -s -fno-ident -Wl,--build-id=none".split()
# Whatever C library compiles it, the base's serves it: so none is named.
_LIMITS_FLAGS = "-Os -shared -fPIC -nostdlib -fno-stack-protector -s -fno-ident -Wl,--build-id=none".split()
_PLAIN = ("-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=0")


@dataclass(frozen=True, slots=True)
class WindowsProgram:
    """A program of C:\\Windows\\System32; sources are patterns below windows/, names what else it is called there.

    header: what every source includes first, where compiling it once for all of them saves time.
    """

    name: str
    sources: tuple[str, ...]
    header: str = ""
    libraries: tuple[str, ...] = ("kernel32", "ntdll")
    subsystem: str = "console"
    stack_bytes: int = 65536
    names: tuple[str, ...] = ()


TOOLS = (
    "arp.exe", "attrib.exe", "certutil.exe", "chcp.com", "choice.exe", "clip.exe", "comp.exe", "dism.exe",
    "driverquery.exe", "fc.exe", "find.exe", "findstr.exe", "forfiles.exe", "fsutil.exe", "getmac.exe", "icacls.exe",
    "ipconfig.exe", "more.com", "net.exe", "net1.exe", "netsh.exe", "netstat.exe", "nslookup.exe", "ping.exe",
    "powershell.exe", "pwsh.exe", "reg.exe", "robocopy.exe", "route.exe", "sc.exe", "schtasks.exe", "setx.exe",
    "shutdown.exe", "sort.exe", "subst.exe", "systeminfo.exe", "takeown.exe", "taskkill.exe", "tasklist.exe",
    "timeout.exe", "tracert.exe", "tree.com", "tzutil.exe", "waitfor.exe", "wevtutil.exe", "where.exe", "whoami.exe",
    "wbem/wmic.exe", "xcopy.exe",
)  # fmt: skip
WINDOWS_PROGRAMS = (
    WindowsProgram("transom-init.exe", ("*.c",), "base.h"),
    WindowsProgram("cmd.exe", ("cmd/whole.c",), stack_bytes=8 << 20),
    WindowsProgram(
        "explorer.exe", ("desktop/*.c", "memory.c"), libraries=("user32", "kernel32", "ntdll"), subsystem="windows"
    ),
    WindowsProgram(
        "transom-tools.exe",
        ("tools/*.c", "accounts.c"),
        "tools/tool.h",
        libraries=("kernel32", "ntdll", "ntdllcrt"),
        stack_bytes=1 << 20,
        names=TOOLS,
    ),
)


@dataclass(frozen=True, slots=True)
class Programs:
    """Content of process 1, of what tells Wine a container's limits, and of the Windows programs by name."""

    linux_init: bytes
    linux_limits: bytes
    windows: Mapping[str, bytes]


async def find_programs(work: Path) -> Programs:
    """Return the programs; work is an empty directory for the compilers.

    Raises:
        NotSupported: they are not part of this installation and cannot be compiled here.
    """
    names = [program.name for program in WINDOWS_PROGRAMS]
    if all((PREBUILT / name).exists() for name in (LINUX_INIT, LINUX_LIMITS, *names)):
        return await asyncio.to_thread(_read, PREBUILT)
    linux = sorted((SOURCES / "linux").glob("*.c"))
    if not linux:
        raise NotSupported("this installation has neither the programs of a Windows base nor their sources")
    out, limits = str(work / LINUX_INIT), str(work / LINUX_LIMITS)
    await compile_source(LINUX_COMPILER, [*_LINUX_FLAGS, "-o", out, *map(str, linux)], "gcc libc6-dev")
    source = str(SOURCES / "linux" / "limits" / "limits.c")
    await compile_source(LINUX_COMPILER, [*_LIMITS_FLAGS, *_PLAIN, "-o", limits, source], "gcc libc6-dev")
    for program in WINDOWS_PROGRAMS:
        await _compile_windows(program, work)
    return await asyncio.to_thread(_read, work)


def _read(directory: Path) -> Programs:
    windows = {program.name: (directory / program.name).read_bytes() for program in WINDOWS_PROGRAMS}
    return Programs((directory / LINUX_INIT).read_bytes(), (directory / LINUX_LIMITS).read_bytes(), windows)


async def _compile_windows(program: WindowsProgram, work: Path) -> None:
    top = SOURCES / "windows"
    sources = [str(path) for pattern in program.sources for path in sorted(top.glob(pattern))]
    kind = f"-Wl,--subsystem,{program.subsystem}", f"-Wl,--stack,{program.stack_bytes}"
    flags = [*_WINDOWS_FLAGS, *kind, "-o", str(work / program.name)]
    if program.header:
        flags += await precompiled(top / program.header, _WINDOWS_FLAGS, work)
    libraries = [f"-l{name}" for name in program.libraries]
    await compile_source(WINDOWS_COMPILER, [*flags, *sources, *libraries])


async def precompiled(header: Path, flags: Sequence[str], work: Path) -> Sequence[str]:
    """Compile a header once for many sources and return the flags that put it first in each.

    Windows' own headers take several times as long as what is in a source: this saves a base's build half a minute.
    """
    made = work / f"{header.parent.name}-{header.name}"
    compiling = [flag for flag in flags if not flag.startswith(("-Wl,", "-s"))]  # those for the linker make it link
    await compile_source(WINDOWS_COMPILER, [*compiling, "-x", "c-header", "-o", f"{made}.gch", str(header)])
    return ("-include", str(made))


async def compile_source(
    compiler: str, arguments: Sequence[str], packages: str = WINDOWS_PACKAGES, *, timeout_s: float = 120
) -> str:
    """Run a compiler in an environment that says nothing of this machine, return what it prints; packages have it.

    Raises:
        NotSupported: it is not there.
        TransomError: it failed.
    """
    try:
        env = {"PATH": os.defpath + ":/usr/local/bin", "LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"}
        done = await run([compiler, *arguments], env=env, timeout_s=timeout_s)
    except ProgramMissing as exc:
        raise NotSupported(f"{compiler} is needed to build a Windows base: install {packages}") from exc
    if done.code != 0:
        raise TransomError(f"{compiler} failed: {done.stderr.decode('utf-8', 'replace')[-2000:]}")
    return done.stdout.decode("utf-8", "replace")
