"""curl.exe and tar.exe, which Windows has had since 2018: compiled from Debian's source packages (docs/adr/0092).

Debian's archive has no Windows builds of them; it signs the sources, and mends what is found to be a hole. What is made
is kept by what went into it: sources, compiler and this recipe.
"""

import asyncio
import hashlib
import io
import json
import os
import re
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from transom.drivers.exec.wine.base.archive import SourcePackage
from transom.drivers.exec.wine.base.contents import Source
from transom.drivers.exec.wine.base.programs import SOURCES, WINDOWS_COMPILER, compile_source, precompiled
from transom.errors import InvalidParameter, NotSupported, TransomError
from transom.host.run import ProgramMissing, run

CURL, LIBARCHIVE, BZIP2, XZ, ZSTD = PACKAGES = ("curl", "libarchive", "bzip2", "xz-utils", "libzstd")
HEADERS = Source("libz-mingw-w64-dev", ((r"usr/x86_64-w64-mingw32/(include/z[a-z]+\.h|lib/libz\.dll\.a)", r"\1"),))
"""Of zlib, whose library the base has."""
_PATCH_S = 60
_COMPILE_S = 900

_COMMON = (
    "-Os -fno-ident -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -D_WIN32_WINNT=0x0A00 -DNDEBUG"
).split()
_LINK = "-s -Wl,--gc-sections -Wl,--no-insert-timestamp".split()

# Windows' own speaks fewer protocols still.
_NO_CURL = "LDAP LDAPS DICT GOPHER RTSP TELNET SMB MQTT AWS LIBCURL_OPTION".split()
_CURL_FLAGS = [
    *"-DCURL_STATICLIB -DUSE_SCHANNEL -DUSE_WINDOWS_SSPI -DHAVE_LIBZ -DUSE_WIN32_IDN -DUSE_IPV6".split(),
    *"-DUNICODE -D_UNICODE".split(),
    *(f"-DCURL_DISABLE_{name}" for name in _NO_CURL),
]
_CURL_LIBRARIES = "-l:libz.dll.a -lws2_32 -liphlpapi -lcrypt32 -lbcrypt -ladvapi32 -lsecur32 -lnormaliz".split()
_CURL_BATCHES = 3
"""libcurl is made to be compiled as few large sources, which takes a third of the time; one for each core and a bit."""

_TAR_FLAGS = "-DHAVE_CONFIG_H -DLIBARCHIVE_STATIC -DLZMA_API_STATIC".split()
_TAR_LIBRARIES = "-l:libz.dll.a -lbcrypt".split()
_NOT_WINDOWS = ("_posix", "darwin", "freebsd", "linux", "sunos")
_FILTERS = "X86 POWERPC IA64 ARM ARMTHUMB ARM64 SPARC RISCV DELTA LZMA1 LZMA2".split()
_XZ_FLAGS = [
    *"-DHAVE_STDBOOL_H -DHAVE_STDINT_H -DHAVE_INTTYPES_H -DHAVE_SMALL -DHAVE_DECODERS -DHAVE_ENCODERS".split(),
    *"-DHAVE_CHECK_CRC32 -DHAVE_CHECK_CRC64 -DHAVE_CHECK_SHA256 -DHAVE_LZIP_DECODER".split(),
    *"-DHAVE_MF_HC3 -DHAVE_MF_HC4 -DHAVE_MF_BT2 -DHAVE_MF_BT3 -DHAVE_MF_BT4".split(),
    *"-DTUKLIB_SYMBOL_PREFIX=lzma_ -DTUKLIB_FAST_UNALIGNED_ACCESS -DSIZEOF_SIZE_T=8 -DLZMA_API_STATIC".split(),
    *(f"-DHAVE_{way}_{name}" for name in _FILTERS for way in ("DECODER", "ENCODER")),
]
_XZ_LEFT_OUT = (
    "tablegen",
    "_mt",
    "hardware_",
    "microlzma",
    "file_info",
    "fastpos_table",
    "crc32_fast",
    "crc64_fast",
    "_clmul",
    "crc32_x86",
)
_ZSTD_FLAGS = "-DZSTD_DISABLE_ASM -DZSTD_LEGACY_SUPPORT=0 -DXXH_NAMESPACE=ZSTD_".split()
_LICENSES = {CURL: "curl-license.txt", LIBARCHIVE: "tar-license.txt", XZ: "xz-license.txt", ZSTD: "zstd-license.txt"}


