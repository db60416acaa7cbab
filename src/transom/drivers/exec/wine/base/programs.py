"""The two programs of ours that a base carries: found ready-made in a wheel, else compiled from their sources."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from transom.errors import NotSupported, TransomError
from transom.host.run import ProgramMissing, run

_HERE = Path(__file__).resolve()
PREBUILT = _HERE.parent / "prebuilt"
SOURCES = _HERE.parents[6]
WINDOWS_COMPILER = "x86_64-w64-mingw32-gcc"
LINUX_COMPILER = "gcc"

_WINDOWS_FLAGS = (
    "-Os -ffreestanding -nostdlib -fno-stack-protector -fno-asynchronous-unwind-tables -fno-ident -mno-stack-arg-probe "
    "-s -Wl,-e,entry -Wl,--subsystem,console -Wl,--stack,65536 -Wl,--no-insert-timestamp"
).split()
_WINDOWS_LIBRARIES = ("-lkernel32", "-lntdll")
_LINUX_FLAGS = "-Os -static -s -fno-ident -Wl,--build-id=none".split()


@dataclass(frozen=True, slots=True)
class Programs:
    """Content of the first processes: process 1 of the container, and the first Windows process."""

    linux_init: bytes
    windows_init: bytes


async def find_programs(work: Path) -> Programs:
    """Return the programs; work is an empty directory for the compilers.

    Raises:
        NotSupported: they are not part of this installation and cannot be compiled here.
    """
    ready = PREBUILT / "init", PREBUILT / "transom-init.exe"
    if all(path.exists() for path in ready):
        return Programs(*(path.read_bytes() for path in ready))
    linux, windows = sorted((SOURCES / "linux").glob("*.c")), sorted((SOURCES / "windows").glob("*.c"))
    if not linux or not windows:
        raise NotSupported("this installation has neither the programs of a Windows base nor their sources")
    out = work / "init", work / "transom-init.exe"
    await _compile(LINUX_COMPILER, [*_LINUX_FLAGS, "-o", str(out[0]), *map(str, linux)], "gcc libc6-dev")
    flags = [*_WINDOWS_FLAGS, "-o", str(out[1]), *map(str, windows), *_WINDOWS_LIBRARIES]
    await _compile(WINDOWS_COMPILER, flags, "gcc-mingw-w64-x86-64-win32")
    return Programs(*[await asyncio.to_thread(path.read_bytes) for path in out])


async def _compile(compiler: str, arguments: list[str], packages: str) -> None:
    try:
        env = {"PATH": os.defpath + ":/usr/local/bin", "LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"}
        done = await run([compiler, *arguments], env=env, timeout_s=120)
    except ProgramMissing as exc:
        raise NotSupported(f"{compiler} is needed to build a Windows base: install {packages}") from exc
    if done.code != 0:
        raise TransomError(f"{compiler} failed: {done.stderr.decode('utf-8', 'replace')[-2000:]}")
