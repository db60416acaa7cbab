"""Installers without questions."""

import shutil
from pathlib import Path

from programs.box import Box, Failed
from programs.case import case, equal
from programs.cases.compiled import HELLO
from programs.packages import SOURCES, Made, run


def _nsis(into: Path) -> None:
    shutil.copy(HELLO.directory() / "hello.exe", into)
    shutil.copy(SOURCES / "installer.nsi", into)
    run(["makensis", "-V2", "installer.nsi"], "the installer", cwd=into)


def _msi(into: Path) -> None:
    shutil.copy(HELLO.directory() / "hello.exe", into)
    shutil.copy(SOURCES / "package.wxs", into)
    run(["wixl", "-a", "x64", "-o", "sample.msi", "package.wxs"], "the package", cwd=into)


NSIS = Made("nsis-installer", ("installer.nsi", "hello.c"), ("makensis", "-VERSION"), _nsis, "apt install nsis")
MSI = Made("msi-package", ("package.wxs", "hello.c"), ("wixl", "--version"), _msi, "apt install wixl")
_INSTALLED = "C:\\Program Files\\Sample"


def _steps(box: Box, *steps: str, user: str = "") -> str:
    """Run steps one after the other in one container: what an installer did lives there. Return what they said."""
    lines = ["@echo off", *(f"{step}\r\nif errorlevel 1 exit /b 9" for step in steps)]
    (box.work / "steps.bat").write_bytes("\r\n".join(lines).encode() + b"\r\n")
    return box.run("cmd", "/c", "steps.bat", user=user, timeout_s=120).out


@case("NSIS installer", NSIS, HELLO, task="installs with /S: files, keys, a shortcut, an uninstaller; removes all",
      parts=("wow64",))  # fmt: skip
def nsis(box: Box) -> None:
    said = _steps(
        box,
        "start /wait C:\\p\\nsis-installer\\setup.exe /S",
        f'if not exist "{_INSTALLED}\\uninstall.exe" exit /b 7',
        "reg query HKLM\\Software\\Sample /v Directory",
        f'"{_INSTALLED}\\uninstall.exe" /S _?={_INSTALLED}',
        f'if exist "{_INSTALLED}\\hello.exe" exit /b 8',
        "echo removed",
    )
    if _INSTALLED not in said or "removed" not in said:
        raise Failed(f"it said {said!r}")


@case("Windows Installer package", MSI, HELLO, task="msiexec /i … /qn: files, keys, PATH; msiexec /x removes them")
def msi(box: Box) -> None:
    said = _steps(
        box,
        "msiexec /i C:\\p\\msi-package\\sample.msi /qn",
        f'if not exist "{_INSTALLED}\\hello.exe" exit /b 7',
        "reg query HKLM\\Software\\Sample /v Directory",
        "msiexec /x C:\\p\\msi-package\\sample.msi /qn",
        f'if exist "{_INSTALLED}\\hello.exe" exit /b 8',
        "echo removed",
    )
    if _INSTALLED not in said or "removed" not in said:
        raise Failed(f"it said {said!r}")
    equal(said.strip().splitlines()[-1].strip(), "removed", "the last line")