@dataclass(frozen=True, slots=True)
class Amendment:
    """A change to a source, where the pattern is found, once. why: what it is about."""

    package: str
    file: str
    pattern: str
    replacement: str
    why: str


_LINKS = "libarchive/archive_write_disk_windows.c"
AMENDMENTS = (
    # Archives may make links and write through them, to wherever they lead, unless each part of each path is looked at:
    # libarchive stops at the first that is not there, which for the long form of a path is its beginning (\\?\\C:), and
    # takes for safe what was looked at before, when the next entry has made a link of it.
    Amendment(LIBARCHIVE, _LINKS, r"if \(errno == ENOENT\)\s*break;", "", "its check of links"),
    Amendment(LIBARCHIVE, _LINKS, r"archive_wstrcpy\(&a->path_safe, a->name\);", "", "its check of links"),
    # Windows' Schannel checks a server's certificate by itself, Wine's does not: curl has to.
    Amendment(
        CURL, "lib/vtls/schannel.c", "use_manual_cred_validation = FALSE;", "use_manual_cred_validation = TRUE;", "TLS"
    ),
    # As with WinHTTP, revoked certificates are asked for where that is wished: few private authorities can be asked.
    Amendment(
        CURL, "lib/vtls/schannel_verify.c", r"ssl_config->no_revoke \?", "!ssl_config->revoke_best_effort ?", "TLS"
    ),
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A source package with the files of its archives, by their names in Debian's archive."""

    package: SourcePackage
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """One source that is compiled. name: its object's."""

    name: str
    source: Path
    flags: tuple[str, ...]


async def key(sources: Sequence[Fetched], headers_sha256: str) -> str:
    """Return the name of what is made of sources by this recipe and this machine's compiler.

    Raises:
        NotSupported: there is no compiler.
    """
    try:
        compiler = (await run([WINDOWS_COMPILER, "--version"], timeout_s=_PATCH_S)).stdout
    except ProgramMissing as exc:
        raise NotSupported(f"{WINDOWS_COMPILER} is needed to build a Windows base") from exc
    recipe = b"".join(path.read_bytes() for path in (Path(__file__), *sorted(_own().glob("*.[ch]"))))
    parts = [
        hashlib.sha256(recipe).hexdigest(),
        compiler.decode("utf-8", "replace").partition("\n")[0],
        headers_sha256,
        *(archive.sha256 for each in sources for archive in each.package.archives),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def kept(cache: Path, name: str) -> Mapping[str, bytes] | None:
    """Return the files of what was made before, by their names in system32; blocks."""
    try:
        with zipfile.ZipFile(cache / f"{name}.zip") as archive:
            return {each: archive.read(each) for each in archive.namelist()}
    except (FileNotFoundError, zipfile.BadZipFile):
        return None


def keep(cache: Path, name: str, files: Mapping[str, bytes]) -> None:
    """Keep what was made; blocks."""
    part = cache / f"{name}.part{os.getpid()}"
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in files.items():
            archive.writestr(each, content)
    part.rename(cache / f"{name}.zip")


async def make(sources: Sequence[Fetched], top: Path, zlib: Path) -> Mapping[str, bytes]:
    """Compile the sources that unpack has put below top; zlib: directory of its headers. Return files of system32.

    Raises:
        NotSupported: a program for it is missing here.
        TransomError: a patch does not fit, or the compiler failed.
    """
    for each in sources:
        await _apply_patches(top / each.package.name)
    await asyncio.to_thread(_amend, top)
    out = top / "out"
    out.mkdir()
    common = (*_COMMON, f"-ffile-prefix-map={top}=.", f"-I{zlib}/include")
    version = next(each.package.version for each in sources if each.package.name == LIBARCHIVE).partition("-")[0]
    curl = [*_curl_units(top / CURL, out, common)]
    tar_flags = (*common, *_TAR_FLAGS, f"-I{_own()}", f'-DBSDTAR_VERSION_STRING="{version}"', f'-DVERSION="{version}"')
    shared = tuple(await precompiled(_own() / "all.h", tar_flags, out))
    tar = [*_tar_units(top, tar_flags, shared), *_codec_units(top, common)]
    gate = asyncio.Semaphore(os.cpu_count() or 1)

    async def compile_unit(unit: Unit) -> None:
        async with gate:
            arguments = [*unit.flags, "-c", str(unit.source), "-o", str(out / unit.name)]
            await compile_source(WINDOWS_COMPILER, arguments, timeout_s=_COMPILE_S)

    async with asyncio.TaskGroup() as group:
        for unit in (*curl, *tar):
            group.create_task(compile_unit(unit), name=f"compile {unit.name}")
    libraries = f"-L{zlib}/lib"
    await _link(out / "curl.exe", out, curl, ["-municode", libraries, *_CURL_LIBRARIES])
    await _link(out / "tar.exe", out, tar, ["-municode", libraries, *_TAR_LIBRARIES])

    def read() -> dict[str, bytes]:
        licenses = {name: (top / package / "debian/copyright").read_bytes() for package, name in _LICENSES.items()}
        return {name: (out / name).read_bytes() for name in ("curl.exe", "tar.exe")} | licenses

    return await asyncio.to_thread(read)


async def _link(target: Path, out: Path, units: Iterable[Unit], rest: Sequence[str]) -> None:
    objects = [str(out / unit.name) for unit in units]
    await compile_source(WINDOWS_COMPILER, [*_LINK, "-o", str(target), *objects, *rest])


def _own() -> Path:
    return SOURCES / "windows" / "libarchive"


def _curl_units(top: Path, out: Path, common: tuple[str, ...]) -> Iterator[Unit]:
    flags = (*common, *_CURL_FLAGS, *(f"-I{top}/{name}" for name in ("include", "lib", "lib/curlx", "src", ".")))
    library = [
        path.relative_to(top)
        for pattern in ("*.c", "curlx/*.c", "vtls/*.c", "vauth/*.c", "vquic/*.c", "vssh/*.c")
        for path in sorted((top / "lib").glob(pattern))
        if path.name not in ("dllmain.c", "memdebug.c")
    ]
    tool = [
        path.relative_to(top)
        for path in sorted((top / "src").glob("*.c"))
        if path.name not in ("tool_hugehelp.c", "curlinfo.c")
    ]
    size = -(-len(library) // _CURL_BATCHES)
    batches = [library[at : at + size] for at in range(0, len(library), size)]
    for number, files in enumerate([*batches, tool]):
        whole = out / f"curl{number}.c"
        whole.write_text("".join(f'#include "{path}"\n' for path in files))
        own = () if files is tool else ("-DBUILDING_LIBCURL",)
        yield Unit(f"curl{number}.o", whole, (*flags, *own, *(("-municode",) if files is tool else ())))


def _tar_units(top: Path, flags: tuple[str, ...], shared: tuple[str, ...]) -> Iterator[Unit]:
    archive = top / LIBARCHIVE
    include = (
        *(f"-I{archive}/{name}" for name in ("libarchive", "libarchive_fe", "tar")),
        f"-I{top}/{XZ}/src/liblzma/api",
        f"-I{top}/{BZIP2}",
        f"-I{top}/{ZSTD}/lib",
    )
    for directory in ("libarchive", "libarchive_fe", "tar"):
        for path in sorted((archive / directory).glob("*.c")):
            if not any(word in path.name for word in _NOT_WINDOWS):
                # What is compiled once for all is of no use where `main` has another name.
                renamed = ("-include", str(_own() / "all.h"), "-Dmain=bsdtar_main")
                own = renamed if path.name == "bsdtar.c" else shared
                yield Unit(f"{directory}-{path.stem}.o", path, (*flags, *include, *own))
    yield Unit("tar-main.o", _own() / "main.c", (*flags, "-municode"))


def _codec_units(top: Path, common: tuple[str, ...]) -> Iterator[Unit]:
    for name in ("blocksort", "huffman", "crctable", "randtable", "compress", "decompress", "bzlib"):
        yield Unit(f"bz-{name}.o", top / BZIP2 / f"{name}.c", common)
    lzma = top / XZ / "src" / "liblzma"
    parts = ("check", "common", "lz", "rangecoder", "lzma", "delta", "simple")
    include = (f"-I{lzma}/api", f"-I{lzma.parent}/common", *(f"-I{lzma}/{part}" for part in parts))
    for part in parts:
        for path in sorted((lzma / part).glob("*.c")):
            if not any(word in path.name for word in _XZ_LEFT_OUT):
                yield Unit(f"xz-{part}-{path.stem}.o", path, (*common, *_XZ_FLAGS, *include))
    for part in ("common", "decompress"):
        for path in sorted((top / ZSTD / "lib" / part).glob("*.c")):
            yield Unit(f"zstd-{part}-{path.stem}.o", path, (*common, *_ZSTD_FLAGS, f"-I{top}/{ZSTD}/lib"))


async def _apply_patches(top: Path) -> None:
    """Apply Debian's patches, in its order."""
    series = top / "debian" / "patches" / "series"
    lines = series.read_text().splitlines() if series.exists() else []
    for name in filter(None, (line.partition("#")[0].split(" ")[0].strip() for line in lines)):
        argv = ["patch", "--batch", "--silent", "-p1", "-d", str(top), "-i", str(series.parent / name)]
        try:
            done = await run(argv, timeout_s=_PATCH_S)
        except ProgramMissing as exc:
            raise NotSupported("patch is needed to build a Windows base: install the package patch") from exc
        if done.code:
            said = (done.stdout + done.stderr).decode("utf-8", "replace")
            raise TransomError(f"Debian's patch {name} does not fit {top.name}: {said[-500:]}")


def _amend(top: Path) -> None:
    """Apply AMENDMENTS.

    Raises:
        TransomError: a source is not what it was.
    """
    for each in AMENDMENTS:
        path = top / each.package / each.file
        text, count = re.subn(each.pattern, each.replacement, path.read_text())
        if count != 1:
            raise TransomError(f"{each.file} of {each.package} is not what it was: {each.why} has to be looked at")
        path.write_text(text)


def unpack(sources: Sequence[Fetched], top: Path) -> None:
    """Unpack source packages below top, each into a directory of its name; blocks.

    Raises:
        InvalidParameter: an archive is damaged, or names a place outside.
    """
    for each in sources:
        for name, path in sorted(each.files, key=lambda file: ".debian.tar." in file[0]):
            _unpack(Path(path), top / each.package.name, strip=0 if ".debian.tar." in name else 1)


def _unpack(path: Path, into: Path, *, strip: int) -> None:
    try:
        with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as archive:
            for member in archive:
                parts = PurePosixPath(member.name).parts[strip:]
                content = archive.extractfile(member) if member.isreg() and parts else None
                if content is None:
                    continue
                if ".." in parts or parts[0] == "/":
                    raise InvalidParameter(f"{path.name}: unexpected entry {member.name}")
                target = into.joinpath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())
    except tarfile.TarError as exc:
        raise InvalidParameter(f"{path.name} is damaged: {exc}") from exc
