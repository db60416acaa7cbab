"""The part `icu` of a base: Unicode's ICU, which Windows has as icu.dll, icuuc.dll and icuin.dll, and Wine has not.

Unicode's own libraries for Windows are in a package on PyPI. Their functions end in the number of a version; Windows'
libraries have them without, so that is what ours lead there from. Windows has the functions for C alone.
"""

import asyncio
import hashlib
import os
import re
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from transom.drivers.exec.wine.base.forward import forwards
from transom.errors import InvalidParameter, NotSupported, Unavailable
from transom.host.run import run
from transom.images.pe import PortableExecutable

PACKAGE, VERSION = "icu4py", "1.2.0"
SHA256 = "0918c96cdfdc6db20b23af2114ca0e09d6627c5bdf68a1b494891b73c9eda399"
_COMMON, _INTERNATIONAL = "icuuc", "icuin"
_WINDOWS = {"icuuc.dll": (_COMMON,), "icuin.dll": (_INTERNATIONAL,), "icu.dll": (_COMMON, _INTERNATIONAL)}
_LIBRARY = re.compile(r"icu4py\.libs/(?P<file>(?P<stem>icudt|icuuc|icuin|msvcp)\d+-[0-9a-f]+\.dll)")
_FUNCTION = re.compile(r"[A-Za-z][A-Za-z0-9_]*_\d+")
_LICENSE = f"{PACKAGE}-{VERSION}.dist-info/licenses/LICENSE-ICU"
_FETCH_S = 300


async def fetch(cache: Path, work: Path, environment: Mapping[str, str]) -> Path:
    """Return the package, from cache or fetched by pip as that is set up on this machine.

    Raises:
        NotSupported: there is no pip.
        Unavailable: pip cannot fetch it.
        InvalidParameter: it is not the one that is known.
    """
    kept = cache / f"{SHA256}.whl"
    if kept.exists():
        return kept
    pip = [sys.executable, "-m", "pip"]
    if (await run([*pip, "--version"], env=environment)).code:
        raise NotSupported("the part icu is fetched by pip, which this Python does not have: install python3-pip")
    options = ["-q", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "-d", str(work)]
    target = ["--platform", "win_amd64", "--python-version", "3.12"]
    done = await run(
        [*pip, "download", *options, *target, f"{PACKAGE}=={VERSION}"], env=environment, timeout_s=_FETCH_S
    )
    if done.code:
        why = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise Unavailable(f"pip cannot fetch {PACKAGE} {VERSION}, of which the part icu is made: {why}")
    return await asyncio.to_thread(_keep, work, kept)


def _keep(work: Path, kept: Path) -> Path:
    (wheel,) = work.glob(f"{PACKAGE}-*.whl")
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != SHA256:
        raise InvalidParameter(f"{PACKAGE} {VERSION} has the digest {found}, not the one that is known")
    kept.parent.mkdir(parents=True, exist_ok=True)
    os.replace(wheel, kept)
    return kept


def files(wheel: Path) -> Mapping[str, bytes]:
    """Return the files of the part by their names in system32; blocks.

    Raises:
        InvalidParameter: the package does not have what it had.
    """
    made: dict[str, bytes] = {}
    modules: dict[str, tuple[str, list[str]]] = {}
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.namelist():
            match = _LIBRARY.fullmatch(entry)
            if match:
                made[match["file"]] = data = archive.read(entry)
                modules[match["stem"]] = match["file"].removesuffix(".dll"), _functions(data)
        made["icu-license.txt"] = archive.read(_LICENSE)
    if not {_COMMON, _INTERNATIONAL} <= modules.keys():
        raise InvalidParameter(f"{PACKAGE} {VERSION} has no ICU libraries")
    for library, stems in _WINDOWS.items():
        targets: dict[str, str] = {}
        for module, names in (modules[stem] for stem in stems):
            targets |= {name.rpartition("_")[0]: f"{module}.{name}" for name in names}
        made[library] = forwards(library, targets)
    return made


def _functions(data: bytes) -> list[str]:
    library = PortableExecutable(lambda offset, size: data[offset : offset + size])
    return [name for name in library.exports.names if _FUNCTION.fullmatch(name)]
