"""Operating system, architecture, variant and os.version of an image, and which fits which host."""

import platform as _host
import re
from dataclasses import dataclass

from transom.errors import InvalidParameter

_ARCH = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "armel": "arm", "i386": "386"}
_VERSIONED = re.compile(r"([a-z]+)\(([0-9.]*)(?:\+[^()]*)?\)(/.*)?")
"""`os(version+features)/…`, as containerd writes it; no feature decides anything here."""


@dataclass(frozen=True, slots=True)
class Platform:
    """`os/architecture[/variant]`, with Windows' `os.version` beside."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))

    @property
    def full(self) -> str:
        """Return the platform with its os.version, `os(version)/architecture[/variant]`."""
        version = f"({self.os_version})" if self.os_version else ""
        return "/".join(filter(None, (f"{self.os}{version}", self.architecture, self.variant)))


HOST_OS = _host.system().lower()
"""This machine's operating system by its OCI name."""


def host_architecture() -> str:
    """Return this machine's architecture by its OCI name."""
    machine = _host.machine().lower()
    return _ARCH.get(machine, machine)


def parse_platform(text: str) -> Platform:
    """Parse `os`, `os/arch` or `os/arch/variant`, os perhaps with its version; what is missing is the host's.

    Raises:
        InvalidParameter: text is not of that form.
    """
    plain, version = text.lower(), ""
    if versioned := _VERSIONED.fullmatch(plain):
        plain, version = versioned[1] + (versioned[3] or ""), versioned[2]
    parts = plain.split("/")
    if not 1 <= len(parts) <= 3 or not all(part.replace("_", "").replace("-", "").isalnum() for part in parts):
        raise InvalidParameter(f'"{text}" is an invalid OS/arch specifier: invalid argument')
    os_, arch, variant = (*parts, "", "")[:3]
    if len(parts) == 1 and os_ in {"amd64", "arm64", *_ARCH}:
        os_, arch = "linux", os_
    arch = _ARCH.get(arch, arch) or host_architecture()
    if os_ not in {"linux", "windows"}:
        raise InvalidParameter(f'"{text}": unknown operating system or architecture: invalid argument')
    return Platform(os_, arch, variant, version)
